"""A source's configuration is judged by its kind, which is looked up only when a source is made or changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cityharvest.errors import HarvestError, MandateInvalid
from cityharvest.mandate_spec import problem

#: (kind, configuration) -> None. Raises ``MandateInvalid``.
SourceCheck = Callable[[str, Mapping[str, Any]], None]


def registered_source(kind: str, config: Mapping[str, Any]) -> None:
    """Ask the registered kind whether it can work with a configuration.

    Raises:
        MandateInvalid: ``source-kind-unknown``, or what the kind has against the configuration.
    """
    from cityharvest.sources import get

    try:
        found = get(kind)
    except (LookupError, HarvestError) as error:
        raise MandateInvalid([problem("source-kind-unknown", "kind", kind=kind)]) from error
    try:
        found.validate_config(config)
    except MandateInvalid:
        raise
    except HarvestError as error:
        raise MandateInvalid([problem(error.code, "config", **error.params)]) from error
