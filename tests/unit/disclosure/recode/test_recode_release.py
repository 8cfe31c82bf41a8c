"""A release of microdata as files: written, checked by a stranger, checked against its input, tampered with."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from guards.recode import HIERARCHIES, NAMES, survey

from disclosure import Spec, gate, load_preset, protect, release, verify
from disclosure.claims.core import Status
from disclosure.cli.job import load as load_job
from disclosure.engine import connect
from disclosure.policies.recode import Recode
from disclosure.recheck import verify_against

PRESET = load_preset("house-personal")
SPEC = Spec(unit="person", quasi=("age", "town"), sensitive=("illness",), weight="w")
POLICY = Recode(hierarchies=HIERARCHIES, one_record_per_unit=True, distinct_l=2, t="0.3")


@pytest.fixture
def written(tmp_path):
    """The connection with the input, and the folder of its release."""
    with connect(tmp_path, "500MB") as con:
        rows = survey()
        con.register("rows_in", pa.table({name: [row[i] for row in rows] for i, name in enumerate(NAMES)}))
        con.execute("CREATE TABLE people AS SELECT * FROM rows_in")
        cleared = gate(con, "people", protect(con, "people", SPEC, PRESET, POLICY), SPEC, PRESET)
        folder = tmp_path / "r-1"
        release.write(folder, cleared, SPEC, PRESET, release_id="r-1", input_hmac="ab" * 32, extra={})
        yield con, folder


def failing(answers):
    return {each.name for each in answers if each.status is Status.FAILS}


def test_a_stranger_finds_every_claim_that_the_files_can_show(written):
    _, folder = written
    answers = {each.name: each.status for each in verify(folder)}
    assert not failing(verify(folder))
    for name in ("labels-in-hierarchy", "records-per-class", "l-diversity", "t-closeness", "weight-same-in-class"):
        assert answers[name] is Status.HOLDS
    assert answers["min-units"] is Status.HOLDS


def test_the_input_agrees_with_the_files_alone(written):
    con, folder = written
    assert not failing(verify_against(folder, con, "people"))


def test_one_changed_value_is_found_by_both(written):
    con, folder = written
    table = pq.read_table(folder / "data.parquet")
    values = table.column("illness").to_pylist()
    values[0] = "flu" if values[0] != "flu" else "asthma"
    at = table.column_names.index("illness")
    (folder / "data.parquet").chmod(0o644)
    pq.write_table(table.set_column(at, "illness", pa.array(values)), folder / "data.parquet")
    assert failing(verify(folder))
    assert failing(verify_against(folder, con, "people"))


def test_specification_of_the_documentation_is_one_that_works(project_root, tmp_path):
    page = (project_root / "docs" / "microdata.md").read_text(encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    (tmp_path / "town.csv").write_text("a;north;*\nb;north;*\nc;south;*\n", encoding="utf-8")
    job = load_job(tmp_path / "spec.yaml")
    job.policy.check(job.spec, job.required_preset(), job.site)
    assert job.policy.shape(job.spec).names == ("record", "age", "town", "illness", "income", "w")


def test_neither_unit_nor_witness_is_in_any_file(written):
    _, folder = written
    assert json.loads((folder / "proof.json").read_text())["policy"]["facts"]["records_left_out"] == 0
    for path in folder.iterdir():
        content = path.read_bytes()
        assert b"p17" not in content
        assert b"__label" not in content
