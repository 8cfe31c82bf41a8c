"""The one door out: which addresses and redirects it lets pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fetch_site import Site, answer, fetcher, refused

from cityharvest.errors import FetchRefused, FetchTemporary
from cityharvest.fetch import Fetcher, FetchPolicy
from cityharvest.fetch.address import is_public, target_of


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


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
