"""Whatever the input, what a policy publishes survives: tables and policies are drawn by chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from attack_world import PRESET, SPEC, START, engine, load, people, released
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rollup_world import town

from disclosure import DisclosureRefused, Measure, Spec
from disclosure.attacks import Verdict, run
from disclosure.policies.magnitude import Magnitude
from disclosure.policies.suppression import Suppression
from disclosure.policies.threshold import Threshold
from disclosure.site import NO_SITE, SiteRules

ROWS = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(("A0", "A1", "B0", "B3")), st.integers(0, 600), st.integers(0, 50)),
    min_size=30,
    max_size=160,
)
SITES = st.sampled_from((NO_SITE, SiteRules(p_percent=15), SiteRules(dominance_n=2, dominance_percent=80)))
SLOW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EXACT = ("recount", "missing-value", "pseudo-unit", "singleton", "linkage", "homogeneity", "minimality", "rest-bin")
ADDITIVE = ("recount", "complementary", "singleton", "linkage", "reconstruction", "minimality")


def survives(target, slugs):
    return [slug for slug in slugs if run(slug, target).verdict is Verdict.BROKEN] == []


@SLOW
@given(draws=ROWS, site=SITES, policy=st.sampled_from((Threshold(), town())))
def test_tables_by_area_and_hour(draws, site, policy):
    rows = [(f"p{who}", zone, START + timedelta(minutes=m), float(kwh)) for who, zone, m, kwh in draws]
    with engine() as con:
        load(con, rows + people("A0", PRESET.min_units + 2))
        try:
            target = released(con, SPEC, policy=policy, site=site)
        except DisclosureRefused:
            return
        assert survives(target, EXACT)


@SLOW
@given(
    sizes=st.lists(st.integers(0, 25), min_size=9, max_size=9),
    amounts=st.integers(0, 10**6),
    site=SITES,
    policy=st.sampled_from((Suppression(), Magnitude(area="area", groups=("region",)))),
)
def test_tables_with_totals(sizes, amounts, site, policy):
    """Units of unlike size in nine cells; in the table of partial totals an area lies in one region."""
    spec = Spec(unit="person", zone=("area", "region"), measures={"kwh": Measure(decimals=0)})
    rows = [
        (f"{cell}-{n}", f"{cell % 3}" if policy.name == "suppression" else f"{cell}", f"r{cell // 3}", float(kwh))
        for cell, size in enumerate(sizes)
        for n in range(size)
        for kwh in [1 + (amounts * (cell + 3) * (n + 7)) % 997]
    ]
    with engine() as con:
        load(con, rows or [("one", "0", "r0", 1.0)], ("person", "area", "region", "kwh"))
        try:
            target = released(con, spec, policy=policy, site=site)
        except DisclosureRefused:
            return
        assert survives(target, ADDITIVE)


def test_table_in_which_nothing_is_published_gives_nothing_to_attack():
    with engine() as con:
        load(con, people("few", 3))
        empty = released(con)
        assert empty.table.num_rows == 0
        assert survives(replace(empty, linked=(empty,)), (*EXACT, *ADDITIVE, "linked", "engine-drift"))
