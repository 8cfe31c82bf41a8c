"""Descriptions of tables in the form of tau-Argus (.rda for tables): the separator, then each column and its role."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from disclosure.errors import SpecInvalid

_OPTION = re.compile(r"^\s*<(\w+)>\s*(.*?)\s*$")
_COLUMN = re.compile(r'^(\S+)(?:\s+(?:\d+\s+)*"?([^"]*)"?)?\s*$')


class Role(StrEnum):
    """What a column of the table file is."""

    EXPLANATORY = "RECODEABLE"
    RESPONSE = "NUMERIC"
    SHADOW = "SHADOW"
    COST = "COSTVAR"
    FREQUENCY = "FREQUENCY"
    LARGEST = "MAXSCORE"
    STATUS = "STATUS"
    LOWER = "LOWERPL"
    UPPER = "UPPERPL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its role and, for an explanatory one, its total and hierarchy file."""

    name: str
    role: Role
    total: str | None = None
    decimals: int = 0
    missing: str | None = None
    hierarchy: str | None = None
    leader: str = "@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Columns in the order of the table file."""

    columns: tuple[Column, ...]
    separator: str = ";"

    def of(self, role: Role) -> tuple[Column, ...]:
        """Columns of one role."""
        return tuple(each for each in self.columns if each.role is role)


@dataclass(slots=True)
class _Draft:
    name: str
    missing: str | None
    options: dict[str, str] = field(default_factory=dict)


def read_metadata(text: str) -> Metadata:
    """Read an .rda file of a table.

    Raises:
        SpecInvalid: codes ``tauargus-line`` (with its number), ``tauargus-role`` for a column without a known role.
    """
    separator, drafts = ";", list[_Draft]()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if _OPTION.match(line):
            # Several options may share a line: <NUMERIC> <SHADOW>.
            for name, value in _options(line):
                if name == "SEPARATOR":
                    separator = value
                elif drafts:
                    drafts[-1].options[name] = value
                else:
                    raise SpecInvalid("tauargus-line", line=number)
        elif column := _COLUMN.match(line):
            drafts.append(_Draft(name=column[1], missing=column[2] or None))
        else:
            raise SpecInvalid("tauargus-line", line=number)
    return Metadata(columns=tuple(_column(each) for each in drafts), separator=separator)


def _options(line: str) -> list[tuple[str, str]]:
    return [(name, value.strip().strip('"')) for name, value in re.findall(r"<(\w+)>([^<]*)", line)]


def _column(draft: _Draft) -> Column:
    # A more exact role stands beside <NUMERIC>, so the plain one is looked for last.
    special = [role for role in Role if role is not Role.RESPONSE and role in draft.options]
    if not special and Role.RESPONSE not in draft.options:
        raise SpecInvalid("tauargus-role", column=draft.name)
    return Column(
        name=draft.name,
        role=special[0] if special else Role.RESPONSE,
        total=draft.options.get("TOTCODE"),
        decimals=int(draft.options.get("DECIMALS", "0")),
        missing=draft.missing,
        hierarchy=draft.options.get("HIERCODELIST"),
        leader=draft.options.get("HIERLEADSTRING", "@"),
    )


def write_metadata(metadata: Metadata) -> str:
    """Write an .rda file of a table."""
    lines = [f'   <SEPARATOR> "{metadata.separator}"']
    for column in metadata.columns:
        lines.append(column.name if column.missing is None else f'{column.name} "{column.missing}"')
        if column.role is Role.EXPLANATORY:
            lines += ["    <RECODEABLE>", f'    <TOTCODE> "{column.total or "Total"}"']
            if column.hierarchy is not None:
                lines += ["    <HIERARCHICAL>", f'    <HIERCODELIST> "{column.hierarchy}"']
                lines.append(f'    <HIERLEADSTRING> "{column.leader}"')
        elif column.role is Role.RESPONSE:
            lines += ["    <NUMERIC>", f"    <DECIMALS> {column.decimals}"]
        elif column.role in {Role.FREQUENCY, Role.LARGEST, Role.STATUS}:
            lines.append(f"    <{column.role}>")
        else:
            lines.append(f"    <NUMERIC> <{column.role}>")
    return "".join(f"{line}\n" for line in lines)
