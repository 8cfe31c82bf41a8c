"""How the gate spells a member before it counts it; written apart from ``disclosure.units``, which `protect` uses."""

from __future__ import annotations

from typing import Final

# Tab, line feed, vertical tab, form feed, carriage return, space, both spaces that do not break, byte order mark.
_AROUND: Final = "".join(f"\\x{{{code:04X}}}" for code in (9, 10, 11, 12, 13, 32, 160, 8239, 65279))


def stripped(text: str) -> str:
    """SQL for `text` without white space around it; NULL stays NULL."""
    return f"regexp_replace({text}, '^[{_AROUND}]+|[{_AROUND}]+$', '', 'g')"


def spelled(text: str) -> str:
    """The same in capitals."""
    return f"upper({stripped(text)})"
