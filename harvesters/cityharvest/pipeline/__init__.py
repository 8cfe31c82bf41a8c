"""The stages that carry a delivery from its source to the portal: plan, fetch, process, publish.

Each is idempotent and may be killed at any line; each runs as its own process with its own environment
(``cityharvest.runner``). Nothing is imported here, so that the publisher's process never loads the pipeline's engine.
"""

from __future__ import annotations
