"""Threshold with adaptive roll-up: each row is shown at the finest level of space and time that has enough units.

A ladder goes from fine to coarse, for example 1 km × 1 hour, 1 km × 3 hours, 2 km × 3 hours, 10 km × 1 day. A cell
with at least k distinct units, none with too large a share, is published at the finest level. The rows of all other
cells are put together in the cells of the next level, and so on. Bins are disjoint: every row is in one bin or in
none, and no total is published. A *rest bin* covers its cell less the finer bins published inside (its footprint),
which the table itself tells: `level`, the codes, and all rows of finer levels that lie inside.

**Why it is safe.** An intruder knows the whole table, k, the ladder, the geography, which cells are impossible, and
this procedure. Let a bin at a coarser level have u units (the greatest number over all unit columns), and let m be
the cells directly below that can hold something and are not fully shown. The bin was published, so u ≤ (m−1)(k−1).

*Claim: for each finest cell c inside that is not published, and each j in 0 … k−1, there is an input that gives the
same table and in which c holds exactly j units.* Take the true input and move rows only among the m open cells: give
every unit of the bin one of these cells, for all its rows, j of them to c and the others to the other m−1 cells, at
most k−1 to each (they fit: u − j ≤ (m−1)(k−1)); inside an open cell use one finest cell that is possible and not
published. Now (1) each open cell and each finer cell touched has at most k−1 units, so nothing of it is published, at
any level below; (2) the bin has the same rows of the same units with the same values, so its units, rows, sums,
shares and means are what they were, and it passes the same audit; (3) all other bins are untouched. Hence the same
table, and the interval of c is 0 … k−1 for whoever has only the table. With several kinds of units the argument runs
for each kind by itself: a cell with at most k−1 of one kind is not published, whatever the others are.

This covers minimality attacks: knowing *when* siblings are joined does not help, because the table is also the result
of an input in which nothing was joined. It is why a bin that fails the audit may not simply be repaired until it looks
well: with two open cells (m = 2) any bin of k units tells that both are nonempty, so it climbs on instead. It is also
why ladders whose step puts only two periods together are refused: they could never publish a rest.

*Impossible cells* are not counted in m; those that everybody knows (water, hours in which the service is closed) must
therefore be declared, and an input that has rows in one is refused.

*Remainder.* See ``disclosure.rollup.remainder``: rows of no bin are none or k units or more that keep the rules.

*Not covered*: another table about the same people (ledger of releases), an intruder who knows single rows and
contributes to the same bin (p % covers sums, not counts), and habits over many periods (attack on trajectories).

A trip belongs to the period in which it starts. Times are half-open, binned in local time, published in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any, ClassVar, Self

import duckdb
import pyarrow as pa

from disclosure.claims import rollup as claimed
from disclosure.claims.core import Claim
from disclosure.concentration import judged_columns, rule_slugs, rules_for
from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.policies.base import Plan, Step
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.recounts import rollup as recounted
from disclosure.rollup import remainder, summary
from disclosure.rollup.calendar import Covers, time_axis
from disclosure.rollup.climb import Climb
from disclosure.rollup.frame import Frame
from disclosure.rollup.judge import Judge
from disclosure.rollup.ladder import Level, check_levels, fan_out
from disclosure.rollup.output import kept_by_level, rollup_shape, table_of
from disclosure.rules import Rules
from disclosure.shape import Shape
from disclosure.site import SiteRules
from disclosure.space import WHOLE, Space, space_from
from disclosure.spec import UNITS_COLUMN, Presence, Spec

MAX_SHARE_PERCENT = 50
LEAST_FAN_OUT = 3
"""A rest of two periods tells that both are nonempty, so the audit would never let one pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """The adaptive policy.

    Args:
        space: grid, zones or H3; its input columns are the zones of the specification.
        levels: the ladder, finest first.
        max_share_percent: the largest share of a bin's rows, and of each measure, that one contributor may have;
            a stricter share of the preset wins.
        covers: the local days that the data cover; rows outside are withheld. Needed for a level of the whole.
        closed_hours: local hours (0-23) in which nothing can happen, as everybody knows.

    Raises:
        SpecInvalid: for a ladder that does not nest.
    """

    name: ClassVar[str] = "rollup"
    space: Space
    levels: tuple[Level, ...]
    max_share_percent: int = MAX_SHARE_PERCENT
    covers: Covers | None = None
    closed_hours: frozenset[int] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self.levels))
        object.__setattr__(self, "closed_hours", frozenset(self.closed_hours))
        check_levels(self.levels)
        self.space.check([level.space for level in self.levels])
        for fine, coarse in pairwise(self.levels):
            together = fan_out(fine.time, coarse.time) if fine.space == coarse.space else None
            if together is not None and together < LEAST_FAN_OUT:
                raise SpecInvalid("ladder-step-too-narrow", fine=fine.slug, coarse=coarse.slug, least=LEAST_FAN_OUT)
        if any(level.space == WHOLE for level in self.levels) and not self.space.closed:
            raise SpecInvalid("whole-needs-a-frame")
        if any(level.time == WHOLE for level in self.levels) and self.covers is None:
            raise SpecInvalid("whole-needs-days")
        if not 0 < self.max_share_percent <= 100:
            raise SpecInvalid("share-out-of-range", share=self.max_share_percent)
        if self.closed_hours - set(range(24)):
            raise SpecInvalid("closed-hours-unknown")

    def public(self) -> dict[str, Any]:
        """The ladder, the geography and the share; nothing of it is secret."""
        return {
            "space": self.space.public(),
            "levels": [[level.space, level.time] for level in self.levels],
            "max_share_percent": self.max_share_percent,
            "covers": [self.covers.first.isoformat(), self.covers.last.isoformat()] if self.covers else None,
            "closed_hours": sorted(self.closed_hours),
        }

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gave."""
        covers = data.get("covers")
        return cls(
            space=space_from(data["space"]),
            levels=tuple(Level(space=pair[0], time=pair[1]) for pair in data["levels"]),
            max_share_percent=int(data.get("max_share_percent", MAX_SHARE_PERCENT)),
            covers=Covers(first=_day(covers[0]), last=_day(covers[1])) if covers else None,
            closed_hours=frozenset(data.get("closed_hours", ())),
        )

    def check(self, spec: Spec, preset: Preset, site: SiteRules) -> None:
        """Refuse what has no units to count, or other places than the policy's.

        Raises:
            DisclosureRefused: codes ``unit-missing``, ``presence-mismatch``, ``zone-and-time-needed``,
                ``places-differ``, ``minimum-too-small``.
        """
        if spec.unit is None:
            raise DisclosureRefused("unit-missing", preset=preset.id)
        if spec.presence is not Presence.DISTINCT:
            raise DisclosureRefused("presence-mismatch", preset=preset.id, expected=str(Presence.DISTINCT))
        if not spec.time:
            raise DisclosureRefused("zone-and-time-needed", policy=self.name)
        if set(spec.zones) != set(self.space.columns):
            raise DisclosureRefused("places-differ", spec=list(spec.zones), policy=list(self.space.columns))
        if preset.min_units < 2:
            raise DisclosureRefused("minimum-too-small", preset=preset.id)
        names = [name.casefold() for name in self.shape(spec).names]
        for column in (*spec.units, *spec.identifiers, *filter(None, (spec.contributor,))):
            if column.casefold() in names:
                raise SpecInvalid("unit-in-output", column=column)
        if len(set(names)) != len(names):
            raise SpecInvalid("output-columns-clash", columns=list(self.shape(spec).names))

    def shape(self, spec: Spec) -> Shape:
        """Level, places, period, counts, measures, and what a rest bin leaves out."""
        return rollup_shape(spec, self.space.places)

    def explain(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Plan:
        """How much each level would keep; the same run, without the table."""
        with self._run(con, relation, spec, preset, site) as (climb, rows, withdrawn):
            steps = tuple(
                Step(slug="rollup-level", level=each.level, rows=each.rows, cells=each.bins)
                for each in kept_by_level(climb)
            )
        notes = ("rollup-bins-withdrawn",) if withdrawn else ()
        return Plan(policy=self.name, rows=rows, steps=steps, notes=notes)

    def protect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        """Publish each row at the finest level that can hold it."""
        with self._run(con, relation, spec, preset, site) as (climb, rows, withdrawn):
            table = table_of(climb, self.shape(spec), self.covers)
            withheld, confidential = summary.summarize(climb, rows, withdrawn)
        return Protected(
            table=table,
            policy=self,
            withheld=withheld,
            achieved_min=min(table.column(UNITS_COLUMN).to_pylist(), default=None),
            public_facts={"rules": rule_slugs(self.rules(preset, site)), "totals": "none"},
            confidential=confidential,
        )

    def recount(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        protected: Protected,
        spec: Spec,
        preset: Preset,
        site: SiteRules,
    ) -> None:
        """Put every row of the input into the published bins again, and audit the rests by other code."""
        recounted.recount(con, relation, protected, self, spec, preset, self.rules(preset, site))

    def claims(self, table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
        """What the table alone can show."""
        return claimed.claims(table, self, spec, proof)

    def rules(self, preset: Preset, site: SiteRules) -> Rules:
        """The rules of concentration, with the stricter of both shares."""
        rules = rules_for(preset, site)
        return replace(rules, max_share_percent=min(self.max_share_percent, rules.max_share_percent or 100))

    def frame(self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> Frame:
        """Number places and periods."""
        places = self.space.axes(con, relation, [level.space for level in self.levels])
        times = [level.time for level in self.levels]
        time = time_axis(con, relation, spec, times, self.covers, self.closed_hours)
        return Frame(axes=(*places, time), levels=self.levels)

    @contextmanager
    def _run(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Iterator[tuple[Climb, int, int]]:
        """One climb with a safe remainder: the run, the number of rows of the input, and of bins withdrawn."""
        judge = Judge(spec=spec, preset=preset, rules=self.rules(preset, site), members=judged_columns(spec))
        climb = Climb(con=con, frame=self.frame(con, relation, spec), judge=judge)
        try:
            rows = climb.load(relation)
            summary.check_units(climb)
            climb.run()
            yield climb, rows, remainder.settle(climb)
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            # The engine's message quotes the value, which must not travel further.
            raise DisclosureRefused("measure-out-of-range", columns=list(spec.measures)) from None
        finally:
            climb.forget()
            summary.forget(climb)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def ladder(*pairs: Sequence[str]) -> tuple[Level, ...]:
    """Levels from pairs of names: ``ladder(("1km", "PT1H"), ("2km", "PT3H"))``."""
    return tuple(Level(space=pair[0], time=pair[1]) for pair in pairs)
