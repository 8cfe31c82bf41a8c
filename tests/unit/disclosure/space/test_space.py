"""Grid, zones and H3: codes of INSPIRE, which sizes nest, negative coordinates, one parent for each area."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclosure.engine import connect
from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.space import H3, Grid, Zones, space_from
from disclosure.space.grid import cell_code, corner, size_m, size_name
from disclosure.space.project import to_metres

SIZES = ("100m", "200m", "250m", "500m", "1km", "2km", "5km", "10km", "100km")
metres = st.integers(-10_000_000, 10_000_000)


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("space"), "300MB", threads=1) as connection:
        yield connection


@pytest.mark.parametrize(
    ("level", "code"),
    [("1km", "1kmN2599E4695"), ("100m", "100mN25999E46959"), ("10km", "10kmN259E469"), ("250m", "250mN259975E469575")],
)
def test_codes_are_those_of_inspire(level, code):
    """Size, northing, easting of the lower left corner, without as many digits as the size has zeros."""
    assert cell_code(level, 4_695_999, 2_599_999) == code


def test_corner_of_a_cell_belongs_to_it_and_the_next_corner_does_not():
    assert cell_code("1km", 4_695_000, 2_599_000) == cell_code("1km", 4_695_999, 2_599_999)
    assert cell_code("1km", 4_696_000, 2_599_000) != cell_code("1km", 4_695_999, 2_599_000)


@given(st.sampled_from(SIZES), metres, metres)
def test_code_names_the_one_cell_that_holds_the_point(level, x, y):
    found, west, south = corner(cell_code(level, x, y))
    assert found == level
    assert west <= x < west + size_m(level)
    assert south <= y < south + size_m(level)


@given(
    st.sampled_from([("100m", "500m"), ("500m", "1km"), ("1km", "2km"), ("2km", "10km"), ("1km", "5km")]),
    metres,
    metres,
)
def test_parent_of_a_cell_holds_every_point_of_it(pair, x, y):
    grid = Grid(of={"p": ("x", "y")})
    assert grid.parent(cell_code(pair[0], x, y), *pair) == cell_code(pair[1], x, y)


@pytest.mark.parametrize("levels", [("2km", "5km"), ("250m", "1km", "4km", "10km"), ("10km", "1km")])
def test_sizes_that_do_not_nest_are_refused(levels):
    with pytest.raises(SpecInvalid, match="levels-do-not-nest"):
        Grid(of={"p": ("x", "y")}).check(levels)


@pytest.mark.parametrize("name", ["1000m", "0km", "1 km", "1KM", "01km"])
def test_one_size_has_one_name(name):
    with pytest.raises(SpecInvalid, match="grid-size-unknown"):
        size_m(name)
    assert size_name(1000) == "1km"


@pytest.mark.parametrize("kind", [pa.float64(), pa.int64(), pa.decimal128(24, 2)])
def test_engine_and_python_put_a_point_into_the_same_cell_on_both_sides_of_zero(con, kind):
    """Integer division in SQL rounds towards zero, which would merge the cells on both sides of it."""
    points = [-1000, -999, -501, -500, -499, -1, 0, 1, 499, 500, 999, 1000]
    con.register("points", pa.table({"x": pa.array(points).cast(kind), "y": pa.array(points[::-1]).cast(kind)}))
    grid = Grid(of={"p": ("x", "y")})
    axis = grid.axes(con, "points", ("500m", "1km"))[0]
    rows = con.execute(f"SELECT {axis.finest}, {grid.codes_sql('p', ['500m'])} FROM points").fetchall()
    expected = [cell_code("500m", x, y) for x, y in zip(points, points[::-1], strict=True)]
    import numpy as np

    assert axis.labels(0, np.array([number for number, _ in rows])).to_pylist() == expected
    assert [code for _, code in rows] == expected
    coarse = axis.labels(1, axis.parents[0][np.array([number for number, _ in rows])]).to_pylist()
    assert coarse == [cell_code("1km", x, y) for x, y in zip(points, points[::-1], strict=True)]
    con.unregister("points")


def test_fraction_of_a_metre_is_floored(con):
    con.register("points", pa.table({"x": [-0.5, 999.999], "y": [-0.001, 0.0]}))
    grid = Grid(of={"p": ("x", "y")})
    codes = con.execute(f"SELECT {grid.codes_sql('p', ['1km'])} FROM points").fetchall()
    assert codes == [("1kmN-1E-1",), ("1kmN0E0",)]
    con.unregister("points")


def test_capacity_counts_what_lies_in_the_frame_and_is_possible(con):
    grid = Grid(of={"p": ("x", "y")}, area=(1000, 0, 5000, 2000), impossible=frozenset({"1kmN0E1", "1kmN1E1"}))
    con.register("points", pa.table({"x": [1500], "y": [500]}))
    axis = grid.axes(con, "points", ("1km", "2km", "4km", "all"))[0]
    # Of the first 2 km column only x = 1 km lies in the frame, and both its cells are lakes.
    named = dict(zip(axis.labels(1, _numbers(axis.sizes[1])).to_pylist(), axis.capacity[0].tolist(), strict=True))
    assert {code: n for code, n in named.items() if n} == {"2kmN0E2": 4, "2kmN0E4": 2}
    for step, (fine, coarse) in enumerate((("1km", "2km"), ("2km", "4km"), ("4km", "all"))):
        codes = axis.labels(step + 1, _numbers(axis.sizes[step + 1])).to_pylist()
        assert [grid.children(code, coarse, fine, "1km") for code in codes] == axis.capacity[step].tolist()
    con.unregister("points")


def _numbers(size):
    import numpy as np

    return np.arange(size)


def test_zone_with_two_parents_is_refused():
    with pytest.raises(SpecInvalid, match="zones-two-parents"):
        Zones(of=("z",), levels=("zone", "district", "town"), parents={"a": ("D", "T"), "b": ("D", "U")})
    with pytest.raises(SpecInvalid, match="zones-chain-incomplete"):
        Zones(of=("z",), levels=("zone", "district"), parents={"a": ()})


def test_zones_may_skip_a_level_of_their_table(con):
    zones = Zones(of=("z",), levels=("zone", "district", "town"), parents={"a": ("D", "T"), "b": ("E", "T")})
    zones.check(("zone", "town", "all"))
    axis = zones.axes(con, "nothing", ("zone", "town", "all"))[0]
    assert [each.tolist() for each in axis.capacity] == [[2], [1]]
    assert zones.parent("a", "zone", "town") == "T"


def test_h3_parents_and_capacity_are_those_of_the_library(con):
    h3 = pytest.importorskip("h3")
    cells = [h3.latlng_to_cell(46.05 + n / 200, 14.5, 9) for n in range(20)]
    con.register("points", pa.table({"cell": cells}))
    lake = cells[0]
    space = H3(of=("cell",), impossible=frozenset({lake}))
    levels = ("r9", "r8", "r7")
    space.check(levels)
    axis = space.axes(con, "points", levels)[0]
    codes = axis.labels(1, _numbers(axis.sizes[1])).to_pylist()
    assert axis.capacity[0].tolist() == [6 if code == h3.cell_to_parent(lake, 8) else 7 for code in codes]
    assert set(codes) == {h3.cell_to_parent(cell, 8) for cell in cells}
    assert space_from(space.public()) == space
    con.register("points", pa.table({"cell": [*cells, h3.cell_to_parent(cells[0], 8)]}))
    with pytest.raises(DisclosureRefused, match="h3-column-unreadable"):
        space.axes(con, "points", levels)
    con.unregister("points")


def test_projection_agrees_with_a_known_point_and_keeps_missing_positions(con):
    """Source: EPSG's registry: the origin of EPSG:3035 is 52° N 10° E, false easting 4,321,000, northing 3,210,000."""
    con.register("points", pa.table({"lon": [10.0, None, 10.0], "lat": [52.0, 46.0, None]}))
    to_metres(con, "points", "projected", {("lon", "lat"): ("x", "y")})
    found = con.execute("SELECT x, y FROM projected").fetchall()
    assert found[1:] == [(None, None), (None, None)]
    assert abs(found[0][0] - 4_321_000) <= 1
    assert abs(found[0][1] - 3_210_000) <= 1
    con.unregister("points")
