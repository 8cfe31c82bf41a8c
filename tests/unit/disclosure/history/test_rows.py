"""From inputs to contributions: the SQL half against plain Python, over every union of cells."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from history_world import PRESET, SPEC, load
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disclosure.history.amounts import Rule
from disclosure.history.rows import Side, contributions
from disclosure.history.tilings import leaves
from disclosure.history.unions import fault
from disclosure.policies.threshold import Threshold

RULE = Rule(min_units=3)
BOTH = replace(SPEC, count_rows_as="readings")

READINGS = st.tuples(
    st.sampled_from([" m1", "M1", "m2", "m3", "m4", None]), st.sampled_from("ab"), st.integers(0, 1), st.integers(0, 2)
)
INPUTS = st.lists(READINGS, max_size=14)


@st.composite
def corrections(draw):
    """Five meters in two zones and two hours; some read more in the second version, some are in the other zone."""
    old = [(f"m{n}", zone, hour, 1) for n in range(5) for zone in "ab" for hour in (0, 1) if (n + hour) % 3]
    more = draw(st.frozensets(st.sampled_from([f"m{n}" for n in range(5)])))
    moved = draw(st.frozensets(st.sampled_from([f"m{n}" for n in range(5)])))
    hours = draw(st.frozensets(st.integers(0, 1)))
    new = [
        (unit, "b" if unit in moved and hour in hours else zone, hour, kwh + (unit in more and hour in hours))
        for unit, zone, hour, kwh in old
    ]
    return old, new


def figures(rows):
    """For each figure and cell what each unit gives: readings, kWh, and whether it is there."""
    found = {}
    for unit, zone, hour, kwh in rows:
        who = (unit or "").strip().upper()
        for name, value in (("readings", 1), ("kwh", kwh)):
            cell = found.setdefault((name, zone, hour), {})
            cell[who] = cell.get(who, 0) + value
        found.setdefault(("units", zone, hour), {})[who] = 1
    return found


def safe_by_hand(old, new):
    """Every union of cells, figure by figure, straight from the rule."""
    before, after = figures(old), figures(new)
    cells = sorted({key[1:] for key in (*before, *after)})
    for name in ("units", "readings", "kwh"):
        for size in range(1, len(cells) + 1):
            for union in combinations(cells, size):
                left = {}
                for cell in union:
                    for sign, side in ((1, after), (-1, before)):
                        for unit, value in side.get((name, *cell), {}).items():
                            left[unit] = left.get(unit, 0) + sign * value
                if 0 < sum(1 for value in left.values() if value) < RULE.min_units:
                    return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.tuples(INPUTS, INPUTS), corrections()))
def test_contributions_of_two_inputs_lead_to_the_verdict_of_the_rule(con, both):
    old, new = both
    tiling = leaves(Threshold(), BOTH, PRESET, None)
    first, second = (
        Side(relation=load(con, name, rows or [(None, "z", 9, 0)]), tiling=tiling, spec=BOTH)
        for name, rows in (("old", old), ("new", new))
    )
    filler = [(None, "z", 9, 0)]
    expected = safe_by_hand(old or filler, new or filler)
    assert (fault(contributions(con, first, second, "meter"), RULE) is None) == expected
