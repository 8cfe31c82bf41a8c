"""Seeded quarter-hour readings of the invented electricity distributor, in the form its contract states.

One file per month: `meter_id;zone;ts;usage_kwh`, semicolons, decimal comma, CRLF, UTF-8 with a byte order mark or
cp1250; `ts` is the local start of the quarter-hour, rows are in order of meter and time, so that the hour which
happens twice in autumn is told apart by its place. Beside it lies `<name>.sha256`. All rows of a meter have the same
width in bytes, which lets whole blocks of text be filled by numpy instead of formatting six million numbers.

Run: `python -m demo.meters --data DIR [--month 2026-10]`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.months import Month, demo_months, local_quarters
from demo.region import ZONES, Zone

SEED = 20260901
ENCODINGS = ("utf-8-sig", "cp1250")
HEADER = "meter_id;zone;ts;usage_kwh\r\n"
MEDIAN_YEARLY_KWH = 3400.0
# A household fuse of 3 × 25 A cannot pass more than about 4.3 kWh in a quarter-hour.
FUSE_WH = 4300
BLOCK_METERS = 50
# Mean share of the yearly use that falls into each calendar month, for homes partly heated with electricity.
MONTH_WEIGHT = (1.28, 1.20, 1.08, 0.94, 0.86, 0.82, 0.86, 0.86, 0.86, 0.95, 1.09, 1.20)
# Relative load at each hour of a working day and of a weekend: breakfast and evening peaks, later at weekends.
WORKDAY = (
    0.52, 0.45, 0.42, 0.41, 0.44, 0.62, 1.05, 1.25, 1.02, 0.88, 0.85, 0.90,
    0.96, 0.92, 0.90, 0.98, 1.18, 1.48, 1.72, 1.80, 1.66, 1.38, 1.00, 0.70,
)  # fmt: skip
WEEKEND = (
    0.60, 0.51, 0.46, 0.44, 0.44, 0.48, 0.62, 0.90, 1.22, 1.36, 1.38, 1.42,
    1.45, 1.34, 1.20, 1.15, 1.22, 1.42, 1.60, 1.66, 1.55, 1.33, 1.05, 0.78,
)  # fmt: skip

# "0,000" … "9,999": five bytes for every whole number of watt-hours below ten kilowatt-hours.
_DIGITS = np.array([list(f"{wh // 1000},{wh % 1000:03d}".encode()) for wh in range(10_000)], dtype=np.uint8)


def file_name(month: Month) -> str:
    """Return the name of a month's file, which is also the last part of its address."""
    return f"{month.key}.csv"


def write_month(
    folder: Path, month: Month, *, encoding: str = "utf-8-sig", seed: int = SEED, zones: Sequence[Zone] = ZONES
) -> Path:
    """Write a month's file and its checksum file; both appear complete or not at all.

    Raises:
        ValueError: when the encoding is not one that the contract allows.
    """
    if encoding not in ENCODINGS:
        raise ValueError(f"encoding {encoding} is not one of {', '.join(ENCODINGS)}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(month)
    partial = path.with_suffix(".part")
    digest = hashlib.sha256()
    with partial.open("wb") as target:
        for block in _blocks(month, zones, encoding, seed):
            digest.update(block)
            target.write(block)
    _replace_text(folder / f"{path.name}.sha256", f"{digest.hexdigest()}  {path.name}\n")
    os.replace(partial, path)
    return path


def usual_encoding(month: Month) -> str:
    """Return the encoding the distributor uses for a month: by turns, so that both that the contract allows occur."""
    return ENCODINGS[month.month % len(ENCODINGS)]


def ensure_month(folder: Path, month: Month) -> Path:
    """Return a month's file, writing it first where it is missing."""
    path = folder / file_name(month)
    return path if path.is_file() else write_month(folder, month, encoding=usual_encoding(month))


def usage_wh(month: Month, meters: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw whole watt-hours per meter and quarter-hour; never zero, since something is always on standby."""
    shape = _load_shape(month)
    yearly_kwh = MEDIAN_YEARLY_KWH * rng.lognormal(0.0, 0.45, meters)
    mean_wh = yearly_kwh * 1000 / 365.25 / 96 * MONTH_WEIGHT[month.month - 1]
    # Homes rise and come back at different times: a shift of up to an hour either way.
    shift = rng.integers(-4, 5, meters)
    columns = np.clip(np.arange(shape.size)[None, :] + shift[:, None], 0, shape.size - 1)
    standby = 0.15 * mean_wh[:, None]
    appliances = rng.standard_gamma(1.6, (meters, shape.size)) / 1.6
    drawn = standby + 0.85 * mean_wh[:, None] * shape[columns] * appliances
    return np.clip(np.rint(drawn), 1, FUSE_WH).astype(np.int64)


def _load_shape(month: Month) -> NDArray[np.float64]:
    """Return the relative load at each quarter-hour of a month, straight lines between the hours."""
    hours = np.arange(25)
    curves = [np.interp(np.arange(96) / 4, hours, [*curve, curve[0]]) for curve in (WORKDAY, WEEKEND)]
    quarters = local_quarters(month.start, month.end)
    return np.array([curves[t.weekday() >= 5][t.hour * 4 + t.minute // 15] for t in quarters])


def _blocks(month: Month, zones: Sequence[Zone], encoding: str, seed: int) -> Iterator[bytes]:
    """Yield the file in pieces of some megabytes, each made from its own random stream."""
    yield HEADER.encode(encoding)
    stamps = [t.strftime("%Y-%m-%d %H:%M") for t in local_quarters(month.start, month.end)]
    stamp_bytes = np.frombuffer("".join(stamps).encode(), dtype=np.uint8).reshape(len(stamps), 16)
    first_number = 1
    for zone_index, zone in enumerate(zones):
        for start in range(0, zone.meter_count, BLOCK_METERS):
            count = min(BLOCK_METERS, zone.meter_count - start)
            rng = np.random.default_rng((seed, month.year, month.month, zone_index, start))
            yield _rows(zone, first_number + start, usage_wh(month, count, rng), stamp_bytes, encoding)
        first_number += zone.meter_count


def _rows(zone: Zone, number: int, wh: NDArray[np.int64], stamps: NDArray[np.uint8], encoding: str) -> bytes:
    """Return the rows of consecutive meters of one zone."""
    meters, quarters = wh.shape
    tail = f";{zone.name};".encode(encoding.removesuffix("-sig"))
    ids = np.array([list(f"M{number + i:06d}".encode()) for i in range(meters)], dtype=np.uint8)
    width = ids.shape[1] + len(tail) + 16 + 1 + 5 + 2
    rows = np.empty((meters, quarters, width), dtype=np.uint8)
    at = ids.shape[1]
    rows[:, :, :at] = ids[:, None, :]
    rows[:, :, at : at + len(tail)] = np.frombuffer(tail, dtype=np.uint8)
    at += len(tail)
    rows[:, :, at : at + 16] = stamps[None, :, :]
    rows[:, :, at + 16] = ord(";")
    rows[:, :, at + 17 : at + 22] = _DIGITS[wh]
    rows[:, :, at + 22 :] = np.frombuffer(b"\r\n", dtype=np.uint8)
    return rows.tobytes()


def _replace_text(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(text, encoding="ascii")
    os.replace(partial, path)


def main() -> None:
    """Write the files of the last two complete months, or of the month that is named."""
    parser = argparse.ArgumentParser(prog="demo.meters", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the demo's files")
    parser.add_argument("--month", type=Month.parse, help="one month, such as 2026-10")
    parser.add_argument("--encoding", choices=ENCODINGS, help="default: by turns")
    arguments = parser.parse_args()
    months = (arguments.month,) if arguments.month else demo_months(datetime.now(UTC))
    for month in months:
        print(write_month(arguments.data / "meter", month, encoding=arguments.encoding or usual_encoding(month)))


if __name__ == "__main__":
    main()
