"""The picture of the trade-off: how much of the input stays at each level. Drawn here, so nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import vl_convert

from disclosure import messages

WIDTH_PX: Final = 560
_CHOSEN, _OTHER = "#005f73", "#94a3b8"


def tradeoff_svg(rows_in: int, points: Sequence[Mapping[str, Any]], lang: str) -> str:
    """A bar for each level with the share of rows it keeps; the chosen ones are dark.

    Args:
        rows_in: rows of the input.
        points: ``level``, ``rows``, ``chosen`` of each alternative.
        lang: ``sl`` or ``en``.
    """
    return str(vl_convert.vegalite_to_svg(_specification(rows_in, points, lang), allowed_base_urls=[]))


def _specification(rows_in: int, points: Sequence[Mapping[str, Any]], lang: str) -> dict[str, Any]:
    values = [
        {"level": each["level"], "share": each["rows"] / rows_in if rows_in else 0, "chosen": bool(each["chosen"])}
        for each in points
    ]
    share = messages.text("report-share-kept", {}, lang)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH_PX,
        "height": {"step": 26},
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": {"field": "level", "type": "nominal", "sort": None, "title": None},
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": share,
                "scale": {"domain": [0, 1]},
                "axis": {"format": ".0%"},
            },
            "color": {"condition": {"test": "datum.chosen", "value": _CHOSEN}, "value": _OTHER},
        },
    }
