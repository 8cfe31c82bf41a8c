"""Actions of the extension, by subject; ``__all__`` is what becomes API."""

from __future__ import annotations

from ckanext.datastrategy.logic.action.compliance import (
    datastrategy_board,
    datastrategy_case_list,
    datastrategy_reassess,
    datastrategy_report_show,
)
from ckanext.datastrategy.logic.action.deliveries import (
    datastrategy_delivery_decide,
    datastrategy_delivery_list,
    datastrategy_delivery_nil,
    datastrategy_delivery_receive,
    datastrategy_delivery_report,
    datastrategy_delivery_show,
)
from ckanext.datastrategy.logic.action.mandates import (
    datastrategy_mandate_create,
    datastrategy_mandate_list,
    datastrategy_mandate_show,
    datastrategy_mandate_update,
    datastrategy_source_create,
    datastrategy_source_list,
)
from ckanext.datastrategy.logic.action.roles import (
    datastrategy_role_grant,
    datastrategy_role_list,
    datastrategy_role_revoke,
)

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
