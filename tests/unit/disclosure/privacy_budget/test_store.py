"""The budget store: charge and output together or not at all, a retry gives what is stored, nothing resets it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.privacy_budget.account import Account, Request, epsilon
from disclosure.privacy_budget.sqlite_store import SqliteStore

YEAR = Account(
    name="personal", start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2027, 1, 1, tzinfo=UTC), rho_total=Decimal(1)
)


def asking(delivery, rho="0.25", query="q"):
    return Request(delivery=delivery, query=query, rho=Decimal(rho))


@pytest.fixture
def store(tmp_path):
    return SqliteStore(tmp_path / "budget.sqlite")


def once(output):
    """A draw that may be made only once."""
    draws = iter([output])
    return lambda: next(draws)


def test_retry_returns_the_stored_output_and_is_not_charged_again(store):
    draw = once(b"first")
    assert store.spend(YEAR, asking("october"), draw).output == b"first"
    assert store.spend(YEAR, asking("october"), draw).output == b"first"
    assert store.spent(YEAR) == Decimal("0.25")


def test_another_subject_of_the_same_unit_pays_from_the_same_budget(store):
    for delivery in ("meters october", "trips october", "stays october", "meters november"):
        store.spend(YEAR, asking(delivery), once(b"x"))
    drawn = []
    with pytest.raises(DisclosureRefused, match="dp-budget-exhausted"):
        store.spend(YEAR, asking("one more", "0.000001"), lambda: drawn.append(1) or b"")
    assert drawn == []
    assert store.spend(YEAR, asking("trips october"), once(b"never")).output == b"x"


def test_charges_add_up_exactly(store):
    for number in range(10):
        store.spend(YEAR, asking(str(number), "0.1"), once(b"x"))
    assert store.spent(YEAR) == YEAR.rho_total


def test_delivery_is_never_asked_in_another_way(store):
    store.spend(YEAR, asking("october"), once(b"x"))
    for other in (asking("october", query="other"), asking("october", rho="0.1")):
        with pytest.raises(DisclosureRefused, match="dp-delivery-asked-otherwise"):
            store.spend(YEAR, other, once(b"y"))
    assert store.spent(YEAR) == Decimal("0.25")


@pytest.mark.parametrize(
    ("start", "end", "total"),
    [
        ((2026, 1), (2027, 1), "2"),
        ((2026, 1), (2026, 7), "1"),
        ((2026, 6), (2027, 6), "1"),
        ((2025, 1), (2028, 1), "1"),
    ],
    ids=["larger", "shorter", "shifted", "around"],
)
def test_budget_cannot_be_reset_by_another_limit_or_window(store, start, end, total):
    store.spend(YEAR, asking("october"), once(b"x"))
    other = Account(
        name="personal",
        start=datetime(*start, 1, tzinfo=UTC),
        end=datetime(*end, 1, tzinfo=UTC),
        rho_total=Decimal(total),
    )
    with pytest.raises(DisclosureRefused, match="dp-budget-differs"):
        store.spend(other, asking("november"), once(b"y"))


def test_next_window_has_its_own_budget(store):
    store.spend(YEAR, asking("december", "1"), once(b"x"))
    following = Account(name="personal", start=YEAR.end, end=datetime(2028, 1, 1, tzinfo=UTC), rho_total=Decimal(1))
    assert store.spend(following, asking("january", "1"), once(b"y")).output == b"y"


def test_draw_that_fails_costs_nothing(store):
    def broken():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.spend(YEAR, asking("october"), broken)
    assert store.spent(YEAR) == 0
    assert store.find(YEAR, "october") is None
    assert store.spend(YEAR, asking("october"), once(b"x")).output == b"x"


def _dies_while_drawing(path):
    SqliteStore(path).spend(YEAR, asking("october"), lambda: os.kill(os.getpid(), signal.SIGKILL) or b"seen")


def _dies_after_commit(path):
    SqliteStore(path).spend(YEAR, asking("october"), lambda: b"stored")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("program", "charged", "output"), [(_dies_while_drawing, "0", b"again"), (_dies_after_commit, "0.25", b"stored")]
)
def test_killed_process_loses_nothing_and_doubles_nothing(tmp_path, program, charged, output):
    path = tmp_path / "budget.sqlite"
    process = multiprocessing.get_context("fork").Process(target=program, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    store = SqliteStore(path)
    assert store.spent(YEAR) == Decimal(charged)
    assert store.spend(YEAR, asking("october"), lambda: b"again").output == output
    assert store.spent(YEAR) == Decimal("0.25")


def _asks(path, number, answers):
    stored = SqliteStore(path).spend(YEAR, asking("october"), lambda: str(number).encode())
    answers.put(stored.output)


def test_two_processes_asking_at_once_get_one_output_and_pay_once(tmp_path):
    context = multiprocessing.get_context("fork")
    path, answers = tmp_path / "budget.sqlite", context.Queue()
    SqliteStore(path)
    processes = [context.Process(target=_asks, args=(path, number, answers)) for number in range(3)]
    for process in processes:
        process.start()
    outputs = {answers.get() for _ in processes}
    for process in processes:
        process.join()
    assert len(outputs) == 1
    assert SqliteStore(path).spent(YEAR) == Decimal("0.25")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 60)), max_size=12))
def test_no_order_of_deliveries_and_retries_overspends(tmp_path_factory, asked):
    store = SqliteStore(tmp_path_factory.mktemp("budget") / "budget.sqlite")
    paid: dict[int, int] = {}
    for delivery, price in asked:
        request = asking(str(delivery), str(Decimal(price) / 100))
        try:
            store.spend(YEAR, request, lambda: b"x")
        except DisclosureRefused as refusal:
            expected = "dp-delivery-asked-otherwise" if delivery in paid else "dp-budget-exhausted"
            assert refusal.code == expected
        else:
            assert paid.setdefault(delivery, price) == price
    assert store.spent(YEAR) == Decimal(sum(paid.values())) / 100 <= 1


def test_file_is_readable_by_its_owner_only_and_prints_nothing(tmp_path):
    store = SqliteStore(tmp_path / "budget.sqlite")
    assert (tmp_path / "budget.sqlite").stat().st_mode & 0o077 == 0
    stored = store.spend(YEAR, asking("october"), once(b"secret"))
    assert "secret" not in repr(stored)
    assert str(tmp_path) not in repr(store)


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"end": YEAR.start}, {"rho_total": Decimal(0)}, {"start": YEAR.start.replace(tzinfo=None)}]
)
def test_budget_that_makes_no_sense_is_refused(change):
    values = {"name": YEAR.name, "start": YEAR.start, "end": YEAR.end, "rho_total": YEAR.rho_total}
    with pytest.raises(SpecInvalid, match="dp-budget-malformed"):
        Account(**(values | change))


def test_epsilon_is_never_understated():
    """ρ = 0.5, δ = 1e-9: 0.5 + 2·sqrt(0.5·ln 1e9) = 6.9379…; Bun and Steinke 2016, proposition 1.3."""
    assert epsilon(Decimal("0.5"), Decimal("1e-9")) == Decimal("6.938")
