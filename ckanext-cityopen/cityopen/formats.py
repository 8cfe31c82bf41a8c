"""Numbers, dates, durations, sizes and plurals as people write them in Slovene and English.

Pure: the language and, where it matters, the present moment are arguments. The patterns are those of the CLDR, through
Babel; the four Slovene plural forms follow the CLDR rule for whole numbers (one, two, few, other).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_timedelta
from babel.numbers import format_decimal, format_percent

LANGUAGES = ("sl", "en")
HOME_ZONE = "Europe/Ljubljana"
_LOCALES = {"sl": "sl_SI", "en": "en_GB"}
_UNITS = ("B", "kB", "MB", "GB", "TB")
_FEW = (3, 4)


def locale_of(lang: str) -> str:
    """Return the locale for a language code of the portal; anything unknown is read as English."""
    return _LOCALES.get(lang, _LOCALES["en"])


def number(value: float, lang: str, decimals: int | None = None) -> str:
    """Return a number with the language's separators; ``decimals`` fixes the digits after the separator."""
    pattern = None if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale=locale_of(lang))


def percent(share: float, lang: str, decimals: int = 0) -> str:
    """Return a share between 0 and 1 as a percentage."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + ("\u00a0%" if lang == "sl" else "%")
    return format_percent(share, format=pattern, locale=locale_of(lang))


def size(size_bytes: int, lang: str) -> str:
    """Return a size in bytes with a decimal unit (1 kB = 1000 B)."""
    value, unit = float(size_bytes), _UNITS[0]
    for unit in _UNITS:
        if abs(value) < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{number(value, lang, 0 if unit == 'B' or value >= 100 else 1)}\u00a0{unit}"


def date(value: dt.date | dt.datetime | str, lang: str) -> str:
    """Return a date, ``1. 9. 2026`` or ``1 September 2026``; a moment is first moved to the home time zone."""
    day = _local(value) if not _is_day(value) else dt.date.fromisoformat(str(value))
    return format_date(day, format="d. M. y" if lang == "sl" else "d MMMM y", locale=locale_of(lang))


def moment(value: dt.datetime | str, lang: str, zone: str = HOME_ZONE) -> str:
    """Return date and time to the minute in the given time zone."""
    local = _local(value, zone)
    separator = " ob " if lang == "sl" else ", "
    return f"{date(local, lang)}{separator}{local:%H:%M}"


def deadline(value: dt.datetime | str, lang: str, zone: str = HOME_ZONE) -> str:
    """Return the last day on which something is in time: a limit at midnight belongs to the day before."""
    return date((_local(value, zone) - dt.timedelta(seconds=1)).date(), lang)


def ago(value: dt.datetime | str, now: dt.datetime, lang: str) -> str:
    """Return the distance from ``now`` in words: ``pred 3 dnevi``, ``in 2 hours``."""
    return format_timedelta(_local(value) - now, add_direction=True, locale=locale_of(lang))


def period(key: str, lang: str) -> str:
    """Return the name of a period from its key: year, quarter, month, week or day."""
    parts = key.split("-")
    if len(parts) == 1:
        return key
    if parts[1].startswith("Q"):
        quarter = parts[1][1:]
        return f"{quarter}. četrtletje {parts[0]}" if lang == "sl" else f"quarter {quarter} of {parts[0]}"
    if parts[1].startswith("W"):
        week = int(parts[1][1:])
        return f"{week}. teden {parts[0]}" if lang == "sl" else f"week {week} of {parts[0]}"
    day = dt.date(int(parts[0]), int(parts[1]), int(parts[2]) if len(parts) > 2 else 1)
    return date(day, lang) if len(parts) > 2 else format_skeleton("yMMMM", day, locale=locale_of(lang))


def plural_index(count: int, lang: str) -> int:
    """Return which form a count takes: English 0–1, Slovene 0–3 (one, two, three or four, other)."""
    if lang != "sl":
        return 0 if abs(count) == 1 else 1
    rest = abs(count) % 100
    if rest in (1, 2):
        return rest - 1
    return 2 if rest in _FEW else 3


def plural(count: int, forms: Mapping[str, tuple[str, ...]], lang: str) -> str:
    """Return the counted noun, number included; ``forms`` has two English and four Slovene forms of the noun."""
    known = lang if lang in forms else "en"
    return f"{number(count, known)} {forms[known][plural_index(count, known)]}"


def join(words: list[str], lang: str) -> str:
    """Return a list as a sentence writes it: ``Celje, Laško in Štore``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])}{' in ' if lang == 'sl' else ' and '}{words[-1]}"


def _is_day(value: object) -> bool:
    if isinstance(value, str):
        return len(value) == len("2026-09-01")
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _local(value: dt.date | dt.datetime | str, zone: str = HOME_ZONE) -> dt.datetime:
    """Return the moment in a time zone; a moment without one is UTC, as databases and CKAN write it."""
    read = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(read, dt.datetime):
        read = dt.datetime(read.year, read.month, read.day, tzinfo=ZoneInfo(zone))
    aware = read if read.tzinfo else read.replace(tzinfo=dt.UTC)
    return aware.astimezone(ZoneInfo(zone))
