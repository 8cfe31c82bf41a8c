"""Command line of the pages: ``ckan cityopen build-assets``."""

from __future__ import annotations

from pathlib import Path

import click

from ckanext.cityopen import charts, config

__all__ = ["cityopen"]


@click.group()
def cityopen() -> None:
    """Pages of CityOpen."""


@cityopen.command("build-assets")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Write here instead.")
def build_assets(folder: Path | None) -> None:
    """Write the chart script into the assets folder; again changes nothing."""
    target = charts.script_path(folder or config.assets_folder())
    if target.exists():
        click.echo(f"{target}: there already")
        return
    charts.build_script(target)
    click.echo(f"{target}: written, {target.stat().st_size} bytes")
