"""First program of every container of the portal's image: `python -m compose.entry ROLE`.

`init` sets up and hands over; every other role waits for that, writes CKAN's configuration where it needs it, and
becomes its program or repeats its commands.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from compose.handover import handover_folder, image_version, wait_for_init, write_handover
from compose.loop import Loop
from compose.roles import Role, roles
from stack import ckan_ini
from stack.keys import PUBLIC_KEY, RECIPIENT
from stack.layout import DEPLOYMENT, ROOT


def main() -> int:
    """Run the role named on the command line."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    known = roles()
    if name == "init":
        return set_up()
    if name not in known:
        say(f"There is no role '{name}'; there are init, {', '.join(known)}.")
        return 2
    return work(known[name])


def set_up() -> int:
    """Run the set-up script, then hand the public keys and the mark over."""
    ckan_ini.main()
    script = [sys.executable, str(DEPLOYMENT / "init.py")]
    code = subprocess.run(script, cwd=DEPLOYMENT, check=False).returncode
    if code == 0:
        keys = Path(os.environ["CITYHARVEST_IDENTITY_FILE"]).parent
        recipient, public_key = ((keys / name).read_text(encoding="ascii").strip() for name in (RECIPIENT, PUBLIC_KEY))
        write_handover(handover_folder(), recipient, public_key, image_version(ROOT))
        say("The set-up is done.")
    return code


def work(role: Role) -> int:
    """Wait for the set-up, then do what the role does."""
    recipient = wait_for_init(handover_folder(), image_version(ROOT), say)
    if os.environ.get("CITYHARVEST_RECIPIENT") == "handover":
        os.environ["CITYHARVEST_RECIPIENT"] = recipient
    if role.needs_ini:
        ckan_ini.main()
    say(f"{role.name} begins.")
    if role.program:
        os.chdir(DEPLOYMENT)
        os.execvp(role.program[0], role.program)  # noqa: S606  (no shell is wanted)
    Loop(repeated=role.repeated, environ=os.environ, say=say).run()
    return 0


def say(sentence: str) -> None:
    """Say a sentence at once."""
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
