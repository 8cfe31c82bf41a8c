"""How the portal's answers are judged: by status and ``__type``, never by their text."""

from __future__ import annotations

import json

import pytest

from cityharvest.errors import HarvestError, PublishRefused, PublishTemporary
from cityharvest.publisher.answers import AbsentError, result_of


def body(kind: str, **more: object) -> bytes:
    return json.dumps({"success": False, "error": {"__type": kind, **more}}).encode()


def test_a_success_gives_its_result() -> None:
    assert result_of("package_show", 200, b'{"success": true, "result": {"id": "x"}}') == {"id": "x"}


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (500, body("Internal Server Error"), "portal-failed"),
        (503, b"<h1>Service Unavailable</h1>", "portal-failed"),
        (429, b"", "portal-failed"),
        (409, body("Search Error"), "portal-index-down"),
        (500, body("Search Index Error"), "portal-index-down"),
        (500, body("Search Connection Error"), "portal-index-down"),
        (200, b"<html>starting</html>", "portal-not-json"),
        (404, b"<html>proxy</html>", "portal-not-json"),
    ],
)
def test_a_portal_that_is_down_is_tried_again(status: int, answer: bytes, code: str) -> None:
    with pytest.raises(PublishTemporary) as caught:
        result_of("package_create", status, answer)
    assert caught.value.code == code
    assert caught.value.exit_code == 75


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (403, body("Authorization Error", message="Dostop zavrnjen"), "portal-forbidden"),
        (409, body("Validation Error", name=["zasedeno"]), "portal-invalid"),
        (400, json.dumps("Neznano dejanje").encode(), "portal-refused"),
    ],
)
def test_a_refusal_is_for_a_person(status: int, answer: bytes, code: str) -> None:
    with pytest.raises(PublishRefused) as caught:
        result_of("package_create", status, answer)
    assert caught.value.code == code
    assert caught.value.exit_code == 1


def test_the_same_type_is_judged_the_same_in_any_language() -> None:
    codes = set()
    for text in ("Not found", "Ni najdeno", ""):
        with pytest.raises(AbsentError) as caught:
            result_of("package_show", 404, body("Not Found Error", message=text))
        codes.add(str(caught.value))
    assert codes == {"package_show"}


def test_an_error_names_fields_but_never_repeats_texts_or_values() -> None:
    with pytest.raises(HarvestError) as caught:
        result_of("package_create", 409, body("Validation Error", name=["secret value"], message="secret value"))
    assert caught.value.params["fields"] == "name"
    assert "secret value" not in str(caught.value)
