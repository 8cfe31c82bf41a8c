"""Supervision: what died comes again, what must stop stops, nothing outlives a killed supervisor; who is given what."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

import up

from stack import assembly, logs, process, supervisor
from stack.layout import Layout
from stack.process import Identity, Spec, Stage, wait_until
from stack.settings import DATABASES

ROOT = Path(__file__).resolve().parents[2]
IDLE = (sys.executable, "-c", "import signal; signal.pause()")
KEYS = (
    "CITYHARVEST_IDENTITY_FILE",
    "CITYHARVEST_SITE_KEY_FILE",
    "CITYHARVEST_DISCLOSURE_FILE",
    "CITYHARVEST_SIGNING_KEY_FILE",
    "CITYHARVEST_PUBLIC_KEY_FILE",
    "CITYHARVEST_CKAN_TOKEN_FILE",
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(data=tmp_path / "data", cache=tmp_path / "cache")
    made.create()
    return made


def idle(layout: Layout, stage: Stage = Stage.SERVICES, argv: tuple[str, ...] = IDLE) -> Spec:
    return Spec(name="idle", argv=argv, env={"PATH": os.environ["PATH"]}, cwd=layout.data, stage=stage)


def kill_and_reap(child: supervisor.Child) -> None:
    os.kill(child.entry()["pid"], signal.SIGKILL)
    os.waitid(os.P_PID, child.entry()["pid"], os.WEXITED | os.WNOWAIT)


class TestChild:
    def test_what_was_killed_is_started_again_after_its_pause(self, layout: Layout) -> None:
        child = supervisor.Child(idle(layout), layout)
        assert child.tend(0.0)
        first = child.entry()["pid"]
        kill_and_reap(child)
        assert child.tend(10.0)
        assert not child.tend(10.5)
        assert child.tend(11.0)
        assert child.entry()["pid"] != first
        assert (child.restarts, child.last_exit) == (1, -signal.SIGKILL)
        child.ask_to_stop()
        child.end()

    def test_a_process_that_ran_steadily_is_forgiven_its_earlier_failures(self, layout: Layout) -> None:
        child = supervisor.Child(idle(layout), layout)
        child.failures = 5
        child.tend(0.0)
        child.tend(supervisor.STEADY_S + 1)
        assert child.failures == 0
        child.ask_to_stop()
        child.end()

    def test_what_does_not_heed_the_signal_is_killed(self, layout: Layout) -> None:
        program = "import signal,sys; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()"
        spec = Spec(
            name="deaf",
            argv=(sys.executable, "-c", program),
            env={},
            cwd=layout.data,
            stage=Stage.PORTAL,
            patience_s=0.1,
        )
        child = supervisor.Child(spec, layout)
        child.tend(0.0)
        found = Identity.of(child.entry()["pid"])
        assert found is not None
        assert wait_until(lambda: "up" in logs.tail(layout.logs / "deaf.log", 1), 20)
        child.ask_to_stop()
        child.end()
        assert not found.is_alive()


class TestSupervisor:
    def test_the_portal_waits_until_it_is_wanted(self, layout: Layout) -> None:
        tested = supervisor.Supervisor(layout, [idle(layout, Stage.PORTAL)], clock=lambda: 0.0)
        tested.tick()
        assert not supervisor.read_status(layout)
        supervisor.wanted_file(layout).touch()
        tested.tick()
        found = supervisor.identity_in(supervisor.read_status(layout)["processes"]["idle"])
        assert found is not None
        assert process.stop(found)

    def test_a_status_of_a_killed_supervisor_is_not_a_running_one(self, layout: Layout) -> None:
        supervisor.status_file(layout).write_text('{"supervisor": {"pid": 1, "started": 0}}')
        assert supervisor.running_supervisor(layout) is None

    def test_nothing_outlives_a_killed_parent(self, layout: Layout) -> None:
        program = (
            "import sys, time; from pathlib import Path\n"
            "from stack.process import Spec, Stage, start\n"
            f"spec = Spec(name='c', argv={IDLE!r}, env={{}}, cwd=Path('/'), stage=Stage.SERVICES)\n"
            "print(start(spec, sys.stderr.buffer).pid, flush=True); time.sleep(600)"
        )
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "deployment")}
        parent = subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, text=True)
        assert parent.stdout
        child = Identity.of(int(parent.stdout.readline()))
        assert child is not None
        parent.kill()
        parent.communicate()
        assert wait_until(lambda: not child.is_alive(), 20)


class TestLogs:
    def test_a_log_that_grew_too_large_is_put_aside_and_its_writer_goes_on(self, layout: Layout) -> None:
        with logs.open_log(layout, "web") as log:
            for part in (b"first\n", b"second\n", b"third\n"):
                log.write(part)
                log.flush()
                logs.rotate(layout, largest=3, kept=2)
            log.write(b"last\n")
        found = {path.name: path.read_text() for path in layout.logs.iterdir()}
        assert found == {"web.log": "last\n", "web.log.1": "third\n", "web.log.2": "second\n"}

    def test_logs_are_for_their_owner_only(self, layout: Layout) -> None:
        logs.open_log(layout, "web").close()
        assert stat.S_IMODE((layout.logs / "web.log").stat().st_mode) == 0o600


class TestWhoIsGivenWhat:
    @pytest.fixture
    def environ(self, tmp_path: Path) -> dict[str, str]:
        external = dict.fromkeys(DATABASES, "postgresql://u:p@h/d")
        services = {"CKAN_REDIS_URL": "redis://h/1", "CKAN_SOLR_URL": "http://h/solr/ckan"}
        own = {"CITYOPEN_DATA": str(tmp_path / "data"), assembly.ADMIN_URL: "postgresql://postgres:secret@h/postgres"}
        return {**external, **services, **own, "PATH": os.environ["PATH"]}

    def specs(self, environ: dict[str, str]) -> dict[str, Spec]:
        stack = assembly.assemble(environ)
        return {spec.name: spec for spec in assembly.portal_specs(stack, environ)}

    def test_with_external_services_nothing_of_ours_is_started(self, environ: dict[str, str]) -> None:
        assert assembly.service_specs(assembly.assemble(environ)) == []

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_web_and_worker_hold_no_key_and_no_token(self, environ: dict[str, str], name: str) -> None:
        given = self.specs(environ)[name].env
        assert {one for one in given if one.startswith("CITYHARVEST_")} == set(assembly.SHARED_HARVEST)

    def test_nobody_is_given_the_superusers_address(self, environ: dict[str, str]) -> None:
        for spec in self.specs(environ).values():
            assert not any("secret" in value for value in spec.env.values())

    def test_the_scheduler_has_what_its_children_need(self, environ: dict[str, str]) -> None:
        assert set(KEYS) <= set(self.specs(environ)["scheduler"].env)

    def test_only_the_portal_the_demo_and_the_operators_own_private_addresses_are_allowed(
        self, environ: dict[str, str]
    ) -> None:
        given = {**environ, "CITYOPEN_PORT": "5001", "DEMO": "0", "CITYHARVEST_ALLOWED_PRIVATE": "10.0.0.7:8443"}
        found = assembly.assemble(given).harvest["CITYHARVEST_ALLOWED_PRIVATE"]
        assert found == "127.0.0.1:5001,10.0.0.7:8443"

    def test_the_environment_file_is_private_and_a_shell_can_read_it(self, environ: dict[str, str]) -> None:
        given = {**environ, "CITYHARVEST_STORAGE": "file:///with space/it's"}
        stack = assembly.assemble(given)
        assembly.write_files(stack, given)
        path = stack.layout.env_file
        shell = ["sh", "-c", '. "$1"; env', "sh", str(path)]
        seen = subprocess.run(shell, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True).stdout
        assert "CITYHARVEST_STORAGE=file:///with space/it's\n" in seen
        assert "secret" not in seen
        assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(stack.layout.ckan_ini.stat().st_mode) == 0o600


class TestBareMachine:
    def test_an_old_python_is_told_which_one_is_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(up.sys, "version_info", (3, 9, 2))
        with pytest.raises(up.BareMachineError, match=r"needs Python 3\.11 or newer; this is 3\.9\.2"):
            up.check_machine()

    def test_a_missing_venv_module_names_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "ensurepip", None)
        with pytest.raises(up.BareMachineError, match=r"apt install python3\.\d+-venv"):
            up.check_machine()

    def test_a_full_disk_is_said_before_anything_is_installed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**12, 10**12, 10**9))
        with pytest.raises(up.BareMachineError, match=r"0\.9 GB free, the installation needs 3"):
            up.check_room(tmp_path)

    def test_an_unchanged_lock_is_not_installed_again_and_a_changed_one_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[str] = []

        def install(folder: Path, python: Path, lock: str) -> None:
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
            calls.append(lock)

        monkeypatch.setenv("CITYOPEN_DATA", str(tmp_path))
        monkeypatch.setattr(up, "install", install)
        up.ensure_environment()
        up.ensure_environment()
        assert up.ensure_environment("test") == tmp_path / "venv" / "bin" / "python"
        assert up.ensure_environment("pure") == tmp_path / "venv-pure" / "bin" / "python"
        up.ensure_environment("local")
        assert calls == ["local", "test", "pure"]
        monkeypatch.setattr(up, "fingerprint", lambda lock: "changed")
        up.ensure_environment()
        assert calls[-1] == "local"
