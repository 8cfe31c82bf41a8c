"""Headers of every answer, health, and the source code that the license asks for."""

from __future__ import annotations

import io
import zipfile

import pytest

from cityharvest import api
from ckanext.cityopen import readiness, security


@pytest.mark.parametrize("path", ["/", "/en/", "/city/brezje", "/dataset/odpadki", "/deliveries", "/user/login"])
def test_pages_run_scripts_of_this_site_only(path):
    policy = security.headers_for(path)["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline'" not in policy.split("script-src")[1]
    assert "http" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "/dataset/x/resource/y/download/z.html",
        "/en/dataset/x/resource/y/download",
        "/uploads/group/logo.svg",
        "/file/download/1",
    ],
)
def test_files_of_others_are_attachments_that_run_nothing(path):
    headers = security.headers_for(path)
    assert headers["Content-Disposition"] == "attachment"
    assert headers["Content-Security-Policy"].startswith("sandbox;")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_forms_of_ckan_may_use_inline_scripts_but_no_other_host():
    policy = security.headers_for("/dataset/x/resource/new")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline'" in policy
    assert "default-src 'self'" in policy


def test_an_answer_carries_them(app, portal):
    headers = app.get("/health/live").headers
    assert headers["Content-Security-Policy"] == security.STRICT_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_page_names_a_foreign_host_to_load_from(app, portal):
    page = app.get("/").body
    loaded = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert loaded
    assert all(address.startswith("/") for address in loaded)


def test_ready_says_which_part_is_missing_and_no_more(app, portal, monkeypatch):
    def down(**_named):
        return {"database_ok": True, "schema_ok": False, "storage_ok": True}

    monkeypatch.setattr(api, "health", down)
    answer = app.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json["reasons"] == {"ledger_schema": "ledger-schema-outdated"}
    assert answer.json["checks"]["database"]


def test_ready_is_200_when_all_parts_answer(app, portal, monkeypatch):
    monkeypatch.setattr(readiness, "check", lambda: {"database": "", "search": ""})
    answer = app.get("/health/ready")
    assert (answer.status_code, answer.json["status"]) == (200, "ok")


def test_the_source_code_is_handed_out(app, portal):
    answer = app.get("/source.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = archive.namelist()
    assert "ckanext/cityopen/views/city.py" in names
    assert "disclosure/gate.py" in names
    assert not [name for name in names if "__pycache__" in name or "/vendor/" in name]
