"""Actions on deliveries: a company sends, a DPO decides, everybody concerned looks."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from ckanext.datastrategy import config
from ckanext.datastrategy.ledger import api, delivery_dict, refusal, translated_errors
from ckanext.datastrategy.logic.action.common import acting_user, actor_id, organization, required_text
from ckanext.datastrategy.logic.auth import may_see_deliveries
from ckanext.datastrategy.texts import said
from datastrategy.messages import LANGUAGES

__all__ = [
    "datastrategy_delivery_decide",
    "datastrategy_delivery_list",
    "datastrategy_delivery_nil",
    "datastrategy_delivery_receive",
    "datastrategy_delivery_report",
    "datastrategy_delivery_show",
]

_PAGE_SIZE = 200


def datastrategy_delivery_receive(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Take in the file of one period. Only in process: the route for deliveries hands over the raw request body.

    :param mandate: id or slug of the mandate
    :type mandate: string
    :param period: key of the period, e.g. ``2026-10``
    :type period: string
    :param stream: file-like object, read once to its end
    :type stream: object with ``read``
    :param filename: as the company calls the file (optional)
    :type filename: string
    :param expected_sha256: checksum of the file (optional)
    :type expected_sha256: string

    :returns: the delivery
    :rtype: dictionary
    """
    tk.check_access("datastrategy_delivery_receive", context, data_dict)
    stream: Any = data_dict.get("stream")
    if not callable(getattr(stream, "read", None)):
        raise refusal("stream-missing")
    with translated_errors():
        delivery = api.receive(
            required_text(data_dict, "mandate"),
            required_text(data_dict, "period"),
            stream,
            actor_id(context),
            filename=data_dict.get("filename") or None,
            expected_sha256=data_dict.get("expected_sha256") or None,
        )
    return delivery_dict(delivery)


def datastrategy_delivery_nil(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Say that there is nothing to report for a period.

    :param mandate: id or slug of the mandate
    :type mandate: string
    :param period: key of the period
    :type period: string
    :param reason: why there is nothing
    :type reason: string

    :returns: the delivery
    :rtype: dictionary
    """
    tk.check_access("datastrategy_delivery_nil", context, data_dict)
    with translated_errors():
        delivery = api.nil(
            required_text(data_dict, "mandate"),
            required_text(data_dict, "period"),
            required_text(data_dict, "reason"),
            actor_id(context),
        )
    return delivery_dict(delivery)


@tk.side_effect_free
def datastrategy_delivery_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Show a delivery with findings, attempts, decisions, release and history.

    :param id: id of the delivery
    :type id: string

    :returns: the delivery; errors and reasons with their sentence in both languages, and for the user ``may_decide``
        and ``may_see_report``
    :rtype: dictionary
    """
    tk.check_access("datastrategy_delivery_show", context, data_dict)
    with translated_errors():
        delivery = api.delivery_show(required_text(data_dict, "id"))
    may = {"may_decide": _may_decide(context, delivery), "may_see_report": _may_see_report(context, delivery)}
    return {**delivery_dict(delivery), **may}


@tk.side_effect_free
def datastrategy_delivery_report(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Show what disclosure control found, did and lost in a delivery. Confidential: it has exact figures.

    :param id: id of the delivery
    :type id: string
    :param lang: language of ``html``, ``sl`` or ``en`` (optional)
    :type lang: string

    :returns: ``report``, and ``html`` for people
    :rtype: dictionary
    """
    tk.check_access("datastrategy_delivery_report", context, data_dict)
    delivery_id = required_text(data_dict, "id")
    lang = data_dict.get("lang") or config.page_language()
    with translated_errors():
        return {
            "report": api.disclosure_report(delivery_id),
            "html": api.disclosure_report_html(delivery_id, lang if lang in LANGUAGES else "en"),
        }


@tk.side_effect_free
def datastrategy_delivery_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """List the deliveries that the user may see, newest period first, without parts and history.

    :param mandate: only those of a mandate, id or slug (optional)
    :type mandate: string
    :param organization_id: only those of mandates a city leads or that cover it (optional)
    :type organization_id: string
    :param company_id: only those a company owes (optional)
    :type company_id: string
    :param states: only these states (optional)
    :type states: list of strings
    :param limit: at most so many, 200 by default and at most
    :type limit: int
    :param offset: after so many
    :type offset: int

    :returns: the deliveries
    :rtype: list of dictionaries
    """
    tk.check_access("datastrategy_delivery_list", context, data_dict)
    limit, offset = _page(data_dict)
    states = data_dict.get("states") or None
    with translated_errors():
        visible = [item.id for item in _mandates(data_dict) if _sees(context, item)]
        if not visible:
            return []
        found = api.delivery_list(
            visible, states=[states] if isinstance(states, str) else states, limit=limit, offset=offset
        )
    return [delivery_dict(item) for item in found]


def datastrategy_delivery_decide(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Decide about a held delivery. Four eyes: whoever sent it cannot decide on it.

    :param id: id of the delivery
    :type id: string
    :param decision: ``approve`` or ``refuse``
    :type decision: string
    :param reason: why
    :type reason: string

    :returns: the delivery
    :rtype: dictionary
    """
    tk.check_access("datastrategy_delivery_decide", context, data_dict)
    delivery_id = required_text(data_dict, "id")
    actor = actor_id(context)
    with translated_errors():
        if actor in _senders(api.delivery_show(delivery_id)):
            raise refusal("four-eyes")
        decided = api.decide(
            delivery_id, required_text(data_dict, "decision"), actor, required_text(data_dict, "reason")
        )
    return delivery_dict(decided)


def _senders(delivery: api.Delivery) -> set[str]:
    received = {step.actor for step in delivery.history if step.event in {"receive", "report-nil"}}
    return received | ({delivery.sender} if delivery.sender else set())


def _may_decide(context: Any, delivery: api.Delivery) -> bool:
    if delivery.state is not api.DeliveryState.HELD or actor_id(context) in _senders(delivery):
        return False
    try:
        tk.check_access("datastrategy_delivery_decide", tk.fresh_context(context), {"id": delivery.id})
    except tk.NotAuthorized:
        return False
    return True


def _may_see_report(context: Any, delivery: api.Delivery) -> bool:
    try:
        tk.check_access("datastrategy_delivery_report", tk.fresh_context(context), {"id": delivery.id})
    except tk.NotAuthorized:
        return False
    return True


def _mandates(data_dict: dict[str, Any]) -> list[api.Mandate]:
    if data_dict.get("mandate"):
        return [api.mandate_show(required_text(data_dict, "mandate"))]
    city, company = data_dict.get("organization_id"), data_dict.get("company_id")
    return api.mandate_list(organization(city).id if city else None, organization(company).id if company else None)


def _sees(context: Any, mandate: api.Mandate) -> bool:
    return bool(context.get("ignore_auth")) or may_see_deliveries(acting_user(context), mandate)


def _page(data_dict: dict[str, Any]) -> tuple[int, int]:
    try:
        limit, offset = int(data_dict.get("limit") or _PAGE_SIZE), int(data_dict.get("offset") or 0)
    except (TypeError, ValueError) as exc:
        raise tk.ValidationError({"limit": [said("integer-expected")]}) from exc
    return max(1, min(limit, _PAGE_SIZE)), max(0, offset)
