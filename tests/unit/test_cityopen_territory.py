"""The register of municipalities: complete, by code, in the order of the Slovene alphabet."""

from __future__ import annotations

from collections import Counter

import pytest

from cityopen import territory


def test_every_municipality_of_the_country_is_there_once():
    codes = [item.code for item in territory.municipalities()]
    assert len(codes) == len(set(codes)) == 212


def test_each_has_a_region_and_the_regions_divide_all_of_them():
    sizes = Counter(item.region.code for item in territory.municipalities())
    assert set(sizes) == {region.code for region in territory.regions()}
    assert len(sizes) == 12
    assert sizes["SI032"] == 41


@pytest.mark.parametrize("spelling", ["61", "061", "SI-061", "si-61", " 061 "])
def test_a_code_is_read_in_every_usual_spelling(spelling):
    found = territory.municipality(spelling)
    assert found is not None
    assert (found.name, found.register_code, found.region.name("en")) == ("Ljubljana", "061", "Central Slovenia")


@pytest.mark.parametrize("code", ["145", "999", "", "Ljubljana", "-1", "0061"])
def test_what_is_no_code_is_no_municipality(code):
    assert territory.municipality(code) is None


def test_names_sort_by_the_slovene_alphabet():
    names = ["Žalec", "Zreče", "Črnomelj", "Celje", "Šentjur", "Sevnica"]
    assert sorted(names, key=territory.sort_key) == ["Celje", "Črnomelj", "Sevnica", "Šentjur", "Zreče", "Žalec"]
