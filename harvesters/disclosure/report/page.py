"""The report as HTML, in Slovene or English: one file, no foreign request, readable on paper and at 320 px."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from disclosure import messages
from disclosure.report.picture import tradeoff_svg

_THIN = "\u202f"


def page(report: Mapping[str, Any], lang: str) -> str:
    """A whole document.

    Args:
        report: what ``content.build`` gives.
        lang: ``sl`` or ``en``.
    """
    return _render("report.html", report, lang)


def fragment(report: Mapping[str, Any], lang: str) -> str:
    """The body alone, for a page that has its own head."""
    return _render("report_body.html", report, lang)


def _render(template: str, report: Mapping[str, Any], lang: str) -> str:
    environment = _environment()
    return environment.get_template(template).render(
        report=report,
        lang=lang,
        t=lambda slug, **params: messages.text(slug, {key: shown(value, lang) for key, value in params.items()}, lang),
        shown=lambda value: shown(value, lang),
        share=lambda part, whole: share(part, whole, lang),
        picture=_picture(report, lang),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("disclosure.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _picture(report: Mapping[str, Any], lang: str) -> str:
    points = report["tradeoff"]
    rows_in = (report["plan"] or {}).get("rows") or (report["lost"] or {}).get("rows_in")
    return tradeoff_svg(int(rows_in), points, lang) if points and rows_in else ""


def shown(value: Any, lang: str) -> Any:
    """Numbers as a person of that language writes them."""
    if isinstance(value, bool):
        return messages.text("report-yes" if value else "report-no", {}, lang)
    if isinstance(value, int):
        text = f"{value:,}"
        return text if lang == "en" else text.replace(",", ".")
    if isinstance(value, float | Decimal):
        text = f"{value:.4g}" if isinstance(value, float) else f"{value:f}"
        return text if lang == "en" else text.replace(".", ",")
    return value


def share(part: int, whole: int, lang: str) -> str:
    """A share in percent with one decimal; nothing of nothing is a dash."""
    if not whole:
        return "–"
    text = f"{100 * part / whole:.1f}{_THIN}%"
    return text if lang == "en" else text.replace(".", ",")
