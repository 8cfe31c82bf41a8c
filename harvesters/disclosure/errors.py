"""What can go wrong in disclosure control, as a tree of exceptions that carry a code and parameters.

    DisclosureError
    ├── SpecInvalid         the description of the table contradicts itself
    ├── PresetInvalid       a preset file cannot be read or cannot be compared with its law
    ├── LaxerThanLaw        a parameter is weaker than the preset's law allows
    ├── DisclosureRefused   the table must not be released as asked
    ├── GateRefused         the independent recount disagrees with what was to be published
    └── ReleaseExists       the folder of this release is already there

Texts for people are in ``disclosure.messages``; parameters name columns and rules, never a cell of the input.
All of them are fatal: the same input fails again.
"""

# ruff: noqa: N818 - a name says what happened; that it is an error is plain.

from __future__ import annotations

from typing import ClassVar, Final


class DisclosureError(Exception):
    """Base of all errors of this package."""

    category: ClassVar[str] = "fatal"

    def __init__(self, code: str, /, **params: object) -> None:
        self.code: Final = code
        self.params: Final[dict[str, object]] = params
        super().__init__(f"{code} {params}" if params else code)


class SpecInvalid(DisclosureError, ValueError):
    """The specification contradicts itself."""


class PresetInvalid(DisclosureError, ValueError):
    """The preset file is unknown, incomplete, or not comparable with its law."""


class LaxerThanLaw(DisclosureError, ValueError):
    """A preset parameter is laxer than the law that the preset file states."""


class DisclosureRefused(DisclosureError):
    """The data cannot be released under this specification and preset."""


class GateRefused(DisclosureError):
    """The table that was to be published is not what an independent recount finds."""


class ReleaseExists(DisclosureError):
    """Releases are immutable: this one has been written before."""
