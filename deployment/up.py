"""Makes the environment of this project on a bare machine, then hands over to the stack. Standard library only.

    python3 deployment/up.py up | down | status | logs | doctor | reset

Boundary: it knows pip and folders, nothing of services. :func:`ensure_environment` is also what the checks use.
Written so that an older Python can still read it and be told what is wrong.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "deployment" / "locks"
VERBS = ("up", "down", "status", "logs", "doctor", "reset")
#: The environment takes 1.2 GB with the tests' tools; the rest is for downloads and data.
NEEDED_GB = 3
#: Environments without CKAN live apart, Spark's too; the others share one, since the test lock contains the local one.
APART = ("pure", "portal", "spark")


class BareMachineError(Exception):
    """This machine lacks something; the message is a sentence and says how to get it."""


def say(text: str) -> None:
    """Print one sentence at once, also when the output is a file."""
    print(text, flush=True)


def data_folder() -> Path:
    """Return the folder everything lives under."""
    return Path(os.environ.get("CITYOPEN_DATA") or ROOT / ".cityopen").absolute()


def ensure_environment(lock: str = "local") -> Path:
    """Return the interpreter of an environment with everything in the lock, installing what is not there.

    Raises:
        BareMachineError: this machine cannot make it; the message says why.
    """
    check_machine()
    data = data_folder()
    check_owner(data)
    data.mkdir(parents=True, exist_ok=True)
    folder = data / ("venv" if lock not in APART else "venv-" + lock)
    python = folder / "bin" / "python"
    with (data / ".installing").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        wanted = fingerprint(lock)
        record = folder / "installed.json"
        known = read_record(record)
        if python.exists() and known.get(lock) == wanted:
            return python
        check_room(data)
        install(folder, python, lock)
        known[lock] = wanted
        record.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return python


def check_machine() -> None:
    """Refuse a Python that is too old or lacks venv."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise BareMachineError(
            f"CityOpen needs Python 3.11 or newer; this is {found}. Name one: make up PYTHON=python3.11"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        name = f"python3.{sys.version_info[1]}-venv"
        raise BareMachineError(
            f"Python's module for environments is missing. On Debian and Ubuntu: sudo apt install {name}"
        ) from None


def check_owner(folder: Path) -> None:
    """Refuse a data folder of another account: PostgreSQL would, and with a worse message."""
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        raise BareMachineError(
            f"{folder} belongs to another account of this machine (it may have been made by root). "
            "Work as that account, or choose another folder: make up CITYOPEN_DATA=/path/of/yours"
        )


def check_room(folder: Path) -> None:
    """Refuse to begin an installation that cannot end."""
    free = shutil.disk_usage(str(folder)).free / 1024**3
    if free < NEEDED_GB:
        raise BareMachineError(
            f"{folder} has {free:.1f} GB free, the installation needs {NEEDED_GB}. "
            "Make room, or put the data elsewhere: make up CITYOPEN_DATA=/path/with/room"
        )


def fingerprint(lock: str) -> str:
    """Return what an installation is remembered by: Python, locks, and the project's metadata."""
    whole = hashlib.sha256(sys.version.encode() + str(ROOT).encode())
    for path in (LOCKS / "build.txt", LOCKS / f"{lock}.txt", ROOT / "setup.py"):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def read_record(path: Path) -> dict[str, str]:
    """Return which locks are installed in an environment."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def install(folder: Path, python: Path, lock: str) -> None:
    """Make the environment and install build tools, the lock, and the project itself."""
    began = time.monotonic()
    if not python.exists():
        say(f"Making a Python environment in {folder}.")
        if subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False).returncode:
            raise BareMachineError(f"Python could not make an environment in {folder}; its message is above.")
    locked = ["--no-deps", "--no-build-isolation", "--require-hashes", "-r"]
    pip(python, "build tools", [*locked, str(LOCKS / "build.txt")])
    pip(python, f"packages of {lock}.txt", [*locked, str(LOCKS / f"{lock}.txt")])
    pip(python, "this project", ["--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    announce_libmagic(python)
    say(f"Installed in {time.monotonic() - began:.0f} s.")


def pip(python: Path, what: str, words: list[str]) -> None:
    """Run pip and turn its many lines into a few sentences."""
    total = locked_packages(words)
    say(f"Installing {what}{f': {total} packages' if total > 1 else ''}.")
    command = [str(python), "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check", *words]
    # A build tool would ask git which files there are; setup.py says that, and git refuses root in another's checkout.
    quiet = {"SETUPTOOLS_SCM_IGNORE_DUBIOUS_OWNER": "1"}
    environ = {**os.environ, **quiet, "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    environ.pop("PYTHONPATH", None)
    lines: list[str] = []
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        for line in running.stdout or ():
            lines.append(line.rstrip())
            tell_progress(line, sum(one.startswith("Collecting ") for one in lines), total)
    if running.returncode:
        tail = "\n".join(lines[-15:])
        if "No space left" in tail:
            raise BareMachineError(
                "The disk is full. Make room, then run the same command again: it goes on where it was."
            )
        raise BareMachineError(
            f"pip could not install {what}. Its last words:\n{tail}\nIs this machine online? Then try again."
        )


def tell_progress(line: str, collected: int, total: int) -> None:
    """Say how far pip is, every 25 packages and when it begins to unpack."""
    if line.startswith("Collecting ") and total > 1 and collected % 25 == 0:
        say(f"  downloaded {collected} of {total}")
    if line.startswith("Installing collected packages") and total > 1:
        say("  unpacking them, which takes the longest")


def locked_packages(words: list[str]) -> int:
    """Return how many packages pip was asked for."""
    path = Path(words[-1])
    return path.read_text(encoding="utf-8").count("==") if path.suffix == ".txt" else 1


def announce_libmagic(python: Path) -> None:
    """Have the wheel's libmagic loaded at every start: CKAN needs it, and a bare machine has none."""
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([str(python), "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    Path(packages, "pylibmagic_first.pth").write_text("import pylibmagic\n", encoding="utf-8")


def hand_over(python: Path, verb: str) -> int:
    """Run the verb inside the environment."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "deployment"), "CITYOPEN_DATA": str(data_folder())}
    return subprocess.run([str(python), "-m", "stack", verb], env=environ, check=False).returncode


def main(words: list[str]) -> int:
    """Run one verb; only `up` installs."""
    if len(words) != 1 or words[0] not in VERBS:
        say(__doc__ or "")
        return 2
    verb = words[0]
    python = data_folder() / "venv" / "bin" / "python"
    try:
        if verb == "up":
            python = ensure_environment()
        elif not python.exists():
            check_machine()
            say("Nothing is installed yet; `make up` does that.")
            return 0 if verb == "down" else 1
        return hand_over(python, verb)
    except BareMachineError as problem:
        say(str(problem))
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        say("The disk is full. Make room, then run the same command again: it goes on where it was.")
        return 1
    except KeyboardInterrupt:
        say("Interrupted; `make up` goes on from here.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
