"""A risk in lines, for a terminal and for the report: the findings first, then the figures behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from disclosure import messages
from disclosure.report.numbers import number


def risk_lines(risk: Mapping[str, Any], lang: str) -> Iterator[str]:
    """The lines for ``Risk.as_dict()``; confidential like it."""

    def say(slug: str, **params: Any) -> str:
        return messages.text(slug, {name: number(value, lang) for name, value in params.items()}, lang)

    yield say("risk-rows", rows=risk["rows"])
    for finding in risk["findings"]:
        yield f"✗ {messages.text(finding['code'], finding['params'], lang)}"
    if not risk["findings"]:
        yield f"✓ {say('risk-none-found', least=risk['min_units'])}"
    for unit in risk["units"]:
        yield from _unit(unit, say)
    for each in risk["sensitive"]:
        yield from _sensitive(each, say)
    if risk["cells"] is not None:
        cells = risk["cells"]
        yield say("risk-cells", cells=cells["cells"], small=cells["small"], least=cells["least"] or 0)


def _unit(unit: Mapping[str, Any], say: Any) -> Iterator[str]:
    name = unit["column"] or "–"
    yield say("risk-unit", unit=name, units=unit["units"], uniques=unit["uniques"], below=unit["below_minimum"])
    if unit["small_sets"] is not None and unit["prosecutor"]["highest"] is not None:
        yield say(
            "risk-intruders",
            prosecutor=_percent(unit["prosecutor"]["highest"]),
            marketer=_percent(unit["marketer"]),
        )
    for size, found in ((unit["small_sets"] or {}).get("minimal_uniques") or {}).items():
        yield say("risk-small-sets", size=int(size), found=found)


def _sensitive(each: Mapping[str, Any], say: Any) -> Iterator[str]:
    diversity, closeness = each["diversity"], each["closeness"]
    if diversity is not None:
        yield say(
            "risk-diversity", column=each["column"], distinct=diversity["distinct"], entropy=diversity["entropy_l"]
        )
    if closeness is not None:
        for kind, value in closeness.items():
            if value is not None:
                yield say(f"risk-closeness-{kind}", column=each["column"], distance=f"{value['value']:.3f}")


def _percent(value: Mapping[str, Any] | None) -> float:
    return 0.0 if value is None else 100 * float(value["value"])
