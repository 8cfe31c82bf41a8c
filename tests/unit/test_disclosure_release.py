"""A release is an immutable folder: whole or not there, reproducible, and verified by anybody."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from disclosure import (
    DisclosureRefused,
    Measure,
    ReleaseExists,
    Spec,
    Status,
    gate,
    load_preset,
    passes,
    protect,
    release,
    verify,
)
from disclosure.engine import connect
from disclosure.proof import proof_schema
from disclosure.verify import NOT_RECOMPUTABLE

PRESET = load_preset("house-personal")
SPEC = Spec(
    unit="meter",
    zone="zone",
    time="ts",
    measures={"kwh": Measure(decimals=1, unit="kWh")},
    unit_label={"sl": "merilna mesta", "en": "metering points"},
)
START = datetime(2026, 10, 1, 6, tzinfo=UTC)
WORDS = {"release_id": "r-1", "input_hmac": "ab" * 32, "extra": {"audit_head": "0" * 64, "period": "2026-10"}}
ZONES = ("=HYPERLINK(1)", "a", "b")


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("release"), "500MB") as connection:
        rows = [
            (f"secret-{zone}-{m}", zone, START + timedelta(hours=h), 1.5 + m + h * z)
            for z, zone in enumerate(ZONES)
            for m in range(10 + z)
            for h in range(3)
        ]
        columns = {name: [row[i] for row in rows] for i, name in enumerate(("meter", "zone", "ts", "kwh"))}
        connection.register("rows_in", pa.table(columns))
        connection.execute("CREATE TABLE input AS SELECT * FROM rows_in")
        yield connection


@pytest.fixture(scope="module")
def cleared(con):
    return gate(con, "input", protect(con, "input", SPEC, PRESET), SPEC, PRESET)


@pytest.fixture
def folder(cleared, tmp_path):
    release.write(tmp_path / "r-1", cleared, SPEC, PRESET, **WORDS)
    return tmp_path / "r-1"


def failing(folder):
    return {claim.name for claim in verify(folder) if claim.status is Status.FAILS}


def replace_file(path, content: bytes):
    path.unlink()
    path.write_bytes(content)


def edit_proof(folder, edit):
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    edit(proof)
    replace_file(folder / "proof.json", json.dumps(proof).encode())


def forge_hash(folder, name):
    """What a forger does after changing a file: write its new hash into the proof."""
    content = (folder / name).read_bytes()
    stated = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    edit_proof(folder, lambda proof: proof["outputs"].update({name: stated}))


def test_untouched_release_holds_and_says_what_cannot_be_recomputed(folder):
    answers = verify(folder)
    assert passes(answers)
    cannot = {claim.name for claim in answers if claim.status is Status.CANNOT}
    assert cannot == {"signature", *NOT_RECOMPUTABLE}


def test_folder_holds_four_read_only_files(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["data.csv", "data.parquet", "proof.json", "schema.json"]
    assert {path.stat().st_mode & 0o222 for path in folder.iterdir()} == {0}


def test_no_unit_appears_in_any_file(folder):
    assert all(b"secret-" not in path.read_bytes() for path in folder.iterdir())


def test_csv_and_parquet_carry_the_same_figures(folder):
    table = pq.read_table(folder / "data.parquet")
    rows = list(csv.DictReader((folder / "data.csv").open(encoding="utf-8")))
    assert [Decimal(row["kwh"]) for row in rows] == table.column("kwh").to_pylist()
    assert [row["period_start"] for row in rows[:3]] == [f"2026-10-01T0{hour}:00:00Z" for hour in (6, 7, 8)]


def test_text_that_starts_a_formula_is_neutralized_in_the_csv(folder):
    zones = {row["zone"] for row in csv.DictReader((folder / "data.csv").open(encoding="utf-8"))}
    assert zones == {"'=HYPERLINK(1)", "a", "b"}
    assert set(pq.read_table(folder / "data.parquet").column("zone").to_pylist()) == set(ZONES)


def test_schema_describes_every_column_with_titles_and_units(folder):
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    fields = {field["name"]: field for field in schema["fields"]}
    assert list(fields) == ["zone", "period_start", "units", "kwh"]
    assert fields["units"]["titles"] == {"sl": "merilna mesta", "en": "metering points"}
    assert (fields["kwh"]["unit"], fields["kwh"]["aggregation"]) == ("kWh", "sum")


def test_proof_follows_its_published_schema(folder):
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(proof_schema())
    jsonschema.validate(proof, proof_schema())
    assert proof["audit_head"] == "0" * 64
    assert proof["context"] == {"period": "2026-10"}
    assert proof["achieved"] == {"min_units": 10}
    assert proof["preset"]["parameters"] == {"min_units": 10, "zero_is_small": True}


def test_same_table_gives_the_same_bytes(cleared, folder, tmp_path):
    release.write(tmp_path / "again", cleared, SPEC, PRESET, **WORDS)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_release_is_never_overwritten(cleared, folder):
    before = (folder / "proof.json").read_bytes()
    with pytest.raises(ReleaseExists):
        release.write(folder, cleared, SPEC, PRESET, **WORDS | {"release_id": "other"})
    assert (folder / "proof.json").read_bytes() == before


def test_folder_that_exists_is_not_used_even_when_empty(cleared, tmp_path):
    (tmp_path / "r-1").mkdir()
    with pytest.raises(ReleaseExists):
        release.write(tmp_path / "r-1", cleared, SPEC, PRESET, **WORDS)
    assert list((tmp_path / "r-1").iterdir()) == []


def test_interrupted_writing_leaves_nothing_behind(cleared, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(release, "make_proof", fail)
    with pytest.raises(OSError, match="disk full"):
        release.write(tmp_path / "r-1", cleared, SPEC, PRESET, **WORDS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("spec", "preset", "words", "code"),
    [
        (replace(SPEC, timezone="Europe/Ljubljana"), PRESET, {}, "cleared-by-other-rules"),
        (SPEC, PRESET.tightened(min_units=11), {}, "cleared-by-other-rules"),
        (SPEC, PRESET, {"input_hmac": "not-a-hash"}, "input-hmac-malformed"),
    ],
)
def test_release_needs_what_the_gate_judged(cleared, tmp_path, spec, preset, words, code):
    with pytest.raises(DisclosureRefused) as refusal:
        release.write(tmp_path / "r-1", cleared, spec, preset, **WORDS | words)
    assert refusal.value.code == code


def test_empty_table_is_not_released(con, tmp_path):
    preset = PRESET.tightened(min_units=1000)
    cleared = gate(con, "input", protect(con, "input", SPEC, preset), SPEC, preset)
    with pytest.raises(DisclosureRefused) as refusal:
        release.write(tmp_path / "r-1", cleared, SPEC, preset, **WORDS)
    assert refusal.value.code == "nothing-to-publish"


def test_any_single_changed_cell_in_the_csv_is_found_even_with_a_forged_hash(folder, tmp_path):
    rows = list(csv.reader((folder / "data.csv").open(encoding="utf-8", newline="")))
    for number in range(len(rows)):
        for column in range(len(rows[0])):
            copy = tmp_path / f"copy-{number}-{column}"
            shutil.copytree(folder, copy)
            edited = [list(row) for row in rows]
            edited[number][column] += "1"
            text = "".join(",".join(row) + "\n" for row in edited)
            replace_file(copy / "data.csv", text.encode())
            assert "unchanged:data.csv" in failing(copy)
            forge_hash(copy, "data.csv")
            assert failing(copy) == {"same-table"}, (number, column)


def test_any_single_changed_cell_in_the_parquet_is_found_even_with_a_forged_hash(folder, tmp_path):
    table = pq.read_table(folder / "data.parquet")
    later = {
        str: lambda v: v + "x",
        int: lambda v: v + 1,
        Decimal: lambda v: v + 1,
        datetime: lambda v: v + timedelta(1),
    }
    for name in table.column_names:
        for number in range(table.num_rows):
            copy = tmp_path / f"copy-{name}-{number}"
            shutil.copytree(folder, copy)
            rows = table.to_pylist()
            rows[number][name] = next(
                change(rows[number][name]) for kind, change in later.items() if isinstance(rows[number][name], kind)
            )
            (copy / "data.parquet").unlink()
            pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), copy / "data.parquet")
            assert "unchanged:data.parquet" in failing(copy)
            forge_hash(copy, "data.parquet")
            assert "same-table" in failing(copy), (name, number)


def forge_table(folder, edit):
    """Change both files alike and put the new hashes into the proof: only the rules themselves can object."""
    from disclosure.tables import csv_bytes, write_parquet

    table = pq.read_table(folder / "data.parquet")
    rows = table.to_pylist()
    edit(rows)
    forged = pa.Table.from_pylist(rows, schema=table.schema)
    replace_file(folder / "data.csv", csv_bytes(forged))
    (folder / "data.parquet").unlink()
    write_parquet(forged, folder / "data.parquet")
    for name in ("data.csv", "data.parquet"):
        forge_hash(folder, name)
    edit_proof(folder, lambda proof: proof.update(rows=len(rows)))


def add_totals(rows):
    hours = sorted({row["period_start"] for row in rows})
    for hour in hours:
        cells = [row for row in rows if row["period_start"] == hour]
        sums = {name: sum(row[name] for row in cells) for name in ("units", "kwh")}
        rows.append({"zone": "zz", "period_start": hour, **sums})


@pytest.mark.parametrize(
    ("edit", "claim"),
    [
        (lambda rows: rows[0].update(units=9), "min-units"),
        (lambda rows: [row.update(units=row["units"] + 5) for row in rows], "achieved-minimum"),
        (lambda rows: rows[1].update(kwh=Decimal("0.0")), "no-zero"),
        (lambda rows: rows.reverse(), "order-and-unique-cells"),
        (lambda rows: rows.insert(1, dict(rows[0])), "order-and-unique-cells"),
        (lambda rows: rows[-1].update(zone="Skupaj"), "no-totals"),
        (add_totals, "no-totals"),
    ],
)
def test_rule_broken_in_both_files_alike_is_found(folder, edit, claim):
    forge_table(folder, edit)
    assert claim in failing(folder)


@pytest.mark.parametrize(
    ("edit", "claim"),
    [
        (lambda proof: proof["achieved"].update(min_units=12), "achieved-minimum"),
        (lambda proof: proof["preset"]["parameters"].update(min_units=5), "preset-as-strict-as-law"),
        (lambda proof: proof["preset"]["parameters"].update(zero_is_small=False), "preset-as-strict-as-law"),
        (lambda proof: proof["unit"].update(kind="none"), "preset-as-strict-as-law"),
        (lambda proof: proof["unit"].update(column="zone"), "unit-as-preset"),
        (lambda proof: proof.update(rows=1), "row-count"),
        (lambda proof: proof.update(surprise=1), "proof-readable"),
        (lambda proof: proof["withheld"].update(cells="7 cells"), "proof-readable"),
        (lambda proof: proof["spec"]["measures"][0].update(kind="max"), "proof-readable"),
    ],
)
def test_forged_statement_in_the_proof_is_found(folder, edit, claim):
    edit_proof(folder, edit)
    assert claim in failing(folder)


def test_preset_that_is_not_known_here_is_said_to_be_unknown(folder):
    edit_proof(folder, lambda proof: proof["preset"].update(version="2031-4"))
    assert {claim.name: claim.status for claim in verify(folder)}["preset-as-strict-as-law"] is Status.CANNOT


@pytest.mark.parametrize("name", ["data.csv", "data.parquet", "schema.json", "proof.json"])
def test_missing_or_broken_file_is_a_failing_claim_and_no_crash(folder, name):
    replace_file(folder / name, b"\xff\x00broken")
    assert not passes(verify(folder))
    (folder / name).unlink()
    assert not passes(verify(folder))


def test_extra_file_is_found(folder):
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    assert failing(folder) == {"files-complete"}
