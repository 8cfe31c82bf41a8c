"""Recompute from a release folder every claim that can be recomputed, and say which cannot.

Public: it reads only the folder, the presets that ship with this package and, if given, the public key of the pipeline.
What depends on the withheld rows or on the site key is answered "cannot be recomputed", never "holds"; the private
check against the input is ``disclosure.recheck``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from disclosure.release import RELEASE_FILES, TABLE_FILES, output_of
from disclosure.signing import PublicKey, as_keys, signed_by_any
from disclosure.spec import Spec
from disclosure.tables import CSV_NAME, PARQUET_NAME, SCHEMA_NAME, neutral, read_csv, table_schema, text_rows

NOT_RECOMPUTABLE = ("withheld-shares", "input-hmac", "independent-recount", "attacks-failed-before", "audit-head")


def verify(folder: Path, public_key: PublicKey | Sequence[PublicKey] | None = None) -> list[Claim]:
    """Check a release folder; every claim of the proof gets one answer.

    A folder that cannot be read gives failing claims, not an exception.

    Args:
        folder: the release.
        public_key: the key, or the keys, of the pipeline; without one the signature cannot be judged.
    """
    proof = read_proof(folder)
    if proof is None:
        return [Claim("proof-readable", Status.FAILS)]
    answers = [claim("proof-readable", ok=True), _signature(proof, as_keys(public_key)), _files_present(folder)]
    answers += [unchanged(folder, name, proof) for name in TABLE_FILES]
    answers += _table_claims(folder, proof)
    answers += _preset_claims(proof)
    answers += [Claim(name, Status.CANNOT) for name in NOT_RECOMPUTABLE]
    return answers


def passes(answers: Sequence[Claim]) -> bool:
    """Whether nothing that could be recomputed fails."""
    return all(answer.status is not Status.FAILS for answer in answers)


def read_proof(folder: Path) -> dict[str, Any] | None:
    """The proof of a release folder; None when it is not one."""
    try:
        proof = json.loads((folder / PROOF_NAME).read_text(encoding="utf-8"), object_pairs_hook=_no_name_twice)
        jsonschema.validate(proof, proof_schema())
        Spec.from_mapping(proof["spec"])
        policy_from(proof["policy"])
    except (OSError, ValueError, KeyError, TypeError, jsonschema.ValidationError, DisclosureError):
        return None
    return dict(proof)


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Readers disagree about which of two equal names counts, so a signed text has each once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _signature(proof: Mapping[str, Any], keys: Sequence[PublicKey]) -> Claim:
    if not keys:
        return Claim("signature", Status.CANNOT)
    return claim("signature", ok=signed_by_any(proof, keys))


def _files_present(folder: Path) -> Claim:
    names = {path.name for path in folder.iterdir()}
    return claim("files-complete", ok=names == set(RELEASE_FILES), extra=sorted(names - set(RELEASE_FILES)))


def unchanged(folder: Path, name: str, proof: Mapping[str, Any]) -> Claim:
    """Whether a file of the release is the one that the proof names by its hash."""
    try:
        found = output_of(folder / name)
    except OSError:
        return claim(f"unchanged:{name}", ok=False)
    expected = proof["outputs"][name]
    return claim(f"unchanged:{name}", ok=(found.sha256, found.size) == (expected["sha256"], expected["bytes"]))


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
    same = (header, rows) == ([neutral(name) for name in table.column_names], list(text_rows(table)))
    answers = [
        claim("files-readable", ok=True),
        claim("same-table", ok=same),
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
        _judged("forbidden-fields-absent", stated.forbidden_fields_absent(table, proof)),
        claim("circumstances-as-stated", ok=stated.circumstances_fit(table, proof)),
    ]


def _preset_claims(proof: Mapping[str, Any]) -> list[Claim]:
    """Is the stated rule at least as strict as the preset that we know under this id and version?"""
    preset = proof["preset"]["id"]
    return [
        _judged("preset-as-strict-as-law", stated.preset_is_strict(proof["preset"], proof["unit"]), preset=preset),
        _judged("rules-as-preset", stated.rules_fit(proof), preset=preset),
    ]


def _judged(name: str, verdict: bool | None, **detail: Any) -> Claim:
    return Claim(name, Status.CANNOT, detail) if verdict is None else claim(name, ok=verdict, **detail)
