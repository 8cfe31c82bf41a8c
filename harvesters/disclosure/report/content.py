"""What the officer's report says, as JSON-safe values; words and layout come later.

Confidential: it holds exact figures of the input. Nothing of it may stand in a proof or on a public page. Under
differential privacy the policy gives no figures, and then the report has none either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from disclosure.policies import policy_dict
from disclosure.policies.base import Plan
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.spec import Spec

if TYPE_CHECKING:
    from disclosure.attacks.core import Result

REPORT_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A choice that was not taken, or the one that was: a level and the rows it would keep."""

    level: str
    rows: int
    cells: int
    chosen: bool


def build(
    spec: Spec,
    preset: Preset | None,
    protected: Protected | None = None,
    *,
    plan: Plan | None = None,
    risk: Mapping[str, Any] | None = None,
    attacks: Sequence[Result] = (),
    tradeoff: Sequence[Alternative] = (),
) -> dict[str, Any]:
    """Put the report together from whatever is known.

    Args:
        spec: roles and shape.
        preset: the rule; None where only the risk was measured.
        protected: the candidate; None where only the risk was measured or a plan explained.
        plan: what the policy explained beforehand.
        risk: ``Risk.as_dict()`` of the input.
        attacks: results of the attacks on the candidate.
        tradeoff: levels with what they would keep.
    """
    return {
        "report_version": REPORT_VERSION,
        "spec": spec.as_dict(),
        "labels": {"unit": dict(spec.unit_label)},
        "risk": dict(risk) if risk is not None else None,
        "done": _done(preset, protected),
        "lost": _lost(protected),
        "plan": plan.as_dict() if plan is not None else None,
        "tradeoff": [
            {"level": each.level, "rows": each.rows, "cells": each.cells, "chosen": each.chosen} for each in tradeoff
        ],
        "remains": [
            {
                "attack": each.attack,
                "verdict": str(each.verdict),
                "reason": each.reason,
                "figures": {name: str(value) for name, value in each.figures.items()},
            }
            for each in attacks
        ],
    }


def _done(preset: Preset | None, protected: Protected | None) -> dict[str, Any] | None:
    if preset is None:
        return None
    return {
        "preset": preset.id,
        "preset_version": preset.version,
        "preset_title": dict(preset.title),
        "source": dict(preset.source),
        "parameters": preset.public_parameters(),
        "policy": policy_dict(protected.policy) if protected is not None else None,
    }


def _lost(protected: Protected | None) -> dict[str, Any] | None:
    if protected is None:
        return None
    return {
        "rows": protected.table.num_rows,
        "achieved_min": protected.achieved_min,
        "cells_band": protected.withheld.cells_band,
        "units_band": protected.withheld.units_band,
        **protected.confidential,
    }
