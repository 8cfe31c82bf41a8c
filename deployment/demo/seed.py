"""Fills the demo region: cities, companies, people, datasets, mandates; then the harvester really runs.

    python -m demo.seed

Only public commands (`ckan user token`, `cityharvest run`) and the Action API over HTTP are used, as by any operator.
Run again it changes nothing that is there and adds what is missing. Settings: CITYOPEN_URL (the portal),
CITYOPEN_DEMO_PORT (the companies' endpoints), CITYOPEN_DATA (where the logins are noted), CKAN_INI and CITYHARVEST_*
for the commands. Exit codes: 0 done, 1 something is not as it should be, 2 a setting is missing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

from demo import mandates
from demo.catalogue import make_dataset, make_mandate
from demo.commands import CommandFailedError, Commands
from demo.content import all_datasets
from demo.harvest import StuckError, bring_in_consumption, bring_in_stations
from demo.months import demo_months
from demo.people import DPO, LOGINS_FILE, make_organizations, make_people, read_logins
from demo.portal import Portal, RefusedError
from demo.replay import replayed_day

NEEDED = ("CITYOPEN_URL", "CITYOPEN_DEMO_PORT", "CITYOPEN_DATA", "CKAN_INI", "CITYHARVEST_DATABASE_URL")
TOKEN_NAME = "demo-seed"  # noqa: S105  (a name, no secret)
ENDPOINT_PATIENCE_S = 60.0


def main() -> int:
    """Fill everything in order; the first thing that fails ends it with a sentence."""
    lacking = [name for name in NEEDED if not os.environ.get(name)]
    if lacking:
        say(f"The environment lacks {', '.join(lacking)}.")
        return 2
    try:
        fill(os.environ, datetime.now(UTC))
    except (CommandFailedError, RefusedError, StuckError, requests.RequestException) as error:
        say(f"The demo region is not complete: {error}")
        return 1
    return 0


def fill(environ: Mapping[str, str], now: datetime) -> None:
    """Make what is missing and let the harvester run; datasets are made while it does."""
    began = time.monotonic()
    commands = Commands(environ=environ)
    data = Path(environ["CITYOPEN_DATA"])
    demo_url = f"http://127.0.0.1:{environ['CITYOPEN_DEMO_PORT']}"
    with operator(commands, environ) as portal:
        say(f"  {counted(make_organizations(portal), 'organization')} made.")
        new_people = make_people(portal, data)
        say(f"  {counted(new_people, 'person', 'people')} made, each with a role.")
        say(f"  {counted(make_mandates(portal, demo_url, now), 'mandate')} made.")
        wait_for_endpoints(demo_url)
        with ThreadPoolExecutor(2) as pool, token_of(portal, DPO.name) as dpo_token:
            running = [
                pool.submit(harvest_consumption, commands, portal.twin(), portal.as_user(dpo_token), now),
                pool.submit(harvest_stations, commands, portal.twin(), now),
            ]
            datasets = all_datasets(now.year)
            say(f"  {counted(sum(make_dataset(portal, one) for one in datasets), 'dataset')} made or completed.")
            for one in running:
                one.result()
        portal.call("datastrategy_reassess", all=True)
    say(f"The demo region is filled, after {time.monotonic() - began:.0f} s.")
    if new_people:
        show_logins(data)


def make_mandates(portal: Portal, demo_url: str, now: datetime) -> int:
    """Make the mandates and sources that are missing; return how many mandates were touched."""
    before_last, last = demo_months(now)
    wanted = (
        (mandates.consumption(last), ("meter_drop", mandates.meter_source(demo_url))),
        (mandates.stations_daily(replayed_day(now)), ("gbfs", mandates.station_source(demo_url))),
        (mandates.feed_in(before_last), None),
    )
    return sum(make_mandate(portal, mandate, source) for mandate, source in wanted)


def harvest_consumption(commands: Commands, portal: Portal, dpo: Portal, now: datetime) -> None:
    """Bring in the distributor's last complete month."""
    last = demo_months(now)[1].key
    say(f"  The harvester brings in the electricity readings of {last}: about six million rows.")
    bring_in_consumption(commands, portal, dpo, last)
    say("  The readings are published by settlement and hour, after the DPO approved them.")


def harvest_stations(commands: Commands, portal: Portal, now: datetime) -> None:
    """Bring in the bike share's last day."""
    day = replayed_day(now).isoformat()
    say(f"  The harvester collects the bike share's day of {day}, snapshot by snapshot.")
    bring_in_stations(commands, portal, day)
    say("  The bike share's day is in; as the first release of its mandate it waits for the DPO.")


@contextmanager
def operator(commands: Commands, environ: Mapping[str, str]) -> Iterator[Portal]:
    """Give the portal for the sysadmin, with a token that ends with the seeding."""
    admin = environ.get("CITYOPEN_ADMIN") or "admin"
    token = commands.run("ckan", "user", "token", "add", "--quiet", admin, TOKEN_NAME).strip().splitlines()[-1].strip()
    portal = Portal(environ["CITYOPEN_URL"], token)
    try:
        yield portal
    finally:
        portal.call("api_token_revoke", token=token)


@contextmanager
def token_of(portal: Portal, user: str) -> Iterator[str]:
    """Give a token of a user that ends with the block."""
    token = portal.call("api_token_create", user=user, name=TOKEN_NAME)["token"]
    try:
        yield token
    finally:
        portal.call("api_token_revoke", token=token)


def wait_for_endpoints(demo_url: str) -> None:
    """Wait until the companies' endpoints answer.

    Raises:
        StuckError: they do not.
    """
    end = time.monotonic() + ENDPOINT_PATIENCE_S
    while time.monotonic() < end:
        try:
            if requests.get(f"{demo_url}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    raise StuckError(f"the companies' endpoints do not answer at {demo_url}")


def show_logins(data: Path) -> None:
    """Print the new logins once."""
    say(f"Logins of the demo (also in {data / LOGINS_FILE}, readable by you only):")
    for name, password in read_logins(data).items():
        say(f"  {name:<24} {password}")


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    >>> counted(1, "person", "people"), counted(2, "dataset")
    ('1 person', '2 datasets')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def say(sentence: str) -> None:
    """Say a sentence at once."""
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
