"""The command line from end to end on a small file: measured, explained, protected, verified, attacked."""

from __future__ import annotations

import json

import pytest

from disclosure.cli.app import main

SPEC = """
unit: meter_id
zone: area
time: ts
timezone: Europe/Ljubljana
time_bin: P1D
measures:
  kwh: {kind: sum, decimals: 1, unit: kWh}
count_rows_as: readings
preset: house-personal
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """An input with a large and a small area, a specification, and keys."""
    monkeypatch.setenv("DISCLOSURE_LANG", "en")
    rows = [
        f"{area}{meter},{area},2026-07-01T{hour:02d}:30:00+02:00,{1 + meter % 3}.5"
        for area, meters in (("north", 14), ("south", 4))
        for meter in range(meters)
        for hour in range(24)
    ]
    rows.insert(0, "meter_id,area,ts,kwh")
    (tmp_path / "in.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    assert run("keys", tmp_path / "keys", "--p-percent", "10") == 0
    return tmp_path


def run(*words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code


def last_json(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def protect(files, *more):
    return run(
        *("protect", files / "in.csv", "--spec", files / "spec.yaml", "--out", files / "release"),
        *("--signing-key", files / "keys" / "signing.key", "--site", files / "keys" / "site.yaml", *more),
    )


def test_assess_names_the_cells_that_are_too_small(files, capsys):
    assert run("assess", files / "in.csv", "--spec", files / "spec.yaml") == 0
    shown = capsys.readouterr()
    assert "Rows: 432" in shown.out
    assert "Cells with fewer than 10 units: 1" in shown.out
    assert "rows/s" in shown.err


def test_explain_says_the_share_that_each_level_keeps(files, capsys):
    assert run("explain", files / "in.csv", "--spec", files / "spec.yaml", "--json") == 0
    plan = last_json(capsys)
    assert plan["rows"] == 432
    assert sum(step["rows"] for step in plan["steps"]) == 14 * 24
    assert [choice["level"] for choice in plan["alternatives"]] == ["PT15M", "PT1H", "P1D"]


def test_a_release_is_made_and_holds_for_everybody_and_against_its_input(files, capsys):
    assert protect(files, "--json") == 0
    assert last_json(capsys)["rows"] == 1
    key = files / "keys" / "signing.pub"
    assert run("verify", files / "release", "--public-key", key) == 0
    against = ("--against", files / "in.csv", "--site", files / "keys" / "site.yaml")
    assert run("verify", files / "release", "--public-key", key, *against) == 0
    assert "✗" not in capsys.readouterr().out


def test_a_release_changed_in_one_cell_is_refused_by_both(files, capsys):
    assert protect(files) == 0
    table = files / "release" / "data.csv"
    table.chmod(0o644)
    table.write_text(table.read_text().replace("north", "south"))
    assert run("verify", files / "release") == 1
    assert "does NOT hold" in capsys.readouterr().out


def test_attacks_on_the_release_fail(files, capsys):
    assert protect(files) == 0
    capsys.readouterr()
    assert run("attack", files / "release", "--against", files / "in.csv", "--json") == 0
    found = last_json(capsys)
    assert found["broken"] == 0
    assert {"recount", "missing-value"} <= {
        each["attack"] for each in found["attacks"] if each["verdict"] == "survived"
    }


def test_the_officers_report_is_written_in_the_language_asked_for(files, capsys):
    assert protect(files, "--report", files / "report.html", "--lang", "sl") == 0
    report = (files / "report.html").read_text(encoding="utf-8")
    assert '<html lang="sl">' in report
    assert "Kaj se je izgubilo" in report
    assert "http" not in report.replace("http://www.w3.org", "")


def test_without_a_unit_nothing_is_released(files, capsys):
    (files / "spec.yaml").write_text(SPEC.replace("unit: meter_id\n", ""), encoding="utf-8")
    assert protect(files, "--json") == 1
    assert last_json(capsys)["error"]["code"] == "unit-missing"
    assert not (files / "release").exists()


def test_a_wrong_specification_ends_with_two_and_says_what_was_meant(files, capsys):
    (files / "spec.yaml").write_text(SPEC.replace("measures:", "measure:"), encoding="utf-8")
    assert run("assess", files / "in.csv", "--spec", files / "spec.yaml") == 2
    assert "measures" in capsys.readouterr().err


def test_keys_are_private_and_never_overwritten(files, capsys):
    for name in ("signing.key", "site.yaml"):
        assert (files / "keys" / name).stat().st_mode & 0o077 == 0
    assert run("keys", files / "keys") == 2
