"""The report as HTML, in Slovene or English: one file, no foreign request, readable on paper and at 320 px."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from disclosure import messages
from disclosure.report.lines import risk_lines
from disclosure.report.numbers import number, share
from disclosure.report.picture import tradeoff_svg


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
        t=lambda slug, **params: messages.text(slug, {key: _shown(value, lang) for key, value in params.items()}, lang),
        shown=lambda value: _shown(value, lang),
        share=lambda part, whole: share(part, whole, lang),
        picture=_picture(report, lang),
        named=lambda kind, name: named(kind, name, lang),
        risk_lines=list(risk_lines(report["risk"], lang)) if report["risk"] else [],
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("disclosure.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _picture(report: Mapping[str, Any], lang: str) -> str:
    points = [{**each, "level": named("level", each["level"], lang)} for each in report["tradeoff"]]
    rows_in = (report["plan"] or {}).get("rows") or (report["lost"] or {}).get("rows_in")
    return tradeoff_svg(int(rows_in), points, lang) if points and rows_in else ""


def _shown(value: Any, lang: str) -> Any:
    if isinstance(value, bool):
        return messages.text("report-yes" if value else "report-no", {}, lang)
    return number(value, lang)


def named(kind: str, name: str, lang: str) -> str:
    """A parameter or level in words; one that has none is shown as it is, such as the code of a grid."""
    slug = f"{kind}-{name}"
    return messages.text(slug, {}, lang) if slug in messages.table() else name
