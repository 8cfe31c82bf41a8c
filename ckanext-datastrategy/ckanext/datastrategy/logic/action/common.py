"""What the action modules share: who acts, and ids from names."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model

from ckanext.datastrategy.collect import active_organization
from ckanext.datastrategy.ledger import refusal
from ckanext.datastrategy.texts import said

__all__ = ["acting_user", "actor_id", "organization", "required_text"]


def acting_user(context: Any) -> model.User | None:
    """Return the user who acts, None for visitors and for the system itself."""
    name = context.get("user")
    return model.User.get(name) if name else None


def actor_id(context: Any) -> str:
    """Return the id that audit rows carry: the user's, or ``system`` for jobs and commands."""
    user = acting_user(context)
    return str(user.id) if user is not None else "system"


def organization(id_or_name: Any) -> model.Group:
    """Return an active organization.

    Raises:
        ValidationError: ``organization-unknown``.
    """
    found = active_organization(str(id_or_name)) if id_or_name else None
    if found is None:
        raise refusal("organization-unknown", organization=str(id_or_name))
    return found


def required_text(data_dict: dict[str, Any], key: str) -> str:
    """Return a parameter that must be given and not blank.

    Raises:
        ValidationError: It is missing or blank.
    """
    value = str(tk.get_or_bust(data_dict, key) or "").strip()
    if not value:
        raise tk.ValidationError({key: [said("value-missing")]})
    return value
