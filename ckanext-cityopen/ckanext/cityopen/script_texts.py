"""Texts of CKAN's scripts in the language of the page.

CKAN reads them from files that its wheel does not bring; here they come from the same merged catalogs as the pages, in
the shape that its scripts expect: ``{"": {plural rule}, msgid: [None, text]}``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
from babel.messages.pofile import read_po
from ckan.lib.i18n import get_ckan_i18n_dir

__all__ = ["texts"]

_PLURALS = {
    "sl": "nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3)",
    "en": "nplurals=2; plural=(n != 1)",
}
# One number for each form of the rule, in the order of the forms.
_COUNTS = {"sl": (1, 2, 3, 5), "en": (1, 2)}


def texts(lang: str) -> dict[str, Any]:
    """Return all texts of scripts; the language of the request must be ``lang``."""
    found: dict[str, Any] = {"": {"plural-forms": _PLURALS[lang], "lang": lang, "domain": "ckan"}}
    for one, many in _script_messages():
        if many:
            found[one] = [many, *(tk.ungettext(one, many, count) for count in _COUNTS[lang])]
        else:
            found[one] = [None, tk._(one)]
    return found


@cache
def _script_messages() -> tuple[tuple[str, str], ...]:
    """Return what CKAN's scripts say, singular and plural, from the template of its catalogs."""
    path = Path(get_ckan_i18n_dir()) / "ckan.pot"
    if not path.is_file():
        return ()
    with path.open("rb") as stream:
        template = read_po(stream)
    from_scripts = (one for one in template if one.id and any(name.endswith(".js") for name, _ in one.locations))
    return tuple((one.id, "") if isinstance(one.id, str) else (one.id[0], one.id[1]) for one in from_scripts)
