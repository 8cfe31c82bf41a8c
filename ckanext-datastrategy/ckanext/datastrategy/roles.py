"""Who does what for whom: rows of our own table beside CKAN's capacities.

Boundary: queries and grants; what a role may do is in :mod:`ckanext.datastrategy.logic.auth`.
"""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from ckan import model

from ckanext.datastrategy.model import Role

__all__ = ["RoleName", "grant", "has_role", "is_member", "listing", "organizations_with_role", "revoke"]


class RoleName(StrEnum):
    """Roles of a city (officer, steward, dpo) and of a company (sender)."""

    OFFICER = "officer"
    STEWARD = "steward"
    DPO = "dpo"
    SENDER = "sender"


def has_role(user_id: str, organization_ids: list[str] | tuple[str, ...] | set[str], *names: RoleName) -> bool:
    """Tell whether a user has one of the roles for one of the organizations."""
    query = sa.select(Role.id).where(
        Role.user_id == user_id, Role.organization_id.in_(list(organization_ids)), Role.role.in_([*map(str, names)])
    )
    return model.Session.execute(query.limit(1)).first() is not None


def organizations_with_role(user_id: str, *names: RoleName) -> set[str]:
    """Return the organizations for which a user has one of the roles."""
    query = sa.select(Role.organization_id).where(Role.user_id == user_id, Role.role.in_([*map(str, names)]))
    return set(model.Session.scalars(query))


def is_member(user_id: str, organization_id: str, *capacities: str) -> bool:
    """Tell whether a user belongs to an organization in CKAN, in one of the capacities if any are given."""
    query = sa.select(model.Member.id).where(
        model.Member.group_id == organization_id,
        model.Member.table_name == "user",
        model.Member.table_id == user_id,
        model.Member.state == "active",
    )
    if capacities:
        query = query.where(model.Member.capacity.in_(capacities))
    return model.Session.execute(query.limit(1)).first() is not None


def grant(organization_id: str, user_id: str, role: RoleName, actor: str) -> bool:
    """Add a role; False when the user has it already. The caller commits."""
    if has_role(user_id, [organization_id], role):
        return False
    model.Session.add(Role(organization_id=organization_id, user_id=user_id, role=str(role), granted_by=actor))
    return True


def revoke(organization_id: str, user_id: str, role: RoleName) -> bool:
    """Take a role away; False when the user did not have it. The caller commits."""
    if not has_role(user_id, [organization_id], role):
        return False
    model.Session.execute(
        sa.delete(Role).where(Role.organization_id == organization_id, Role.user_id == user_id, Role.role == str(role))
    )
    return True


def listing(organization_id: str) -> list[Role]:
    """Return all roles of an organization by role and user."""
    query = sa.select(Role).where(Role.organization_id == organization_id).order_by(Role.role, Role.user_id)
    return list(model.Session.scalars(query))
