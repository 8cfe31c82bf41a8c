"""The pages tell the truth: what they name exists, and what exists is named where its reader looks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import cast

import click
import pytest
import yaml

import disclosure
from cityharvest import messages, sources
from cityharvest.cli.app import cli as cityharvest
from cityharvest.contract import Contract
from cityharvest.mandate_spec import DISCLOSURE_KEYS, PIPELINE_POLICIES, MandateSpec, disclosure_preset, problems
from cityharvest.pipeline.specification import spec_of
from cityharvest.records import Mandate
from cityharvest.settings import PREFIX, Settings
from cityharvest.states import DeliveryState
from ckanext.cityopen.cli import cityopen
from ckanext.datastrategy.cli import datastrategy
from ckanext.datastrategy.logic import action as actions
from datastrategy.checks import CHECKS
from datastrategy.profiles import load_profile
from disclosure.cli.app import cli as disclosure_command
from disclosure.cli.job import from_mapping
from disclosure.proof import SCHEMA_VERSION
from disclosure.protect import check_preset
from disclosure.site import SiteRules

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
EXAMPLES = sorted((DOCS / "examples").glob("*.json"))
PRESETS = sorted((Path(disclosure.__file__).parent / "presets").glob("*.yaml"))
OPTIONS = sorted(ROOT.glob("ckanext-*/ckanext/*/config_declaration.yaml"))

#: What a person types, and the tree of commands behind it.
PROGRAMS: dict[tuple[str, ...], click.Command] = {
    ("cityharvest",): cityharvest,
    ("disclosure",): disclosure_command,
    ("ckan", "datastrategy"): datastrategy,
    ("ckan", "cityopen"): cityopen,
}
#: Variables of the tests' own stack and of the demo's processes; no operator sets them.
OF_TESTS = {
    "CITYOPEN_BENCH",
    "CITYOPEN_BENCH_JSON",
    "CITYOPEN_CARELESS",
    "CITYOPEN_TEST_DATABASES",
    "CITYOPEN_TEST_FOLDER",
    "CITYHARVEST_TEST_DATABASE_URL",
}
#: What a reader calls a token of their own in an example.
OF_READERS = {"CITYOPEN_TOKEN"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = {"sh", "cron", ""}
VARIABLE = re.compile(r"\b(?:CITYHARVEST|CITYOPEN)_[A-Z][A-Z_]*[A-Z]\b")


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def page(name: str) -> str:
    return text(DOCS / name)


def rows(name: str) -> dict[str, str]:
    """Table rows of a page by each code word of their first cell."""
    lines = [line for line in page(name).splitlines() if line.startswith("|")]
    return {word: line for line in lines for word in re.findall(r"`([^`]+)`", line.split("|")[1])}


def code(path: Path) -> Iterator[str]:
    """Every line of shell that a page shows, and every code word in its sentences."""
    for language, block in FENCE.findall(text(path)):
        if language in SHELL:
            yield from re.sub(r"\\\n", " ", block).splitlines()
    yield from re.findall(r"`([^`\n]+)`", FENCE.sub("", text(path)))


def simple_commands(path: Path) -> Iterator[list[str]]:
    for line in code(path):
        for part in re.split(r"&&|\|\||[;|()]|\s#|>+", line):
            yield part.split()


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z0-9-]*):.*## ", text(ROOT / "Makefile"), re.MULTILINE))


def made(path: Path) -> Iterator[str]:
    """Targets that a page tells to make."""
    for words in simple_commands(path):
        if "make" in words:
            for word in words[words.index("make") + 1 :]:
                if "=" not in word:
                    yield word


def leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None, name
        yield from leaves(found, (*path, name))


def typed(words: list[str]) -> tuple[click.Command, tuple[str, ...], list[str]] | None:
    """The command in some words, its path, and the words after it; None where there is none of ours."""
    for path, command in PROGRAMS.items():
        for start in range(len(words)):
            rest = words[start + len(path) :]
            if tuple(words[start : start + len(path)]) == path and rest:
                return walked(command, path, rest)
    return None


def walked(command: click.Command, path: tuple[str, ...], rest: list[str]):
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"there is no `{' '.join((*path, rest[0]))}`"
        command, path, rest = found, (*path, rest[0]), rest[1:]
    return command, path, rest


def mentioned(path: Path) -> Iterator[tuple[click.Command, tuple[str, ...], list[str]]]:
    yield from filter(None, map(typed, simple_commands(path)))


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_a_command_on_a_page_exists_with_its_options(path):
    for command, name, rest in mentioned(path):
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
        unknown = {word.partition("=")[0] for word in rest if word.startswith("--")} - known
        assert not unknown, f"`{' '.join(name)}` has no {unknown}"


@pytest.mark.parametrize(("path", "command"), PROGRAMS.items(), ids=str)
def test_every_command_is_on_the_page_of_its_reader(path, command):
    name = "disclosure-example.md" if path == ("disclosure",) else "operators.md"
    shown = {name for _, name, _ in mentioned(DOCS / name)}
    assert set(leaves(command, path)) - shown == set()


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_a_make_target_on_a_page_exists(path):
    assert set(made(path)) - make_targets() == set()


def test_every_make_target_is_on_a_page():
    assert make_targets() - {target for path in PAGES for target in made(path)} == set()


@pytest.mark.parametrize("name", sorted(actions.__all__))
def test_every_action_is_listed_with_all_its_parameters(name):
    row = rows("developers.md").get(name)
    assert row, f"docs/developers.md does not list {name}"
    wanted = re.findall(r":param (\w+):", getattr(actions, name).__doc__ or "")
    assert [one for one in wanted if f"`{one}`" not in row] == []


def test_no_action_is_listed_that_does_not_exist():
    assert {word for word in rows("developers.md") if word.startswith("datastrategy_")} <= set(actions.__all__)


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: path.parent.name)
def test_every_configuration_option_is_on_the_operators_page(path):
    declared = [option["key"] for group in yaml.safe_load(text(path))["groups"] for option in group["options"]]
    assert declared
    assert set(declared) <= set(rows("operators.md"))


@pytest.mark.parametrize("name", [*(one.name for one in fields(Settings)), "lang"])
def test_every_setting_of_the_harvester_is_on_the_operators_page(name):
    assert PREFIX + name.upper() in rows("operators.md")


def variables_of_deployment() -> set[str]:
    files = [ROOT / "docker-compose.yml", ROOT / "Makefile", *(ROOT / "deployment").rglob("*.py")]
    return {name for path in files for name in VARIABLE.findall(text(path))} - OF_TESTS


def test_every_variable_of_the_deployment_is_on_the_operators_page():
    assert variables_of_deployment() - set(VARIABLE.findall(page("operators.md"))) == set()


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_no_page_names_a_variable_that_nothing_reads(path):
    known = variables_of_deployment() | {PREFIX + one.name.upper() for one in fields(Settings)} | {f"{PREFIX}LANG"}
    assert set(VARIABLE.findall(text(path))) - known - OF_READERS == set()


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_is_listed_with_what_its_file_says(path):
    preset = yaml.safe_load(text(path))
    cells = [cell.strip() for cell in rows("disclosure.md")[preset["id"]].strip("|").split("|")]
    least = str(preset["parameters"]["min_units"]["value"])
    assert cells[1:6] == [preset["version"], preset["unit_kind"], least, preset["presence"], preset["evidence"]]
    use = {"allowed": "releases", "reference": "reference", "forbidden": "forbidden"}[preset["release"]]
    assert cells[6] == use + (" with p %" if preset["needs"] else "")


def test_every_field_of_a_mandates_disclosure_part_is_explained():
    assert set(rows("disclosure.md")) >= DISCLOSURE_KEYS
    assert {f"`{name}`" for name in PIPELINE_POLICIES} <= set(re.findall(r"`[^`]+`", page("disclosure.md")))


def test_every_field_of_a_proof_is_explained():
    schema = json.loads(text(Path(disclosure.__file__).parent / "schemas" / f"proof-{SCHEMA_VERSION}.json"))
    assert set(schema["properties"]) <= set(rows("disclosure.md"))


def test_every_requirement_of_the_profile_is_listed_with_its_frequency():
    profile = load_profile("cityopen-core", on=date.today())  # noqa: DTZ011 - the profile in force
    listed = rows("officers.md")
    assert [one.id for one in profile.requirements if one.frequency.lower() not in listed.get(one.id, "")] == []
    assert profile.version in page("officers.md")


def test_every_check_is_listed_for_officers():
    assert {"exists", *CHECKS} <= set(rows("officers.md"))


def test_every_state_of_a_delivery_is_explained_to_companies():
    assert {str(state) for state in DeliveryState} <= set(rows("companies.md"))


def test_every_message_code_shown_to_companies_has_its_sentences():
    section = page("companies.md").split("## Messages")[1].split("\n## ")[0]
    codes = re.findall(r"^\| `([a-z-]+)`", section, re.MULTILINE)
    assert codes
    assert [
        one for one in codes if messages.text(one, {}, "en") == messages.text("unknown-code", {"code": one}, "en")
    ] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_mandate_would_be_accepted_and_protected(path):
    spec = MandateSpec.of(json.loads(text(path)))
    assert problems(spec, disclosure_preset) == []
    preset = disclosure.load_preset(spec.preset_id)
    check_preset(spec_of(cast(Mandate, spec), preset), preset)
    Contract.of(spec.contract)


def test_the_contract_shown_to_companies_is_the_one_of_the_example():
    [shown] = [json.loads(block) for language, block in FENCE.findall(page("companies.md")) if language == "json"]
    assert shown == json.loads(text(DOCS / "examples" / "electricity.json"))["contract"]


def test_every_kind_of_source_is_shown_with_a_configuration_it_accepts():
    given = re.search(r"datastrategy_source_create '(.+?)'$", page("operators.md"), re.MULTILINE)
    assert given
    source = json.loads(given[1])
    drop = re.search(r"`meter_drop`, `(\{.+?\})`", page("operators.md"))
    assert drop
    shown = {source["kind"]: source["config"], "meter_drop": json.loads(drop[1])}
    assert sorted(shown) == list(sources.kinds())
    for kind, config in shown.items():
        sources.get(kind).validate_config(config)


def test_every_specification_that_is_shown_can_be_read():
    blocks = [block for language, block in FENCE.findall(page("disclosure-example.md")) if language == "yaml"]
    jobs = [from_mapping(yaml.safe_load(block), SiteRules(p_percent=15)) for block in blocks]
    assert [job.policy.name for job in jobs] == ["threshold", "rollup", "suppression"]
    for job in jobs:
        check_preset(job.spec, job.required_preset(), job.site)
        job.policy.check(job.spec, job.required_preset(), job.site)


def anchors(path: Path) -> set[str]:
    """Addresses of headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", text(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_links_within_the_project_resolve(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text(path))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        assert found.exists(), f"{path.name}: {target}"
        assert not anchor or anchor in anchors(found), f"{path.name}: {target}"


def test_every_page_is_in_the_index():
    assert [path.name for path in DOCS.glob("[a-z]*.md") if f"({path.name})" not in page("README.md")] == []
