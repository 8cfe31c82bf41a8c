"""``meter_drop``: a file is read only when its checksum file says that it is complete."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from source_contract import LJUBLJANA, KeptSink, SourceContract
from way_site import Page, Site

from cityharvest import sources
from cityharvest.errors import Category, FetchRefused, MandateInvalid, ReceiveRefused
from cityharvest.periods import Period
from cityharvest.sources.meter_drop import checksum_of
from cityharvest.states import AttemptOutcome

CONTENT = b"meter_id;zone;ts;usage_kwh\r\nMETER-0815;Zminec;2026-10-01 00:00;0,125\r\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = "/drop/2026-10.csv"


class TestMeterDrop(SourceContract):
    name = "meter_drop"
    canaries = ("METER-0815", "Zminec", "0,125")

    def config(self, site: Site) -> dict[str, Any]:
        return {"url": f"{site.url}/drop/{{period}}.csv", "checksum_url": f"{site.url}/drop/{{period}}.csv.sha256"}

    def period(self) -> Period:
        return Period.parse("month", "2026-10", LJUBLJANA)

    def offer(self, site: Site) -> None:
        site.put_file(FILE, CONTENT)

    def data_path(self) -> str:
        return FILE

    def test_the_bytes_arrive_as_they_are(self, site: Site) -> None:
        """They are sealed as the company sent them; reading is the pipeline's."""
        self.offer(site)
        sink = KeptSink()
        self.ask(site, sink)
        assert sink.file == CONTENT

    def test_a_known_checksum_is_not_downloaded_again(self, site: Site) -> None:
        """Two hundred megabytes each quarter of an hour help nobody."""
        self.offer(site)
        memory = self.ask(site, KeptSink()).memory
        site.asked.clear()
        assert self.ask(site, KeptSink(), self.source(site, memory)).outcome is AttemptOutcome.UNCHANGED
        assert site.asked == [f"{FILE}.sha256"]

    def test_a_replaced_file_is_taken_in(self, site: Site) -> None:
        """A correction: another checksum under the same address."""
        self.offer(site)
        memory = self.ask(site, KeptSink()).memory
        site.put_file(FILE, CONTENT + b"M2;Zminec;2026-10-01 00:00;1\r\n")
        sink = KeptSink()
        assert self.ask(site, sink, self.source(site, memory)).outcome is AttemptOutcome.FETCHED
        assert sink.file is not None

    def test_a_missing_file_is_absent(self, site: Site) -> None:
        """Not late, not an error: the due date says when it is late."""
        assert self.ask(site, KeptSink()).outcome is AttemptOutcome.ABSENT

    def test_a_file_without_its_checksum_is_waited_for(self, site: Site) -> None:
        """It is still being written."""
        self.offer(site)
        del site.pages[f"{FILE}.sha256"]
        sink = KeptSink()
        assert self.ask(site, sink).outcome is AttemptOutcome.WAITING
        assert sink.is_empty

    @pytest.mark.parametrize("path", [FILE, f"{FILE}.sha256"])
    def test_accepted_means_not_yet(self, site: Site, path: str) -> None:
        """Status 202: the server is still making it."""
        self.offer(site)
        site.pages[path] = Page(body=b"soon", status=202)
        assert self.ask(site, KeptSink()).outcome is AttemptOutcome.WAITING

    def test_an_empty_file_is_empty(self, site: Site) -> None:
        """Nothing was sent; that is for the company to say, not for us to read."""
        site.put_file(FILE, b"")
        sink = KeptSink()
        assert self.ask(site, sink).outcome is AttemptOutcome.EMPTY
        assert sink.is_empty

    def test_a_wrong_checksum_is_told_and_not_remembered(self, site: Site) -> None:
        """The next run looks again."""
        site.put_file(FILE, CONTENT, checksum="0" * 64)
        with pytest.raises(ReceiveRefused) as caught:
            self.ask(site, KeptSink())
        assert caught.value.code == "checksum-mismatch"

    def test_a_page_for_a_checksum_file_needs_a_person(self, site: Site) -> None:
        """The error page of a server is no checksum."""
        self.offer(site)
        site.pages[f"{FILE}.sha256"] = Page(body=b"<html>sign in</html>")
        self.fails(site, "html-instead-of-data", Category.FATAL)

    def test_the_sources_own_limit_holds(self, site: Site) -> None:
        """A smaller one than the operator's may be set for a source."""
        self.offer(site)
        with pytest.raises(FetchRefused) as caught:
            self.ask(site, KeptSink(), self.source(site, max_bytes=10))
        assert caught.value.code == "body-too-large"

    def test_only_recent_periods_are_remembered(self, site: Site) -> None:
        """Memory does not grow for ever."""
        self.offer(site)
        old = {"taken": {f"{year}-01": "0" * 64 for year in range(1980, 2020)}}
        taken = self.ask(site, KeptSink(), self.source(site, old)).memory["taken"]
        assert len(taken) == 24
        assert taken["2026-10"] == SHA256

    @pytest.mark.parametrize(
        "template",
        [
            "https://example.org/file.csv",
            "https://example.org/{period}/{other}.csv",
            "https://{period}.example.org/file.csv",
            "https://example.org:{period}/file.csv",
        ],
    )
    def test_a_template_names_the_period_after_the_host_and_nothing_else(self, site: Site, template: str) -> None:
        """What was approved is one host."""
        with pytest.raises(MandateInvalid) as caught:
            sources.get(self.name).validate_config({**self.config(site), "url": template})
        assert {one["code"] for one in caught.value.problems} <= {"template-invalid", "url-invalid"}
        assert json.dumps(caught.value.as_dict())


@pytest.mark.parametrize(
    "body",
    [
        SHA256,
        f"{SHA256.upper()}\n",
        f"{SHA256}  2026-10.csv\n",
        f"{SHA256} *2026-10.csv\r\n",
        f"\ufeff{SHA256}\t./out/2026-10.csv\n",
        f"{'1' * 64}  2026-09.csv\n{SHA256}  2026-10.csv\n",
        f"{SHA256}  renamed-on-upload.csv\n",
    ],
)
def test_checksum_files_are_read_in_the_forms_that_occur(body: str) -> None:
    """Bare, or a line per file as ``sha256sum`` writes it."""
    assert checksum_of(body.encode(), "2026-10.csv", "https://example.org/x") == SHA256


@pytest.mark.parametrize(
    "body",
    ["", "pending", SHA256[:-1], f"{'1' * 64}  a.csv\n{'2' * 64}  b.csv\n", f"MD5 {'1' * 32}\n{SHA256}\n"],
)
def test_a_checksum_file_that_says_nothing_certain_is_refused(body: str) -> None:
    """A guess would accept another file's sum."""
    with pytest.raises(FetchRefused) as caught:
        checksum_of(body.encode(), "2026-10.csv", "https://example.org/x?token=secret")
    assert caught.value.code == "checksum-unreadable"
    assert "secret" not in str(caught.value)
