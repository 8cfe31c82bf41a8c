"""CKAN's configuration file. The same options for the local stack, the tests and the image; only addresses differ."""

from __future__ import annotations

from collections.abc import Mapping

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


def render(values: Mapping[str, str]) -> str:
    """Return the file's text. A percent sign would otherwise start an interpolation."""
    lines = [f"{name} = {value.replace('%', '%%')}" for name, value in values.items()]
    head = "# Written by `make up` at every start: changes here are lost. Settings come from the environment.\n"
    return f"{head}[DEFAULT]\ndebug = false\n\n[app:main]\nuse = egg:ckan\n" + "\n".join(lines) + "\n" + LOGGING
