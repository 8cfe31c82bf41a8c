"""The user whose token the publisher of releases holds: an editor of lead cities, never a sysadmin.

Boundary: creates the user, its token file and its memberships; publishing itself is ``cityharvest``'s.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan import model
from ckan.types import Context

from ckanext.datastrategy import config, roles
from ckanext.datastrategy.ledger import refusal

__all__ = ["TOKEN_NAME", "ensure_editor", "ensure_user", "publisher", "write_token"]

TOKEN_NAME = "cityharvest"  # noqa: S105  a name, no secret


def publisher() -> model.User | None:
    """Return the publisher's user, None before ``init-publisher`` has run."""
    found = model.User.get(config.publisher_user())
    return found if found is not None and found.state == "active" else None


def ensure_user() -> model.User:
    """Return the publisher's user, created with a random password nobody knows if need be.

    Raises:
        ValidationError: The user is a sysadmin; its token would open far more than it needs.
    """
    found = publisher()
    if found is None:
        name = config.publisher_user()
        tk.get_action("user_create")(
            _trusted(),
            {"name": name, "email": f"{name}@localhost.localdomain", "password": secrets.token_urlsafe(32)},
        )
        found = publisher()
    if found is None or found.sysadmin:
        raise refusal("publisher-too-powerful", user=config.publisher_user())
    return found


def ensure_editor(organization_id: str) -> None:
    """Make the publisher an editor of an organization unless it is one already.

    Raises:
        ValidationError: There is no publisher yet, or it is a sysadmin.
    """
    user = publisher()
    if user is None:
        raise refusal("publisher-missing", user=config.publisher_user())
    if user.sysadmin:
        raise refusal("publisher-too-powerful", user=user.name)
    if not roles.is_member(user.id, organization_id, "editor"):
        tk.get_action("organization_member_create")(
            _trusted(), {"id": organization_id, "username": user.name, "role": "editor"}
        )


def write_token(user: model.User, path: Path) -> bool:
    """Write an API token of the publisher into a file only its owner can read; False when a valid one is there.

    A new token replaces all earlier ones of the same name.
    """
    known = list(
        model.Session.scalars(
            sa.select(model.ApiToken).where(model.ApiToken.user_id == user.id, model.ApiToken.name == TOKEN_NAME)
        )
    )
    if known and path.is_file() and path.stat().st_size > 0:
        path.chmod(0o600)
        return False
    for token in known:
        tk.get_action("api_token_revoke")(_trusted(), {"jti": token.id})
    created = tk.get_action("api_token_create")(_trusted(), {"user": user.name, "name": TOKEN_NAME})
    _write_private(path, created["token"])
    return True


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    # Created with its final mode: the token is never readable by others, not even for a moment.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    draft.replace(path)


def _trusted() -> Context:
    site_user = tk.get_action("get_site_user")({"ignore_auth": True}, {})
    return Context(ignore_auth=True, user=site_user["name"])
