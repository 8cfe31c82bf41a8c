"""Update frequencies: authority codes and the number of days after which a dataset is due again.

Boundary: tolerance and judgement are in :mod:`datastrategy.checks.fresh`.
Source: EU Publications Office, authority table ``frequency``.
"""

from __future__ import annotations

__all__ = ["AUTHORITY", "code_of", "days_between_updates", "iri_of", "known_codes"]

AUTHORITY = "http://publications.europa.eu/resource/authority/frequency/"

# None: the code promises no date, so such data are never late.
_DAYS: dict[str, int | None] = {
    "UPDATE_CONT": 1,
    "CONT": 1,
    "1MIN": 1,
    "5MIN": 1,
    "10MIN": 1,
    "15MIN": 1,
    "30MIN": 1,
    "HOURLY": 1,
    "BIHOURLY": 1,
    "TRIHOURLY": 1,
    "12HRS": 1,
    "DAILY_3": 1,
    "DAILY_2": 1,
    "DAILY": 1,
    "WEEKLY_5": 7,
    "WEEKLY_3": 7,
    "WEEKLY_2": 7,
    "WEEKLY": 7,
    "BIWEEKLY": 14,
    "MONTHLY_3": 31,
    "MONTHLY_2": 31,
    "MONTHLY": 31,
    "BIMONTHLY": 62,
    "QUARTERLY": 93,
    "ANNUAL_3": 365,
    "ANNUAL_2": 365,
    "ANNUAL": 365,
    "BIENNIAL": 731,
    "TRIENNIAL": 1096,
    "QUADRENNIAL": 1461,
    "QUINQUENNIAL": 1827,
    "DECENNIAL": 3653,
    "BIDECENNIAL": 7305,
    "TRIDECENNIAL": 10958,
    "AS_NEEDED": None,
    "IRREG": None,
    "NEVER": None,
    "NOT_PLANNED": None,
    "OTHER": None,
    "UNKNOWN": None,
}


def known_codes() -> tuple[str, ...]:
    """Return every code of the table, most frequent first."""
    return tuple(_DAYS)


def code_of(value: str | None) -> str | None:
    """Return the code of a code or authority IRI in any case, None where the table has no such code.

    >>> code_of("http://publications.europa.eu/resource/authority/frequency/ANNUAL")
    'ANNUAL'
    """
    if not isinstance(value, str):
        return None
    code = value.strip().removesuffix("/").rsplit("/", 1)[-1].upper()
    return code if code in _DAYS else None


def iri_of(value: str | None) -> str | None:
    """Return the authority IRI of a code or IRI, None for an unknown one."""
    code = code_of(value)
    return None if code is None else AUTHORITY + code


def days_between_updates(value: str | None) -> int | None:
    """Return the days between two updates, at least 1; None when the frequency promises no date or is unknown."""
    code = code_of(value)
    return None if code is None else _DAYS[code]
