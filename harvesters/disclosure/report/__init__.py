"""The officer's report: what was risky, what was done, what was lost, what remains. Confidential."""

from __future__ import annotations

from disclosure.report.content import build
from disclosure.report.page import fragment, page

__all__ = ["build", "fragment", "page"]
