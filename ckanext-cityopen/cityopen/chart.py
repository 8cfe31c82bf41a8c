"""Vega-Lite specifications, built as plain values.

One specification is drawn twice: on the server to SVG, for readers without scripts, and in the browser. So it carries
its own data, names no address, and uses no expression language beyond what Vega's interpreter mode reads. Gaps stay
gaps: a withheld value breaks the line instead of being bridged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cityopen import formats

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MAX_SERIES = 6
# A week of hours: enough for a rhythm to show, few enough to be told apart.
MAX_MOMENTS = 168
# Dark enough for 3:1 against white, apart for the common forms of color blindness; a dash pattern repeats the coding.
PALETTE = ("#0b5c5a", "#b4470b", "#4b3f8f", "#8a6d00", "#a3195b", "#3d5a80")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 1], [1, 3])
_FONT = "system-ui, 'DejaVu Sans', 'Liberation Sans', sans-serif"
_AXIS_TIME = {
    "sl": {
        "days": ["nedelja", "ponedeljek", "torek", "sreda", "četrtek", "petek", "sobota"],
        "shortDays": ["ned", "pon", "tor", "sre", "čet", "pet", "sob"],
        "months": [
            "januar", "februar", "marec", "april", "maj", "junij",
            "julij", "avgust", "september", "oktober", "november", "december",
        ],
        "shortMonths": ["jan", "feb", "mar", "apr", "maj", "jun", "jul", "avg", "sep", "okt", "nov", "dec"],
        "dateTime": "%A, %-d. %B %Y %X", "date": "%-d. %-m. %Y", "time": "%H:%M:%S", "periods": ["dop.", "pop."],
    },
}  # fmt: skip
NUMBER_LOCALE = {
    "sl": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", "\u00a0€"]},
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["€", ""]},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What to draw: which columns hold time, series and value, and how the value is called (unit included)."""

    time: str
    value: str
    value_title: str
    series: str | None = None
    series_title: str = ""


def time_locale(lang: str) -> dict[str, Any] | None:
    """Return Vega's time locale for a language, or None where its built-in English one serves."""
    return _AXIS_TIME.get(lang)


def line_chart(rows: Iterable[Mapping[str, Any]], columns: Series, lang: str) -> dict[str, Any]:
    """Return a line chart of the newest stretch of a time series: its ``MAX_SERIES`` largest lines.

    Rows without a time are left out; rows without a value stay as gaps. Numbers may come as text, as a DataStore dump
    has them.
    """
    points = [_point(row, columns) for row in rows if row.get(columns.time)]
    names = _largest(points)
    drawn = _newest(_with_gaps([point for point in points if point["series"] in names], names), len(names))
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": 260,
        "autosize": {"type": "fit", "contains": "padding"},
        "background": "#ffffff",
        "data": {"values": drawn},
        "params": [{"name": "chosen", "select": {"type": "point", "fields": ["series"]}, "bind": "legend"}],
        "mark": {"type": "line", "strokeWidth": 2, "invalid": "break-paths-show-path-domains", "tooltip": True},
        "encoding": _encoding(columns, names, lang),
        "config": _config(),
    }


def fixed_size(spec: Mapping[str, Any], width: int = 720) -> dict[str, Any]:
    """Return the specification with a width in pixels, since a server has no container to fill."""
    return {**spec, "width": width}


def _encoding(columns: Series, names: Sequence[str], lang: str) -> dict[str, Any]:
    legend = {"title": columns.series_title or None, "orient": "bottom", "columns": 3}
    scale = {"domain": list(names)}
    day_format = "%-d. %-m." if lang == "sl" else "%-d %b"
    return {
        "x": {"field": "time", "type": "temporal", "title": None, "axis": {"format": day_format, "labelOverlap": True}},
        "y": {"field": "value", "type": "quantitative", "title": columns.value_title, "scale": {"zero": True}},
        "color": {
            "field": "series", "type": "nominal", "legend": legend,
            "scale": {**scale, "range": list(PALETTE[: len(names)])},
        },
        "strokeDash": {
            "field": "series", "type": "nominal", "legend": legend,
            "scale": {**scale, "range": list(DASHES[: len(names)])},
        },
        "opacity": {"condition": {"param": "chosen", "value": 1}, "value": 0.15},
    }  # fmt: skip


def _config() -> dict[str, Any]:
    ink, grid = "#24302f", "#d9e0df"
    return {
        "font": _FONT,
        "axis": {"labelColor": ink, "titleColor": ink, "gridColor": grid, "domainColor": ink, "labelFontSize": 12},
        "legend": {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "symbolSize": 300},
        "view": {"stroke": None},
    }


def _point(row: Mapping[str, Any], columns: Series) -> dict[str, Any]:
    raw = row.get(columns.value)
    return {
        "time": str(row[columns.time]),
        "series": str(row[columns.series]) if columns.series and row.get(columns.series) else columns.value_title,
        "value": None if raw in (None, "") else float(str(raw)),
    }


def _largest(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the lines to draw, in order of name: those with the largest sums."""
    sums: dict[str, float] = {}
    for point in points:
        sums[point["series"]] = sums.get(point["series"], 0.0) + (point["value"] or 0.0)
    return sorted(sorted(sums, key=lambda name: (-sums[name], name))[:MAX_SERIES])


def _with_gaps(points: list[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the points with an empty one for each moment that a series lacks, in order of time."""
    known = {(point["time"], point["series"]): point for point in points}
    moments = sorted({point["time"] for point in points})
    return [
        known.get((moment, name), {"time": moment, "series": name, "value": None})
        for moment in moments
        for name in names
    ]


def _newest(points: list[dict[str, Any]], series: int) -> list[dict[str, Any]]:
    """Return the last ``MAX_MOMENTS`` moments, starting on a full day where there are several days."""
    kept = points[-MAX_MOMENTS * max(series, 1) :]
    if len(kept) < len(points):
        first_day = str(kept[0]["time"])[:10]
        kept = [point for point in kept if point["time"][:10] > first_day] or kept
    return kept


def caption(spec: Mapping[str, Any], lang: str) -> dict[str, str]:
    """Return what a caption needs to say: first and last day drawn and the number of lines, as text."""
    values = spec["data"]["values"]
    if not values:
        return {"first": "", "last": "", "series": "0"}
    first, last = (dt.date.fromisoformat(str(values[index]["time"])[:10]) for index in (0, -1))
    series = len({value["series"] for value in values})
    return {
        "first": formats.date(first, lang),
        "last": formats.date(last, lang),
        "series": formats.number(series, lang),
    }
