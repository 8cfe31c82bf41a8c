"""When the input is gone, only sums of printed cells may follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from history_world import PRESET, SPEC

from disclosure import DisclosureRefused, Measure, TimeBin
from disclosure.history import PublishedRelease, check_purged

START = datetime(2026, 10, 24, 22, tzinfo=UTC)
"""Midnight in Ljubljana before the day on which the clock goes back: it has 25 hours."""
LOCAL = replace(SPEC, timezone="Europe/Ljubljana", presence="distinct")
SUMS = Spec = replace(LOCAL, presence="none", unit=None)


def release(rows, spec, release_id="r1"):
    names = list(spec.output_columns)
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    return PublishedRelease(
        release_id=release_id, subject="s", period="p", policy={"name": "threshold", "parameters": {}},
        spec=spec.as_dict(), preset={"id": PRESET.id, "version": PRESET.version, "parameters": {}}, table=table,
    )  # fmt: skip


def hours(zone="a", count=25, kwh=Decimal("1.50")):
    return [(zone, START + timedelta(hours=hour), kwh) for hour in range(count)]


def refused(candidate, earlier, **options):
    try:
        check_purged(candidate, [earlier], **options)
    except DisclosureRefused as error:
        return error.params["cells"]
    return 0


def test_a_day_is_the_sum_of_its_25_hours():
    day = replace(SUMS, time_bin=TimeBin.DAY)
    assert refused(release([("a", START, Decimal("37.50"))], day), release(hours(), SUMS)) == 0
    assert refused(release([("a", START, Decimal("37.49"))], day), release(hours(), SUMS)) == 1


def test_an_hour_that_was_withheld_makes_the_day_new():
    day = replace(SUMS, time_bin=TimeBin.DAY)
    without = [row for row in hours() if row[1] != START + timedelta(hours=7)]
    assert refused(release([("a", START, Decimal("36.00"))], day), release(without, SUMS)) == 1


def test_a_larger_zone_needs_all_its_parts():
    earlier = release(hours("a", 1) + hours("b", 1), SUMS)
    both = release([("a+b", START, Decimal("3.00"))], SUMS, "r2")
    assert refused(both, earlier, zones={"a+b": ("a", "b")}) == 0
    assert refused(both, earlier, zones={"a+b": ("a", "b", "c")}) == 1
    assert refused(both, earlier) == 1


def test_what_was_printed_may_be_printed_again():
    earlier = release([("a", START, 12, Decimal("1.50")), ("b", START, 15, Decimal("1.50"))], LOCAL)
    assert refused(release([("a", START, 12, Decimal("1.50"))], LOCAL, "r2"), earlier) == 0
    assert refused(release([("a", START, 13, Decimal("1.50"))], LOCAL, "r2"), earlier) == 1


def test_distinct_units_and_means_do_not_add_up():
    cells = [("a", START, 12, Decimal("1.50")), ("b", START, 15, Decimal("1.50"))]
    union = release([("a+b", START, 27, Decimal("3.00"))], LOCAL, "r2")
    assert refused(union, release(cells, LOCAL), zones={"a+b": ("a", "b")}) == 1
    means = replace(SUMS, measures={"kwh": Measure(kind="mean", decimals=2)})
    mean = release([("a+b", START, Decimal("1.50"))], means, "r2")
    assert refused(mean, release(hours("a", 1) + hours("b", 1), means), zones={"a+b": ("a", "b")}) == 1


def test_nothing_may_follow_where_nothing_was_published():
    with pytest.raises(DisclosureRefused):
        check_purged(release(hours(), SUMS), [])
