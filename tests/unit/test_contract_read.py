"""Rule: a delivery keeps its contract wholly, or every breach is named by line, column and masked value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from cityharvest import messages
from cityharvest.contract import Checked, read
from cityharvest.contract.findings import mask
from cityharvest.errors import ContractBroken, WrongCall
from cityharvest.periods import Period
from disclosure.engine import connect

LJUBLJANA = "Europe/Ljubljana"
HEADER = "meter_id;zone;ts;usage_kwh"
METERS: dict[str, Any] = {
    "fields": [
        {"name": "meter_id", "type": "string", "role": "unit"},
        {"name": "zone", "type": "string", "role": "zone", "constraints": {"enum": ["Žiri", "Zminec"]}},
        {"name": "ts", "type": "datetime", "format": "%Y-%m-%d %H:%M", "role": "time"},
        {
            "name": "usage_kwh",
            "type": "number",
            "role": "measure",
            "unit": "kWh",
            "decimalChar": ",",
            "constraints": {"minimum": 0, "maximum": 100},
        },
    ],
    "dialect": {"delimiter": ";"},
    "encodings": ["utf-8-sig", "cp1250"],
    "missingValues": ["", "Null"],
}
QUARTERS = {**METERS, "interval": "PT15M"}
Take = Callable[..., Checked]


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(tmp_path, "200MB")
    yield connection
    connection.close()


@pytest.fixture
def take(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Take:
    def take_text(
        *texts: str, contract: Mapping[str, Any] = METERS, cadence: str = "month", key: str = "2026-09"
    ) -> Checked:
        paths = []
        for number, text in enumerate(texts):
            paths.append(tmp_path / f"part-{number}.csv")
            paths[-1].write_text(text, encoding="utf-8", newline="")
        return read(con, paths, contract, Period.parse(cadence, key, LJUBLJANA))

    return take_text


def reading(meter: str = "M1", zone: str = "Zminec", ts: str = "2026-09-01 00:00", usage: str = "1,5") -> str:
    return f"{meter};{zone};{ts};{usage}"


def lines(*rows: str, header: str = HEADER, end: str = "\r\n") -> str:
    return end.join([header, *rows]) + end


def day_of(key: str, meter: str = "M1") -> list[str]:
    """The local times of a day as a company writes them: the doubled hour twice, the skipped one not at all."""
    period = Period.parse("day", key, LJUBLJANA)
    rows, moment = [], period.start
    while moment < period.end:
        local = moment.astimezone(ZoneInfo(LJUBLJANA))
        rows.append(reading(meter, ts=f"{local:%Y-%m-%d %H:%M}"))
        moment += timedelta(minutes=15)
    return rows


def broken(take: Take, *texts: str, **options: Any) -> list[dict[str, Any]]:
    with pytest.raises(ContractBroken) as caught:
        take(*texts, **options)
    return list(caught.value.findings)


def told(findings: list[dict[str, Any]]) -> list[tuple[str, int | None, str | None]]:
    return [(one["code"], one.get("row"), one.get("column")) for one in findings]


def test_columns_are_typed_and_local_time_is_utc(take: Take, con: duckdb.DuckDBPyConnection):
    """A decimal comma is a decimal comma, summer time is two hours ahead."""
    checked = take(lines(reading("M1", "Žiri", "2026-09-01 12:15", "0,125"), reading("M2", usage="Null")))
    assert (checked.rows, checked.findings) == (2, ())
    described = con.execute("SELECT column_name, column_type FROM (DESCRIBE delivery)").fetchall()
    assert described == [
        ("meter_id", "VARCHAR"),
        ("zone", "VARCHAR"),
        ("ts", "TIMESTAMP WITH TIME ZONE"),
        ("usage_kwh", "DECIMAL(18,6)"),
    ]
    rows = con.execute("SELECT meter_id, zone, ts, CAST(usage_kwh AS DOUBLE) FROM delivery ORDER BY 1").fetchall()
    assert rows[0] == ("M1", "Žiri", datetime(2026, 9, 1, 10, 15, tzinfo=UTC), 0.125)
    assert rows[1][3] is None


def test_blanks_around_names_and_values_mean_nothing(take: Take, con: duckdb.DuckDBPyConnection):
    """Known half-hourly files have a trailing blank inside the last column's name and pad their values."""
    take(lines(" M1 ;Zminec ;2026-09-01 00:00; 1,5 ", "M2;Zminec;2026-09-01 00:00;Null ", header=HEADER + " "))
    found = con.execute("SELECT meter_id, zone, CAST(usage_kwh AS DOUBLE) FROM delivery ORDER BY 1").fetchall()
    assert found == [("M1", "Zminec", 1.5), ("M2", "Zminec", None)]


def test_columns_are_matched_by_name_not_by_place(take: Take, con: duckdb.DuckDBPyConnection):
    """A reordered export is the same delivery."""
    take(lines("0,5;2026-09-01 00:00;Zminec;M1", header="usage_kwh;ts;zone;meter_id"))
    assert con.execute("SELECT meter_id, CAST(usage_kwh AS DOUBLE) FROM delivery").fetchall() == [("M1", 0.5)]


def test_quotes_and_a_missing_last_line_break_are_read(take: Take, con: duckdb.DuckDBPyConnection):
    """Quotes follow RFC 4180; not every program ends a file with a break."""
    take(f'{HEADER}\n"M;""1""";Zminec;2026-09-01 00:00;1')
    assert con.execute("SELECT meter_id FROM delivery").fetchall() == [('M;"1"',)]


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (reading(usage="12,5 kWh"), "value-invalid", "usage_kwh"),
        (reading(usage="12.5"), "value-invalid", "usage_kwh"),
        (reading(usage="1_2"), "value-invalid", "usage_kwh"),
        (reading(usage="nan"), "value-invalid", "usage_kwh"),
        (reading(ts="1. 9. 2026 00:00"), "value-invalid", "ts"),
        (reading(ts="2026-09-31 00:00"), "value-invalid", "ts"),
        (reading(ts=""), "value-missing", "ts"),
        (reading(meter=" "), "value-missing", "meter_id"),
        (reading(zone="Null"), "value-missing", "zone"),
        (reading(zone="Kranj"), "value-not-listed", "zone"),
        (reading(usage="-0,1"), "value-below-minimum", "usage_kwh"),
        (reading(usage="100,5"), "value-above-maximum", "usage_kwh"),
        (reading(ts="2026-08-31 23:45"), "time-outside-period", "ts"),
        (reading(ts="2026-10-01 00:00"), "time-outside-period", "ts"),
    ],
)
def test_one_bad_row_in_a_thousand_rejects_the_delivery(take: Take, row: str, code: str, column: str):
    """The number of a row is its line in the file, the header being line 1."""
    rows = [reading(f"M{number}") for number in range(1000)]
    rows[700] = row
    assert told(broken(take, lines(*rows))) == [(code, 702, column)]


def test_a_line_number_counts_blank_lines_and_breaks_inside_quotes(take: Take):
    """A person opens the file at that line."""
    text = lines(reading(), "", '"M\r\n2";Zminec;2026-09-01 00:00;1', reading(usage="x"))
    assert told(broken(take, text)) == [("value-invalid", 6, "usage_kwh")]


def test_a_finding_of_several_parts_names_the_part(take: Take):
    """Each part has its own lines."""
    [found] = broken(take, lines(reading("M1")), lines(reading("M2"), reading("M3", usage="x")))
    assert (found["part"], found["row"]) == (2, 3)


@pytest.mark.parametrize("row", ["M1;Zminec;2026-09-01 00:00", "M1;Zminec;2026-09-01 00:00;1,5;more", '"M1;Zminec'])
def test_a_line_of_another_shape_is_found(take: Take, row: str):
    """A shifted value would stand under another name."""
    [found] = broken(take, lines(*[reading()] * 10, row))
    assert (found["code"], found["row"]) == ("row-shape", 12)


def test_many_breaches_of_one_rule_are_one_finding_with_five_lines(take: Take):
    """Thousands of errors of one kind are one problem."""
    [found] = broken(take, lines(*[reading(f"M{number}", usage="x") for number in range(3000)]))
    assert (found["count"], found["rows"]) == (3000, [2, 3, 4, 5, 6])


def test_no_value_of_a_delivery_is_told(take: Take):
    """A report travels by mail: first character and length, nothing else."""
    with pytest.raises(ContractBroken) as caught:
        take(lines(reading(usage="secret-0101006500006"), reading(zone="Novakova 5")))
    shown = repr(caught.value.findings) + str(caught.value) + repr(caught.value.params)
    assert "0101006500006" not in shown
    assert "ovakova" not in shown
    assert {one["value"] for one in caught.value.findings} == {"s" + "•" * 19, "N" + "•" * 9}


@pytest.mark.parametrize(
    ("value", "shown"), [("", "•"), ("7", "•"), ("12", "1•"), ("\x00ab", "•••"), ("a" * 99, "a" + "•" * 23)]
)
def test_a_masked_value_keeps_its_first_character_only(value: str, shown: str):
    """A value of one character is hidden whole."""
    assert mask(value[:1], len(value)) == shown


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["file-empty"]),
        (HEADER + "\n", ["file-empty"]),
        ("<!DOCTYPE html><html><body>Login</body></html>", ["html-instead-of-data"]),
        ("\n  <html>\n", ["html-instead-of-data"]),
        (lines("M1;Zminec;2026-09-01 00:00", header="meter_id;zone;ts"), ["column-missing"]),
        (
            lines("M1;Zminec;2026-09-01 00:00;1", header="meter_id;zone;ts;Usage_kWh"),
            ["column-missing", "column-undeclared"],
        ),
        (lines(reading() + ";1", header=HEADER + ";ts"), ["column-twice"]),
        (lines(reading() + ";dry", header=HEADER + ";weather"), ["column-undeclared"]),
        (lines(reading() + ";0101006500006", header=HEADER + ";k1"), ["undeclared-identifier"]),
        (lines(reading() + ";a@example.org", header=HEADER + ";k1"), ["undeclared-identifier"]),
        (lines(reading() + ";x", header=HEADER + ";priimek"), ["undeclared-identifier"]),
        (lines(reading(), header=reading("ana@example.org")), ["header-missing"]),
        (lines(reading().replace(";", ","), header=HEADER.replace(";", ",")), ["header-missing"]),
    ],
)
def test_a_file_of_another_kind_is_refused_for_its_own_reason(take: Take, text: str, codes: list[str]):
    """Each has its own sentence, so that the sender knows what to do; nothing of a data row is quoted."""
    with pytest.raises(ContractBroken) as caught:
        take(text)
    assert [one["code"] for one in caught.value.findings] == codes
    assert caught.value.code == (codes[0] if len(codes) == 1 else "contract-broken")
    assert "example.org" not in repr(caught.value.findings)


def test_parts_with_different_columns_are_refused(take: Take):
    """A value must not change its column between two parts."""
    assert told(broken(take, lines(reading()), lines("1;2", header="a;b"))) == [("header-differs", None, None)]


def test_a_declared_column_that_holds_personal_data_stops_the_delivery(take: Take):
    """A contract cannot make an identifier harmless; only the unit column may hold one."""
    note = {"name": "opomba", "type": "string", "role": "attribute"}
    contract = {**METERS, "fields": [*METERS["fields"], note]}
    text = lines(reading() + ";ana.novak@example.org", header=HEADER + ";opomba")
    assert told(broken(take, text, contract=contract)) == [("declared-identifier", None, "opomba")]
    assert take(lines(reading() + ";menjava", header=HEADER + ";opomba"), contract=contract).rows == 1


@pytest.mark.parametrize(
    ("usage", "typical", "is_wrong"), [("250", 4, True), ("0,0002", 4, True), ("0,25", 4, False), ("0", 4, False)]
)
def test_values_far_from_the_usual_are_a_matter_of_the_unit(take: Take, usage: str, typical: float, is_wrong: bool):
    """Watt-hours or megawatt-hours for kilowatt-hours: one sentence about the column."""
    measure = {**METERS["fields"][3], "constraints": {}, "typical_maximum": typical}
    contract = {**METERS, "fields": [*METERS["fields"][:3], measure]}
    text = lines(*[reading(f"M{number}", usage=usage) for number in range(50)])
    if is_wrong:
        assert told(broken(take, text, contract=contract)) == [("wrong-unit", None, "usage_kwh")]
    else:
        assert take(text, contract=contract).rows == 50


@pytest.mark.parametrize(("key", "quarters"), [("2026-03-29", 92), ("2026-07-01", 96), ("2026-10-25", 100)])
def test_days_of_92_96_and_100_quarter_hours_are_whole(
    take: Take, con: duckdb.DuckDBPyConnection, key: str, quarters: int
):
    """Each reading has a moment of its own in UTC, also in the hour that is written twice."""
    text = lines(*day_of(key, "M1"), *day_of(key, "M2"))
    assert take(text, contract=QUARTERS, cadence="day", key=key).rows == quarters * 2
    query = "SELECT meter_id, count(DISTINCT ts), max(ts) - min(ts) FROM delivery GROUP BY 1 ORDER BY 1"
    span = timedelta(minutes=15 * (quarters - 1))
    assert con.execute(query).fetchall() == [("M1", quarters, span), ("M2", quarters, span)]


def test_in_the_doubled_hour_the_order_of_a_units_rows_decides(take: Take, con: duckdb.DuckDBPyConnection):
    """First summer time, then winter time, whatever other units stand in between."""
    rows = {meter: day_of("2026-10-25", meter) for meter in ("M1", "M2")}
    mixed = [row for pair in zip(rows["M1"], rows["M2"], strict=True) for row in pair]
    first, second = [number for number, row in enumerate(mixed) if "M1;Zminec;2026-10-25 02:15" in row]
    mixed[first], mixed[second] = mixed[first].replace("1,5", "1"), mixed[second].replace("1,5", "2")
    take(lines(*mixed), contract=QUARTERS, cadence="day", key="2026-10-25")
    query = "SELECT ts, CAST(usage_kwh AS INT) FROM delivery WHERE meter_id = 'M1' AND usage_kwh <> 1.5 ORDER BY ts"
    assert con.execute(query).fetchall() == [
        (datetime(2026, 10, 25, 0, 15, tzinfo=UTC), 1),
        (datetime(2026, 10, 25, 1, 15, tzinfo=UTC), 2),
    ]


def test_the_hour_that_does_not_exist_is_an_error(take: Take):
    """2:30 on the last Sunday of March is a mistake of the exporting program."""
    text = lines(reading(ts="2026-03-29 01:45"), reading(ts="2026-03-29 02:30"), reading(ts="2026-03-29 03:00"))
    assert told(broken(take, text, cadence="day", key="2026-03-29")) == [("time-skipped", 3, "ts")]


@pytest.mark.parametrize(("key", "expected"), [("2026-03-29", 92), ("2026-07-01", 96), ("2026-10-25", 100)])
def test_a_missing_reading_is_found_on_days_of_any_length(take: Take, key: str, expected: int):
    """A gap is not a zero, and an ordinary day's count is wrong when the clocks change."""
    rows = day_of(key)
    del rows[30]
    [found] = broken(take, lines(*rows), contract=QUARTERS, cadence="day", key=key)
    assert (found["code"], found["expected"], found["found"], found["count"]) == (
        "interval-count",
        expected,
        expected - 1,
        1,
    )


def test_a_repeated_reading_is_found_even_where_another_is_missing(take: Take):
    """The number of rows alone would be right."""
    rows = day_of("2026-07-01")
    rows[40] = rows[41]
    found = broken(take, lines(*rows), contract=QUARTERS, cadence="day", key="2026-07-01")
    assert told(found) == [("row-repeated", 43, None)]


def test_a_reading_between_two_intervals_is_found(take: Take):
    """Ten past is no quarter-hour."""
    rows = day_of("2026-07-01")
    rows[41] = rows[41].replace("10:15;", "10:10;")
    found = broken(take, lines(*rows), contract=QUARTERS, cadence="day", key="2026-07-01")
    assert told(found) == [("time-off-grid", 43, "ts")]


def test_a_meter_may_begin_in_the_middle_but_no_day_may_lack_altogether(take: Take):
    """A new meter is no fault; a day without any reading is."""
    text = lines(*[row for day in range(1, 31) for row in day_of(f"2026-09-{day:02d}")], *day_of("2026-09-30", "M2"))
    assert take(text, contract=QUARTERS).rows == 31 * 96
    lacking = lines(*[row for day in range(1, 31) if day != 7 for row in day_of(f"2026-09-{day:02d}")])
    [found] = broken(take, lacking, contract=QUARTERS)
    assert (found["code"], found["day"]) == ("day-missing", "2026-09-07")


def test_events_without_an_interval_may_repeat(take: Take):
    """Two trips of one vehicle may begin in the same minute; a primary key says where they may not."""
    text = lines(reading(), reading())
    assert take(text).rows == 2
    found = broken(take, text, contract={**METERS, "primaryKey": ["meter_id", "ts"]})
    assert told(found) == [("row-repeated", 3, None)]


def test_times_with_an_offset_are_read_by_their_offset(take: Take, con: duckdb.DuckDBPyConnection):
    """The default form of Table Schema demands one: without it nobody knows what is meant."""
    contract = {
        **METERS,
        "fields": [*METERS["fields"][:2], {"name": "ts", "type": "datetime", "role": "time"}, METERS["fields"][3]],
    }
    take(lines(reading(ts="2026-09-01T00:30:00Z"), reading(ts="2026-09-01T00:30:00+02:00")), contract=contract)
    assert con.execute("SELECT epoch(max(ts)) - epoch(min(ts)) FROM delivery").fetchall() == [(7200.0,)]
    assert told(broken(take, lines(reading(ts="2026-09-01T00:30:00")), contract=contract)) == [
        ("value-invalid", 2, "ts")
    ]


def test_whole_numbers_are_whole(take: Take):
    """The engine would round 1.5 to 2."""
    counted = {"name": "usage_kwh", "type": "integer", "role": "measure"}
    contract = {**METERS, "fields": [*METERS["fields"][:3], counted]}
    assert take(lines(reading(usage="12")), contract=contract).rows == 1
    assert told(broken(take, lines(reading(usage="1.5")), contract=contract)) == [("value-invalid", 2, "usage_kwh")]


def test_blanks_between_thousands_are_read_where_the_contract_says_so(take: Take, con: duckdb.DuckDBPyConnection):
    """Heat suppliers write 2 969,03."""
    measure = {**METERS["fields"][3], "groupChar": " ", "constraints": {}}
    take(
        lines(reading(usage="2 969,03"), reading(usage="2\u00a0969,03")),
        contract={**METERS, "fields": [*METERS["fields"][:3], measure]},
    )
    assert con.execute("SELECT DISTINCT CAST(usage_kwh AS DOUBLE) FROM delivery").fetchall() == [(2969.03,)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"interval": "PT7M"}, "contract-interval-unknown"),
        ({"dialect": {"delimiter": ";;"}}, "contract-dialect-invalid"),
        ({"dialect": "csv"}, "contract-invalid"),
        ({"encodings": ["klingon"]}, "contract-invalid"),
        ({"fields": []}, "contract-role-missing"),
        ({"interval": "often"}, "contract-interval-unknown"),
        ({"fields": METERS["fields"][:2]}, "contract-role-missing"),
        (
            {"fields": [*METERS["fields"][:3], {"name": "n", "type": "geopoint", "role": "measure"}]},
            "contract-type-unsupported",
        ),
    ],
)
def test_a_contract_that_cannot_be_used_is_nobodys_fault_but_ours(take: Take, change: dict[str, Any], code: str):
    """The delivery must not be rejected for it."""
    with pytest.raises(WrongCall) as caught:
        take(lines(reading()), contract={**METERS, **change})
    assert caught.value.code == code


def test_a_second_delivery_replaces_the_first_under_the_same_name(take: Take, con: duckdb.DuckDBPyConnection):
    """A second look at other bytes must not see the first."""
    take(lines(reading("M1")))
    take(lines(reading("M2")))
    assert con.execute("SELECT meter_id FROM delivery").fetchall() == [("M2",)]


def test_a_broken_delivery_leaves_no_relation(take: Take, con: duckdb.DuckDBPyConnection):
    """Nobody can read on by mistake."""
    take(lines(reading("M1")))
    broken(take, lines(reading(usage="x")))
    assert con.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = 'delivery'").fetchall() == [(0,)]


def test_every_finding_has_a_sentence_without_open_places_in_both_languages(take: Take):
    """Who gets it reads Slovene or English."""
    found = broken(take, lines(reading(usage="x"), reading(ts=""), reading(zone="Kranj"), reading(usage="-1")))
    assert len(found) == 4
    for lang in messages.LANGUAGES:
        assert not [text for one in found if "{" in (text := messages.text(one["code"], one, lang))]
