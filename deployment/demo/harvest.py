"""Lets the harvester bring the deliveries in, and the DPO decide about the first release, as on any working day."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from demo import mandates
from demo.commands import Commands
from demo.portal import Portal

APPROVAL = {
    "sl": "Prag desetih merilnih mest je dosežen v vsaki objavljeni celici; objava je dovoljena (prikaz).",
    "en": "Every published cell rests on ten metering points or more; the release may go out (demo).",
}
#: The portal's own scheduler may work on the same delivery at this moment.
PATIENCE_S = 600.0
PAUSE_S = 2.0
PUBLISHED = ("published",)
HELD_OR_PUBLISHED = ("held", *PUBLISHED)
FIRST_RELEASE = "first-release"


class StuckError(Exception):
    """A delivery did not get where it should."""


def bring_in_consumption(commands: Commands, operator: Portal, dpo: Portal, period: str) -> None:
    """Pull and process the distributor's month, have the DPO approve its first release, publish it.

    Raises:
        StuckError: it is not published in the end.
    """
    delivery = push_on(commands, operator, mandates.CONSUMPTION, period, HELD_OR_PUBLISHED)
    if delivery["state"] == "held":
        if delivery["held_reason"] != FIRST_RELEASE:
            raise StuckError(in_words(mandates.CONSUMPTION, delivery))
        reason = f"{APPROVAL['sl']} / {APPROVAL['en']}"
        dpo.call("datastrategy_delivery_decide", id=delivery["id"], decision="approve", reason=reason)
        push_on(commands, operator, mandates.CONSUMPTION, period, PUBLISHED)


def bring_in_stations(commands: Commands, operator: Portal, period: str) -> None:
    """Collect the bike share's day of snapshots; its first release then waits for the DPO.

    Raises:
        StuckError: it does not get that far.
    """
    push_on(commands, operator, mandates.STATIONS_DAILY, period, HELD_OR_PUBLISHED, "--follow")


def push_on(
    commands: Commands, operator: Portal, mandate: str, period: str, wanted: tuple[str, ...], *words: str
) -> dict[str, Any]:
    """Run the mandate's source for a period until its delivery is in one of the states; return the delivery.

    Raises:
        StuckError: it was rejected, or patience ended.
    """
    return until(
        lambda: delivery_of(operator, mandate, period),
        lambda: commands.harvest(mandate, "--period", period, *words),
        mandate,
        wanted,
    )


def until(
    look: Callable[[], dict[str, Any]], act: Callable[[], object], mandate: str, wanted: tuple[str, ...]
) -> dict[str, Any]:
    """Act until what is looked at is in one of the states; raises as `push_on` does."""
    end = time.monotonic() + PATIENCE_S
    delivery = look()
    while delivery.get("state") not in wanted:
        if delivery.get("state") == "rejected" or time.monotonic() > end:
            raise StuckError(in_words(mandate, delivery))
        act()
        delivery = look()
        if delivery.get("state") not in wanted:
            time.sleep(PAUSE_S)
    return delivery


def delivery_of(operator: Portal, mandate: str, period: str) -> dict[str, Any]:
    """Return the latest delivery of a period, empty before it is planned."""
    found = operator.call("datastrategy_delivery_list", mandate=mandate)
    matching = [one for one in found if one["period"] == period]
    return max(matching, key=lambda one: one["sequence"], default={})


def in_words(mandate: str, delivery: dict[str, Any]) -> str:
    """Return where a delivery stands, as a sentence's end."""
    problem = delivery.get("error") or delivery.get("held_reason") or "no error is noted"
    return f"the delivery of '{mandate}' is {delivery.get('state', 'not planned')}: {problem}"
