"""Search on the stack's own Solr: what CKAN asks of it, Slovene letters, dates with offsets, polygons."""

from __future__ import annotations

import json

import ckan.plugins.toolkit as tk
import ckan.tests.factories as factories
import pytest
import requests
from ckan.lib.search.common import make_connection
from ckan.plugins import plugin_loaded

# An L: the square from (14, 46) to (15, 47) without its upper right quarter.
L_SHAPE = [[14, 46], [15, 46], [15, 46.5], [14.5, 46.5], [14.5, 47], [14, 47], [14, 46]]


@pytest.fixture(autouse=True)
def portal(with_plugins, reset_db, migrate_db_for, clean_index):
    """An empty portal with the tables of the plugins that have some."""
    reset_db()
    for plugin in ("activity", "datastrategy"):
        if plugin_loaded(plugin):
            migrate_db_for(plugin)


@pytest.fixture
def organization(portal):
    return factories.Organization(name="mesto", title="Mesto")


def dataset(name: str, organization: dict, **fields) -> dict:
    return factories.Dataset(name=name, owner_org=organization["id"], **fields)


def found(**query) -> list[str]:
    return [one["name"] for one in tk.get_action("package_search")({}, {"rows": 50, **query})["results"]]


def test_slovene_letters_are_found_without_their_marks_and_the_other_way_round(organization):
    dataset("stevci", organization, title="Števci porabe električne energije v občini Žalec")
    assert found(q="stevci") == found(q="Števci") == found(q="zalec") == found(q="obcini") == ["stevci"]
    assert found(q="vodovod") == []


def test_facets_count_and_filters_take_and_leave(organization):
    dataset("aa", organization, tags=[{"name": "voda"}, {"name": "zrak"}])
    dataset("bb", organization, tags=[{"name": "voda"}])
    answer = tk.get_action("package_search")({}, {"facet.field": ["tags", "organization"]})
    assert answer["facets"]["tags"] == {"voda": 2, "zrak": 1}
    assert answer["facets"]["organization"] == {"mesto": 2}
    assert found(fq="+tags:voda -tags:zrak") == ["bb"]
    assert sorted(found(fq='tags:("zrak" OR "voda")')) == ["aa", "bb"]


def test_results_are_sorted_by_title_both_ways(organization):
    for name, title in (("xx", "Beta"), ("yy", "Alfa"), ("zz", "Gama")):
        dataset(name, organization, title=title)
    assert found(sort="title_string asc") == ["yy", "xx", "zz"]
    assert found(sort="title_string desc") == ["zz", "xx", "yy"]


@pytest.mark.parametrize(
    ("written", "second"),
    [
        ("2026-10-31T23:30:00+01:00", "2026-10-31T22:30:00Z"),
        ("2026-10-31T23:30:00.123456+01:00", "2026-10-31T22:30:00Z"),
        ("2026-10-31T22:30:00Z", "2026-10-31T22:30:00Z"),
        ("2026-10-31", "2026-10-31T00:00:00Z"),
    ],
)
def test_a_date_with_an_offset_is_indexed_as_that_instant(organization, written, second):
    dataset("dated", organization, extras=[{"key": "issued_date", "value": written}])
    assert found(fq=f"issued_date:[{second} TO {second}+1SECOND}}") == ["dated"]


def test_dates_are_compared_with_now(organization):
    dataset("fresh", organization)
    assert found(fq="metadata_modified:[NOW-1HOUR TO NOW]") == ["fresh"]
    assert found(fq="metadata_modified:[* TO NOW-1HOUR]") == []


def test_a_polygon_is_found_by_its_shape_and_not_by_its_box(organization):
    shape = json.dumps({"type": "Polygon", "coordinates": [L_SHAPE]})
    dataset("el", organization, spatial=shape)
    assert found(extras={"ext_bbox": "14.1,46.1,14.2,46.2"}) == ["el"]
    assert found(extras={"ext_bbox": "14.7,46.7,14.9,46.9"}) == []


def test_a_private_dataset_is_not_found_by_a_visitor(organization):
    dataset("closed", organization, private=True)
    assert found(q="*:*") == []


def test_the_core_has_our_schema_and_no_ones_else():
    address = f"{make_connection().url}/schema?wt=schema.xml"
    text = requests.get(address, timeout=10).text
    assert 'name="ckan-2.12"' in text
    assert "spatial_geom" in text
    assert "bbox_area" in text


def test_solr_listens_on_loopback_only():
    assert make_connection().url.startswith("http://127.0.0.1:")
