"""Vega on both sides: builds the browser's script at install, draws the same specification on the server."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert

from cityopen import chart

__all__ = ["SCRIPT_URL", "build_script", "script_name", "script_path", "svg"]

SCRIPT_URL = "/cityopen/vendor/"
# What the bundle leaves behind for other scripts of the page.
_SNIPPET = "window.vegaEmbed = vegaEmbed;"


def script_name() -> str:
    """Return the script's file name; it changes with the library, so that browsers may keep it for good."""
    return f"vega-embed-{version('vl-convert-python')}.js"


def script_path(folder: Path) -> Path:
    """Return where the script lies in a folder."""
    return folder / script_name()


def build_script(target: Path) -> None:
    """Write the script; a reader sees either nothing or all of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=target.parent, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(vl_convert.javascript_bundle(_SNIPPET))
    os.chmod(draft, 0o644)
    os.replace(draft, target)


def svg(spec: Mapping[str, Any], lang: str) -> str:
    """Return the specification drawn as SVG; it can load nothing from anywhere."""
    return _svg(json.dumps(chart.fixed_size(spec), sort_keys=True), lang)


@lru_cache(maxsize=64)
def _svg(spec: str, lang: str) -> str:
    return str(
        vl_convert.vegalite_to_svg(
            spec,
            allowed_base_urls=[],
            format_locale=chart.NUMBER_LOCALE[lang],
            time_format_locale=chart.time_locale(lang),
        )
    )
