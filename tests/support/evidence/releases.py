"""Three releases made by the command, as a user would, each with its raw synthetic input and SQL to recount it.

Beside them stands one release in which a single cell was changed and every hash made right again: only the signature
and the input can tell, and both must.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from disclosure.cli.app import main as disclosure
from disclosure.tables import CSV_NAME, PARQUET_NAME, csv_bytes, write_parquet
from evidence.cases import CASES, Case

KEYS = "keys"


def make(folder: Path, say: Callable[[str], None]) -> bool:
    """Make all releases anew; True when each holds and the tampered one is refused."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _command("keys", folder / KEYS, "--p-percent", 10, "--dominance", 2, 85)
    outcome = [_make(folder / case.name, case, folder / KEYS, say) for case in CASES]
    outcome.append(_tampered(folder, CASES[0], say))
    return all(outcome)


def _command(*words: object) -> tuple[int, str]:
    """Run the command in this process; its exit code and what it printed, errors first."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            disclosure([str(word) for word in words])
        except SystemExit as ended:
            return int(ended.code or 0), errors.getvalue() + out.getvalue()
    return 0, errors.getvalue() + out.getvalue()


def _make(folder: Path, case: Case, keys: Path, say: Callable[[str], None]) -> bool:
    folder.mkdir()
    raw = folder / "input.parquet"
    pq.write_table(case.raw(), raw)
    (folder / "spec.yaml").write_text(yaml.safe_dump(case.spec, sort_keys=False, allow_unicode=True), encoding="utf-8")
    (folder / "recount.sql").write_text(case.sql, encoding="utf-8")
    site = ("--site", keys / "site.yaml")
    release = folder / "release"
    made, told = _command(
        *("protect", raw, "--spec", folder / "spec.yaml", "--out", release, *site),
        *("--signing-key", keys / "signing.key", "--report", folder / "report.html", "--lang", "en"),
    )
    if made:
        say(f"  ✗ {case.name}: protect ended with {made}: {told.splitlines()[-1]}")
        return False
    public, _ = _command("verify", release, "--public-key", keys / "signing.pub")
    private, _ = _command("verify", release, "--against", raw, *site)
    attacked, printed = _command("attack", release, "--against", raw, *site, "--json")
    same = _recounted(folder, case)
    rows = json.loads((release / "proof.json").read_text(encoding="utf-8"))["rows"]
    survived = sum(each["verdict"] == "survived" for each in json.loads(printed.splitlines()[-1])["attacks"])
    holds = (public, private, attacked) == (0, 0, 0) and same
    say(
        f"  {'✓' if holds else '✗'} {case.name}: {rows} rows; verify {public}, verify --against"
        f" {private}, attack {attacked} ({survived} survived), recount by SQL {'agrees' if same else 'DIFFERS'}"
    )
    return holds


def _recounted(folder: Path, case: Case) -> bool:
    """Whether the SQL beside the release, run on the raw input, gives the rows of the published table it speaks of."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"CREATE VIEW input AS FROM read_parquet('{folder / 'input.parquet'}')")
        con.execute(f"CREATE VIEW published AS FROM read_parquet('{folder / 'release' / PARQUET_NAME}')")
        counted = con.sql(case.sql).to_arrow_table()
        shown = con.sql(case.published_sql).to_arrow_table()
    return bool(shown.num_rows) and _rows(counted) == _rows(shown)


def _rows(table: pa.Table) -> list[tuple[str, ...]]:
    return sorted(tuple(str(value) for value in row.values()) for row in table.to_pylist())


def _tampered(folder: Path, case: Case, say: Callable[[str], None]) -> bool:
    """Change one count by one and repair every hash: who has only the files is told by the signature alone."""
    release, raw, keys = folder / "tampered", folder / case.name / "input.parquet", folder / KEYS
    shutil.copytree(folder / case.name / "release", release)
    for path in release.iterdir():
        path.chmod(0o644)
    table = pq.read_table(release / PARQUET_NAME)
    units = table.column("units").to_pylist()
    units[0] += 1
    table = table.set_column(table.column_names.index("units"), "units", pa.array(units, pa.int64()))
    write_parquet(table, release / PARQUET_NAME)
    (release / CSV_NAME).write_bytes(csv_bytes(table))
    proof: dict[str, Any] = json.loads((release / "proof.json").read_text(encoding="utf-8"))
    for name in (CSV_NAME, PARQUET_NAME):
        content = (release / name).read_bytes()
        proof["outputs"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (release / "proof.json").write_text(json.dumps(proof, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    signature, _ = _command("verify", release, "--public-key", keys / "signing.pub")
    against, _ = _command("verify", release, "--against", raw, "--site", keys / "site.yaml")
    refused = (signature, against) == (1, 1)
    say(f"  {'✓' if refused else '✗'} tampered in one cell: verify {signature}, --against {against}")
    return refused
