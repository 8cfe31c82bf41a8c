"""The command ``disclosure``: assess, explain, protect, verify and attack tables from files."""

from __future__ import annotations

from disclosure.cli.app import main

__all__ = ["main"]
