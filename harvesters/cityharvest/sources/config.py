"""Judges the configuration of a source against its kind's schema. Pure.

Every value is public, so nothing secret has a key of its own, and an address with credentials is refused like one that
is not http. Whether an address is a private one is for the fetcher to say, each time it connects.
Source: JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import jsonschema

from cityharvest.errors import FetchRefused, MandateInvalid
from cityharvest.fetch.address import target_of

PLACE: Final = "{period}"
_SAMPLES: Final = ("2026-10", "2026-10-31")


def check_config(
    config: Mapping[str, Any], schema: Mapping[str, Any], *, urls: Iterable[str] = (), templates: Iterable[str] = ()
) -> None:
    """Check a configuration.

    Args:
        config: as it was given.
        schema: JSON Schema of the kind.
        urls: keys that hold an address.
        templates: keys that hold an address with the place ``{period}``.

    Raises:
        MandateInvalid: ``config-key-unknown``, ``config-key-missing``, ``config-value-invalid``,
            ``template-invalid``, or what is wrong with an address.
    """
    found = list(_schema_problems(config, schema))
    found += [one for key in urls if (one := _url_problem(config, key))]
    found += [one for key in templates if (one := _template_problem(config, key))]
    if found:
        raise MandateInvalid(found)


def filled(template: str, period_key: str) -> str:
    """Return the address of a period."""
    return template.replace(PLACE, period_key)


def _schema_problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    known = schema["properties"]
    for key in config:
        if key not in known:
            yield _problem("config-key-unknown", key, known=", ".join(sorted(known)))
    for key in schema.get("required", ()):
        if key not in config:
            yield _problem("config-key-missing", key)
    for key in known.keys() & config.keys():
        if not jsonschema.Draft202012Validator(known[key]).is_valid(config[key]):
            yield _problem("config-value-invalid", key, expected=known[key].get("description", known[key]["type"]))


def _url_problem(config: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    value = config.get(key)
    if not isinstance(value, str):
        return None  # missing or of another type, which the schema says
    try:
        target_of(value)
    except FetchRefused as error:
        return _problem(error.code, key, **error.params)
    return None


def _template_problem(config: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    value = config.get(key)
    if not isinstance(value, str):
        return None
    if PLACE not in value or any(brace in value.replace(PLACE, "") for brace in "{}"):
        return _problem("template-invalid", key)
    try:
        origins = {target_of(filled(value, sample)).origin for sample in _SAMPLES}
    except FetchRefused as error:
        return _problem(error.code, key, **error.params)
    # The host must not depend on the period: what was approved is one host.
    return None if len(origins) == 1 else _problem("template-invalid", key)


def _problem(code: str, key: str, **params: Any) -> dict[str, Any]:
    return {"code": code, "field": f"config.{key}", "params": {"key": key, **params}}
