"""Who holds what: the environment of each child is the whole boundary between the stages."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from cityharvest import runner
from cityharvest.runner import Children, ChildResult, child_environment, exit_code_of

EVERYTHING = {
    "CITYHARVEST_DATABASE_URL": "postgresql://x",
    "CITYHARVEST_STORAGE": "file:///s",
    "CITYHARVEST_RECIPIENT": "age1x",
    "CITYHARVEST_IDENTITY_FILE": "/k/identity.txt",
    "CITYHARVEST_SITE_KEY_FILE": "/k/site-key.txt",
    "CITYHARVEST_DISCLOSURE_FILE": "/k/disclosure.yaml",
    "CITYHARVEST_SIGNING_KEY_FILE": "/k/signing-key.pem",
    "CITYHARVEST_PUBLIC_KEY_FILE": "/k/public-key.pem",
    "CITYHARVEST_CKAN_URL": "http://127.0.0.1:5000",
    "CITYHARVEST_CKAN_TOKEN_FILE": "/k/token.txt",
    "CITYHARVEST_ALLOWED_PRIVATE": "127.0.0.1:5000",
    "CITYHARVEST_WORK": "/w",
    "CITYHARVEST_DUCKDB_MEMORY": "1GB",
    "CITYHARVEST_SOMETHING_NEW": "?",
    "CKAN_SQLALCHEMY_URL": "postgresql://ckan",
    "PGPASSWORD": "secret",
    "AWS_SECRET_ACCESS_KEY": "storage",
    "PATH": "/usr/bin",
    "HTTPS_PROXY": "http://proxy",
}
COMMON = {"CITYHARVEST_DATABASE_URL", "CITYHARVEST_STORAGE", "AWS_SECRET_ACCESS_KEY", "PATH"}


@pytest.mark.parametrize(
    ("stage", "own"),
    [
        ("fetch", {"CITYHARVEST_RECIPIENT", "CITYHARVEST_ALLOWED_PRIVATE"}),
        (
            "process",
            {
                "CITYHARVEST_RECIPIENT",
                "CITYHARVEST_IDENTITY_FILE",
                "CITYHARVEST_SITE_KEY_FILE",
                "CITYHARVEST_DISCLOSURE_FILE",
                "CITYHARVEST_SIGNING_KEY_FILE",
                "CITYHARVEST_WORK",
                "CITYHARVEST_DUCKDB_MEMORY",
            },
        ),
        (
            "publish",
            {
                "CITYHARVEST_CKAN_URL",
                "CITYHARVEST_CKAN_TOKEN_FILE",
                "CITYHARVEST_ALLOWED_PRIVATE",
                "CITYHARVEST_PUBLIC_KEY_FILE",
            },
        ),
    ],
)
def test_a_child_gets_what_its_stage_may_hold_and_nothing_else(stage: str, own: set[str]) -> None:
    assert set(child_environment(stage, EVERYTHING)) == COMMON | own


def test_only_the_pipeline_can_open_what_was_sealed() -> None:
    holders = [stage for stage in runner.ALLOWED if "CITYHARVEST_IDENTITY_FILE" in child_environment(stage, EVERYTHING)]
    assert holders == ["process"]


def test_only_the_publisher_has_the_token() -> None:
    holders = [
        stage for stage in runner.ALLOWED if "CITYHARVEST_CKAN_TOKEN_FILE" in child_environment(stage, EVERYTHING)
    ]
    assert holders == ["publish"]


def test_a_child_is_started_with_its_environment_and_its_summary_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    started: dict[str, Any] = {}

    class FakeChild:
        returncode = 1

        def __init__(self, argv: list[str], *, env: dict[str, str], **_: Any) -> None:
            started.update(argv=argv, env=env)

        def communicate(self) -> tuple[bytes, None]:
            return b'noise\n{"stage": "process", "outcomes": {"held": 1}}\n', None

    monkeypatch.setattr(subprocess, "Popen", FakeChild)
    result = Children(EVERYTHING).run("process", ["--period", "2026-10"])
    assert started["argv"][-4:] == ["process", "--json", "--period", "2026-10"]
    assert "CITYHARVEST_CKAN_TOKEN_FILE" not in started["env"]
    assert (result.exit_code, result.summary["outcomes"]) == (1, {"held": 1})


def test_a_child_that_died_is_tried_again_by_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class DeadChild:
        returncode = -9

        def __init__(self, *_: Any, **__: Any) -> None: ...

        def communicate(self) -> tuple[bytes, None]:
            return b"", None

    monkeypatch.setattr(subprocess, "Popen", DeadChild)
    assert Children({}).run("publish").exit_code == 75


def test_after_a_stop_no_child_is_started() -> None:
    children = Children({})
    children.stop()
    assert children.run("process") == ChildResult(stage="process", exit_code=75)


@pytest.mark.parametrize(("codes", "whole"), [((0, 0), 0), ((0, 75), 75), ((75, 1), 1), ((1, 2, 75), 2), ((), 0)])
def test_the_run_ends_with_what_matters_most(codes: tuple[int, ...], whole: int) -> None:
    assert exit_code_of([ChildResult(stage="fetch", exit_code=code) for code in codes]) == whole


def test_a_summary_is_json() -> None:
    json.dumps(ChildResult(stage="fetch", exit_code=0, summary={"outcomes": {"fetched": 1}}).as_dict())
