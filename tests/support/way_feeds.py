"""Real GBFS samples served as a feed that lives through a day: the sample's counts, its time moved on each poll."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from way_site import Page, Site

FEEDS = {
    "2.2": ("gbfs", "station_status", "station_information", "free_bike_status"),
    "3.0": ("gbfs", "station_status", "station_information", "vehicle_status"),
}


class Feed:
    """One system on a site, with the clock by which it is polled.

    The clock starts at the moment of the sample. It moves by ``step`` each time the stations were asked for, so that a
    day passes in as many polls, and then stands at the day's end.
    """

    def __init__(self, site: Site, samples: Path, version: str, *, step: timedelta, until: datetime) -> None:
        self.site = site
        self.root = f"/gbfs/{version}"
        self.documents = {
            name: json.loads((samples / f"{name}.{version}.json").read_text(encoding="utf-8"))
            for name in FEEDS[version]
        }
        self.now = moment_of(self.documents["station_status"]["last_updated"])
        self.moments: list[datetime] = []
        self._step, self._until = step, until
        self._lists_own_addresses()
        for name in self.documents:
            site.pages[f"{self.root}/{name}"] = self._page(name)
        site.pages[f"{self.root}/clock"] = self._clock

    @property
    def config(self) -> dict[str, str]:
        """What a source needs to be told."""
        return {"url": f"{self.site.url}{self.root}/gbfs", "clock_url": f"{self.site.url}{self.root}/clock"}

    def _lists_own_addresses(self) -> None:
        """The samples name example.com; discovery must lead to where they are served here."""
        data = self.documents["gbfs"]["data"]
        for feeds in [data] if "feeds" in data else data.values():
            for one in feeds["feeds"]:
                one["url"] = f"{self.site.url}{self.root}/{one['name']}"

    def _page(self, name: str) -> Callable[[], Page]:
        def page() -> Page:
            shown = self.documents[name] | {"last_updated": self._written(name)}
            if name == "station_status":
                self.moments.append(self.now)
                self.now = min(self.now + self._step, self._until)
            return Page(body=json.dumps(shown).encode(), content_type="application/json")

        return page

    def _written(self, name: str) -> Any:
        sample = self.documents[name]["last_updated"]
        return int(self.now.timestamp()) if isinstance(sample, int) else self.now.isoformat()

    def _clock(self) -> Page:
        return Page(body=json.dumps({"now": self.now.isoformat(), "ttl": 60}).encode(), content_type="application/json")


def moment_of(stamp: int | str) -> datetime:
    """The moment that a GBFS document names, UTC."""
    found = datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int) else datetime.fromisoformat(stamp)
    return found.astimezone(UTC)
