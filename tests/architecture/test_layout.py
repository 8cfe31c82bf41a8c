"""The house stands as drawn: namespaces, sizes, wheel, one door out, no CKAN where that was promised."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("ckanext-datastrategy", "ckanext-cityopen", "harvesters")
PURE = ("datastrategy", "cityopen", "disclosure", "cityharvest")
MOST_LINES = 450


def ours(suffix: str = "") -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *SOURCES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(suffix) and (ROOT / name).is_file()]


def test_no_package_ships_the_init_file_of_ckanext():
    """Another extension's empty file would be overwritten, or ours by it."""
    assert not [path for path in ours("__init__.py") if path.parent.name == "ckanext"]


def test_no_module_is_longer_than_a_reader_can_hold():
    """design.md §2: a module aims at 150 lines and fails at 450."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    long = {
        name: n
        for name in listed
        if (ROOT / name).is_file() and (n := len((ROOT / name).read_text().splitlines())) > MOST_LINES
    }
    assert not long


def test_plugins_stay_thin():
    """plugin.py registers; it holds no rule."""
    assert {path.parent.name: len(path.read_text().splitlines()) for path in ours("plugin.py")}.keys() == {
        "datastrategy",
        "cityopen",
    }
    assert all(len(path.read_text().splitlines()) <= 120 for path in ours("plugin.py"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of a copy: a build folder left in the checkout would put deleted files into it."""
    folder, copy = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("copy")
    for path in [*ours(), *(ROOT / name for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"))]:
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), "."]
    subprocess.run(command, check=True, capture_output=True, cwd=copy)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_holds_every_file_of_the_source_tree(wheel: zipfile.ZipFile):
    """A forgotten package_data pattern would lose a template or a profile only after installation."""
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    source = {path.relative_to(ROOT / path.relative_to(ROOT).parts[0]).as_posix() for path in ours()}
    source = {name for name in source if "/" in name}  # what lies beside the packages is for those who build
    assert sorted(source - packed) == []
    assert sorted(name for name in packed - source if not name.endswith("/")) == []


def test_wheel_declares_both_plugins_and_the_command(wheel: zipfile.ZipFile):
    """CKAN finds extensions by entry point."""
    name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(name).decode()
    assert "cityopen = ckanext.cityopen.plugin:" in text
    assert "datastrategy = ckanext.datastrategy.plugin:" in text
    assert "cityharvest = cityharvest.cli:main" in text


@pytest.mark.parametrize("package", PURE)
def test_importing_a_package_without_ckan_pulls_in_no_framework(package: str):
    """`import disclosure` must work for somebody who has no CKAN."""
    banned = (
        ("ckan", "ckanext", "flask")
        if package == "cityharvest"
        else ("ckan", "ckanext", "flask", "sqlalchemy", "requests")
    )
    code = (
        f"import sys, pkgutil, importlib, {package} as p\n"
        "for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.'):\n"
        "    if 'migrations' not in m.name and not m.name.endswith('__main__'): importlib.import_module(m.name)\n"
        f"print(sorted(set(sys.modules) & set({banned!r})))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr
    # The editable finder of a namespace package may register the bare name `ckanext` at start-up.
    assert loaded.stdout.strip() in {"[]", "['ckanext']"}


def test_machine_paths_are_in_no_file():
    """A path of one machine works on one machine."""
    listed = subprocess.run(
        ["git", "grep", "-lE", r"/work/(main|shared)|/root/|\.pyenv/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert [name for name in listed.stdout.splitlines() if name != "tests/architecture/test_layout.py"] == []


def test_no_other_module_can_open_a_connection():
    """Link probes and profile addresses go through the one door as well; import-linter sees only part of the tree."""
    opener = re.compile(
        r"^\s*(?:import|from)\s+(?:requests|urllib3|httpx|aiohttp|http\.client|urllib\.request|ftplib)\b", re.MULTILINE
    )
    outside = [path for path in ours(".py") if "harvesters/cityharvest/fetch/" not in path.as_posix()]
    assert [str(path) for path in outside if opener.search(path.read_text())] == []
