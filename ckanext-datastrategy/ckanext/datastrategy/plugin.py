"""The plugin: blankets, the schema files, and the hook that has an organization assessed again after a change."""

from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk

from ckanext.datastrategy import config, jobs

__all__ = ["DatastrategyPlugin"]


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
@tk.blanket.validators
class DatastrategyPlugin(p.SingletonPlugin):
    """Data strategy of the cities on this portal."""

    p.implements(p.IConfigurer)
    p.implements(p.IConfigurable)
    p.implements(p.IPackageController, inherit=True)

    def update_config(self, config_: Any) -> None:
        """Offer our schema files to ckanext-scheming unless the site names its own."""
        config.set_schema_defaults(config_)

    def configure(self, config_: Any) -> None:
        """Start listening for the end of transactions, which is when changed organizations are queued."""
        del config_
        jobs.listen()

    def after_dataset_create(self, _context: Any, pkg_dict: dict[str, Any]) -> None:
        """Note the organizations of a new dataset."""
        jobs.note_change(pkg_dict["id"])

    def after_dataset_update(self, _context: Any, pkg_dict: dict[str, Any]) -> None:
        """Note the organizations of a changed dataset."""
        jobs.note_change(pkg_dict["id"])

    def after_dataset_delete(self, _context: Any, pkg_dict: dict[str, Any]) -> None:
        """Note the organizations of a deleted dataset."""
        jobs.note_change(pkg_dict["id"])
