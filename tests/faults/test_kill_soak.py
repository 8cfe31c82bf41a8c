"""Killed again and again at points drawn by chance: whatever the order, the same final state."""

from __future__ import annotations

import random

import pytest
from pipeline_world import World
from test_kill_stages import PROCESS, PUBLISH, expect_consistent

from cityharvest import api

ROUNDS = 8
# A worker that dies three times in a row with the same delivery has it held for a person.
MOST_KILLS = 2


@pytest.mark.long
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_any_series_of_kills_ends_in_one_published_release(world: World, seed: int) -> None:
    """Each stage dies up to twice before it is let through; nothing doubles, the audit chain holds."""
    chance = random.Random(seed)
    world.approve_mandate()
    delivery = world.send()
    for stage, points in (("process", PROCESS), ("publish", PUBLISH)):
        for point in chance.sample(points, k=chance.randint(1, MOST_KILLS)):
            world.run(stage, kill_at=point)
            world.expire_leases()
        world.process() if stage == "process" else world.publish()
    assert world.show(delivery.id).state == "published", f"seed {seed}"
    assert len(world.portal.packages) == 1
    assert api.audit_verify(ledger=world.ledger) == []
    expect_consistent(world, delivery.id)
