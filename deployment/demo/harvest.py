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
#: The portal's own scheduler may hold a lease at this moment; it gives it back within minutes.
PATIENCE_S = 300.0
PAUSE_S = 2.0
FINISHED = ("published", "rejected")


class StuckError(Exception):
    """A delivery did not get where it should."""


def bring_in_consumption(commands: Commands, operator: Portal, dpo: Portal, period: str) -> None:
    """Pull and process the distributor's month, have the DPO approve its first release, publish it.

    Raises:
        StuckError: it is not published in the end.
    """

    def state() -> dict[str, Any]:
        return delivery_of(operator, mandates.CONSUMPTION, period)

    delivery = push_on(commands, state, ("held", *FINISHED))
    if delivery.get("state") == "held" and delivery.get("held_reason") == "first-release":
        reason = f"{APPROVAL['sl']} / {APPROVAL['en']}"
        dpo.call("datastrategy_delivery_decide", id=delivery["id"], decision="approve", reason=reason)
        delivery = push_on(commands, state, FINISHED)
    if delivery.get("state") != "published":
        raise StuckError(_in_words(mandates.CONSUMPTION, delivery))


def bring_in_stations(commands: Commands, operator: Portal, period: str) -> None:
    """Collect the bike share's day of snapshots; its first release then waits for the DPO.

    Raises:
        StuckError: it does not get that far.
    """
    [source] = operator.call("datastrategy_source_list", mandate_id=mandates.STATIONS_DAILY)
    commands.harvest(source["id"], "--follow")
    delivery = push_on(commands, lambda: delivery_of(operator, mandates.STATIONS_DAILY, period), ("held", *FINISHED))
    if delivery.get("state") not in ("held", "published"):
        raise StuckError(_in_words(mandates.STATIONS_DAILY, delivery))


def delivery_of(operator: Portal, mandate: str, period: str) -> dict[str, Any]:
    """Return the latest delivery of a period, empty before it is planned."""
    found = operator.call("datastrategy_delivery_list", mandate=mandate)
    matching = [one for one in found if one["period"] == period]
    return max(matching, key=lambda one: one["sequence"], default={})


def push_on(commands: Commands, state: Callable[[], dict[str, Any]], wanted: tuple[str, ...]) -> dict[str, Any]:
    """Run what is due until a delivery is in one of the states, or patience ends; return it as it is then."""
    end = time.monotonic() + PATIENCE_S
    while True:
        delivery = state()
        if delivery.get("state") in wanted or time.monotonic() > end:
            return delivery
        commands.harvest("--due")
        if state().get("state") not in wanted:
            time.sleep(PAUSE_S)


def _in_words(mandate: str, delivery: dict[str, Any]) -> str:
    return f"the delivery of '{mandate}' is {delivery.get('state', 'not planned')}: {delivery.get('error')}"
