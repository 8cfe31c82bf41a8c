"""Hierarchy files: what is read, what is refused, and what a label covers."""

from __future__ import annotations

import pytest

from disclosure import SpecInvalid
from disclosure.recoding.forest import PARTS, forest_of
from disclosure.recoding.hierarchy import Hierarchy, hierarchies_from, with_files

FILE = "Ljubljana;Osrednja;*\nMaribor;Podravje;*\r\nPtuj;Podravje;*\n"


def test_arx_file_is_read_and_leaves_of_one_node_stand_together():
    town = Hierarchy.from_text("town", FILE)
    assert town.leaves == ("Ljubljana", "Maribor", "Ptuj")
    assert town.covered()["Podravje"] == {"Maribor", "Ptuj"}
    assert town.root == "*"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "hierarchy-empty"),
        ("a;x;*\nb;*\n", "hierarchy-ragged"),
        ("a;x;*\na;y;*\n", "hierarchy-leaf-repeated"),
        ("a;x;*\nb;x;all\n", "hierarchy-no-root"),
        ("a;x;north;*\nb;x;south;*\n", "hierarchy-not-a-tree"),
        ("a;b;*\nb;b;*\n", "hierarchy-not-a-tree"),
        ("a\n", "hierarchy-not-a-tree"),
    ],
)
def test_file_whose_labels_would_not_say_what_they_cover_is_refused(text, code):
    with pytest.raises(SpecInvalid) as caught:
        Hierarchy.from_text("town", text)
    assert caught.value.code == code


def test_label_repeated_along_one_branch_is_the_same_node():
    padded = Hierarchy.from_text("island", "Vis;Vis;*\nBled;Bled;*\n")
    assert padded.covered()["Vis"] == {"Vis"}


def test_order_of_lines_changes_nothing():
    lines = FILE.replace("\r", "").strip().split("\n")
    assert Hierarchy.from_text("town", "\n".join(lines[::-1])) == Hierarchy.from_text("town", FILE)


def test_unreadable_file_names_the_column_and_not_the_folder(tmp_path):
    (tmp_path / "latin.csv").write_bytes("Škofja Loka;*".encode("cp1250"))
    with pytest.raises(SpecInvalid) as caught:
        Hierarchy.from_file("town", tmp_path / "latin.csv")
    assert caught.value.params == {"column": "town", "file": "latin.csv"}


def test_intervals_are_nested_within_stated_bounds():
    age = Hierarchy.of_intervals("age", 0, 11, (5, 10))
    assert {("9", "5-9", "0-9", "*"), ("11", "10-11", "10-11", "*"), ("0", "0-4", "0-9", "*")} <= set(age.rows)
    with pytest.raises(SpecInvalid, match="hierarchy-intervals"):
        Hierarchy.of_intervals("age", 0, 11, (5, 8))


def test_statement_may_name_a_file_beside_it_or_intervals(tmp_path):
    (tmp_path / "town.csv").write_text(FILE, encoding="utf-8")
    stated = {"hierarchies": {"town": "town.csv", "age": {"low": 0, "high": 11, "widths": [5, 10]}}, "distinct_l": 2}
    read = with_files(stated, tmp_path)
    assert read["distinct_l"] == 2
    assert hierarchies_from(read["hierarchies"]) == {
        "town": Hierarchy.from_text("town", FILE),
        "age": Hierarchy.of_intervals("age", 0, 11, (5, 10)),
    }
    with pytest.raises(SpecInvalid, match="hierarchy-unreadable"):
        with_files({"hierarchies": {"town": "no-such.csv"}}, tmp_path)
    with pytest.raises(SpecInvalid, match="hierarchy-intervals"):
        hierarchies_from({"age": {"low": 0}})


def test_loss_is_zero_at_a_leaf_one_at_the_root_and_counts_leaves_between():
    forest = forest_of([Hierarchy.from_text("town", FILE)])
    maribor = 1
    assert [int(forest.loss[0, level, maribor]) for level in range(3)] == [0, PARTS // 2, PARTS]


def test_missing_value_has_no_node_in_common_with_any_value_but_the_root():
    forest = forest_of([Hierarchy.from_text("town", FILE)])
    missing = 3
    levels = forest.common_levels(forest.up[:, 0, [0, 1, 2]].T, forest.up[:, 0, [missing] * 3].T)
    assert levels.ravel().tolist() == [2, 2, 2]


def test_combinations_are_tried_from_leaves_to_roots_whatever_the_data():
    lattice = forest_of([Hierarchy.from_text("town", FILE), Hierarchy.from_text("sex", "f;*\nm;*\n")]).lattice()
    assert lattice[0].tolist() == [0, 0]
    assert lattice[-1].tolist() == [2, 1]
    assert len({tuple(each) for each in lattice.tolist()}) == 6
