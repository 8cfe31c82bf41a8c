"""The one door out: which addresses, redirects, sizes and times it lets pass."""

from __future__ import annotations

import gzip
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cityharvest.errors import FetchGone, FetchRefused, FetchTemporary
from cityharvest.fetch import Fetcher, FetchPolicy, redacted
from cityharvest.fetch.address import is_public, target_of

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A loopback server whose answers a test sets by path; it notes what arrived."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                site.answers[self.path.split("?")[0]](self)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


def answer(body: bytes = b"", status: int = 200, **headers: str) -> Answer:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


def fetcher(*sites: Site, names: dict[str, list[str]] | None = None, **policy: object) -> Fetcher:
    allowed = frozenset(f"127.0.0.1:{site.port}" for site in sites)
    known = names or {}

    def resolve(host: str, port: int) -> list[str]:
        return known[host] if host in known else [str(one[4][0]) for one in socket.getaddrinfo(host, port)]

    return Fetcher(FetchPolicy(**{"allowed_private": allowed, "deadline_s": 5.0, **policy}), resolver=resolve)


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises((FetchRefused, FetchTemporary, FetchGone)) as caught:
        yield
    assert caught.value.code == code


PRIVATE_SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",  # noqa: S104
    "localhost",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
]


@pytest.mark.parametrize("host", PRIVATE_SPELLINGS)
def test_a_private_address_is_refused_however_it_is_spelled(host: str, site: Site):
    """No connection is made: the listener on loopback hears nothing."""
    site.answers["/"] = answer(b"secret")
    with pytest.raises((FetchRefused, FetchTemporary)) as caught:
        Fetcher(FetchPolicy(deadline_s=5)).get(f"http://{host}:{site.port}/")
    assert caught.value.code in {"address-private", "host-unknown"}
    assert site.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "etc/passwd",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "ftp://example.org/x",
        "gopher://example.org/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "//example.org/x",
        "",
        " http://example.org/",
        "http://example.org/\nHost: other",
        "http://",
        "http://exa mple.org/",
        "http://user:secret@example.org/",
        "http://example.org@127.0.0.1/",
        "http://example.org\\@127.0.0.1/",
        "http://[fe80::1%25eth0]/",
        "http://example.org:99999/",
    ],
)
def test_an_address_that_is_not_plainly_http_is_refused_before_any_look_up(url: str):
    """Nothing reads a local path from a URL, and no parser may read another host than the next one does."""

    def never(host: str, port: int) -> list[str]:
        raise AssertionError(f"looked up {host}")

    with pytest.raises(FetchRefused):
        Fetcher(resolver=never).get(url)


def test_mixed_case_of_scheme_and_host_is_the_same_address():
    """`HTTP:` is http, and an exception is compared in lower case."""
    target = target_of("HTTP://Example.ORG.:8080/a?b=c#d")
    assert (target.scheme, target.host_port, target.path) == ("http", "example.org:8080", "/a?b=c")


def test_public_addresses_are_public():
    """The check refuses classes of addresses, not everything."""
    assert is_public("9.9.9.9")
    assert is_public("2620:fe::fe")


def test_the_operators_exception_lets_exactly_one_port_pass(site: Site):
    """Another port on the same private host stays refused."""
    other = Site()
    site.answers["/"] = other.answers["/"] = answer(b"ok")
    assert fetcher(site).get(site.url("/")).body() == b"ok"
    with refused("address-private"):
        fetcher(site).get(other.url("/"))
    assert other.seen == []
    other.server.shutdown()
    other.server.server_close()


def test_one_private_answer_among_public_ones_refuses_the_name(site: Site):
    """A name with two answers could give the other one to a second look-up."""
    with refused("address-private"):
        fetcher(names={"two.example": ["9.9.9.9", "127.0.0.1"]}).get(site.url("/", "two.example"))


def test_the_socket_goes_to_the_address_that_was_checked(site: Site):
    """A name is looked up once; a second answer can change nothing, and Host stays the name."""
    answers = iter([["127.0.0.1"], ["10.9.9.9"]])
    policy = FetchPolicy(allowed_private=frozenset({f"rebinding.example:{site.port}"}), deadline_s=5)
    site.answers["/"] = answer(b"pinned")
    fetch = Fetcher(policy, resolver=lambda host, port: next(answers))
    assert fetch.get(site.url("/", "rebinding.example")).body() == b"pinned"
    assert site.seen[0][2]["host"] == f"rebinding.example:{site.port}"
    assert next(answers) == ["10.9.9.9"]


def test_a_redirect_to_a_private_address_is_refused_even_to_the_operators_exception(site: Site):
    """An exception holds for what was asked for, never for where a stranger's redirect leads."""
    other = Site()
    other.answers["/inside"] = answer(b"secret")
    site.answers["/"] = answer(b"", 302, Location=other.url("/inside"))
    with refused("address-private"):
        fetcher(site, other).get(site.url("/"))
    assert other.seen == []
    other.server.shutdown()
    other.server.server_close()


def test_an_exception_is_over_once_another_host_had_a_say(site: Site):
    """From the listed address to another one and back: the way back was not ours to choose."""
    site.answers["/a"] = answer(b"", 302, Location=site.url("/b", "elsewhere.example"))
    site.answers["/b"] = answer(b"", 302, Location=site.url("/c"))
    site.answers["/c"] = answer(b"secret")
    fetch = Fetcher(
        FetchPolicy(allowed_private=frozenset({f"127.0.0.1:{site.port}"}), deadline_s=5),
        resolver=lambda host, port: ["127.0.0.1"],
    )
    with refused("address-private"):
        fetch.get(site.url("/a"))
    assert [path for _, path, _, _ in site.seen] == ["/a"]


@pytest.mark.parametrize("header", ["Authorization", "Cookie", "X-Api-Key", "X-Whatever-Token", "If-None-Match"])
def test_no_header_that_may_be_a_secret_follows_to_another_host(
    site: Site, header: str, monkeypatch: pytest.MonkeyPatch
):
    """Only plainly harmless ones do; a token may have any name."""
    monkeypatch.setattr("cityharvest.fetch.address.is_public", lambda address: True)
    site.answers["/a"] = answer(b"", 302, Location=site.url("/b", "elsewhere.example"))
    site.answers["/b"] = answer(b"ok")
    fetch = fetcher(names={"first.example": ["127.0.0.1"], "elsewhere.example": ["127.0.0.1"]})
    fetch.get(site.url("/a", "first.example"), headers={header: "secret", "Accept": "text/csv"}).close()
    first, second = (headers for _, _, headers, _ in site.seen)
    assert first[header.lower()] == "secret"
    assert header.lower() not in second
    assert second["accept"] == "text/csv"


def test_a_name_with_an_address_that_does_not_answer_is_reached_by_the_next(site: Site):
    """A machine without IPv6 still reaches a name that has both."""
    policy = FetchPolicy(allowed_private=frozenset({f"both.example:{site.port}"}), deadline_s=5, connect_s=1)
    site.answers["/"] = answer(b"reached")
    fetch = Fetcher(policy, resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert fetch.get(site.url("/", "both.example")).body() == b"reached"


def test_a_redirect_within_the_same_address_is_followed(site: Site):
    """Moved files are found."""
    site.answers["/a"] = answer(b"", 301, Location="/b")
    site.answers["/b"] = answer(b"moved")
    assert fetcher(site).get(site.url("/a")).body() == b"moved"


def test_endless_redirects_end(site: Site):
    """Five are followed, the sixth is refused."""
    site.answers["/a"] = answer(b"", 302, Location="/a")
    with refused("too-many-redirects"):
        fetcher(site).get(site.url("/a"))
    assert len(site.seen) == 6


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/", "http://user:pw@example.org/"])
def test_a_redirect_is_checked_like_any_address(site: Site, location: str):
    """The first hop was harmless; the second is not."""
    site.answers["/a"] = answer(b"", 302, Location=location)
    with pytest.raises(FetchRefused):
        fetcher(site).get(site.url("/a"))


def test_credentials_stay_with_their_host(site: Site):
    """A redirect to another host gets neither token nor cookie."""
    site.answers["/a"] = answer(b"", 302, Location=site.url("/b", "elsewhere.example"))
    site.answers["/b"] = answer(b"ok")
    names = {"first.example": ["127.0.0.1"], "elsewhere.example": ["127.0.0.1"]}
    allowed = frozenset({f"first.example:{site.port}"})
    with refused("address-private"):
        fetcher(names=names, allowed_private=allowed).get(
            site.url("/a", "first.example"), headers={"Authorization": "secret"}
        )
    assert len(site.seen) == 1


def test_a_post_follows_no_redirect(site: Site):
    """A token in a posted form must not travel on."""
    site.answers["/a"] = answer(b"", 307, Location="/b")
    with refused("redirect-refused"):
        fetcher(site).post_json(site.url("/a"), {"x": 1}, headers={"Authorization": "secret"})


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
