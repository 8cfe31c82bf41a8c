"""Files of tau-Argus: what is written is read back the same, and the forms of its own files are understood."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclosure import SpecInvalid
from disclosure.policies.suppression import Suppression
from disclosure.suppression.lattice import Dimension
from disclosure.tauargus.apriori import Prior, What, parameters, read_priors, write_priors
from disclosure.tauargus.hierarchy import read_hierarchy, write_hierarchy
from disclosure.tauargus.metadata import Column, Metadata, Role, read_metadata, write_metadata
from disclosure.tauargus.table import Cell, Status, read_table, write_table

# Codes with a leading blank and a group with a blank behind it, as in published hierarchies.
REGIONS = "North\n@ 1\n@ 2\nSouth \n@10\n"
METADATA = Metadata(
    columns=(
        Column(name="Size", role=Role.EXPLANATORY, total="Total", missing="99"),
        Column(name="Region", role=Role.EXPLANATORY, total="Total", hierarchy="region.hrc"),
        Column(name="Turnover", role=Role.RESPONSE, decimals=2),
        Column(name="Companies", role=Role.FREQUENCY),
        Column(name="Shadow", role=Role.SHADOW),
        Column(name="Cost", role=Role.COST),
        Column(name="Top1", role=Role.LARGEST),
        Column(name="Top2", role=Role.LARGEST),
        Column(name="State", role=Role.STATUS),
        Column(name="Lower", role=Role.LOWER),
        Column(name="Upper", role=Role.UPPER),
    )
)
amounts = st.decimals(0, 10**9, places=2)
codes = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=6)
cells = st.builds(
    Cell,
    codes=st.tuples(codes, codes),
    value=amounts,
    frequency=st.integers(0, 10**6),
    shadow=amounts,
    cost=amounts,
    largest=st.tuples(amounts, amounts),
    status=st.sampled_from(Status),
    lower=amounts,
    upper=amounts,
)


def test_a_hierarchy_gives_parents_and_keeps_leading_blanks():
    assert read_hierarchy(REGIONS) == {" 1": "North", " 2": "North", "10": "South"}


def test_a_hierarchy_is_a_tree_of_a_dimension():
    dimension = Dimension(column="region", trees=(read_hierarchy(REGIONS),))
    assert dimension.ancestors("10") == ("10", "South", "Total")


@given(st.dictionaries(codes, st.lists(codes, max_size=4), max_size=5))
def test_a_hierarchy_is_read_as_it_was_written(groups):
    parents, used = {}, set(groups)
    for group, parts in groups.items():
        for part in parts:
            if part not in used:
                used.add(part)
                parents[part] = group
    assert read_hierarchy(write_hierarchy(parents, list(groups))) == parents


@pytest.mark.parametrize(("text", "code"), [("A\n@@B\n", "hierarchy-depth"), ("A\n@B\n@B\n", "hierarchy-code-twice")])
def test_a_broken_hierarchy_is_refused(text, code):
    with pytest.raises(SpecInvalid) as refused:
        read_hierarchy(text)
    assert refused.value.code == code


def test_metadata_are_read_as_they_were_written():
    assert read_metadata(write_metadata(METADATA)) == METADATA


def test_metadata_with_options_that_are_not_used_here_are_read():
    text = (
        '   <SEPARATOR> ";"\nRegion "99"\n    <RECODEABLE>\n    <TOTCODE> "Total"\n    <DISTANCE> 2 4\n'
        '    <CODELIST> "REGION.CDL"\n    <HIERARCHICAL>\n    <HIERCODELIST> "region.hrc"\n    <HIERLEADSTRING> "@"\n'
        "Value\n    <NUMERIC>\n    <DECIMALS> 2\nOther\n    <NUMERIC> <SHADOW>\n"
    )
    found = read_metadata(text)
    assert [each.role for each in found.columns] == [Role.EXPLANATORY, Role.RESPONSE, Role.SHADOW]
    assert (found.columns[0].hierarchy, found.columns[0].missing) == ("region.hrc", "99")


@given(st.lists(cells, max_size=6))
def test_a_table_is_read_as_it_was_written(rows):
    assert read_table(write_table(rows, METADATA), METADATA) == rows


def test_commas_and_quoted_codes_with_blanks_are_read():
    metadata = Metadata(columns=METADATA.columns[:4])
    row = read_table('"Total";" 1";1986129,50;6112\n', metadata)[0]
    assert row == Cell(codes=("Total", " 1"), value=Decimal("1986129.50"), frequency=6112)


def test_a_line_that_does_not_fit_is_named():
    with pytest.raises(SpecInvalid) as refused:
        read_table('"Total";"N";1,00;2\n"Total";"N"\n', Metadata(columns=METADATA.columns[:4]))
    assert refused.value.params == {"line": 2}


PRIORS = [
    Prior(codes=("Total", "N"), what=What.PROTECTED),
    Prior(codes=("a", " 1"), what=What.ZERO),
    Prior(codes=("a", "N"), what=What.COST, amounts=(Decimal(12),)),
]


def test_priors_are_read_as_they_were_written():
    every = [*PRIORS, Prior(codes=("b", "N"), what=What.LEVELS, amounts=(Decimal("1.5"), Decimal(2)))]
    assert read_priors(write_priors(every), 2) == every


def test_priors_become_parameters_of_a_suppression():
    policy = Suppression(**parameters(PRIORS))
    assert policy.must_show == (("Total", "N"),)
    assert policy.structural_zeros == (("a", " 1"),)
    assert policy.weights == {("a", "N"): 12}


def test_nobody_can_declare_a_cell_safe_from_outside():
    with pytest.raises(SpecInvalid) as refused:
        parameters([Prior(codes=("a",), what=What.SAFE)])
    assert refused.value.code == "tauargus-not-applicable"
