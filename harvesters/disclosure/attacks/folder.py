"""A release folder as its attackers find it: the table, the proof, and nothing else unless it is given.

Boundary: reads the folder; whether it is unchanged and signed is asked by ``verify``, not here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from disclosure.attacks.core import Target, Truth
from disclosure.errors import PresetInvalid, SpecInvalid
from disclosure.policies import policy_from
from disclosure.presets import Preset, load_preset
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Spec
from disclosure.tables import PARQUET_NAME

PROOF_FILE = "proof.json"
"""The same as ``proof.PROOF_NAME``, which cannot be imported here: making a proof needs the gate, which attacks."""


def from_folder(
    path: Path,
    *,
    linked: Sequence[Path] = (),
    earlier: Sequence[Path] = (),
    site: SiteRules = NO_SITE,
    truth: Truth | None = None,
) -> Target:
    """Read a release, with releases linked with it and earlier ones.

    Args:
        path: the release folder.
        linked: folders of other tables from the same source.
        earlier: folders of what was published before on the same subject.
        site: secret settings, for attacks that simulate an insider.
        truth: the input, where the caller has it.

    Raises:
        SpecInvalid: code ``attack-release-unreadable``, when the folder has no readable table and proof.
        PresetInvalid: when the release's preset is not known here.
    """
    try:
        proof: dict[str, Any] = json.loads((path / PROOF_FILE).read_text(encoding="utf-8"))
        table = pq.ParquetFile(path / PARQUET_NAME).read()
        spec, policy = Spec.from_mapping(proof["spec"]), policy_from(proof["policy"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        if isinstance(error, SpecInvalid):
            raise
        raise SpecInvalid("attack-release-unreadable", folder=path.name) from None
    return Target(
        table=table,
        spec=spec,
        preset=_preset(proof["preset"]),
        policy=policy,
        proof=proof,
        earlier=tuple(from_folder(each, site=site) for each in earlier),
        linked=tuple(from_folder(each, site=site) for each in linked),
        site=site,
        truth=truth,
    )


def _preset(stated: dict[str, Any]) -> Preset:
    """The known preset with the parameters that the proof states, even where they are laxer: the attack shall see."""
    known = load_preset(str(stated["id"]))
    values = stated.get("parameters", {})
    if unknown := sorted(set(values) - set(known.parameters)):
        raise PresetInvalid("preset-parameter-unknown", preset=known.id, parameter=unknown[0])
    parameters = {name: replace(each, value=values.get(name, each.value)) for name, each in known.parameters.items()}
    return replace(known, parameters=parameters)
