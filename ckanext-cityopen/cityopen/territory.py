"""Municipalities and statistical regions of Slovenia.

Codes and names come from ISO 3166-2 as pycountry ships it; the region of each municipality comes from the dated data
file ``data/regions.yaml``. Joins go by code, never by name: registers spell bilingual names in different ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pycountry
import yaml

COUNTRY = "SI"
_ALPHABET = "abcčćdđefghijklmnopqrsštuvwxyzž"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A statistical region: its NUTS 3 code and its name in both languages."""

    code: str
    name_sl: str
    name_en: str

    def name(self, lang: str) -> str:
        """Return the name in ``lang`` (``sl`` or ``en``)."""
        return self.name_sl if lang == "sl" else self.name_en


@dataclass(frozen=True, slots=True, kw_only=True)
class Municipality:
    """A municipality: ``code`` is the ISO form ``SI-061``, ``register_code`` the register's ``061``."""

    code: str
    name: str
    region: Region

    @property
    def register_code(self) -> str:
        """Return the three digits that the national registers use; leading zeros stay."""
        return self.code.removeprefix(f"{COUNTRY}-")


def sort_key(name: str) -> tuple[int, ...]:
    """Return a key that sorts by the Slovene alphabet (č after c, š after s, ž after z), whatever the database can."""
    return tuple(_ALPHABET.index(letter) if letter in _ALPHABET else ord(letter) - 1000 for letter in name.casefold())


def normalize_code(text: str) -> str:
    """Return ``SI-061`` for ``61``, ``061``, ``SI-061`` or ``si-61``.

    Raises:
        ValueError: when the text holds no number of at most three digits.
    """
    digits = text.strip().upper().removeprefix(f"{COUNTRY}-")
    if not digits.isdecimal() or len(digits) > 3:
        raise ValueError(f"not a municipality code: {text!r}")
    return f"{COUNTRY}-{int(digits):03d}"


@cache
def regions() -> tuple[Region, ...]:
    """Return the twelve statistical regions in the order of their codes."""
    return tuple(Region(code=row["code"], name_sl=row["sl"], name_en=row["en"]) for row in _rows())


@cache
def municipalities() -> tuple[Municipality, ...]:
    """Return all municipalities, sorted by name in Slovene order."""
    by_code = {region.code: region for region in regions()}
    region_of = {code: by_code[row["code"]] for row in _rows() for code in row["municipalities"].split()}
    register: Any = pycountry.subdivisions
    found = (
        Municipality(code=item.code, name=item.name, region=region_of[item.code[-3:]])
        for item in register.get(country_code=COUNTRY)
    )
    return tuple(sorted(found, key=lambda municipality: sort_key(municipality.name)))


def municipality(code: str) -> Municipality | None:
    """Return the municipality with this code in any of the accepted spellings, or None when there is none."""
    try:
        wanted = normalize_code(code)
    except ValueError:
        return None
    return _by_code().get(wanted)


@cache
def _by_code() -> dict[str, Municipality]:
    return {item.code: item for item in municipalities()}


@cache
def _rows() -> list[dict[str, Any]]:
    text = files("cityopen").joinpath("data/regions.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.safe_load(text)["regions"]
    return rows
