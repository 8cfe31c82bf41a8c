"""What the house keeps for its disclosure control: the secret rules, the key of the site, and the keys of proofs.

Only the process stage is given the secret ones. Boundary: reads files into values of ``disclosure``; a file that is
missing, broken or readable by others is a wrong configuration, said with the name of the setting and no content.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cityharvest.errors import ConfigurationError
from cityharvest.settings import PREFIX, Settings
from disclosure import SiteRules, SpecInvalid
from disclosure.signing import PrivateKey, PublicKey, load_key, load_public_keys

LEAST_KEY_BYTES: Final = 32


def site_rules(settings: Settings) -> SiteRules:
    """Return the secret rules, with the key of the site.

    Raises:
        ConfigurationError: ``setting-missing``, ``site-key-unreadable`` and ``disclosure-file-unusable``.
    """
    key = _site_key(settings.require_path("site_key_file"))
    if settings.disclosure_file is None:
        return SiteRules(key=key)
    try:
        return SiteRules.from_file(settings.disclosure_file).with_key(key)
    except SpecInvalid as error:
        raise _unusable("disclosure-file-unusable", "DISCLOSURE_FILE", error) from error


def signing_key(settings: Settings) -> PrivateKey:
    """Return the key that signs proofs.

    Raises:
        ConfigurationError: ``setting-missing``, ``signing-key-unusable``.
    """
    try:
        return load_key(settings.require_path("signing_key_file"))
    except SpecInvalid as error:
        raise _unusable("signing-key-unusable", "SIGNING_KEY_FILE", error) from error


def public_keys(settings: Settings) -> tuple[PublicKey, ...]:
    """Return the keys that signatures are checked with, the present one first. Raises as ``signing_key`` does."""
    try:
        return load_public_keys(settings.require_path("public_key_file"))
    except SpecInvalid as error:
        raise _unusable("public-key-unusable", "PUBLIC_KEY_FILE", error) from error


def _site_key(path: Path) -> bytes:
    name = f"{PREFIX}SITE_KEY_FILE"
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigurationError("site-key-unreadable", name=name) from error
    if len(key) < LEAST_KEY_BYTES:
        raise ConfigurationError("site-key-unreadable", name=name)
    return key


def _unusable(code: str, setting: str, error: SpecInvalid) -> ConfigurationError:
    return ConfigurationError(code, name=PREFIX + setting, reason=error.code)
