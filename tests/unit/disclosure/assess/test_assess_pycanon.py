"""k, distinct l and t agree with pycanon on complete data."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv
import pytest
from assess_tables import relation

from disclosure.assess import Kernel, Questions, assess
from disclosure.spec import Spec

anonymity = pytest.importorskip("pycanon.anonymity")
pd = pytest.importorskip("pandas")

QUASI = ("sex", "race", "marital-status", "workclass")
ROWS = 600


@pytest.fixture(scope="module")
def adult(fixtures_dir):
    options = pyarrow.csv.ParseOptions(delimiter=";")
    return pyarrow.csv.read_csv(fixtures_dir / "microdata" / "adult.csv", parse_options=options)


@pytest.mark.parametrize("kernel", [Kernel.SQL, Kernel.PACKED])
@pytest.mark.parametrize(
    ("sensitive", "kind"), [("occupation", "equal"), ("salary-class", "equal"), ("age", "ordered")]
)
def test_agrees_with_pycanon_on_adult(adult, kernel, sensitive, kind):
    part = adult.slice(0, ROWS)
    frame = part.to_pandas()
    with relation([], part.schema) as con:
        con.register("part", part)
        spec = Spec(unit=None, quasi=QUASI, sensitive=(sensitive,))
        risk = assess(con, "part", spec, Questions(kernel=kernel, small_sets=False))
    found = risk.sensitive[0]
    assert risk.rows_k == anonymity.k_anonymity(frame, list(QUASI))
    assert found.diversity.distinct == anonymity.l_diversity(frame, list(QUASI), [sensitive])
    expected = anonymity.t_closeness(frame, list(QUASI), [sensitive])
    assert float(getattr(found.closeness, kind)) == pytest.approx(expected, abs=1e-9)


def test_both_kernels_agree_on_all_of_adult(adult):
    assert isinstance(adult, pa.Table)
    risks = []
    for kernel in (Kernel.SQL, Kernel.PACKED):
        with relation([], adult.schema) as con:
            con.register("adult", adult)
            spec = Spec(unit=None, quasi=tuple(adult.column_names[:-1]), sensitive=("salary-class",))
            risks.append(assess(con, "adult", spec, Questions(kernel=kernel, small_sets=False)))
    assert risks[0] == risks[1]
    assert risks[0].rows_k == 1
