"""Averaging: the same question again and again."""

from __future__ import annotations

import hmac
from dataclasses import replace
from itertools import count

import pytest
from history_world import PRESET, SPEC, load, meters

from disclosure import attacks, protect
from disclosure.attacks import Truth, Verdict, averaging, target_of
from disclosure.engine import connect
from disclosure.policies.cell_key import CellKey
from disclosure.site import SiteRules

SITE = SiteRules(key=b"a key of thirty-two bytes for test")
COUNTS = replace(SPEC, measures={})


class PerQueryKeys(CellKey):
    """The leaking way: every question is answered under a key of its own."""

    _asked = count()

    def protect(self, con, relation, spec, preset, site):
        key = hmac.digest(site.key, str(next(self._asked)).encode(), "sha256")
        return CellKey().protect(con, relation, spec, preset, SiteRules(key=key))


@pytest.fixture
def con(tmp_path):
    """Ten zones with twenty to sixty meters."""
    with connect(tmp_path, "500MB") as connection:
        rows = [row for zone in range(10) for row in meters(f"z{zone}", 20 + 4 * zone, first=100 * zone)]
        load(connection, "data", rows)
        yield connection


def attacked(con, policy, spec=COUNTS):
    made = protect(con, "data", spec, PRESET, policy, SITE)
    target = target_of(made, spec, PRESET, site=SITE, truth=Truth(con=con, relation="data"))
    return attacks.run("averaging", replace(target, policy=policy), seed=3)


def test_keys_for_each_query_are_averaged_away(con):
    assert attacked(con, PerQueryKeys()).verdict is Verdict.BROKEN


def test_noise_of_the_persistent_key_is_the_same_each_time(con):
    result = attacked(con, CellKey())
    assert result.verdict is Verdict.SURVIVED
    assert result.figures["asked"] == averaging.EQUAL_ANSWERS


def test_a_table_without_noise_has_nothing_to_average(con):
    made = protect(con, "data", SPEC, PRESET)
    target = target_of(made, SPEC, PRESET, truth=Truth(con=con, relation="data"))
    assert attacks.run("averaging", target, seed=3).verdict is Verdict.SURVIVED
    assert attacks.run("averaging", replace(target, truth=None), seed=3).reason == "input-needed"
