"""Microdata through protect and gate: what is published, what is refused, and what the gate finds out."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest

from disclosure import DisclosureRefused, GateRefused, Measure, Spec, SpecInvalid, gate, load_preset, protect
from disclosure.claims.core import Status
from disclosure.engine import connect
from disclosure.policies import policy_dict, policy_from
from disclosure.policies.recode import Recode
from disclosure.protected import Protected
from disclosure.recoding.coding import Coding
from disclosure.recoding.hierarchy import Hierarchy
from disclosure.site import NO_SITE

PRESET = load_preset("house-personal")
K = PRESET.min_units
HIERARCHIES = {
    "age": Hierarchy.of_intervals("age", 18, 77, (5, 10, 20)),
    "town": Hierarchy.from_text("town", "a;north;*\nb;north;*\nc;south;*\nd;south;*\n"),
}
SPEC = Spec(unit="person", quasi=("age", "town"), sensitive=("illness", "income"), weight="w")
POLICY = Recode(
    hierarchies=HIERARCHIES,
    distinct_l=2,
    coding={"income": Coding(low=Decimal(500), high=Decimal(2500), step=Decimal(100))},
    weight_decimals=1,
    one_record_per_unit=True,
)


@pytest.fixture
def con(tmp_path):
    with connect(tmp_path, "500MB") as connection:
        yield connection


def people(count=400, seed=7):
    chance = random.Random(seed)
    return [
        {
            "person": f"p{number}",
            "household": f"h{number // 2}",
            "age": None if chance.random() < 0.03 else str(chance.randint(18, 77)),
            "town": chance.choice("aabcd"),
            "illness": chance.choice(["flu", "flu", "asthma", "none", None]),
            "income": chance.randint(0, 300_000) / 100,
            "salary": str(chance.randint(900, 3_000)),
            "w": chance.choice([1.5, 2.25, 7.125]),
        }
        for number in range(count)
    ]


def load(con, rows, name="people"):
    con.register("rows_in", pa.Table.from_pylist(rows))
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def released(con, spec=SPEC, policy=POLICY, preset=PRESET):
    """What the gate lets through."""
    candidate = protect(con, "people", spec, preset, policy)
    gate(con, "people", candidate, spec, preset)
    return candidate


def recounted(con, candidate, spec=SPEC, policy=POLICY):
    policy.recount(con, "people", candidate, spec, PRESET, NO_SITE)


def altered(candidate, column, change):
    """The candidate with one published column changed, its witness untouched."""
    values = candidate.table.column(column).to_pylist()
    kind = candidate.table.schema.field(column).type
    at = candidate.table.column_names.index(column)
    return replace(candidate, table=candidate.table.set_column(at, column, pa.array(change(values), kind)))


def test_every_record_is_published_and_no_class_is_smaller_than_the_preset_allows(con):
    load(con, people())
    candidate = released(con)
    classes = Counter(zip(*(candidate.table.column(name).to_pylist() for name in SPEC.quasi), strict=True))
    assert candidate.table.num_rows == 400
    assert min(classes.values()) == candidate.achieved_min >= K


def test_only_labels_of_hierarchies_leave_and_no_unit(con):
    load(con, people())
    table = released(con).table
    assert table.column_names == ["record", "age", "town", "illness", "income", "w"]
    for name, hierarchy in HIERARCHIES.items():
        assert set(table.column(name).to_pylist()) <= {*hierarchy.covered(), "(missing)"}


def test_order_of_rows_changes_no_byte(con):
    rows = people()
    load(con, rows)
    first = released(con).table
    random.Random(1).shuffle(rows)
    load(con, rows)
    assert released(con).table.equals(first)


def test_numbers_are_bounded_at_both_ends_and_rounded_to_the_step(con):
    load(con, people())
    incomes = released(con).table.column("income").to_pylist()
    assert min(incomes) == 500
    assert max(incomes) == 2500
    assert all(income % 100 == 0 for income in incomes)


def test_weight_is_the_same_for_all_records_of_a_class_and_keeps_the_total_nearly(con):
    rows = people()
    load(con, rows)
    table = released(con).table
    by_class = {}
    for *labels, weight in zip(*(table.column(name).to_pylist() for name in (*SPEC.quasi, "w")), strict=True):
        by_class.setdefault(tuple(labels), set()).add(weight)
    assert all(len(weights) == 1 for weights in by_class.values())
    total = sum(table.column("w").to_pylist())
    assert abs(float(total) - sum(row["w"] for row in rows)) <= 0.05 * len(rows)


def test_blank_and_missing_values_are_one_value_of_their_own(con):
    rows = [{"person": str(n), "age": "18", "town": town} for n, town in enumerate(["", None, "  "] * 5 + ["a"] * 12)]
    load(con, rows)
    spec = Spec(unit="person", quasi=("age", "town"))
    table = released(con, spec, Recode(hierarchies=HIERARCHIES, one_record_per_unit=True)).table
    assert Counter(table.column("town").to_pylist()) == {"(missing)": 15, "a": 12}


def test_spelling_makes_no_value_diverse_and_no_unit_two(con):
    rows = people(200)
    for number, row in enumerate(rows):
        row["illness"] = ["flu", "Flu", "FLU\r", " flu\t"][number % 4]
    load(con, rows)
    with pytest.raises(DisclosureRefused, match="table-too-small"):
        protect(con, "people", SPEC, PRESET, POLICY)
    rows = people(100)
    load(con, [*rows, rows[0] | {"person": "P0\r"}])
    with pytest.raises(DisclosureRefused, match="unit-repeats"):
        protect(con, "people", SPEC, PRESET, POLICY)


def test_k_counts_units_where_one_has_several_records(con):
    rows = [row | {"person": f"p{number % 60}"} for number, row in enumerate(people(600))]
    load(con, rows)
    policy = replace(POLICY, one_record_per_unit=False)
    candidate = released(con, policy=policy)
    assert candidate.achieved_min >= K
    answers = {each.name: each.status for each in policy.claims(candidate.table, SPEC, proof_of(candidate))}
    assert answers["min-units"] is Status.CANNOT
    assert answers["records-per-class"] is Status.HOLDS


def test_every_kind_of_unit_must_reach_k(con):
    load(con, people())
    spec = replace(SPEC, also_units=("household",))
    candidate = released(con, spec)
    households = {row["person"]: row["household"] for row in people()}
    labels = [candidate.witness.column(f"__label{a}").to_pylist() for a in range(2)]
    persons = candidate.witness.column("__unit0").to_pylist()
    behind = {}
    for *key, person in zip(*labels, persons, strict=True):
        behind.setdefault(tuple(key), set()).add(households[person.lower()])
    assert min(map(len, behind.values())) == candidate.achieved_min >= K


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"policy": replace(POLICY, distinct_l=0)}, "sensitive-needs-l-or-t"),
        ({"policy": replace(POLICY, coding={})}, "sensitive-needs-bounds"),
        (
            {"spec": replace(SPEC, sensitive=("illness", "salary")), "policy": replace(POLICY, coding={})},
            "sensitive-needs-bounds",
        ),
        ({"policy": replace(POLICY, hierarchies={"age": HIERARCHIES["age"]})}, "hierarchy-missing"),
        ({"policy": replace(POLICY, one_record_per_unit=False)}, "unit-looks-like-row-id"),
        ({"policy": replace(POLICY, ordered=("town",))}, "sensitive-unknown"),
        ({"spec": replace(SPEC, zone="town", quasi=("age",))}, "microdata-only"),
        ({"spec": replace(SPEC, measures={"kwh": Measure()})}, "microdata-only"),
        ({"spec": replace(SPEC, unit=None)}, "unit-missing"),
        ({"rows": people() + people()}, "unit-repeats"),
        ({"rows": [row | {"town": "Atlantis"} for row in people()]}, "value-not-in-hierarchy"),
        ({"rows": [row | {"illness": row["person"]} for row in people()]}, "sensitive-looks-like-identifier"),
        ({"rows": [row | {"w": 0.0} for row in people()]}, "weight-invalid"),
        ({"rows": [row | {"illness": "flu"} for row in people()]}, "table-too-small"),
        ({"rows": people(K - 1)}, "table-too-small"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_protected_is_refused_with_its_reason(con, change, code):
    load(con, change.get("rows", people()))
    with pytest.raises(DisclosureRefused) as caught:
        protect(con, "people", change.get("spec", SPEC), PRESET, change.get("policy", POLICY))
    assert caught.value.code in {code, "coding-bound-rare"} if code == "table-too-small" else caught.value.code == code


def test_bound_that_a_few_reach_is_refused_because_it_singles_them_out(con):
    rows = [row | {"income": min(row["income"], 2000.0)} for row in people()]
    for row in rows[:3]:
        row["income"] = 9000.0
    load(con, rows)
    with pytest.raises(DisclosureRefused, match="coding-bound-rare"):
        protect(con, "people", SPEC, PRESET, POLICY)


def test_refusal_never_quotes_a_value(con):
    load(con, [row | {"town": "Secretville"} for row in people()])
    with pytest.raises(DisclosureRefused) as caught:
        protect(con, "people", SPEC, PRESET, POLICY)
    assert "Secretville" not in str(caught.value)


@pytest.mark.parametrize("label", ["(missing)"])
def test_label_for_missing_values_is_reserved(label):
    with pytest.raises(SpecInvalid, match="hierarchy-label-reserved"):
        Recode(hierarchies={"town": Hierarchy.from_text("town", f"a;{label};*\n")})


@pytest.mark.parametrize("t", ["1.5", "-0.1", "0.1234"])
def test_t_is_a_share_of_at_most_three_decimals(t):
    with pytest.raises(SpecInvalid, match="recode-parameters"):
        Recode(hierarchies=HIERARCHIES, t=Decimal(t))


@pytest.mark.parametrize(
    ("column", "change", "code"),
    [
        (
            "illness",
            lambda values: ["asthma", *values[1:]] if values[0] != "asthma" else ["flu", *values[1:]],
            "records-differ",
        ),
        ("income", lambda values: [values[0] + 100, *values[1:]], "records-differ"),
        ("town", lambda values: ["*" if value != "*" else "a" for value in values], "records-differ"),
        ("record", lambda values: values[::-1], "record-numbers"),
        ("w", lambda values: [values[0] + 1, *values[1:]], "weight-differs"),
    ],
)
def test_gate_refuses_a_table_that_says_anything_else(con, column, change, code):
    load(con, people())
    candidate = protect(con, "people", SPEC, PRESET, POLICY)
    with pytest.raises(GateRefused) as caught:
        recounted(con, altered(candidate, column, change))
    assert caught.value.code == code


def test_gate_does_not_believe_a_witness_of_another_input(con):
    load(con, people())
    candidate = protect(con, "people", SPEC, PRESET, POLICY)
    load(con, [row | {"age": "18"} if row["person"] == "p5" else row for row in people()])
    with pytest.raises(GateRefused, match="records-differ"):
        recounted(con, candidate)


def test_gate_does_not_believe_labels_that_do_not_cover_their_values(con):
    load(con, people())
    candidate = protect(con, "people", SPEC, PRESET, POLICY)
    wrong = pa.array(["c"] * 400)
    at = candidate.witness.column_names.index("__label1")
    lying = replace(candidate, witness=candidate.witness.set_column(at, "__label1", wrong))
    with pytest.raises(GateRefused, match="label-does-not-cover"):
        recounted(con, altered(lying, "town", lambda values: ["c"] * len(values)))


def test_gate_counts_again_where_only_the_published_table_is_known(con):
    load(con, people())
    made = protect(con, "people", SPEC, PRESET, POLICY)
    bare = Protected(table=made.table, policy=POLICY, withheld=made.withheld, achieved_min=made.achieved_min)
    recounted(con, bare)
    with pytest.raises(GateRefused):
        recounted(con, replace(bare, achieved_min=made.achieved_min + 1))


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (replace(POLICY, distinct_l=4), "class-not-diverse"),
        (replace(POLICY, entropy_l=4), "class-not-diverse"),
        (replace(POLICY, t=Decimal("0.05")), "class-not-close"),
        (replace(POLICY, t=Decimal("0.05"), ordered=("illness",)), "class-not-close"),
    ],
)
def test_gate_holds_the_table_to_every_rule_by_its_own_count(con, policy, code):
    """A table made under weaker rules must not pass for one made under stronger ones."""
    load(con, people())
    candidate = protect(con, "people", SPEC, PRESET, POLICY)
    with pytest.raises(GateRefused) as caught:
        policy.recount(con, "people", candidate, SPEC, PRESET, NO_SITE)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "policy",
    [
        replace(POLICY, distinct_l=0, entropy_l=2),
        replace(POLICY, distinct_l=0, t=Decimal("0.3")),
        replace(POLICY, t=Decimal("0.25"), ordered=("illness",)),
    ],
)
def test_entropy_and_both_distances_pass_the_gates_own_count(con, policy):
    load(con, people(800))
    candidate = released(con, policy=policy)
    assert all(each.status is not Status.FAILS for each in policy.claims(candidate.table, SPEC, proof_of(candidate)))


def test_nothing_is_left_behind_in_the_database(con):
    load(con, people())
    released(con)
    names = [row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    views = [row[0] for row in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
    assert names == ["people"]
    assert not views


def proof_of(candidate):
    return {
        "rows": candidate.table.num_rows,
        "preset": {"parameters": PRESET.public_parameters()},
        "achieved": {"min_units": candidate.achieved_min},
    }


@pytest.mark.parametrize(
    ("column", "change", "claim"),
    [
        ("town", lambda values: ["Ljubljana", *values[1:]], "labels-in-hierarchy"),
        ("town", lambda values: ["*" if values[0] != "*" else "a", *values[1:]], "records-per-class"),
        ("illness", lambda values: ["flu"] * len(values), "l-diversity"),
        ("income", lambda values: [value + 1 for value in values], "values-within-bounds"),
        ("w", lambda values: [values[0] + 1, *values[1:]], "weight-same-in-class"),
        ("record", lambda values: values[::-1], "record-numbers"),
    ],
)
def test_public_check_finds_what_the_table_alone_can_show(con, column, change, claim):
    load(con, people())
    candidate = released(con)
    honest = {each.name: each.status for each in POLICY.claims(candidate.table, SPEC, proof_of(candidate))}
    assert set(honest.values()) == {Status.HOLDS}
    tampered = altered(candidate, column, change).table
    answers = {each.name: each.status for each in POLICY.claims(tampered, SPEC, proof_of(candidate))}
    assert answers[claim] is Status.FAILS


def test_policy_survives_its_public_statement():
    policy = replace(POLICY, t=Decimal("0.25"), ordered=("illness",))
    printed = json.dumps(policy_dict(policy), sort_keys=True)
    assert policy_from(json.loads(printed)) == policy


def test_plan_tells_how_many_records_lose_how_much_and_the_report_by_column(con):
    load(con, people())
    plan = POLICY.explain(con, "people", SPEC, PRESET, NO_SITE)
    assert sum(step.rows for step in plan.steps) == plan.rows == 400
    by_column = released(con).confidential["by_column"]
    assert {each["column"]: sum(each["rows_by_level"]) for each in by_column} == {"age": 400, "town": 400}


def test_units_and_values_stay_out_of_the_printed_candidate(con):
    load(con, people())
    candidate = protect(con, "people", SPEC, PRESET, POLICY)
    assert "witness" not in repr(candidate)
    assert "P5" not in repr(candidate)


def test_pycanon_finds_the_same_k_and_l_on_complete_data(con):
    pycanon = pytest.importorskip("pycanon.anonymity")
    rows = [row for row in people(900) if row["age"] and row["illness"]]
    load(con, rows)
    spec = Spec(unit="person", quasi=("age", "town"), sensitive=("illness",))
    policy = Recode(hierarchies=HIERARCHIES, distinct_l=2, t=Decimal("0.4"), one_record_per_unit=True)
    candidate = released(con, spec, policy)
    frame = candidate.table.to_pandas()
    assert pycanon.k_anonymity(frame, list(spec.quasi)) == candidate.achieved_min
    assert pycanon.l_diversity(frame, list(spec.quasi), ["illness"]) >= 2
    assert pycanon.t_closeness(frame, list(spec.quasi), ["illness"]) <= 0.4 + 1e-9
