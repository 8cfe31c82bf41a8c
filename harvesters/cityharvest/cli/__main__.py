"""``python -m cityharvest.cli``: how a run starts its children."""

from __future__ import annotations

from cityharvest.cli import main

if __name__ == "__main__":
    main()
