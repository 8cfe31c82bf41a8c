"""Cells of sums: small ones by the rarest unit, concentration of each measure for everybody who stands behind it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from assess_oracle import normal
from assess_tables import relation
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.assess import Questions, assess, assess_source
from disclosure.rules import Rules
from disclosure.spec import Measure, Spec

SCHEMA = pa.schema(
    [
        ("zone", pa.string()),
        ("at", pa.timestamp("us", "UTC")),
        ("meter", pa.string()),
        ("holding", pa.string()),
        ("kwh", pa.decimal128(18, 6)),
    ]
)
HOUR = datetime(2026, 10, 24, 23, tzinfo=UTC)
SPEC = Spec(
    unit="meter", also_units=("holding",), zone="zone", time="at", timezone="Europe/Ljubljana",
    measures={"kwh": Measure()},
)  # fmt: skip
RULES = Rules(p_percent=15, dominance=(2, 80), max_share_percent=50)

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "zone": st.sampled_from(["north", "south", None]),
            # The hour that the change of clocks repeats stays two hours.
            "at": st.sampled_from([HOUR, HOUR.replace(minute=45), HOUR.replace(day=25, hour=0)]),
            "meter": st.sampled_from(["m1", "m2", "m3", "M3 ", None]),
            "holding": st.sampled_from(["h1", "h2"]),
            "kwh": st.sampled_from([Decimal(10), Decimal(-4), Decimal("0.5"), Decimal(0), None]),
        }
    ),
    min_size=1,
    max_size=20,
)


def _sizes(rows, owner):
    """Contributions of each cell: a contributor's readings summed, those of nobody by their sizes."""
    cells = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["kwh"] is not None:
            cell = cells[row["zone"], row["at"].replace(minute=0)]
            cell[normal(row[owner])].append(row["kwh"])
    return [
        sorted((sum(map(abs, v)) if who is None else abs(sum(v)) for who, v in cell.items()), reverse=True)
        for cell in cells.values()
    ]


def _broken(sizes):
    total, rest = sum(sizes), sum(sizes[2:])
    return {
        "p-percent": rest * 100 < 15 * sizes[0],
        "dominance": sum(sizes[:2]) * 100 > 80 * total,
        "max-share": sizes[0] * 100 > 50 * total,
        "15-15": len(sizes) < 15 or sizes[0] * 100 > 15 * total,
    }


@given(rows=ROWS)
@settings(max_examples=10, deadline=None)
def test_cells_follow_the_rules_for_meter_and_holding(rows):
    with relation(rows, SCHEMA) as con:
        risk = assess(con, "data", SPEC, Questions(min_units=3, rules=RULES))
    found = risk.cells
    counts = []
    for owner in ("meter", "holding"):
        cells = defaultdict(set)
        for row in rows:
            cells[row["zone"], row["at"].replace(minute=0)].add(normal(row[owner]))
        counts.append({cell: len(units) for cell, units in cells.items()})
    fewest = [min(each[cell] for each in counts) for cell in counts[0]]
    assert risk.k == min(fewest)
    assert (found.cells, found.least, found.small) == (len(fewest), min(fewest), sum(n < 3 for n in fewest))
    for measure in found.measures:
        cells = _sizes(rows, measure.contributor)
        assert measure.cells == len(cells)
        assert measure.broken == {rule: sum(_broken(sizes)[rule] for sizes in cells) for rule in measure.broken}
        shares = [Fraction(sizes[0]) / Fraction(sum(sizes)) for sizes in cells if sum(sizes)]
        assert measure.largest_share == max(shares, default=Fraction(0))


def test_rules_of_the_house_are_not_printed():
    assert "85" not in repr(Questions(rules=Rules(dominance=(1, 85))))


@pytest.fixture
def table():
    rows = [
        {"zone": f"00{number % 3}", "at": HOUR, "meter": f"m{number % 7}", "holding": "h1", "kwh": Decimal(number)}
        for number in range(40)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def test_parquet_csv_and_arrow_give_one_risk(tmp_path, table):
    pq.write_table(table, tmp_path / "t.parquet")
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    pyarrow.csv.write_csv(table, tmp_path / "t.csv")
    spec = Spec(
        unit="meter", zone="zone", time="at", measures={"kwh": Measure()}, quasi=("holding",), sensitive=("kwh",)
    )
    risks = [assess_source(tmp_path / f"t.{kind}", spec).as_dict() for kind in ("parquet", "csv", "arrow")]
    assert risks[0] == risks[1] == risks[2]
    assert (risks[0]["rows"], risks[0]["cells"]["cells"]) == (40, 3)
