"""The cell-key policy: noise by who is in the cell, the floor kept in truth, the gate exact, the key never changed."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest

from disclosure.cellkey.keys import check_continuity, key_id
from disclosure.cellkey.magnitude import Magnitude
from disclosure.engine import connect
from disclosure.errors import DisclosureRefused, GateRefused, SpecInvalid
from disclosure.policies import policy_dict, policy_from
from disclosure.policies.cell_key import CellKey, least_shown
from disclosure.presets import load_preset
from disclosure.protect import explain, protect
from disclosure.site import SiteRules
from disclosure.spec import Measure, Spec

SITE = SiteRules(key=b"0123456789abcdef0123456789abcdef")
PRESET = load_preset("house-personal")
SPEC = Spec(
    unit="person", zone="zone", time="ts", measures={"kwh": Measure(decimals=1, unit="kWh")}, count_rows_as="trips"
)
START = datetime(2026, 10, 25, tzinfo=UTC)
NAMES = ("person", "zone", "ts", "kwh", "host")


@pytest.fixture
def con(tmp_path):
    with connect(tmp_path, "500MB") as connection:
        yield connection


def load(con, rows, relation="input"):
    con.register("rows_in", pa.table({name: [row[i] for row in rows] for i, name in enumerate(NAMES)}))
    con.execute(f"CREATE OR REPLACE TABLE {relation} AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def town(seed=1, rows=6000, people=400, hours=4):
    """Trips over the night in which an hour is repeated, with missing people, missing values and negative ones."""
    chance = random.Random(seed)
    return [
        (
            f"p{chance.randrange(people)}" if chance.random() > 0.01 else None,
            f"z{chance.randrange(-3, 3)}",
            START + timedelta(seconds=chance.randrange(3600 * hours)),
            round(chance.random() * 10 - 2, 3) if chance.random() > 0.1 else None,
            f"h{chance.randrange(60)}",
        )
        for _ in range(rows)
    ]


def make(con, rows, spec=SPEC, policy=None, site=SITE, relation="input", preset=PRESET):
    load(con, rows, relation)
    return protect(con, relation, spec, preset, policy or CellKey(), site)


def recount(con, protected, spec=SPEC, site=SITE, relation="input"):
    protected.policy.recount(con, relation, protected, spec, PRESET, site)


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        replace(SPEC, also_units=("host",), timezone="Europe/Ljubljana"),
        replace(SPEC, contributor="host", time_bin="P1D", timezone="Europe/Ljubljana"),
        replace(SPEC, time="", measures={}),
        replace(SPEC, count_rows_as=None, zone=("zone", "host"), time=""),
    ],
    ids=["flat", "two-units", "holding-by-day", "no-time", "two-zones"],
)
def test_gate_draws_the_same_noise_from_its_own_count(con, spec):
    protected = make(con, town(), spec)
    assert protected.table.num_rows
    recount(con, protected, spec)
    assert not con.execute("SELECT * FROM duckdb_tables() WHERE temporary").fetchall()


def test_same_rows_in_any_order_and_on_any_number_of_threads_give_the_same_table(con, tmp_path):
    rows = town()
    first = make(con, rows).table
    random.Random(9).shuffle(rows)
    (tmp_path / "other").mkdir()
    with connect(tmp_path / "other", "500MB", threads=1) as other:
        assert make(other, rows).table.equals(first)


def test_same_units_give_the_same_noise_whatever_the_cell_is_called(con):
    """Asking by another zone name, another hour and another column name averages nothing."""
    rows = [row for row in town(hours=1) if row[1] == "z0"]
    again = [(person, "other", ts + timedelta(hours=5), kwh, host) for person, _, ts, kwh, host in rows]
    renamed = replace(SPEC, measures={"energy": SPEC.measures["kwh"]}, count_rows_as="rides")
    first = make(con, rows).table.to_pylist()
    load(con, again)
    con.execute("ALTER TABLE input RENAME COLUMN kwh TO energy")
    second = protect(con, "input", renamed, PRESET, CellKey(), SITE).table.to_pylist()
    figures = [[list(row.values())[2:] for row in table] for table in (first, second)]
    assert len(first) == 1
    assert figures[0] == figures[1]


@pytest.mark.parametrize("measures", [{}, {"kwh": Measure()}])
def test_cells_with_the_same_total_are_each_shown_once(con, measures):
    rows = [(f"p{z}-{i}", f"z{z}", START, 1.0, "h") for z in range(5) for i in range(30) for _ in "ab"]
    spec = replace(SPEC, measures=measures)
    protected = make(con, rows, spec)
    assert protected.table.column("zone").to_pylist() == [f"z{z}" for z in range(5)]
    recount(con, protected, spec)


def test_parameters_are_the_same_after_json_sorted_its_keys():
    policy = CellKey(magnitude=Magnitude(permille=(300, 200, 100)))
    assert policy_from(json.loads(json.dumps(policy_dict(policy), sort_keys=True))) == policy


def test_noise_is_there_and_within_its_bounds(con):
    """Against the truth: counts move by at most the deviation, totals by between 15 % and 90 % of the largest two."""
    rows = [(f"p{i}", f"z{z}", START, 1.0, "h") for z in range(200) for i in range(z * 40, z * 40 + 30) for _ in "ab"]
    table = make(con, rows).table.to_pylist()
    moved = [row["units"] - 30 for row in table]
    assert max(map(abs, moved)) <= 5
    assert len(set(moved)) > 4
    shifts = [row["kwh"] - 60 for row in table]
    assert min(map(abs, shifts)) >= Decimal("0.3") * 2 * Decimal("0.5")
    assert max(map(abs, shifts)) <= (Decimal("0.3") + Decimal("0.15")) * 2 * 2
    assert min(shifts) < 0 < max(shifts)


def test_every_shown_cell_has_the_minimum_in_truth_and_the_decision_is_the_noisy_count(con):
    rows = [(f"p{z}-{i}", f"z{z:03}", START, 1.0, "h") for z in range(300) for i in range(8 + z % 12) for _ in range(2)]
    protected = make(con, rows)
    true_units = {f"z{z:03}": 8 + z % 12 for z in range(300)}
    shown = {row["zone"]: row["units"] for row in protected.table.to_pylist()}
    assert min(true_units[zone] for zone in shown) >= PRESET.min_units
    assert min(shown.values()) == least_shown(PRESET.min_units, 5)
    assert protected.achieved_min == PRESET.min_units
    # Some of the same true count are shown and some are not: what decides is the noise, not the truth.
    assert 0 < sum(true_units[zone] == 15 for zone in shown) < 25


def test_correction_of_one_reading_does_not_show_as_the_difference(con):
    """One of 40 meters, not among the largest, is corrected by 1.0: the published change is another, by fresh noise."""
    rows = [(f"p{i}", "z", START, float(i), "h") for i in range(40) for _ in range(2)]
    corrected = [(*row[:3], row[3] + (0.5 if row[0] == "p7" else 0), row[4]) for row in rows]
    before, after = (make(con, each).table.to_pylist()[0]["kwh"] for each in (rows, corrected))
    assert abs((after - before) - 1) > Decimal("0.1")


def test_leaving_unit_draws_anew(con):
    rows = [(f"p{i}", "z", START + timedelta(hours=h), 1.0, "h") for h in range(40) for i in range(60)]
    left = [row for row in rows if row[0] != "p3"]
    before, after = (make(con, each).table.column("units").to_pylist() for each in (rows, left))
    assert len(set(before)) == 1
    assert set(after) != {before[0] - 1}


@pytest.mark.parametrize(
    ("column", "change", "code"),
    [
        ("units", lambda v: v + 1, "count-differs"),
        ("trips", lambda v: v - 1, "figure-differs"),
        ("kwh", lambda v: v + Decimal("0.1"), "figure-differs"),
    ],
)
def test_gate_refuses_a_figure_that_was_changed(con, column, change, code):
    protected = make(con, town())
    values = protected.table.column(column).to_pylist()
    values[3] = change(values[3])
    index = protected.table.column_names.index(column)
    array = pa.array(values, protected.table.schema.field(column).type)
    tampered = replace(protected, table=protected.table.set_column(index, column, array))
    with pytest.raises(GateRefused) as refusal:
        recount(con, tampered)
    assert refusal.value.code == code


def test_gate_refuses_a_cell_too_many_and_a_cell_too_few(con):
    protected = make(con, town())
    for table, code in (
        (protected.table.slice(1), "cell-missing"),
        (pa.concat_tables([protected.table, protected.table.slice(0, 1)]), "cell-repeated"),
    ):
        with pytest.raises(GateRefused, match=code):
            recount(con, replace(protected, table=table))


def test_gate_refuses_a_statement_that_does_not_fit(con):
    protected = make(con, town())
    with pytest.raises(GateRefused, match="statement-differs"):
        recount(con, replace(protected, public_facts={**protected.public_facts, "totals": "exact"}))


def test_key_is_needed_and_may_not_change_within_a_subject(con):
    first = make(con, town())
    stated = first.public_facts["cell_key"]
    assert stated["key_id"] == key_id(SITE.key)
    other = SiteRules(key=b"another key of thirty-two bytes!")
    with pytest.raises(DisclosureRefused, match="site-key-missing"):
        make(con, town(), site=SiteRules())
    with pytest.raises(DisclosureRefused, match="cell-key-rotated"):
        make(con, town(), site=other, policy=CellKey(key_id=stated["key_id"]))
    second = make(con, town(2), site=other).public_facts["cell_key"]
    with pytest.raises(DisclosureRefused, match="cell-key-rotated"):
        check_continuity(second, [stated])
    third = make(con, town(2), policy=CellKey(variance=Decimal(3))).public_facts["cell_key"]
    with pytest.raises(DisclosureRefused, match="cell-key-rotated"):
        check_continuity(third, [stated])
    check_continuity(make(con, town(2)).public_facts["cell_key"], [stated])


def test_nothing_printed_or_stated_holds_the_key_or_a_unit(con):
    protected = make(con, town())
    printed = f"{protected!r} {protected.public_facts} {protected.policy.public()} {SITE!r}"
    assert SITE.key.decode() not in printed
    assert "p17" not in printed


def test_parameters_survive_being_stated():
    policy = CellKey(variance=Decimal("3.5"), deviation=6, magnitude=Magnitude(permille=(200,)), key_id="a" * 32)
    assert CellKey.from_public(policy.public()) == policy
    with pytest.raises(SpecInvalid, match="policy-parameters"):
        CellKey.from_public({"surprise": 1})


@pytest.mark.parametrize(
    "values",
    [
        {"permille": (150, 300)},
        {"permille": ()},
        {"permille": (300,) * 4},
        {"least": 8},
        {"variance": 4},
        {"permille": (600,)},
    ],
)
def test_magnitude_noise_that_contradicts_itself_is_refused(values):
    with pytest.raises(SpecInvalid, match="cell-key-magnitude"):
        Magnitude(**values)


def test_magnitude_noise_is_unbiased_and_keeps_off_zero_exactly():
    row = Magnitude().row
    whole = sum(row.weights)
    assert row.moment(1) == 0
    assert Fraction(row.moment(2), whole) == 16
    assert min(abs(v) for v, w in zip(row.values, row.weights, strict=True) if w) == 2
    assert Magnitude().least_percent == 15


def test_what_noise_by_keys_cannot_protect_is_refused(con):
    mean = replace(SPEC, measures={"kwh": Measure(kind="mean")})
    with pytest.raises(DisclosureRefused, match="policy-refuses-means"):
        make(con, town(), mean)
    with pytest.raises(DisclosureRefused, match="cell-key-noise-below-p"):
        make(con, town(), site=SiteRules(key=SITE.key, p_percent=20))
    with pytest.raises(DisclosureRefused, match="noise-cannot-keep-shares"):
        make(con, town(), site=SiteRules(key=SITE.key, p_percent=10), preset=load_preset("house-business"))
    with pytest.raises(DisclosureRefused, match="unit-looks-like-row-id"):
        make(con, [(f"p{n}", *row[1:]) for n, row in enumerate(town())])


def test_plan_says_what_the_release_keeps(con):
    protected = make(con, town())
    plan = explain(con, "input", SPEC, PRESET, CellKey(), SITE)
    assert (plan.rows, plan.steps[0].cells) == (6000, protected.table.num_rows)
    assert plan.steps[0].rows == protected.confidential["rows_published"]
