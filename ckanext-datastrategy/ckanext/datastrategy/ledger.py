"""The one place that talks to the ledger of ``cityharvest``, and turns its errors into CKAN's.

Boundary: no authorization here; actions have done it before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import ckan.plugins.toolkit as tk

from cityharvest import api
from ckanext.datastrategy import config
from datastrategy.cases import LateDelivery
from datastrategy.messages import LANGUAGES, both

__all__ = [
    "api",
    "covering_dataset_ids",
    "delivery_dict",
    "late_deliveries",
    "refusal",
    "translated_errors",
]


def refusal(code: str, **params: Any) -> tk.ValidationError:
    """Return the error of a rule of this extension: code, and the sentence in both languages."""
    return _validation_error(code, "fatal", params, both(code, params))


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn an error of the ledger into ``ObjectNotFound`` or a ``ValidationError`` with code and both languages."""
    try:
        yield
    except api.errors.NotFound as exc:
        raise tk.ObjectNotFound(_sentence(exc.code, exc.params, config.page_language())) from exc
    except api.HarvestError as exc:
        sentences = {lang: _sentence(exc.code, exc.params, lang) for lang in LANGUAGES}
        problems = [dict(item) for item in getattr(exc, "problems", ())]
        raise _validation_error(exc.code, str(exc.category), exc.params, sentences, problems) from exc


def _validation_error(
    code: str,
    category: str,
    params: dict[str, Any],
    sentences: dict[str, str],
    problems: Sequence[dict[str, Any]] = (),
) -> tk.ValidationError:
    errors: dict[str, Any] = {
        "code": [code],
        "category": [category],
        "message": [sentences],
        "params": [{name: str(value) for name, value in params.items()}],
    }
    if problems:
        errors["problems"] = [{**item, "message": _problem(item)} for item in problems]
    return tk.ValidationError(errors, error_summary=dict(sentences))


def _problem(item: dict[str, Any]) -> dict[str, str]:
    return {lang: _sentence(str(item.get("code")), item.get("params"), lang) for lang in LANGUAGES}


def _sentence(code: str, params: Any, lang: str) -> str:
    return api.messages.text(code, dict(params or {}), "sl" if lang.startswith("sl") else "en")


def delivery_dict(delivery: api.Delivery) -> dict[str, Any]:
    """Return a delivery as JSON values, with the sentences of its error, its findings and of why it is held."""
    shown = delivery.as_dict()
    error = delivery.error or {}
    shown["error_message"] = _both(error.get("code"), error.get("params"))
    shown["findings"] = [{**one, "message": _both(str(one["code"]), one)} for one in shown["findings"]]
    shown["held_message"] = _both(delivery.held_reason, delivery.held_detail)
    return shown


def _both(code: str | None, params: Any) -> dict[str, str] | None:
    return {lang: _sentence(code, params, lang) for lang in LANGUAGES} if code else None


def covering_dataset_ids(organization_id: str) -> set[str]:
    """Return the datasets that the ledger published for a covered city.

    Empty while the ledger is down: datasets say themselves whom they cover, the ledger only adds to that.
    """
    try:
        return {str(item["dataset_id"]) for item in api.published_for(organization_id) if item.get("dataset_id")}
    except api.HarvestError:
        return set()


def _day(moment: datetime | str) -> date:
    return (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).date()


def late_deliveries() -> list[LateDelivery] | None:
    """Return every late delivery, None while the ledger is down: then no case may be closed."""
    try:
        found = api.late()
    except api.HarvestError:
        return None
    return [
        LateDelivery(
            mandate_id=str(item["mandate_id"]),
            period=str(item["period"]),
            due_on=_day(item["due_at"]),
            organization_ids=tuple(item["organization_ids"]),
            company_id=item.get("company_id"),
        )
        for item in found
    ]
