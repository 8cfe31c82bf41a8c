"""The portal as the command line reaches it: address and token from the settings, the token from a private file."""

from __future__ import annotations

from pathlib import Path

from cityharvest.errors import ConfigurationError
from cityharvest.fetch import Fetcher
from cityharvest.publisher import ActionApi, portal_policy
from cityharvest.settings import PREFIX, Settings


def portal_api(settings: Settings) -> ActionApi:
    """Return the portal of these settings.

    Raises:
        ConfigurationError: address or token is missing, or others may read the token's file.
    """
    url = settings.require("ckan_url")
    policy = portal_policy(url, settings.allowed_private)
    token = read_secret(settings.require_path("ckan_token_file"), PREFIX + "CKAN_TOKEN_FILE")
    return ActionApi(portal_url=url, token=token, fetcher=Fetcher(policy))


def read_secret(path: Path, name: str) -> str:
    """Return the content of a file that only its owner may read.

    Raises:
        ConfigurationError: ``secret-unreadable`` or ``secret-readable-by-others``.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError("secret-readable-by-others", name=name)
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("secret-unreadable", name=name) from error
