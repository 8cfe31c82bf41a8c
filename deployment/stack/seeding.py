"""The demo region, filled once by public commands after the portal has started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from stack.assembly import Stack, full_environ
from stack.layout import DEPLOYMENT
from stack.say import StackError, say


def seed_demo(stack: Stack, environ: Mapping[str, str]) -> None:
    """Fill the portal with the demo region unless that was done already.

    Raises:
        StackError: the seeding failed; the next start tries it again.
    """
    if stack.state.get("demo_seeded"):
        return
    if not (DEPLOYMENT / "demo" / "seed.py").is_file():
        say("This checkout has no demo region (deployment/demo); the portal stays empty.")
        return
    say("Filling the demo region: three municipalities, a utility, a bike share.")
    given = {**full_environ(stack, environ), "PYTHONPATH": str(DEPLOYMENT)}
    command = [sys.executable, "-m", "demo.seed"]
    if subprocess.run(command, env=given, cwd=DEPLOYMENT, check=False).returncode:
        raise StackError("The demo region is not complete; the portal runs, and `make up` tries the rest again.")
    stack.state.set(demo_seeded=True)
