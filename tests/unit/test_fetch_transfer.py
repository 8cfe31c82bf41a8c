"""The one door out: sizes, times, answers and what is sent."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from fetch_site import Answer, Site, answer, fetcher, refused

from cityharvest.errors import FetchRefused, FetchTemporary
from cityharvest.fetch import Fetcher, FetchPolicy, redacted


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            threading.Event().wait(0.02)
    except OSError:
        return


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-A: b\r\n")
            handler.wfile.flush()
            threading.Event().wait(0.1)
    except OSError:
        return


def silence(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.settimeout(3)
    try:
        handler.connection.recv(1)
    except OSError:
        return


@pytest.mark.parametrize("manner", [drip, drip_headers, silence])
def test_the_deadline_holds_for_the_whole_call(site: Site, manner: Answer):
    """A peer that sends one byte at a time, or nothing, cannot hold a worker."""
    site.answers["/"] = manner
    with refused("fetch-deadline"):
        fetcher(site, deadline_s=0.4).get(site.url("/")).body()


def test_the_deadline_holds_for_the_look_up_of_a_name():
    """A name server may be silent as well."""
    silent = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        silent.wait(30)
        return ["9.9.9.9"]

    with refused("fetch-deadline"):
        Fetcher(FetchPolicy(deadline_s=0.2), resolver=resolve).get("http://slow.example/")
    silent.set()


def test_a_body_beyond_the_cap_is_refused(site: Site):
    """The cap counts what arrives, whatever was announced."""
    site.answers["/"] = answer(b"x" * 5000)
    with refused("body-too-large"):
        fetcher(site, max_bytes=4999).get(site.url("/")).body()
    assert len(fetcher(site, max_bytes=5000).get(site.url("/")).body()) == 5000


def test_the_cap_counts_decoded_bytes(site: Site):
    """A small compressed body that decodes to a huge one is stopped on the way."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    site.answers["/"] = answer(bomb, Content_Encoding="gzip")
    response = fetcher(site, max_bytes=1_000_000).get(site.url("/"))
    with refused("body-too-large"):
        response.body()
    assert response.read_bytes < 2_000_000


def test_a_compressed_body_is_decoded(site: Site):
    """What arrives is what the source meant."""
    site.answers["/"] = answer(gzip.compress("števci".encode()), Content_Encoding="gzip")
    assert fetcher(site).get(site.url("/")).body().decode() == "števci"


def test_a_body_shorter_than_announced_is_truncated(site: Site):
    """Half a file is no file."""

    def short(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True

    site.answers["/"] = short
    with refused("body-truncated"):
        fetcher(site).get(site.url("/")).body()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "fetch-gone"),
        (410, "fetch-gone"),
        (401, "source-refuses"),
        (403, "source-refuses"),
        (429, "source-unavailable"),
        (500, "source-unavailable"),
        (503, "source-unavailable"),
    ],
)
def test_a_status_says_who_must_act(site: Site, status: int, code: str):
    """Nobody retries on 403; everybody retries on 503; 404 says that there is no file."""
    site.answers["/"] = answer(b"", status, Retry_After="7")
    with refused(code):
        fetcher(site).get(site.url("/"))


def test_retry_after_is_handed_on(site: Site):
    """The source knows best when to come again."""
    site.answers["/"] = answer(b"", 429, Retry_After="7")
    with pytest.raises(FetchTemporary) as caught:
        fetcher(site).get(site.url("/"))
    assert caught.value.params["retry_after_s"] == 7


def test_a_conditional_request_gets_a_304(site: Site):
    """What has not changed is not sent again."""
    site.answers["/"] = answer(b"", 304)
    response = fetcher(site).get(site.url("/"), etag='"a"', last_modified="Mon, 01 Jan 2024 00:00:00 GMT")
    assert response.not_modified
    assert site.seen[0][2]["if-none-match"] == '"a"'
    assert site.seen[0][2]["if-modified-since"] == "Mon, 01 Jan 2024 00:00:00 GMT"


def test_nothing_from_the_environment_redirects_a_request(site: Site, monkeypatch: pytest.MonkeyPatch):
    """A proxy variable would open a second way out."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    site.answers["/"] = answer(b"direct")
    assert fetcher(site).get(site.url("/")).body() == b"direct"


def test_a_closed_port_is_temporary(site: Site):
    """A service that restarts must not turn into a refusal."""
    site.server.shutdown()
    site.server.server_close()
    with refused("connection-failed"):
        fetcher(site).get(site.url("/"))


def test_a_form_with_a_file_arrives_whole(site: Site):
    """Files are read while they are sent, with their size announced."""
    site.answers["/"] = answer(b"{}")
    content = bytes(range(256)) * 4000
    response = fetcher(site).post_multipart(
        site.url("/"),
        fields={"package_id": "števci"},
        file=("upload", 'a"b.csv', io.BytesIO(content), "text/csv"),
        headers={"Authorization": "token"},
    )
    assert response.body() == b"{}"
    body = site.seen[0][3]
    assert content in body
    assert "števci".encode() in body
    assert b'filename="a%22b.csv"' in body


def test_errors_carry_no_secret_of_an_address():
    """Users, passwords and the values of a query are not for logs."""
    shown = redacted("https://user:secret@example.org:8443/path?token=secret#x")
    assert shown == "https://example.org:8443/path?…"
    with pytest.raises(FetchRefused) as caught:
        Fetcher().get("https://user:secret@example.org/")
    assert "secret" not in str(caught.value)


def test_reading_in_pieces_gives_the_whole(site: Site):
    """The response is a stream that the sealing reads."""
    content = bytes(range(256)) * 3000
    site.answers["/"] = answer(content)
    with fetcher(site).get(site.url("/")) as response:
        pieces = list(iter(lambda: response.read(1000), b""))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 1000


def test_a_source_may_think_longer_than_a_connection_may_take(site: Site):
    """The limit for connecting is not one for answering; only the deadline is."""

    def late(handler: BaseHTTPRequestHandler) -> None:
        threading.Event().wait(0.5)
        answer(b"thought")(handler)

    site.answers["/"] = late
    assert fetcher(site, connect_s=0.2).get(site.url("/")).body() == b"thought"
