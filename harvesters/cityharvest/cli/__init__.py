"""The ``cityharvest`` command: for cron, for operators, for a company's own scripts.

Boundary: arguments in, calls of the library, words and exit codes out; no rule lives here.
"""

from __future__ import annotations

from cityharvest.cli.app import main

__all__ = ["main"]
