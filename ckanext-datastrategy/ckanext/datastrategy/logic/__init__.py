"""Actions, authorization and validators."""

from __future__ import annotations
