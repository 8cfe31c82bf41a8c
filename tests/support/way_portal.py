"""An own, empty portal for a session of tests, driven as an operator drives one: commands and the Action API.

Boundary: no SQL and nothing of the ledger's inside. What is stopped here are processes of this portal alone.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = ROOT / "deployment"
TIMEOUT_S = 120
#: Prints the environment of the stack and waits until its standard input ends, which it does when we end.
WAIT = "import json, os, sys; print('ENVIRON ' + json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"
OURS = ("CKAN_", "CITYHARVEST_", "CITYOPEN_")
KEPT = ("CITYOPEN_CACHE", "CITYOPEN_PG_BIN")
SUPERUSER = "CITYOPEN_POSTGRES_ADMIN_URL"


class RefusedError(Exception):
    """The portal refused an action: its status and its error."""

    def __init__(self, action: str, status: int, error: Any) -> None:
        super().__init__(f"{action}: {status} {error}")
        self.status = status
        self.error: dict[str, Any] = error if isinstance(error, dict) else {"text": error}

    @property
    def codes(self) -> set[str]:
        """Every code of ours in it."""
        problems = [one["code"] for one in self.error.get("problems", ())]
        return {*self.error.get("code", ()), *problems}


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The line of JSON that a command prints last."""
        return json.loads(self.out.strip().splitlines()[-1])


class Client:
    """One person at the portal; nobody where there is no token."""

    def __init__(self, url: str, token: str | None = None, name: str = "") -> None:
        self.url = url
        self.name = name
        self.session = requests.Session()
        if token:
            self.session.headers["Authorization"] = token

    def call(self, action: str, **values: Any) -> Any:
        """The result of an action; raises `RefusedError`."""
        answer = self.session.post(f"{self.url}/api/3/action/{action}", json=values, timeout=TIMEOUT_S)
        return self._result(action, answer)

    def upload(self, action: str, file: tuple[str, bytes], **values: Any) -> Any:
        """The result of an action that takes a file; raises `RefusedError`."""
        address = f"{self.url}/api/3/action/{action}"
        answer = self.session.post(address, data=values, files={"upload": file}, timeout=TIMEOUT_S)
        return self._result(action, answer)

    def get(self, path: str) -> requests.Response:
        """A page or a file; redirects are followed."""
        return self.session.get(path if "://" in path else self.url + path, timeout=TIMEOUT_S)

    def push(self, mandate: str, period: str, body: bytes, *, method: str = "PUT", **headers: str) -> requests.Response:
        """One delivery by the API route; ``X_Filename="a"`` becomes a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"{self.url}/api/cityopen/v1/mandates/{mandate}/deliveries/{period}"
        return self.session.request(method, address, data=body, headers=named, timeout=TIMEOUT_S)

    @staticmethod
    def _result(action: str, answer: requests.Response) -> Any:
        try:
            body = answer.json()
        except ValueError:
            raise RefusedError(action, answer.status_code, answer.text[:500]) from None
        if answer.ok and body.get("success"):
            return body["result"]
        raise RefusedError(action, answer.status_code, body.get("error", body) if isinstance(body, dict) else body)


class Way:
    """A running portal and everything public about it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = dict(environ)
        self.url = environ["CITYOPEN_URL"]
        self.visitor = Client(self.url)
        self.admin = self.visitor

    def log_in_admin(self) -> None:
        """Make a token for the sysadmin, by CKAN's own command."""
        name = self.environ["CITYOPEN_ADMIN"]
        done = self.ckan("user", "token", "add", "--quiet", name, "way")
        assert done.code == 0, done.err
        self.admin = Client(self.url, done.out.strip().splitlines()[-1].strip(), name)

    def person(self, name: str, *memberships: tuple[str, str, str]) -> Client:
        """Make a user with a CKAN capacity and one of our roles in organizations; return them logged in."""
        self.admin.call("user_create", name=name, email=f"{name}@example.org", password="geslo-za-preizkus-1")
        for organization, capacity, role in memberships:
            self.admin.call("organization_member_create", id=organization, username=name, role=capacity)
            self.admin.call("datastrategy_role_grant", organization_id=organization, user=name, role=role)
        token = self.admin.call("api_token_create", user=name, name="way")["token"]
        return Client(self.url, token, name)

    def harvest(self, *words: str, lang: str = "en") -> Done:
        """Run `cityharvest`; as cron does, without anything of CKAN's own."""
        environ = {name: value for name, value in self.environ.items() if not name.startswith("CKAN_")}
        return self._run("cityharvest", words, environ | {"CITYHARVEST_LANG": lang})

    def ckan(self, *words: str) -> Done:
        """Run `ckan`."""
        return self._run("ckan", words, self.environ)

    def audit_length(self) -> int:
        """The number of rows of the ledger's audit chain, which must hold."""
        done = self.harvest("audit", "verify", "--json")
        assert done.code == 0, done.out + done.err
        return int(done.result["head"]["seq"])

    def deliveries(self, client: Client, mandate: str, period: str) -> list[dict[str, Any]]:
        """All deliveries of a period, the last sequence last."""
        found = client.call("datastrategy_delivery_list", mandate=mandate)
        return sorted((one for one in found if one["period"] == period), key=lambda one: one["sequence"])

    def latest(self, client: Client, mandate: str, period: str) -> dict[str, Any]:
        """The last delivery of a period, with everything that a person may see of it."""
        return client.call("datastrategy_delivery_show", id=self.deliveries(client, mandate, period)[-1]["id"])

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """A process of this portal is down; its supervisor is held, so that it stays down until the block ends."""
        supervisor, process = self._pid("supervisor"), self._pid(name)
        os.kill(supervisor, signal.SIGSTOP)
        try:
            os.kill(process, signal.SIGKILL)
            wait_for(lambda: not _runs(process), f"{name} to end")
            yield
        finally:
            os.kill(supervisor, signal.SIGCONT)
            wait_for(lambda: _runs(self._pid(name)) and self._pid(name) != process, f"{name} to start again")
            wait_for(self._is_ready, f"the portal to be ready again after {name}")

    def hold_clock(self) -> Callable[[], None]:
        """Hold the portal's own scheduler, so that only the tests run the harvester; returns how to let it go."""
        scheduler = self._pid("scheduler")
        wait_for(lambda: not _children(scheduler), "the scheduler's first round to end")
        os.kill(scheduler, signal.SIGSTOP)
        return lambda: os.kill(scheduler, signal.SIGCONT)

    def _is_ready(self) -> bool:
        try:
            return self.visitor.get("/health/ready").ok and self.visitor.call("package_search", rows=0) is not None
        except (requests.RequestException, RefusedError):
            return False

    def _pid(self, name: str) -> int:
        status = json.loads((self.folder / "run" / "status.json").read_text(encoding="utf-8"))
        entry = status["supervisor"] if name == "supervisor" else status["processes"][name]
        return int(entry["pid"] or 0)

    @staticmethod
    def _run(program: str, words: Sequence[str], environ: Mapping[str, str]) -> Done:
        argv = [str(Path(sys.executable).with_name(program)), *words]
        done = subprocess.run(argv, env=dict(environ), capture_output=True, text=True, check=False, timeout=300)
        return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def own_portal(folder: Path, allowed_private: Sequence[str]) -> Iterator[Way]:
    """Start an empty portal on free ports in a folder of its own; it ends with the block, or with this process."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS) or name in KEPT}
    environ |= {
        "PYTHONPATH": str(DEPLOYMENT),
        "CITYHARVEST_ALLOWED_PRIVATE": ",".join(allowed_private),
        "CITYHARVEST_DUCKDB_MEMORY": "256MB",
    }
    log = folder.with_name(folder.name + ".log")
    command = [sys.executable, "-m", "stack.testing", "--portal", "--folder", str(folder), "--", sys.executable]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "-c", WAIT],
            env=environ,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        way = Way(folder, _environ_of(process, log))
        way.log_in_admin()
        release = way.hold_clock()
        try:
            yield way
        finally:
            release()
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(120)
        for path in folder.iterdir():
            if path.is_dir() and path.name != "logs":
                shutil.rmtree(path, ignore_errors=True)


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
    """Wait until something is so; fail with its name when it does not become so."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)


def _environ_of(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        text = line.decode("utf-8", "replace")
        if text.startswith("ENVIRON "):
            environ: dict[str, str] = json.loads(text.removeprefix("ENVIRON "))
            environ.pop(SUPERUSER, None)
            return environ
        said.append(text)
    errors = log.read_text(encoding="utf-8", errors="replace")
    raise AssertionError("the portal does not start:\n" + "".join(said[-30:]) + errors[-3000:])


def _runs(pid: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return False
    return pid != 0 and fields[0] not in "ZX"


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
