"""Hierarchies in the form of tau-Argus (.hrc): one code a line, its depth as repetitions of a leading string.

Source: tau-Argus manual, "Hierarchical codes", and the files that are published with the program. Spaces belong to a
code (``" 1"``); spaces after it do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from disclosure.errors import SpecInvalid

LEADER = "@"


def read_hierarchy(text: str, *, leader: str = LEADER) -> dict[str, str]:
    """Parent by child; codes at the first level are below the total and have none.

    Raises:
        SpecInvalid: codes ``hierarchy-depth`` when a line is more than one level deeper than the line before, and
            ``hierarchy-code-twice``.
    """
    parents: dict[str, str] = {}
    path: list[str] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        code = line.rstrip()
        if not code.strip():
            continue
        depth = 0
        while code.startswith(leader):
            code, depth = code[len(leader) :], depth + 1
        if depth > len(path):
            raise SpecInvalid("hierarchy-depth", line=number)
        if code in seen:
            raise SpecInvalid("hierarchy-code-twice", code=code)
        seen.add(code)
        path = [*path[:depth], code]
        if depth:
            parents[code] = path[depth - 1]
    return parents


def write_hierarchy(parents: Mapping[str, str], roots: Sequence[str], *, leader: str = LEADER) -> str:
    """The file of a hierarchy.

    Args:
        parents: parent by child.
        roots: codes of the first level, in order; children follow in the order of `parents`.
        leader: the leading string.

    Raises:
        SpecInvalid: code ``hierarchy-leader-in-code``.
    """
    children: dict[str, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    lines: list[str] = []

    def write(code: str, depth: int) -> None:
        if code.startswith(leader):
            raise SpecInvalid("hierarchy-leader-in-code", code=code)
        lines.append(leader * depth + code)
        for child in children.get(code, ()):
            write(child, depth + 1)

    for root in roots:
        write(root, 0)
    return "".join(f"{line}\n" for line in lines)
