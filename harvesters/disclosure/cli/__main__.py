"""``python -m disclosure.cli``."""

from __future__ import annotations

from disclosure.cli.app import main

main()
