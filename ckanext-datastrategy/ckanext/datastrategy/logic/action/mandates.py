"""Actions on mandates and sources: authorization here, everything else in the ledger."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from ckanext.datastrategy import publisher
from ckanext.datastrategy.collect import is_company, organization_summary
from ckanext.datastrategy.ledger import api, refusal, translated_errors
from ckanext.datastrategy.logic.action.common import acting_user, actor_id, organization, required_text
from ckanext.datastrategy.logic.auth import may_see_deliveries
from ckanext.datastrategy.texts import said

__all__ = [
    "datastrategy_mandate_create",
    "datastrategy_mandate_list",
    "datastrategy_mandate_show",
    "datastrategy_mandate_update",
    "datastrategy_source_create",
    "datastrategy_source_list",
]

# The contract tells how a company's systems look inside, the parameters how far its data are protected.
_NOT_PUBLIC = ("contract", "preset_parameters", "approved_by")


def datastrategy_mandate_create(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Create a mandate: what a company owes to which cities, how often and how it may be opened.

    Organizations may be named by id or name. The publisher's user becomes editor of the lead city's organization.

    :param company_organization_id: the company
    :type company_organization_id: string
    :param lead_organization_id: the city that leads
    :type lead_organization_id: string
    :param municipality_organization_ids: all cities covered
    :type municipality_organization_ids: list of strings
    :param slug: name of the mandate and of its dataset
    :type slug: string

    ``title``, ``legal_basis``, ``cadence``, ``timezone``, ``due_days``, ``starts_on``, ``ends_on``, ``contract``,
    ``product``, ``preset_id``, ``preset_parameters`` and ``raw_retention_days`` go to the ledger as they are.

    :returns: the mandate
    :rtype: dictionary
    """
    tk.check_access("datastrategy_mandate_create", context, data_dict)
    spec = _with_ids(data_dict)
    publisher.ensure_editor(spec["lead_organization_id"])
    with translated_errors():
        return api.mandate_create(spec, actor_id(context)).as_dict()


def datastrategy_mandate_update(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Change a mandate; company, lead city, cadence, time zone, slug and start stay as they are.

    :param id: id or slug of the mandate
    :type id: string

    Every other parameter is a field to change.

    :returns: the mandate
    :rtype: dictionary
    """
    tk.check_access("datastrategy_mandate_update", context, data_dict)
    mandate_id = required_text(data_dict, "id")
    changes = {name: value for name, value in data_dict.items() if name != "id"}
    if "municipality_organization_ids" in changes:
        changes["municipality_organization_ids"] = _cities(changes["municipality_organization_ids"])
    with translated_errors():
        return api.mandate_update(mandate_id, changes, actor_id(context)).as_dict()


@tk.side_effect_free
def datastrategy_mandate_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Show a mandate; its contract and protection parameters only to those who see its deliveries.

    :param id: id or slug of the mandate
    :type id: string

    :returns: the mandate with ``company``, ``lead`` and ``municipalities`` as organizations
    :rtype: dictionary
    """
    tk.check_access("datastrategy_mandate_show", context, data_dict)
    with translated_errors():
        return _shown(api.mandate_show(required_text(data_dict, "id")), context)


@tk.side_effect_free
def datastrategy_mandate_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """List mandates by slug.

    :param organization_id: only those that a city leads or that cover it (optional)
    :type organization_id: string
    :param company_id: only those of a company (optional)
    :type company_id: string

    :returns: mandates as shown by ``datastrategy_mandate_show``
    :rtype: list of dictionaries
    """
    tk.check_access("datastrategy_mandate_list", context, data_dict)
    with translated_errors():
        found = api.mandate_list(_optional_id(data_dict, "organization_id"), _optional_id(data_dict, "company_id"))
    return [_shown(item, context) for item in found]


def datastrategy_source_create(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Add a source from which deliveries of a mandate are pulled.

    :param mandate_id: id or slug of the mandate
    :type mandate_id: string
    :param kind: ``meter_drop`` or ``gbfs``
    :type kind: string
    :param config: settings of that kind; secrets are named, never contained
    :type config: dictionary

    :returns: the source
    :rtype: dictionary
    """
    tk.check_access("datastrategy_source_create", context, data_dict)
    config = data_dict.get("config")
    if not isinstance(config, dict):
        raise tk.ValidationError({"config": [said("dictionary-expected")]})
    with translated_errors():
        return api.source_create(
            required_text(data_dict, "mandate_id"), required_text(data_dict, "kind"), config, actor_id(context)
        ).as_dict()


@tk.side_effect_free
def datastrategy_source_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """List the sources of a mandate.

    :param mandate_id: id or slug of the mandate
    :type mandate_id: string

    :returns: the sources
    :rtype: list of dictionaries
    """
    tk.check_access("datastrategy_source_list", context, data_dict)
    with translated_errors():
        return [item.as_dict() for item in api.source_list(required_text(data_dict, "mandate_id"))]


def _shown(mandate: api.Mandate, context: Any) -> dict[str, Any]:
    shown = mandate.as_dict()
    if not (context.get("ignore_auth") or may_see_deliveries(acting_user(context), mandate)):
        for name in _NOT_PUBLIC:
            del shown[name]
    return {
        **shown,
        "company": organization_summary(mandate.company_organization_id),
        "lead": organization_summary(mandate.lead_organization_id),
        "municipalities": [organization_summary(item) for item in mandate.municipality_organization_ids],
    }


def _optional_id(data_dict: dict[str, Any], key: str) -> str | None:
    return organization(data_dict[key]).id if data_dict.get(key) else None


def _with_ids(data_dict: dict[str, Any]) -> dict[str, Any]:
    company = organization(data_dict.get("company_organization_id"))
    if not is_company(company):
        raise refusal("organization-not-company", organization=company.name)
    [lead_id] = _cities([data_dict.get("lead_organization_id")])
    covered = _cities(data_dict.get("municipality_organization_ids") or [])
    return {
        **data_dict,
        "company_organization_id": company.id,
        "lead_organization_id": lead_id,
        "municipality_organization_ids": covered or [lead_id],
    }


def _cities(ids_or_names: Any) -> list[str]:
    if not isinstance(ids_or_names, list | tuple):
        raise tk.ValidationError({"municipality_organization_ids": [said("list-expected")]})
    found = [organization(item) for item in ids_or_names]
    for city in found:
        if is_company(city):
            raise refusal("organization-not-city", organization=city.name)
    return [city.id for city in found]
