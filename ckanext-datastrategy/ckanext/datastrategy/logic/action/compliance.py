"""Actions on reports, cases and boards."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model

from ckanext.datastrategy import board, casebook, reassessment
from ckanext.datastrategy.collect import assessable_organization_ids, is_company
from ckanext.datastrategy.logic.action.common import actor_id, organization
from ckanext.datastrategy.texts import said
from datastrategy.messages import both

__all__ = ["datastrategy_board", "datastrategy_case_list", "datastrategy_reassess", "datastrategy_report_show"]


def datastrategy_reassess(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Assess organizations again, store what changed and open or close cases; again changes nothing.

    Companies and deleted organizations are passed over: requirements are for cities.

    :param organization_ids: ids or names (optional with ``all``)
    :type organization_ids: list of strings
    :param all: every active organization that is no company
    :type all: boolean

    :returns: ``assessed``, ``changed``, ``opened``, ``closed``, ``deliveries_checked``
    :rtype: dictionary
    """
    tk.check_access("datastrategy_reassess", context, data_dict)
    if tk.asbool(data_dict.get("all") or False):
        ids = assessable_organization_ids()
    else:
        asked = data_dict.get("organization_ids")
        if not isinstance(asked, list | tuple) or not asked:
            raise tk.ValidationError({"organization_ids": [said("value-missing")]})
        ids = [item.id for item in map(organization, filter(_not_deleted, asked)) if not is_company(item)]
    return reassessment.reassess(list(dict.fromkeys(ids)), actor_id(context))


@tk.side_effect_free
def datastrategy_report_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Show the report in force on a city: each requirement with its verdict and evidence.

    :param organization_id: id or name of the city
    :type organization_id: string
    :param profile: id of the profile (optional, the site's by default)
    :type profile: string

    :returns: the report with ``counts`` and ``verdicts``; ``assessed_at`` is null before the first stored assessment
    :rtype: dictionary
    """
    tk.check_access("datastrategy_report_show", context, data_dict)
    return board.report(_organization(data_dict).id, data_dict.get("profile") or None)


@tk.side_effect_free
def datastrategy_case_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """List the cases that concern an organization, the next due first.

    :param organization_id: id or name of a city or company
    :type organization_id: string
    :param state: ``open`` or ``closed`` (optional, both by default)
    :type state: string

    :returns: the cases with their steps
    :rtype: list of dictionaries
    """
    tk.check_access("datastrategy_case_list", context, data_dict)
    state = data_dict.get("state") or None
    if state not in {None, "open", "closed"}:
        raise tk.ValidationError({"state": [both("case-state-unknown", {"state": str(state)})]})
    return [board.case_dict(item) for item in casebook.cases_of(_organization(data_dict).id, state)]


@tk.side_effect_free
def datastrategy_board(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everything a city's board shows: verdicts with evidence and case, mandates, kinds of data.

    :param organization_id: id or name of the city
    :type organization_id: string

    :returns: ``organization``, ``profile``, ``counts``, ``verdicts``, ``delivery_cases``, ``mandates``, ``kinds``
    :rtype: dictionary
    """
    tk.check_access("datastrategy_board", context, data_dict)
    return board.board(_organization(data_dict).id)


def _not_deleted(id_or_name: Any) -> bool:
    """A deleted organization is passed over: whoever publishes for several cities must not fail over one of them."""
    found = model.Group.get(str(id_or_name))
    return found is None or found.state != "deleted"


def _organization(data_dict: dict[str, Any]) -> Any:
    try:
        return organization(tk.get_or_bust(data_dict, "organization_id"))
    except tk.ValidationError as exc:
        if exc.error_dict.get("code") == ["organization-unknown"]:
            raise tk.ObjectNotFound(said("organization-not-found")) from exc
        raise
