"""Rules: a process knows only what it was given, and says which setting it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from cityharvest.errors import ConfigurationError
from cityharvest.settings import LEASE_SECONDS, Settings


def test_an_empty_environment_gives_the_defaults_and_no_secret() -> None:
    settings = Settings.from_environ({"CITYHARVEST_IDENTITY_FILE": " "})
    assert settings == Settings()
    assert settings.lease_seconds == LEASE_SECONDS


def test_every_setting_is_read() -> None:
    settings = Settings.from_environ(
        {
            "CITYHARVEST_DATABASE_URL": "postgresql://role:secret@/db",
            "CITYHARVEST_STORAGE": "file:///srv/storage",
            "CITYHARVEST_CKAN_URL": "http://127.0.0.1:5000/",
            "CITYHARVEST_SITE_KEY_FILE": "/run/key",
            "CITYHARVEST_ALLOWED_PRIVATE": "127.0.0.1:5000, [::1]:8080",
            "CITYHARVEST_MAX_BYTES": "10",
        }
    )
    assert settings.ckan_url == "http://127.0.0.1:5000"
    assert settings.require_path("site_key_file") == Path("/run/key")
    assert settings.allowed_private == {"127.0.0.1:5000", "[::1]:8080"}
    assert settings.max_bytes == 10
    assert "secret" not in repr(settings)


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(ConfigurationError) as error:
        Settings().require("identity_file")
    assert (error.value.code, error.value.params) == ("setting-missing", {"name": "CITYHARVEST_IDENTITY_FILE"})
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_BYTES", "0"),
        ("MAX_BYTES", "1e9"),
        ("LEASE_SECONDS", "-5"),
        ("ALLOWED_PRIVATE", "127.0.0.1"),
        ("ALLOWED_PRIVATE", "127.0.0.1:0"),
        ("ALLOWED_PRIVATE", ":5000"),
        ("ALLOWED_PRIVATE", "host:99999"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match="setting-invalid"):
        Settings.from_environ({f"CITYHARVEST_{name}": value})
