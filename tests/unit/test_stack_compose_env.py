"""The secrets of compose: what the file demands is made once, kept afterwards, and readable by nobody else."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

import compose_env

COMPOSE = "a: ${ONE:?make compose-env}\nb: ${TWO:-default}\nc: ${THREE:?}-${ONE:?again}\n"


def test_only_what_has_no_default_is_demanded_each_once() -> None:
    assert compose_env.demanded(COMPOSE) == ["ONE", "THREE"]


def test_a_known_value_is_kept_and_a_missing_one_is_random() -> None:
    first = compose_env.completed("# mine\nONE=kept", ["ONE", "THREE"])
    assert first.startswith("# mine\nONE=kept\nTHREE=")
    assert compose_env.completed("", ["THREE"]) != compose_env.completed("", ["THREE"])
    assert compose_env.completed(first, ["ONE", "THREE"]) == first


def test_the_file_is_private_even_if_it_was_not(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    (tmp_path / ".env").write_text("ONE=kept\n")
    (tmp_path / ".env").chmod(0o644)
    assert compose_env.main(tmp_path) == 0
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    before = (tmp_path / ".env").read_text()
    assert compose_env.main(tmp_path) == 0
    assert (tmp_path / ".env").read_text() == before


def test_without_a_compose_file_it_says_so(tmp_path: Path) -> None:
    assert compose_env.main(tmp_path) == 2
