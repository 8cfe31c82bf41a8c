"""The plugin: blankets, templates and assets, translations, and the response headers of the whole portal."""

from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckan.lib.plugins import DefaultTranslation

from ckanext.cityopen import search_down, security

__all__ = ["CityopenPlugin"]


@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class CityopenPlugin(p.SingletonPlugin, DefaultTranslation):
    """Pages of the portal: boards, deliveries, mandates, published datasets, health.

    It comes first in ``ckan.plugins``: the catalog that is merged last decides the plural rule of a language, and this
    one has the four Slovene forms.
    """

    p.implements(p.IConfigurer)
    p.implements(p.IMiddleware, inherit=True)
    p.implements(p.ITranslation)

    def update_config(self, config: Any) -> None:
        """Add templates, public files and assets."""
        tk.add_template_directory(config, "templates")
        tk.add_public_directory(config, "public")
        tk.add_resource("assets", "cityopen")

    def make_middleware(self, app: Any, _config: Any) -> Any:
        """Put the security headers on every answer, and a sentence where the search is down."""
        app.after_request(security.add_headers)
        for error in search_down.SEARCH_ERRORS:
            app.register_error_handler(error, search_down.answer)
        return app
