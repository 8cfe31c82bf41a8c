"""Guards of local recoding, and inputs that need them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from attack_world import PRESET, load, open_engine

from disclosure import Spec, protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.policies.recode import Recode
from disclosure.recoding.coding import Coding
from disclosure.recoding.hierarchy import Hierarchy
from guards import Guard

HIERARCHIES: Mapping[str, Hierarchy] = {
    "age": Hierarchy.of_intervals("age", 20, 59, (5, 10, 20)),
    "town": Hierarchy.from_text("town", "a;north;*\nb;north;*\nc;south;*\nd;south;*\n"),
}
PLAIN = Recode(hierarchies=HIERARCHIES, one_record_per_unit=True)
CODED = Recode(
    hierarchies=HIERARCHIES,
    one_record_per_unit=True,
    distinct_l=2,
    coding={"income": Coding(low=Decimal(0), high=Decimal(500), step=Decimal(50))},
)
NAMES = ("person", "age", "town", "illness", "w", "income")


def survey(count: int = 240) -> list[tuple[Any, ...]]:
    """One record for each person; a few towns and ages are rare, and illness goes with the town."""
    random = np.random.default_rng(11)
    towns = random.choice(list("abcd"), count, p=[0.5, 0.3, 0.15, 0.05])
    ages = 20 + np.minimum(random.geometric(0.08, count) - 1, 39)
    illness = np.where((towns == "c") & (random.random(count) < 0.9), "asthma", random.choice(["flu", "none"], count))
    return [(f"p{n}", str(ages[n]), str(towns[n]), str(illness[n]), float(1 + n), 100 + n % 300) for n in range(count)]


def released(rows: list[tuple[Any, ...]], spec: Spec, policy: Recode) -> Target:
    """A candidate without the gate's own count."""
    con = open_engine()
    load(con, rows, NAMES)
    made = protect(con, "input", spec, PRESET, policy)
    return target_of(made, spec, PRESET, truth=Truth(con=con, relation="input"))


def small_classes() -> Target:
    """Ages and towns of people."""
    return released(survey(), Spec(unit="person", quasi=("age", "town")), PLAIN)


def one_secret() -> Target:
    """With the illness, by a policy that asks for nothing about it."""
    return released(survey(), Spec(unit="person", quasi=("age", "town"), sensitive=("illness",)), PLAIN)


def repeated_person() -> Target:
    """One person with as many records as a class needs, declared as a survey with one record each."""
    mine = [("mine", "58", "d", "flu", 1.0, 200)] * PRESET.min_units
    return released([*survey(), *mine], Spec(unit="person", quasi=("age", "town")), PLAIN)


def own_weights() -> Target:
    """With sample weights, which differ between all records."""
    return released(survey(), Spec(unit="person", quasi=("age", "town"), weight="w"), PLAIN)


def few_rich() -> Target:
    """With the income, and two people above the bound."""
    rows = [(*row[:5], 90_000) if row[0] in {"p3", "p4"} else row for row in survey()]
    return released(rows, Spec(unit="person", quasi=("age", "town"), sensitive=("income",)), CODED)


def least_and_greatest(recoding: Any, forest: Any, missing_label: str) -> list[pa.Array]:
    """Labels that say which values a class holds at its ends, one class wider than the last."""
    ages = [f"{20 + n}-{40 + n}" for n in range(len(recoding.levels))]
    return [pa.array(ages), pa.array([forest.hierarchies[1].root] * len(ages))]


GUARDS = (
    Guard(
        policy="recode",
        name="a class holds the preset's number of units",
        target="disclosure.policies.recode_guards:least_units",
        replacement=lambda preset: 3,
        release=small_classes,
        caught_by=("recount", "linkage"),
    ),
    Guard(
        policy="recode",
        name="sensitive values are held to differ within a class",
        target="disclosure.policies.recode_guards:check_values_guarded",
        replacement=lambda spec, policy: None,
        release=one_secret,
        caught_by=("homogeneity",),
    ),
    Guard(
        policy="recode",
        name="one record for each unit is checked, not believed",
        target="disclosure.policies.recode_guards:check_unit",
        replacement=lambda con, relation, spec, *, one_record_per_unit: None,
        release=repeated_person,
        caught_by=("recount",),
    ),
    Guard(
        policy="recode",
        name="a weight is the mean of its class",
        target="disclosure.recoding.publish:weights",
        replacement=lambda known, recoding, decimals: known.cast(pa.decimal128(18, decimals), safe=False),
        release=own_weights,
        caught_by=("recount",),
    ),
    Guard(
        policy="recode",
        name="labels are nodes of the public hierarchy, never ends of a class",
        target="disclosure.recoding.publish:labels",
        replacement=least_and_greatest,
        release=small_classes,
        caught_by=("minimality",),
    ),
    Guard(
        policy="recode",
        name="a bound is reached by nobody or by enough units",
        target="disclosure.policies.recode_guards:check_bounds_reached",
        replacement=lambda records, spec, coding, least: None,
        release=few_rich,
        caught_by=("minimality",),
    ),
)
