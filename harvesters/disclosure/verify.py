"""Recompute from a release folder every claim that can be recomputed, and say which cannot.

Boundary: reads only the folder (and the presets that ship with this package); needs no key and no input. What depends
on the withheld rows or on the site key is answered "cannot be recomputed", never "holds".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq

from disclosure import claims
from disclosure.errors import DisclosureError
from disclosure.proof import PROOF_NAME, proof_schema
from disclosure.release import RELEASE_FILES, output_of
from disclosure.spec import Spec
from disclosure.tables import CSV_NAME, PARQUET_NAME, SCHEMA_NAME, neutral, read_csv, table_schema, text_rows


class Status(StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    CANNOT = "cannot-be-recomputed"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim by its slug; the text is in ``disclosure.messages``."""

    name: str
    status: Status
    detail: Mapping[str, Any] = field(default_factory=dict)


NOT_RECOMPUTABLE = ("withheld-shares", "input-hmac", "independent-recount", "audit-head")


def verify(folder: Path) -> list[Claim]:
    """Check a release folder; every claim of the proof gets one answer.

    A folder that cannot be read gives failing claims, not an exception.
    """
    proof = _read_proof(folder)
    if proof is None:
        return [Claim("proof-readable", Status.FAILS)]
    answers = [_claim("proof-readable", ok=True), _files_present(folder)]
    answers += [_unchanged(folder, name, proof) for name in (CSV_NAME, PARQUET_NAME, SCHEMA_NAME)]
    answers += _table_claims(folder, proof)
    answers.append(_preset_claim(proof))
    answers += [Claim(name, Status.CANNOT) for name in NOT_RECOMPUTABLE]
    return answers


def passes(answers: list[Claim]) -> bool:
    """Whether nothing that could be recomputed fails."""
    return all(answer.status is not Status.FAILS for answer in answers)


def _claim(name: str, *, ok: bool, **detail: Any) -> Claim:
    return Claim(name, Status.HOLDS if ok else Status.FAILS, detail)


def _read_proof(folder: Path) -> dict[str, Any] | None:
    try:
        proof = json.loads((folder / PROOF_NAME).read_text(encoding="utf-8"))
        jsonschema.validate(proof, proof_schema())
        Spec.from_mapping(proof["spec"])
    except (OSError, ValueError, KeyError, TypeError, jsonschema.ValidationError, DisclosureError):
        return None
    return dict(proof)


def _files_present(folder: Path) -> Claim:
    names = {path.name for path in folder.iterdir()}
    return _claim("files-complete", ok=names == set(RELEASE_FILES), extra=sorted(names - set(RELEASE_FILES)))


def _unchanged(folder: Path, name: str, proof: Mapping[str, Any]) -> Claim:
    try:
        found = output_of(folder / name)
    except OSError:
        return _claim(f"unchanged:{name}", ok=False)
    stated = proof["outputs"][name]
    return _claim(f"unchanged:{name}", ok=(found.sha256, found.size) == (stated["sha256"], stated["bytes"]))


def _table_claims(folder: Path, proof: Mapping[str, Any]) -> list[Claim]:
    spec = Spec.from_mapping(proof["spec"])
    try:
        table = pq.ParquetFile(folder / PARQUET_NAME).read()
        header, rows = read_csv(folder / CSV_NAME)
        schema = json.loads((folder / SCHEMA_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, pa.ArrowException):
        return [Claim("files-readable", Status.FAILS)]
    described = [(each.get("name"), each.get("type")) for each in schema.get("fields", [])]
    wanted = [(each["name"], each["type"]) for each in table_schema(spec)["fields"]]
    answers = [
        _claim("files-readable", ok=True),
        _claim(
            "same-table", ok=(header, rows) == ([neutral(name) for name in table.column_names], list(text_rows(table)))
        ),
        _claim("schema-fits", ok=described == wanted),
    ]
    columns_fit = claims.types_fit(table, spec)
    answers.append(_claim("types", ok=columns_fit))
    if columns_fit:
        answers += _rule_claims(table, spec, proof)
    return answers


def _rule_claims(table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
    min_units = int(proof["preset"]["parameters"]["min_units"])
    zero_is_small = bool(proof["preset"]["parameters"]["zero_is_small"])
    least = claims.least_units(table, spec)
    checks: dict[str, Callable[[], bool]] = {
        "row-count": lambda: table.num_rows == proof["rows"],
        "order-and-unique-cells": lambda: claims.in_order(table, spec),
        "min-units": lambda: least is None or least >= min_units,
        "achieved-minimum": lambda: least == proof["achieved"]["min_units"],
        "no-zero": lambda: not zero_is_small or claims.no_zero(table, spec),
        "no-totals": lambda: claims.no_totals(table, spec),
        "unit-column-absent": lambda: spec.unit is None or spec.unit not in table.column_names,
        "unit-as-preset": lambda: claims.unit_fits(proof),
    }
    return [_claim(name, ok=check()) for name, check in checks.items()]


def _preset_claim(proof: Mapping[str, Any]) -> Claim:
    """Is the stated rule at least as strict as the preset that we know under this id and version?"""
    verdict = claims.preset_is_strict(proof["preset"], proof["unit"])
    if verdict is None:
        return Claim("preset-as-strict-as-law", Status.CANNOT, {"preset": proof["preset"]["id"]})
    return _claim("preset-as-strict-as-law", ok=verdict, preset=proof["preset"]["id"])
