"""Rule: no single change of an audit chain stays unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datastrategy.audit import GENESIS, AuditFinding, AuditRow, AuditSlug, next_row, row_hash, verify

T0 = datetime(2026, 10, 1, 12, 30, tzinfo=UTC)
TEXT_FIELDS = ("chain", "subject", "event", "actor")


def chain(length: int) -> list[AuditRow]:
    rows: list[AuditRow] = []
    head = (0, GENESIS)
    for number in range(1, length + 1):
        row = next_row(
            head,
            chain="ledger",
            at=T0 + timedelta(seconds=number),
            subject=f"delivery:{number % 3}",
            event="check",
            actor="šef",
            detail={"from": "received", "number": number},
        )
        rows.append(row)
        head = (row.seq, row.hash)
    return rows


def slugs(rows: list[AuditRow], heads: list[tuple[int, str]] | None = None) -> set[tuple[int, str]]:
    return {(finding.seq, str(finding.slug)) for finding in verify(rows, heads or [])}


def test_an_untouched_chain_holds_with_all_its_heads() -> None:
    rows = chain(7)
    assert verify(rows, [(0, GENESIS), *((row.seq, row.hash) for row in rows)]) == []


def test_an_empty_chain_holds_only_the_empty_head() -> None:
    assert verify([], [(0, GENESIS)]) == []
    assert verify([], [(1, "a" * 64)]) == [AuditFinding(seq=1, slug=AuditSlug.CUT_OFF)]


def test_a_changed_row_is_named() -> None:
    rows = chain(5)
    rows[2] = replace(rows[2], actor="nekdo drug")
    assert slugs(rows) == {(3, "row-changed")}


def test_a_changed_row_with_a_fresh_hash_is_named() -> None:
    rows = chain(5)
    forged = replace(rows[2], detail={"number": 99})
    rows[2] = replace(forged, hash=rehash(forged))
    assert slugs(rows) == {(3, "row-changed")}


def test_a_removed_row_is_named_by_its_number() -> None:
    rows = chain(6)
    assert slugs(rows[:2] + rows[4:]) == {(3, "row-removed"), (4, "row-removed")}
    assert slugs(rows[1:]) == {(1, "row-removed")}


def test_rows_that_changed_places_are_named() -> None:
    rows = chain(6)
    rows[1], rows[4] = replace(rows[4], seq=2), replace(rows[1], seq=5)
    assert slugs(rows) == {(2, "row-reordered"), (5, "row-reordered")}


def test_rows_kept_out_of_order_are_named() -> None:
    rows = chain(4)
    assert slugs([rows[0], rows[2], rows[1], rows[3]]) == {(2, "row-reordered")}


def test_a_cut_off_end_shows_against_a_known_head_only() -> None:
    rows = chain(6)
    known = (rows[5].seq, rows[5].hash)
    assert slugs(rows[:4]) == set()
    assert slugs(rows[:4], [known]) == {(5, "end-cut-off")}


def test_a_wholly_rewritten_chain_shows_against_a_known_head() -> None:
    honest = chain(4)
    forged: list[AuditRow] = []
    head = (0, GENESIS)
    for row in honest:
        forged.append(
            next_row(head, chain="ledger", at=row.at, subject=row.subject, event="clear", actor="x", detail={})
        )
        head = (forged[-1].seq, forged[-1].hash)
    assert verify(forged) == []
    assert slugs(forged, [(3, honest[2].hash)]) == {(3, "row-changed")}


def test_the_same_moment_in_another_time_zone_gives_the_same_hash() -> None:
    row = chain(1)[0]
    elsewhere = replace(row, at=row.at.astimezone(timezone(timedelta(hours=2))))
    assert rehash(elsewhere) == row.hash


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        rehash(replace(chain(1)[0], at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_a_detail_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        rehash(replace(chain(1)[0], detail={"share": float("nan")}))


@given(data=st.data(), length=st.integers(1, 12))
def test_any_single_change_is_found(data: st.DataObject, length: int) -> None:
    rows = chain(length)
    heads = [(rows[-1].seq, rows[-1].hash)]
    index = data.draw(st.integers(0, length - 1))
    tampered = data.draw(st.sampled_from(["text", "at", "detail", "seq", "hash", "prev_hash", "remove", "cut"]))
    if tampered == "remove":
        changed = rows[:index] + rows[index + 1 :]
    elif tampered == "cut":
        changed = rows[:index]
    else:
        changed = [*rows[:index], tampered_row(data, rows[index], tampered), *rows[index + 1 :]]
    assert verify(changed, heads)


@given(data=st.data(), length=st.integers(2, 12))
def test_any_exchange_of_two_places_is_found(data: st.DataObject, length: int) -> None:
    rows = chain(length)
    first, second = data.draw(st.lists(st.integers(0, length - 1), min_size=2, max_size=2, unique=True))
    rows[first], rows[second] = replace(rows[second], seq=first + 1), replace(rows[first], seq=second + 1)
    assert {finding.slug for finding in verify(rows)} == {AuditSlug.REORDERED}


def tampered_row(data: st.DataObject, row: AuditRow, what: str) -> AuditRow:
    if what == "text":
        name = data.draw(st.sampled_from(TEXT_FIELDS))
        return replace(row, **{name: data.draw(st.text().filter(lambda text: text != getattr(row, name)))})
    if what == "at":
        return replace(row, at=row.at + timedelta(microseconds=data.draw(st.integers(1, 10**9))))
    if what == "detail":
        return replace(row, detail={**row.detail, "number": -1})
    if what == "seq":
        return replace(row, seq=row.seq + data.draw(st.integers(1, 50)))
    return replace(row, **{what: "f" * 64})


def rehash(row: AuditRow) -> str:
    return row_hash(
        row.prev_hash,
        chain=row.chain,
        seq=row.seq,
        at=row.at,
        subject=row.subject,
        event=row.event,
        actor=row.actor,
        detail=row.detail,
    )
