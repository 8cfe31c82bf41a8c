"""Who may do what. CKAN calls one function per action; a sysadmin passes all of them except decision and sending.

Cities: an organization admin or an officer acts for a city; a DPO decides; officers, stewards and DPOs of every covered
city see its deliveries. Companies: a sender sends; every member sees the company's own deliveries. The public sees
boards, cases and what a mandate is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model

from ckanext.datastrategy import config
from ckanext.datastrategy.collect import active_organization
from ckanext.datastrategy.ledger import api, translated_errors
from ckanext.datastrategy.roles import RoleName, has_role, is_member
from ckanext.datastrategy.texts import said

__all__ = [
    "datastrategy_board",
    "datastrategy_case_list",
    "datastrategy_delivery_decide",
    "datastrategy_delivery_list",
    "datastrategy_delivery_nil",
    "datastrategy_delivery_receive",
    "datastrategy_delivery_report",
    "datastrategy_delivery_show",
    "datastrategy_mandate_create",
    "datastrategy_mandate_list",
    "datastrategy_mandate_show",
    "datastrategy_mandate_update",
    "datastrategy_reassess",
    "datastrategy_report_show",
    "datastrategy_role_grant",
    "datastrategy_role_list",
    "datastrategy_role_revoke",
    "datastrategy_source_create",
    "datastrategy_source_list",
]

_SEES_DELIVERIES = (RoleName.OFFICER, RoleName.STEWARD, RoleName.DPO)


def datastrategy_role_grant(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """An admin of the organization gives roles in it."""
    return _verdict(_is_admin(_user(context), [_organization_id(data_dict.get("organization_id"))]))


datastrategy_role_revoke = datastrategy_role_grant


def datastrategy_role_list(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Members of an organization see who does what in it."""
    user, organization_id = _user(context), _organization_id(data_dict.get("organization_id"))
    return _verdict(
        user is not None and (is_member(user.id, organization_id) or has_role(user.id, [organization_id], *RoleName))
    )


def datastrategy_mandate_create(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """The lead city makes a mandate."""
    return _verdict(_acts_for(_user(context), [_organization_id(data_dict.get("lead_organization_id"))]))


def datastrategy_mandate_update(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """The lead city changes it."""
    return _verdict(_acts_for(_user(context), [_mandate(data_dict, "id").lead_organization_id]))


@tk.auth_allow_anonymous_access
def datastrategy_mandate_show(_context: Any, _data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody sees what a company owes; the action withholds the rest."""
    return {"success": True}


@tk.auth_allow_anonymous_access
def datastrategy_mandate_list(_context: Any, _data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody sees which mandates there are."""
    return {"success": True}


def datastrategy_source_create(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """The lead city sets up where a delivery is pulled from."""
    return _verdict(_acts_for(_user(context), [_mandate(data_dict, "mandate_id").lead_organization_id]))


datastrategy_source_list = datastrategy_source_create


@tk.auth_sysadmins_check
def datastrategy_delivery_receive(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """A sender of the company, and nobody else: not even a sysadmin sends in a company's name."""
    user = _user(context)
    company_id = _mandate(data_dict, "mandate").company_organization_id
    return _verdict(user is not None and has_role(user.id, [company_id], RoleName.SENDER))


datastrategy_delivery_nil = datastrategy_delivery_receive


def datastrategy_delivery_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """The company's people, and officers, stewards and DPOs of the cities concerned."""
    with translated_errors():
        mandate = api.mandate_show(api.delivery_show(tk.get_or_bust(data_dict, "id")).mandate_id)
    return _verdict(may_see_deliveries(_user(context), mandate))


@tk.auth_sysadmins_check
def datastrategy_delivery_report(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Officers and DPOs of the lead city, and nobody else: the report has exact figures of what was withheld."""
    user = _user(context)
    with translated_errors():
        delivery = api.delivery_show(tk.get_or_bust(data_dict, "id"))
        lead_id = api.mandate_show(delivery.mandate_id).lead_organization_id
    return _verdict(user is not None and has_role(user.id, [lead_id], RoleName.OFFICER, RoleName.DPO))


def datastrategy_delivery_list(context: Any, _data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody who is logged in; the action lists only what the user may see."""
    return _verdict(_user(context) is not None)


@tk.auth_sysadmins_check
def datastrategy_delivery_decide(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """A DPO of the lead city, and nobody else: deciding is a duty of the role, not of the machine's operator."""
    user = _user(context)
    with translated_errors():
        delivery = api.delivery_show(tk.get_or_bust(data_dict, "id"))
        lead_id = api.mandate_show(delivery.mandate_id).lead_organization_id
    return _verdict(user is not None and has_role(user.id, [lead_id], RoleName.DPO))


def datastrategy_reassess(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """The publisher for any organization, an officer or admin for organizations of their own."""
    user = _user(context)
    if user is None:
        return _verdict(False)
    if user.name == config.publisher_user():
        return _verdict(True)
    asked = [_organization_id(item) for item in data_dict.get("organization_ids") or ()]
    return _verdict(bool(asked) and all(_acts_for(user, [item]) for item in asked))


@tk.auth_allow_anonymous_access
def datastrategy_report_show(_context: Any, _data_dict: dict[str, Any]) -> dict[str, Any]:
    """Reports are public."""
    return {"success": True}


@tk.auth_allow_anonymous_access
def datastrategy_case_list(_context: Any, _data_dict: dict[str, Any]) -> dict[str, Any]:
    """Cases are public."""
    return {"success": True}


@tk.auth_allow_anonymous_access
def datastrategy_board(_context: Any, _data_dict: dict[str, Any]) -> dict[str, Any]:
    """Boards are public."""
    return {"success": True}


def may_see_deliveries(user: model.User | None, mandate: api.Mandate) -> bool:
    """Tell whether a user may see the deliveries of a mandate."""
    if user is None:
        return False
    cities = mandate.organization_ids
    return (
        bool(user.sysadmin)
        or is_member(user.id, mandate.company_organization_id)
        or has_role(user.id, [mandate.company_organization_id], RoleName.SENDER)
        or has_role(user.id, cities, *_SEES_DELIVERIES)
        or _is_admin(user, cities)
    )


def _verdict(allowed: bool) -> dict[str, Any]:
    return {"success": True} if allowed else {"success": False, "msg": said("not-authorized")}


def _user(context: Any) -> model.User | None:
    name = context.get("user")
    found = model.User.get(name) if name else None
    return found if found is not None and found.state == "active" else None


def _organization_id(id_or_name: Any) -> str:
    found = active_organization(str(id_or_name)) if id_or_name else None
    if found is None:
        raise tk.ObjectNotFound(said("organization-not-found"))
    return str(found.id)


def _mandate(data_dict: dict[str, Any], key: str) -> api.Mandate:
    with translated_errors():
        return api.mandate_show(tk.get_or_bust(data_dict, key))


def _is_admin(user: model.User | None, organization_ids: Iterable[str]) -> bool:
    return user is not None and any(is_member(user.id, item, "admin") for item in organization_ids)


def _acts_for(user: model.User | None, organization_ids: list[str]) -> bool:
    return user is not None and (
        _is_admin(user, organization_ids) or has_role(user.id, organization_ids, RoleName.OFFICER)
    )
