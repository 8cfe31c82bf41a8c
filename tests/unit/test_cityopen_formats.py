"""Numbers, dates and plurals as people write them, in both languages."""

from __future__ import annotations

import datetime as dt

import pytest

from cityopen import formats

CITIES = {"sl": ("občina", "občini", "občine", "občin"), "en": ("city", "cities")}
NOW = dt.datetime(2026, 9, 4, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 občin"), (1, "1 občina"), (2, "2 občini"), (3, "3 občine"), (4, "4 občine"), (5, "5 občin"),
        (11, "11 občin"), (101, "101 občina"), (102, "102 občini"), (104, "104 občine"), (1001, "1.001 občina"),
    ],
)  # fmt: skip
def test_slovene_counts_in_four_forms(count, expected):
    assert formats.plural(count, CITIES, "sl") == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "0 cities"), (1, "1 city"), (2, "2 cities"), (101, "101 cities")])
def test_english_counts_in_two_forms(count, expected):
    assert formats.plural(count, CITIES, "en") == expected


def test_numbers_have_the_separators_of_the_language():
    assert formats.number(1234567.5, "sl") == "1.234.567,5"
    assert formats.number(1234567.5, "en") == "1,234,567.5"


def test_fixed_decimals_round_and_fill_up():
    assert formats.number(3, "sl", 1) == "3,0"
    assert formats.number(2.26, "en", 1) == "2.3"


def test_a_percentage_has_a_space_in_slovene_only():
    assert formats.percent(0.125, "sl", 1) == "12,5\u00a0%"
    assert formats.percent(0.125, "en", 1) == "12.5%"


def test_sizes_use_decimal_units():
    assert formats.size(999, "sl") == "999\u00a0B"
    assert formats.size(1_530_000, "sl") == "1,5\u00a0MB"


def test_dates_are_written_as_the_language_does():
    assert formats.date("2026-09-01", "sl") == "1. 9. 2026"
    assert formats.date("2026-09-01", "en") == "1 September 2026"


def test_a_moment_without_time_zone_is_utc_and_is_shown_in_local_time():
    assert formats.moment("2026-09-01T22:30:00", "sl") == "2. 9. 2026 ob 00:30"
    assert formats.moment("2026-12-01T22:30:00+00:00", "en") == "1 December 2026, 23:30"


def test_a_deadline_at_midnight_belongs_to_the_day_before():
    assert formats.deadline("2026-12-15T23:00:00+00:00", "sl") == "15. 12. 2026"


def test_a_deadline_within_a_day_is_that_day():
    assert formats.deadline("2026-12-15T11:00:00+00:00", "sl") == "15. 12. 2026"


def test_distances_are_said_in_words_against_the_given_moment():
    assert formats.ago("2026-09-01T00:00:00", NOW, "sl") == "pred 3 dnevi"
    assert formats.ago("2026-09-06T00:00:00", NOW, "en") == "in 2 days"


@pytest.mark.parametrize(
    ("key", "slovene", "english"),
    [
        ("2026", "2026", "2026"),
        ("2026-Q3", "3. četrtletje 2026", "quarter 3 of 2026"),
        ("2026-W07", "7. teden 2026", "week 7 of 2026"),
        ("2026-10", "oktober 2026", "October 2026"),
        ("2026-10-25", "25. 10. 2026", "25 October 2026"),
    ],
)
def test_periods_are_named_from_their_key(key, slovene, english):
    assert (formats.period(key, "sl"), formats.period(key, "en")) == (slovene, english)


def test_a_list_ends_with_the_word_for_and():
    assert formats.join(["Celje", "Laško", "Štore"], "sl") == "Celje, Laško in Štore"
    assert formats.join(["Celje"], "en") == "Celje"
    assert formats.join([], "en") == ""


def test_an_unknown_language_reads_as_english():
    assert formats.number(1.5, "de") == "1.5"
