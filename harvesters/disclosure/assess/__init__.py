"""Measure the disclosure risk of a table: classes, diversity, closeness, uniques, concentration, identifiers."""

from __future__ import annotations

from disclosure.assess.measuring import Kernel, Questions, assess, assess_source
from disclosure.assess.risk import Risk

__all__ = ["Kernel", "Questions", "Risk", "assess", "assess_source"]
