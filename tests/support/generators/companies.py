"""Companies with turnover and use of energy, by activity and municipality, some in holdings; seeded, synthetic.

Turnover is skewed as it is in life (a few companies make most of a cell), municipalities lie in districts, and a
holding owns several companies. Each company is in one cell, so counts have exact totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pyarrow as pa

ACTIVITIES = ("agriculture", "mining", "food", "wood", "metal", "energy", "building", "trade", "transport", "lodging")
SECTORS: Mapping[str, str] = {
    "agriculture": "primary",
    "mining": "primary",
    "food": "industry",
    "wood": "industry",
    "metal": "industry",
    "energy": "industry",
    "building": "industry",
    "trade": "services",
    "transport": "services",
    "lodging": "services",
}


def districts(municipalities: int, per_district: int = 4) -> dict[str, str]:
    """Municipality → district."""
    return {f"M{number:03d}": f"D{number // per_district:02d}" for number in range(municipalities)}


def companies(
    count: int, *, seed: int, municipalities: int = 12, activities: int = len(ACTIVITIES), holding_share: float = 0.2
) -> pa.Table:
    """One row a company: company, holding, activity, municipality, turnover (EUR), usage_kwh."""
    random = np.random.default_rng(seed)
    size_of_place = random.gamma(1.5, 1.0, municipalities) + 0.2
    size_of_activity = random.gamma(1.5, 1.0, activities) + 0.2
    place = random.choice(municipalities, count, p=size_of_place / size_of_place.sum())
    activity = random.choice(activities, count, p=size_of_activity / size_of_activity.sum())
    turnover = np.rint(random.lognormal(11.0, 1.4, count)).astype(int) + 1
    usage = np.rint(turnover * random.uniform(0.05, 0.4, count)).astype(int) + 1
    in_holding = random.random(count) < holding_share
    holding = random.integers(0, max(count // 12, 1), count)
    return pa.table(
        {
            "company": [f"C{number:06d}" for number in range(count)],
            "holding": [
                f"H{holding[number]:04d}" if in_holding[number] else f"O{number:06d}" for number in range(count)
            ],
            "activity": [ACTIVITIES[number] for number in activity],
            "municipality": [f"M{number:03d}" for number in place],
            "turnover": pa.array([Decimal(int(each)) for each in turnover], pa.decimal128(18, 2)),
            "usage_kwh": pa.array([Decimal(int(each)) for each in usage], pa.decimal128(18, 3)),
        }
    )
