"""Actions on roles: who is officer, steward, DPO or sender of an organization."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model

from ckanext.datastrategy import chain, roles
from ckanext.datastrategy.ledger import refusal
from ckanext.datastrategy.logic.action.common import actor_id, organization, required_text
from ckanext.datastrategy.texts import said

__all__ = ["datastrategy_role_grant", "datastrategy_role_list", "datastrategy_role_revoke"]


def datastrategy_role_grant(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Give a user a role in an organization; again changes nothing.

    :param organization_id: id or name of the organization
    :type organization_id: string
    :param user: id or name of the user
    :type user: string
    :param role: ``officer``, ``steward``, ``dpo`` or ``sender``
    :type role: string

    :returns: the role with ``organization_id``, ``user_id``, ``role`` and whether it is new (``changed``)
    :rtype: dictionary
    """
    return _change(context, data_dict, "datastrategy_role_grant", grants=True)


def datastrategy_role_revoke(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Take a role away from a user; again changes nothing. Parameters as for granting.

    :returns: the role with whether the user had it (``changed``)
    :rtype: dictionary
    """
    return _change(context, data_dict, "datastrategy_role_revoke", grants=False)


@tk.side_effect_free
def datastrategy_role_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """List the roles of an organization.

    :param organization_id: id or name of the organization
    :type organization_id: string

    :returns: dictionaries with ``user_id``, ``user_name``, ``role``, ``granted_at``
    :rtype: list of dictionaries
    """
    tk.check_access("datastrategy_role_list", context, data_dict)
    found = organization(data_dict.get("organization_id"))
    rows = roles.listing(found.id)
    names = {row.user_id: getattr(model.User.get(row.user_id), "name", None) for row in rows}
    return [
        {
            "organization_id": row.organization_id,
            "user_id": row.user_id,
            "user_name": names[row.user_id],
            "role": row.role,
            "granted_at": row.granted_at.isoformat(),
        }
        for row in rows
    ]


def _change(context: Any, data_dict: dict[str, Any], action: str, *, grants: bool) -> dict[str, Any]:
    tk.check_access(action, context, data_dict)
    organization_id = organization(data_dict.get("organization_id")).id
    user = model.User.get(required_text(data_dict, "user"))
    if user is None or user.state != "active":
        raise tk.ObjectNotFound(said("user-not-found"))
    role = _role(required_text(data_dict, "role"))
    actor = actor_id(context)
    if grants:
        changed = roles.grant(organization_id, user.id, role, actor)
    else:
        changed = roles.revoke(organization_id, user.id, role)
    if changed:
        chain.append(
            subject=f"role:{organization_id}:{user.id}",
            event="role-granted" if grants else "role-revoked",
            actor=actor,
            detail={"role": str(role)},
        )
    model.Session.commit()
    return {"organization_id": organization_id, "user_id": user.id, "role": str(role), "changed": changed}


def _role(name: str) -> roles.RoleName:
    try:
        return roles.RoleName(name)
    except ValueError as exc:
        raise refusal("role-unknown", role=name) from exc
