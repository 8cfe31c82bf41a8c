"""A chart's specification: gaps stay gaps, nothing is loaded from anywhere, six lines at most."""

from __future__ import annotations

import json

import pytest

from cityopen import chart

COLUMNS = chart.Series(time="t", value="v", value_title="Poraba (kWh)", series="z", series_title="Naselje")


def rows(zones, hours, value="1.5"):
    return [
        {"t": f"2026-10-{1 + hour // 24:02d}T{hour % 24:02d}:00:00", "z": zone, "v": value}
        for hour in range(hours)
        for zone in zones
    ]


def values(spec):
    return spec["data"]["values"]


def test_a_moment_that_a_line_lacks_becomes_a_gap_not_a_bridge():
    table = [row for row in rows(["A", "B"], 3) if not (row["z"] == "B" and row["t"].endswith("01:00:00"))]
    spec = chart.line_chart(table, COLUMNS, "sl")
    [gap] = [point for point in values(spec) if point["value"] is None]
    assert (gap["series"], gap["time"]) == ("B", "2026-10-01T01:00:00")
    assert spec["mark"]["invalid"].startswith("break-paths")


def test_a_missing_value_is_a_gap_as_well():
    spec = chart.line_chart([{"t": "2026-10-01T00:00:00", "z": "A", "v": ""}], COLUMNS, "en")
    assert values(spec) == [{"time": "2026-10-01T00:00:00", "series": "A", "value": None}]


def test_only_the_six_largest_lines_are_drawn():
    table = rows([f"small {index}" for index in range(6)], 1, "1") + rows(["large"], 1, "9")
    drawn = chart.line_chart(table, COLUMNS, "sl")["encoding"]["color"]["scale"]["domain"]
    assert len(drawn) == chart.MAX_SERIES
    assert "large" in drawn


def test_a_long_series_is_cut_to_its_newest_whole_days():
    spec = chart.line_chart(rows(["A"], 24 * 20), COLUMNS, "sl")
    first, last = values(spec)[0]["time"], values(spec)[-1]["time"]
    assert last == "2026-10-20T23:00:00"
    assert first.endswith("T00:00:00")
    assert len(values(spec)) <= chart.MAX_MOMENTS


def test_the_specification_names_no_address_but_its_schema():
    spec = chart.line_chart(rows(["A"], 2), COLUMNS, "sl")
    text = json.dumps({name: part for name, part in spec.items() if name != "$schema"})
    assert "http" not in text
    assert "url" not in text


def test_color_is_never_alone():
    encoding = chart.line_chart(rows(["A", "B"], 2), COLUMNS, "sl")["encoding"]
    assert encoding["strokeDash"]["field"] == encoding["color"]["field"]
    assert len({str(dash) for dash in encoding["strokeDash"]["scale"]["range"]}) == 2


def test_the_caption_says_what_is_drawn():
    spec = chart.line_chart(rows(["A", "B"], 25), COLUMNS, "sl")
    assert chart.caption(spec, "sl") == {"first": "1. 10. 2026", "last": "2. 10. 2026", "series": "2"}


def test_an_empty_table_is_an_empty_chart():
    spec = chart.line_chart([], COLUMNS, "en")
    assert values(spec) == []
    assert chart.caption(spec, "en") == {"first": "", "last": "", "series": "0"}


@pytest.mark.parametrize("lang", ["sl", "en"])
def test_numbers_of_the_axis_follow_the_language(lang):
    assert chart.NUMBER_LOCALE[lang]["decimal"] == {"sl": ",", "en": "."}[lang]
