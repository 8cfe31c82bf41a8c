"""The tables of attacks and of guards stand at the end of the run, where CI shows them."""

from __future__ import annotations

import sys


def pytest_terminal_summary(terminalreporter):
    """Print the tables that the tests of this run have made."""
    made = {module: sys.modules.get(module) for module in ("attack_matrix", "guard_mutations")}
    matrix, guards = made["attack_matrix"], made["guard_mutations"]
    if matrix is not None and matrix.matrix.cache_info().currsize:
        terminalreporter.section("attacks on real releases")
        terminalreporter.write_line(matrix.matrix_text())
    if guards is not None and guards.mutations.cache_info().currsize:
        terminalreporter.section("guards switched off")
        terminalreporter.write_line(guards.mutations_text())
