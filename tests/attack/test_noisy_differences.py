"""Differencing under a cell key: a corrected version must not show what was corrected."""

from __future__ import annotations

import random

import attack_world as world
import pytest

from disclosure import Measure, Spec, attacks
from disclosure.attacks import Verdict, noisy_differences
from disclosure.cellkey import cells
from disclosure.policies.cell_key import CellKey
from disclosure.site import SiteRules

SITE = SiteRules(key=b"a key of thirty-two bytes for test")
SPEC = Spec(unit="person", zone="zone", time="ts", measures={"kwh": Measure(decimals=2)})


@pytest.fixture
def con():
    """Sixty zones with thirty people, whose readings differ."""
    chance = random.Random(5)
    with world.engine() as connection:
        people = [row for zone in range(60) for row in world.people(f"z{zone:02}", 30, rows_each=2)]
        world.load(connection, [(*row[:3], round(1 + 20 * chance.random(), 2)) for row in people])
        yield connection


def attacked(con, spec=SPEC):
    target = world.released(con, spec=spec, policy=CellKey(), site=SITE)
    return attacks.run("differencing", target)


def test_fresh_noise_for_changed_cells_covers_the_change(con):
    target = world.released(con, spec=SPEC, policy=CellKey(), site=SITE)
    assert noisy_differences.findings(target, target.truth) == ([], 60)
    assert attacks.run("differencing", target).verdict is Verdict.SURVIVED


def test_noise_by_units_alone_gives_a_corrected_reading_to_the_digit(con, monkeypatch):
    monkeypatch.setattr(cells, "total_digest", lambda key, total: bytes(32))
    monkeypatch.setattr("disclosure.recounts.cell_key.total_digest", lambda key, total: bytes(32))
    result = attacked(con)
    assert result.verdict is Verdict.BROKEN
    assert [finding[0] for finding in result.findings] == ["kwh"]


def test_counts_without_noise_give_the_size_of_each_change(con, monkeypatch):
    monkeypatch.setattr(cells, "count_noise_sql", lambda count, key, table: "0")
    monkeypatch.setattr("disclosure.recounts.cell_key._count_noise", lambda part, policy: 0)
    result = attacked(con)
    assert result.verdict is Verdict.BROKEN
    assert "units" in [finding[0] for finding in result.findings]
