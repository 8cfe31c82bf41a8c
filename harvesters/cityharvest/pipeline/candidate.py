"""From sealed bytes to a candidate release in a private folder: unseal, check, protect, gate, write, count again.

Nothing here leaves the folder. ``cleared`` is reached only when the table that was written has been counted again from
the input, by code that shares no counting with what made it. Whether the candidate becomes a release is decided by
``approval``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb

from cityharvest import audit_log
from cityharvest import ledger as books
from cityharvest.ledger import Ledger
from cityharvest.models import MandateRow
from cityharvest.pipeline.approval import Hold, candidate_summary, needed_hold
from cityharvest.pipeline.correction import Side, judge_history
from cityharvest.pipeline.house import signing_key, site_rules
from cityharvest.pipeline.relation import Loaded, load_relation
from cityharvest.pipeline.specification import policy_of, preset_of, spec_of
from cityharvest.points import Point, reach
from cityharvest.records import Delivery, Mandate
from cityharvest.states import DeliveryState
from disclosure import (
    Cleared,
    GateRefused,
    Policy,
    Preset,
    Questions,
    SiteRules,
    Spec,
    assess,
    gate,
    protect,
    release,
)
from disclosure.claims.core import Status
from disclosure.commitment import Opening
from disclosure.concentration import rules_for
from disclosure.engine import connect
from disclosure.proof import Proof, input_hmac
from disclosure.recheck import verify_against
from disclosure.report import build
from disclosure.signing import PrivateKey
from disclosure.verify import verify

#: Ours, drawn once; a delivery always asks for the same release id.
_NAMESPACE: Final = uuid.UUID("1c3f7b7e-52a8-5c56-8a55-5d3a5a0a9f42")
TABLE: Final = "data.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release as it would be: its files, its proof, how many rows went in, why it waits; and what stays inside."""

    release_id: str
    folder: Path
    proof: Mapping[str, Any]
    rows: int
    hold: Hold | None
    #: The officer's report, and what opens the proof's commitment: confidential.
    report: Mapping[str, Any] = field(repr=False)
    opening: Opening | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """By what a delivery is judged."""

    spec: Spec
    preset: Preset
    policy: Policy
    site: SiteRules = field(repr=False)
    key: PrivateKey = field(repr=False)


def compute(
    ledger: Ledger,
    delivery: Delivery,
    folder: Path,
    *,
    step: Callable[..., None],
    check: Callable[[], None],
) -> Candidate:
    """Compute the candidate release of a delivery.

    Args:
        ledger: with storage, identity, site key, signing key and the secret rules.
        delivery: leased, with its parts.
        folder: private work folder.
        step: told when the delivery has been checked and when it is cleared.
        check: raises ``LeaseLost`` once another worker has taken over.

    Raises:
        ContractBroken, SealBroken, DisclosureError, HarvestError: see ``verdict.verdict_of``.
    """
    with ledger.transaction() as session:
        mandate = books.mandate_value(session.get_one(MandateRow, delivery.mandate_id))
    rules = _rules(ledger, mandate)
    target = folder / "release"
    with closing(connect(folder, ledger.settings.duckdb_memory)) as con:
        loaded = load_relation(con, ledger, delivery, mandate, folder, name="delivery")
        reach(Point.UNSEALED)
        check()
        step(DeliveryState.CHECKED, loaded.findings)
        reach(Point.CHECKED)
        cleared = _clear(con, loaded, rules)
        check()
        proof = _write(ledger, delivery, mandate, cleared, rules, target)
        _require_proof(con, loaded, delivery, rules, target, proof)
        reach(Point.GATED)
        check()
        step(DeliveryState.CLEARED)
        reach(Point.CLEARED)
        side = Side(relation=loaded.relation, protected=cleared.protected, spec=rules.spec, preset=rules.preset)
        history = judge_history(con, ledger, delivery, mandate, folder, side, rules.site)
        risk = _risk(con, loaded, rules)
    summary = candidate_summary(cleared, proof.outputs[TABLE].sha256)
    with ledger.transaction() as session:
        hold = needed_hold(session, delivery, mandate, summary, history)
    return Candidate(
        release_id=proof.release_id,
        folder=target,
        proof=proof.as_dict(),
        rows=loaded.rows,
        hold=hold,
        report=build(rules.spec, rules.preset, cleared.protected, risk=risk, attacks=cleared.attacks),
        opening=proof.opening,
    )


def _rules(ledger: Ledger, mandate: Mandate) -> _Rules:
    preset = preset_of(mandate)
    return _Rules(
        spec=spec_of(mandate, preset),
        preset=preset,
        policy=policy_of(mandate),
        site=site_rules(ledger.settings),
        key=signing_key(ledger.settings),
    )


def _clear(con: duckdb.DuckDBPyConnection, loaded: Loaded, rules: _Rules) -> Cleared:
    """Return what the gate let through: counted again in memory, and attacked."""
    protected = protect(con, loaded.relation, rules.spec, rules.preset, rules.policy, rules.site)
    reach(Point.PROTECTED)
    return gate(con, loaded.relation, protected, rules.spec, rules.preset, rules.site)


def _risk(con: duckdb.DuckDBPyConnection, loaded: Loaded, rules: _Rules) -> dict[str, Any] | None:
    """What the input would tell, for the officer's report; nothing where there is no unit, or a budget to spend."""
    if not rules.spec.units or rules.policy.name == "dp":
        return None
    asked = Questions(min_units=rules.preset.min_units, rules=rules_for(rules.preset, rules.site))
    return assess(con, loaded.relation, rules.spec, asked).as_dict()


def _write(
    ledger: Ledger, delivery: Delivery, mandate: Mandate, cleared: Cleared, rules: _Rules, target: Path
) -> Proof:
    with ledger.transaction() as session:
        context = _context(delivery, mandate) | {"audit_head": audit_log.audit_head(session)}
    return release.write(
        target,
        cleared,
        cleared.spec,
        cleared.preset,
        release_id=str(uuid.uuid5(_NAMESPACE, delivery.id)),
        input_hmac=input_hmac(rules.site.key or b"", str(delivery.sha256)),
        extra=context,
        signing_key=rules.key,
    )


def _require_proof(
    con: duckdb.DuckDBPyConnection, loaded: Loaded, delivery: Delivery, rules: _Rules, target: Path, proof: Proof
) -> None:
    """Refuse a candidate whose files do not bear out its signed proof, in public and against the input."""
    answers = [
        *verify(target, rules.key.public_key()),
        *verify_against(
            target, con, loaded.relation, rules.site, input_sha256=str(delivery.sha256), opening=proof.opening
        ),
    ]
    failed = sorted(one.name for one in answers if one.status is Status.FAILS)
    if failed:
        raise GateRefused("proof-fails", claims=failed)


def _context(delivery: Delivery, mandate: Mandate) -> dict[str, Any]:
    """Public context of the proof: ids and names that the dataset shows as well."""
    return {
        "mandate": mandate.slug,
        "mandate_id": mandate.id,
        "period": delivery.period,
        "sequence": delivery.sequence,
        "legal_basis": {"title": dict(mandate.legal_basis["title"]), "url": mandate.legal_basis["url"]},
    }
