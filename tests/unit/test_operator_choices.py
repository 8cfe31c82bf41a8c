"""What an operator may choose by environment, and what a key rotation needs of the set-up."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

from cityharvest import seal
from disclosure import SiteRules
from disclosure.signing import load_key, load_public_keys
from stack import ckan_ini, keys

CONTAINER = dict.fromkeys(ckan_ini.CONTAINER, "x") | {"CKAN_SITE_URL": "http://x"}


@pytest.mark.parametrize(("name", "option"), ckan_ini.CHOICES.items())
def test_a_choice_of_the_operator_becomes_an_option(name, option):
    assert ckan_ini.from_container(CONTAINER | {name: "chosen"}, "")[option] == "chosen"


@pytest.mark.parametrize("option", set(ckan_ini.CHOICES.values()) - {"ckan.site_title"})
def test_an_empty_choice_leaves_the_default(option):
    """Compose hands over an empty text where `.env` says nothing."""
    assert option not in ckan_ini.from_container(CONTAINER | dict.fromkeys(ckan_ini.CHOICES, ""), "")


def test_after_a_rotation_new_deliveries_are_sealed_for_the_first_identity(tmp_path):
    (newer, recipient), (older, _) = seal.generate(), seal.generate()
    (tmp_path / keys.IDENTITY).write_text(f"# public key: {recipient}\n{newer}\n{older}\n", encoding="ascii")
    assert keys.ensure_keys(tmp_path) == recipient
    assert (tmp_path / keys.RECIPIENT).read_text(encoding="ascii").strip() == recipient


def test_the_secret_rules_are_made_once_private_and_usable(tmp_path):
    keys.ensure_keys(tmp_path)
    made = {name: (tmp_path / name).read_bytes() for name in keys.SECRET}
    rules = SiteRules.from_file(tmp_path / keys.DISCLOSURE)
    assert rules.p_percent is not None
    assert rules.dominance_n is not None
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in keys.SECRET} == {0o600}
    keys.ensure_keys(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in keys.SECRET} == made


def test_after_a_rotation_proofs_of_the_earlier_key_can_still_be_checked(tmp_path):
    keys.ensure_keys(tmp_path)
    earlier = load_key(tmp_path / keys.SIGNING_KEY).public_key()
    (tmp_path / keys.SIGNING_KEY).unlink()
    keys.ensure_keys(tmp_path)
    newer = load_key(tmp_path / keys.SIGNING_KEY).public_key()
    assert load_public_keys(tmp_path / keys.PUBLIC_KEY) == (newer, earlier)
