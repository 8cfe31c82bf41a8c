"""CKAN's configuration file. The same options for the local stack, the tests and the image; only addresses differ."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stack.private_files import write_private
from stack.say import StackError

#: What this product needs of CKAN, wherever it runs.
PRODUCT = {
    "ckan.site_id": "cityopen",
    "ckan.site_title": "CityOpen",
    "ckan.locale_default": "sl",
    "ckan.locales_offered": "sl en",
    "ckan.locale_order": "sl en",
    "ckan.views.default_views": "datatables_view",
    "ckan.gravatar_default": "disabled",
    "ckan.uploads_enabled": "true",
    "ckan.max_resource_size": "500",
    "ckan.jobs.timeout": "3600",
    "ckan.auth.user_create_organizations": "false",
    "ckan.auth.user_create_groups": "false",
    "ckan.auth.create_user_via_web": "false",
    "ckan.auth.create_user_via_api": "false",
    "ckan.auth.anon_create_dataset": "false",
    "ckan.auth.create_unowned_dataset": "false",
    "ckan.auth.create_dataset_if_not_in_organization": "false",
    "ckan.datastore.sqlsearch.enabled": "false",
    # Writes become searchable by Solr's soft commits: two to five times faster than a hard commit each.
    "ckan.search.solr_commit": "false",
    "ckanext.spatial.search_backend": "solr-spatial-field",
    # CKAN's default, said aloud: sessions in Redis would take every page down with it, downloads included.
    "SESSION_TYPE": "cookie",
    "SESSION_COOKIE_HTTPONLY": "true",
    "SESSION_COOKIE_SAMESITE": "Lax",
}
SCHEMING = {
    "scheming.dataset_schemas": "ckanext.datastrategy:schemas/dataset.yaml",
    "scheming.organization_schemas": "ckanext.datastrategy:schemas/organization.yaml",
    "scheming.presets": "ckanext.scheming:presets.json",
}
LOGGING = """
[loggers]
keys = root, ckan, ckanext

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console

[logger_ckan]
level = INFO
handlers = console
qualname = ckan
propagate = 0

[logger_ckanext]
level = INFO
handlers = console
qualname = ckanext
propagate = 0

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(asctime)s %(levelname)-5.5s [%(name)s] %(message)s
"""


def options(plugins: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return all options: the product's, scheming's where its schemas are there, then the given ones."""
    schemas = SCHEMING if {"datastrategy", "scheming_datasets"} <= set(plugins.split()) else {}
    return {**PRODUCT, **schemas, "ckan.plugins": plugins, **given}


def secrets_options(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the options that hold keys."""
    return {
        "SECRET_KEY": secrets["secret_key"],
        "WTF_CSRF_SECRET_KEY": secrets["csrf_key"],
        "api_token.jwt.encode.secret": f"string:{secrets['token_key']}",
        "api_token.jwt.decode.secret": f"string:{secrets['token_key']}",
    }


#: Variables of a container and the options they become; CKAN's own names where it has some.
CONTAINER = {
    "CITYOPEN_SECRET_KEY": "SECRET_KEY",
    "CITYOPEN_CSRF_KEY": "WTF_CSRF_SECRET_KEY",
    "CITYOPEN_TOKEN_KEY": "api_token.jwt.encode.secret",
    "CKAN_SQLALCHEMY_URL": "sqlalchemy.url",
    "CKAN_DATASTORE_WRITE_URL": "ckan.datastore.write_url",
    "CKAN_DATASTORE_READ_URL": "ckan.datastore.read_url",
    "CKAN_REDIS_URL": "ckan.redis.url",
    "CKAN_SOLR_URL": "solr_url",
    "CKAN_SITE_URL": "ckan.site_url",
    "CKAN_STORAGE_PATH": "ckan.storage_path",
}


#: Choices of an operator that are options of CKAN; an empty one leaves the default.
CHOICES = {
    "CITYOPEN_SITE_TITLE": "ckan.site_title",
    "CITYOPEN_CONTACT_EMAIL": "ckanext.cityopen.contact_email",
    "CITYOPEN_SOURCE_URL": "ckanext.cityopen.source_url",
    "CITYOPEN_PROFILE": "ckanext.datastrategy.profile",
}


def chosen(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the options that the operator chose by environment."""
    return {option: environ[name] for name, option in CHOICES.items() if environ.get(name)}


def from_container(environ: Mapping[str, str], plugins: str) -> dict[str, str]:
    """Return all options for a container, whose settings are its environment.

    Raises:
        StackError: one that has no default is missing.
    """
    missing = [name for name in CONTAINER if not environ.get(name)]
    if missing:
        raise StackError(f"The environment lacks {', '.join(missing)}.")
    given = {option: environ[name] for name, option in CONTAINER.items()}
    token_key = "api_token.jwt.encode.secret"  # noqa: S105  (an option's name)
    given[token_key] = f"string:{given[token_key]}"
    given["api_token.jwt.decode.secret"] = given[token_key]
    given["ckanext.cityopen.assets_folder"] = environ.get("CITYOPEN_ASSETS", "/srv/assets")
    if given["ckan.site_url"].startswith("https://"):
        given["SESSION_COOKIE_SECURE"] = "true"
    return options(plugins, given | chosen(environ))


def render(values: Mapping[str, str]) -> str:
    """Return the file's text. A percent sign would otherwise start an interpolation."""
    lines = [f"{name} = {value.replace('%', '%%')}" for name, value in values.items()]
    head = "# Written at every start: changes here are lost. Settings come from the environment.\n"
    return f"{head}[DEFAULT]\ndebug = false\n\n[app:main]\nuse = egg:ckan\n" + "\n".join(lines) + "\n" + LOGGING


def main() -> None:
    """Write the file CKAN_INI names from the environment: the first thing a container does."""
    from stack.settings import PLUGINS

    values = from_container(os.environ, os.environ.get("CITYOPEN_PLUGINS") or PLUGINS)
    write_private(Path(os.environ["CKAN_INI"]), render(values))


if __name__ == "__main__":
    main()
