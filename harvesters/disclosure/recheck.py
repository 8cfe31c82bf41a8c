"""Check the table of a release folder against its input: the last step of the gate, ``disclosure verify --against``.

Private: it needs the input and the secret settings of the house. It counts the input again, by code that shares no
counting with `protect`, and compares it with the table that lies in the folder, not with one that was in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from disclosure import source
from disclosure.attacks import Target, Truth, Verdict, run
from disclosure.claims import stated
from disclosure.claims.core import Claim, Status, claim
from disclosure.commitment import Opening
from disclosure.engine import DEFAULT_MEMORY
from disclosure.errors import DisclosureError, SpecInvalid
from disclosure.policies import policy_from
from disclosure.presets import Preset
from disclosure.prohibitions import check_prohibitions
from disclosure.proof import input_hmac
from disclosure.protect import check_preset
from disclosure.protected import Protected, Withheld
from disclosure.release import TABLE_FILES
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Spec
from disclosure.tables import PARQUET_NAME
from disclosure.verify import read_proof, unchanged

if TYPE_CHECKING:
    from disclosure.policies.dp import DifferentialPrivacy
    from disclosure.privacy_budget.account import BudgetStore

NOT_COUNTED: Final = -1
"""Number of withheld cells where only the folder is known: nobody but the pipeline has it."""


def verify_against(
    folder: Path,
    con: duckdb.DuckDBPyConnection,
    relation: str,
    site: SiteRules = NO_SITE,
    *,
    input_sha256: str | None = None,
    opening: Opening | None = None,
    budget: BudgetStore | None = None,
) -> list[Claim]:
    """Check the table of a release folder against its input: one answer for each claim that the input can decide.

    Args:
        folder: the release.
        con: a connection from `engine.connect` or `opened_input`.
        relation: the input.
        site: the secret settings that the release was made with.
        input_sha256: SHA-256 of the input as its HMAC was made from, to check that as well.
        opening: what opens the proof's commitment, to check that as well.
        budget: the store of a release under differential privacy; without it its recount cannot be decided.

    A table that differs, or a folder that cannot be read, gives failing claims, not an exception.
    """
    proof = read_proof(folder)
    if proof is None:
        return [Claim("proof-readable", Status.FAILS)]
    answers = [unchanged(folder, name, proof) for name in TABLE_FILES]
    answers += _judged(folder, proof, con, relation, site, budget)
    if input_sha256 is not None:
        answers.append(_input_claim(proof, site, input_sha256))
    if opening is not None:
        value = (proof["commitment"] or {}).get("value", "")
        answers.append(claim("commitment-opens", ok=opening.opens(value)))
    return answers


@contextmanager
def opened_input(
    folder: Path, path: Path, memory: str = DEFAULT_MEMORY, *, local_time: str | None = None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Open the input of a release for `verify_against`: codes stay text, as they did when the release was made.

    Raises:
        SpecInvalid: ``release-unreadable``, and those of `source.opened`.
    """
    proof = read_proof(folder)
    if proof is None:
        raise SpecInvalid("release-unreadable", folder=folder.name)
    spec = Spec.from_mapping(proof["spec"])
    text = [*spec.zones, *spec.units, *spec.identifiers, *spec.quasi, *spec.sensitive]
    local = (spec.time, local_time) if local_time and spec.time else None
    with source.opened(path, memory=memory, text=text, local_time=local) as opened:
        yield opened


def _judged(
    folder: Path,
    proof: Mapping[str, Any],
    con: duckdb.DuckDBPyConnection,
    relation: str,
    site: SiteRules,
    budget: BudgetStore | None,
) -> list[Claim]:
    """Whether the input gives this very table, and whether the proof tells more than it."""
    if proof["policy"]["name"] == "dp" and budget is None:
        # Noise cannot be drawn again: without the stored output there is nothing to compare with.
        return [Claim("independent-recount", Status.CANNOT)]
    try:
        preset = stated.known_preset(proof["preset"])
        if preset is None:
            return [claim("independent-recount", ok=False, code="preset-unknown")]
        protected, spec = _as_protected(folder, proof, budget), Spec.from_mapping(proof["spec"])
        _recount(con, relation, protected, spec, preset, site)
        target = Target(
            table=protected.table,
            spec=spec,
            preset=preset,
            policy=protected.policy,
            proof=proof,
            site=site,
            truth=Truth(con=con, relation=relation),
        )
        tells = run("report-leak", target)
    except DisclosureError as error:
        return [claim("independent-recount", ok=False, code=error.code)]
    except (OSError, pa.ArrowException, duckdb.Error) as error:
        return [claim("independent-recount", ok=False, code=type(error).__name__)]
    return [
        claim("independent-recount", ok=True),
        claim("proof-tells-no-more", ok=tells.verdict is not Verdict.BROKEN),
    ]


def _recount(
    con: duckdb.DuckDBPyConnection, relation: str, protected: Protected, spec: Spec, preset: Preset, site: SiteRules
) -> None:
    check_preset(spec, preset, site)
    protected.policy.check(spec, preset, site)
    check_prohibitions(con, relation, spec, preset, protected.table.column_names)
    protected.policy.recount(con, relation, protected, spec, preset, site)


def _input_claim(proof: Mapping[str, Any], site: SiteRules, input_sha256: str) -> Claim:
    found = proof["input"]["hmac_sha256"]
    if found is None or site.key is None:
        return Claim("input-hmac", Status.CANNOT)
    return claim("input-hmac", ok=input_hmac(site.key, input_sha256) == found)


def _as_protected(folder: Path, proof: Mapping[str, Any], budget: BudgetStore | None) -> Protected:
    """What the folder says that was protected: nothing of it comes from the process that made it."""
    withheld, policy = proof["withheld"], policy_from(proof["policy"])
    if budget is not None and policy.name == "dp":
        policy = cast("DifferentialPrivacy", policy).with_store(budget)
    return Protected(
        table=pq.ParquetFile(folder / PARQUET_NAME).read(),
        policy=policy,
        withheld=Withheld(
            cells=NOT_COUNTED,
            cells_band=withheld["cells"],
            units_band=withheld["units"],
        ),
        achieved_min=proof["achieved"]["min_units"],
        public_facts=proof["policy"]["facts"],
    )
