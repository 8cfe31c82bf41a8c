"""Recompute from a release folder every claim that can be recomputed, and say which cannot.

Boundary: reads only the folder (and the presets that ship with this package); needs no key and no input. What depends
on the withheld rows or on the site key is answered "cannot be recomputed", never "holds".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq

from disclosure.claims import stated
from disclosure.claims.core import Claim, Status, claim
from disclosure.errors import DisclosureError
from disclosure.policies import policy_from
from disclosure.proof import PROOF_NAME, proof_schema
from disclosure.release import RELEASE_FILES, output_of
from disclosure.spec import Spec
from disclosure.tables import CSV_NAME, PARQUET_NAME, SCHEMA_NAME, neutral, read_csv, table_schema, text_rows

NOT_RECOMPUTABLE = ("withheld-shares", "input-hmac", "independent-recount", "audit-head")


def verify(folder: Path) -> list[Claim]:
    """Check a release folder; every claim of the proof gets one answer.

    A folder that cannot be read gives failing claims, not an exception.
    """
    proof = _read_proof(folder)
    if proof is None:
        return [Claim("proof-readable", Status.FAILS)]
    answers = [claim("proof-readable", ok=True), _files_present(folder)]
    answers += [_unchanged(folder, name, proof) for name in (CSV_NAME, PARQUET_NAME, SCHEMA_NAME)]
    answers += _table_claims(folder, proof)
    answers.append(_preset_claim(proof))
    answers += [Claim(name, Status.CANNOT) for name in NOT_RECOMPUTABLE]
    return answers


def passes(answers: list[Claim]) -> bool:
    """Whether nothing that could be recomputed fails."""
    return all(answer.status is not Status.FAILS for answer in answers)


def _read_proof(folder: Path) -> dict[str, Any] | None:
    try:
        proof = json.loads((folder / PROOF_NAME).read_text(encoding="utf-8"))
        jsonschema.validate(proof, proof_schema())
        Spec.from_mapping(proof["spec"])
        policy_from(proof["policy"])
    except (OSError, ValueError, KeyError, TypeError, jsonschema.ValidationError, DisclosureError):
        return None
    return dict(proof)


def _files_present(folder: Path) -> Claim:
    names = {path.name for path in folder.iterdir()}
    return claim("files-complete", ok=names == set(RELEASE_FILES), extra=sorted(names - set(RELEASE_FILES)))


def _unchanged(folder: Path, name: str, proof: Mapping[str, Any]) -> Claim:
    try:
        found = output_of(folder / name)
    except OSError:
        return claim(f"unchanged:{name}", ok=False)
    stated = proof["outputs"][name]
    return claim(f"unchanged:{name}", ok=(found.sha256, found.size) == (stated["sha256"], stated["bytes"]))


def _table_claims(folder: Path, proof: Mapping[str, Any]) -> list[Claim]:
    spec = Spec.from_mapping(proof["spec"])
    policy = policy_from(proof["policy"])
    shape = policy.shape(spec)
    try:
        table = pq.ParquetFile(folder / PARQUET_NAME).read()
        header, rows = read_csv(folder / CSV_NAME)
        schema = json.loads((folder / SCHEMA_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, pa.ArrowException):
        return [Claim("files-readable", Status.FAILS)]
    described = [(each.get("name"), each.get("type")) for each in schema.get("fields", [])]
    wanted = [(each["name"], each["type"]) for each in table_schema(shape)["fields"]]
    answers = [
        claim("files-readable", ok=True),
        claim(
            "same-table", ok=(header, rows) == ([neutral(name) for name in table.column_names], list(text_rows(table)))
        ),
        claim("schema-fits", ok=described == wanted),
    ]
    columns_fit = [(each.name, str(each.type)) for each in table.schema] == list(shape.types.items())
    answers.append(claim("types", ok=columns_fit))
    if columns_fit:
        answers += policy.claims(table, spec, proof)
        answers += _stated_claims(table, spec, proof)
    return answers


def _stated_claims(table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
    hidden = {name.casefold() for name in (*spec.units, *spec.identifiers)}
    return [
        claim("unit-column-absent", ok=not hidden.intersection(name.casefold() for name in table.column_names)),
        claim("unit-as-preset", ok=stated.unit_fits(proof)),
    ]


def _preset_claim(proof: Mapping[str, Any]) -> Claim:
    """Is the stated rule at least as strict as the preset that we know under this id and version?"""
    verdict = stated.preset_is_strict(proof["preset"], proof["unit"])
    if verdict is None:
        return Claim("preset-as-strict-as-law", Status.CANNOT, {"preset": proof["preset"]["id"]})
    return claim("preset-as-strict-as-law", ok=verdict, preset=proof["preset"]["id"])
