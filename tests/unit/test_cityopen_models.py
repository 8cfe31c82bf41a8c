"""What the pages show, as values: shares of a bar, the way of a delivery, columns of a published table."""

from __future__ import annotations

import pytest

from cityopen import columns, shares, timeline
from cityopen.columns import Role
from cityopen.timeline import Progress

SPEC = {"zone": ["zone"], "presence": "distinct", "count_rows_as": "readings", "measures": {"usage_kwh": {}}}
SCHEMA = {
    "fields": [
        {"name": "zone", "type": "string", "titles": {"sl": "Naselje", "en": "Settlement"}},
        {"name": "period_start", "type": "datetime", "titles": {"sl": "Začetek obdobja (UTC)"}},
        {"name": "units", "type": "integer", "titles": {"sl": "merilna mesta", "en": "metering points"}},
        {"name": "readings", "type": "integer"},
        {"name": "usage_kwh", "type": "number", "titles": {"sl": "Poraba", "en": "Use"}, "unit": "kWh", "decimals": 1},
    ]
}


@pytest.mark.parametrize(("met", "partial", "missing"), [(1, 1, 1), (6, 1, 17), (0, 0, 5), (1, 0, 212)])
def test_the_stretches_of_a_bar_sum_to_a_hundred_and_touch(met, partial, missing):
    parts = shares.divide({"met": met, "partial": partial, "missing": missing})
    assert sum(part.width_percent for part in parts) == 100
    ends = [0, *(part.start_percent + part.width_percent for part in parts)]
    assert [part.start_percent for part in parts] == ends[:-1]
    assert [part.count for part in parts] == [met, partial, missing]


def test_a_city_without_requirements_has_no_bar():
    assert shares.divide({"exempted": 3}) == ()


def test_what_does_not_concern_a_city_does_not_count():
    assert shares.applicable({"total": 24, "exempted": 1, "not_applicable": 2, "met": 3}) == 21


def marks(*arguments, **named):
    return [(mark.state, mark.progress) for mark in timeline.way(*arguments, **named)]


def test_a_delivery_under_way_has_steps_behind_and_ahead():
    found = dict(marks("checked", []))
    assert found["received"] is Progress.PASSED
    assert found["checked"] is Progress.HERE
    assert found["published"] is Progress.AHEAD


def test_a_published_delivery_has_everything_behind_it():
    assert {progress for _, progress in marks("published", [])} == {Progress.PASSED}


def test_a_held_delivery_stands_after_the_step_it_came_from():
    found = marks("held", [], held_from="cleared")
    position = found.index(("held", Progress.HERE))
    assert found[position - 1] == ("cleared", Progress.PASSED)
    assert found[position + 1] == ("released", Progress.AHEAD)


def test_a_rejected_delivery_ends_where_its_history_ended():
    history = [{"detail": {"to": "due"}}, {"detail": {"to": "received"}}, {"detail": {"to": "rejected"}}]
    assert marks("rejected", history) == [
        ("due", Progress.PASSED),
        ("received", Progress.PASSED),
        ("rejected", Progress.STOPPED),
    ]


@pytest.mark.parametrize("state", ["published", "rejected", "nil", "withdrawn", "superseded"])
def test_these_states_end_a_delivery(state):
    assert timeline.is_over(state)


@pytest.mark.parametrize("state", ["due", "received", "held", "released"])
def test_these_states_do_not(state):
    assert not timeline.is_over(state)


def test_columns_get_their_role_from_the_statement_and_their_title_from_the_schema():
    found = columns.columns(SCHEMA, SPEC, "sl")
    assert [item.role for item in found] == [Role.ZONE, Role.PERIOD, Role.UNITS, Role.COUNT, Role.MEASURE]
    assert [item.heading for item in found] == ["Naselje", "Začetek", "merilna mesta", "readings", "Poraba (kWh)"]


def test_only_numbers_have_decimals():
    assert [item.decimals for item in columns.columns(SCHEMA, SPEC, "en")] == [None, None, 0, 0, 1]


def test_a_chart_draws_the_first_measure_by_zone():
    drawn = columns.drawn(columns.columns(SCHEMA, SPEC, "en"))
    assert drawn is not None
    assert (drawn.value, drawn.series, drawn.value_title) == ("usage_kwh", "zone", "Use (kWh)")


def test_without_a_measure_it_draws_the_count():
    schema = {"fields": SCHEMA["fields"][:4]}
    drawn = columns.drawn(columns.columns(schema, {**SPEC, "measures": {}}, "en"))
    assert drawn is not None
    assert drawn.value == "readings"


def test_a_table_without_numbers_has_no_chart():
    assert columns.drawn(columns.columns({"fields": SCHEMA["fields"][:2]}, SPEC, "en")) is None
