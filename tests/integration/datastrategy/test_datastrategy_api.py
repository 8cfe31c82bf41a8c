"""The actions over HTTP: public ones answer visitors, refusals have one shape with both languages."""

from __future__ import annotations

import pytest


def test_visitors_read_the_board_with_a_plain_get(app, ledger):
    answer = app.get("/api/action/datastrategy_board?organization_id=brezje")
    assert answer.status_code == 200
    assert answer.json["result"]["counts"]["total"] == 24


def test_unknown_city_is_not_found(app, ledger):
    assert app.get("/api/action/datastrategy_board?organization_id=nowhere").status_code == 404


def test_get_never_changes_anything(app, ledger, api_token_of):
    headers = {"Authorization": api_token_of("the-sysadmin")}
    assert app.get("/api/action/datastrategy_reassess?all=true", headers=headers).status_code == 400


@pytest.mark.parametrize("action", ["datastrategy_delivery_list", "datastrategy_reassess"])
def test_visitors_are_refused(app, ledger, action):
    answer = app.post(f"/api/action/{action}", json={"organization_ids": ["brezje"]})
    assert answer.status_code == 403


def test_sending_json_instead_of_a_file_explains_the_route(app, ledger, api_token_of):
    answer = app.post(
        "/api/action/datastrategy_delivery_receive",
        json={"mandate": "poraba", "period": "2026-10", "stream": "text"},
        headers={"Authorization": api_token_of("sender")},
    )
    assert answer.status_code == 409
    error = answer.json["error"]
    assert error["code"] == ["stream-missing"]
    assert set(error["message"][0]) == {"sl", "en"}


def test_publisher_reassesses_any_city_with_its_token(app, ledger, api_token_of):
    answer = app.post(
        "/api/action/datastrategy_reassess",
        json={"organization_ids": ["brezje", "lipa"]},
        headers={"Authorization": api_token_of("cityharvest-publisher")},
    )
    assert answer.status_code == 200
    assert answer.json["result"]["assessed"] == 2
