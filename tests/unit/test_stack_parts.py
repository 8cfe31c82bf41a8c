"""The local stack's pure parts: ports, socket folders, stale pid files, secrets, locks of jars, environments."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

from stack import ckan_ini, database_setup, jars, java, postgres, scheduler, solr, supervisor, version
from stack.ports import SOCKET_PATH_BYTES, free_port, is_free, is_private_folder, parse_port, socket_folder
from stack.private_files import State, ensure_secrets, load_json, write_private
from stack.process import Identity
from stack.say import StackError
from stack.settings import DATABASES, PLUGINS, read_settings


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestPorts:
    def test_a_listening_port_is_not_free(self) -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            assert not is_free(server.getsockname()[1])

    def test_a_remembered_port_is_kept_while_it_is_free(self) -> None:
        port = free_port()
        assert free_port(port) == port

    def test_a_remembered_port_that_is_taken_is_replaced(self) -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            taken = server.getsockname()[1]
            assert free_port(taken) != taken

    @pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "", "80 "])
    def test_what_is_no_port_is_refused_with_its_name(self, text: str) -> None:
        with pytest.raises(StackError, match="CITYOPEN_PORT"):
            parse_port(text, "CITYOPEN_PORT")


class TestSocketFolder:
    def test_a_short_path_stays_in_the_data_folder(self, tmp_path: Path) -> None:
        folder = socket_folder(tmp_path / "run", "s", None)
        assert (folder, mode(folder)) == (tmp_path / "run", 0o700)

    def test_the_longest_path_the_kernel_takes_is_used_and_one_byte_more_is_not(self, tmp_path: Path) -> None:
        room = SOCKET_PATH_BYTES - len(os.fsencode(tmp_path)) - len("/") - len("/s")
        fits, too_long = tmp_path / ("a" * room), tmp_path / ("b" * (room + 1))
        assert socket_folder(fits, "s", None) == fits
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(fits / "s"))
        assert socket_folder(too_long, "s", None, short=str(tmp_path)) != too_long

    def test_bytes_are_counted_and_not_letters(self, tmp_path: Path) -> None:
        room = SOCKET_PATH_BYTES - len(os.fsencode(tmp_path)) - len("//s")
        deep = tmp_path / ("š" * (room // 2 + 1))
        assert socket_folder(deep, "s", None, short=str(tmp_path)) != deep

    def test_the_short_folder_is_remembered(self, tmp_path: Path) -> None:
        deep = tmp_path / ("x" * SOCKET_PATH_BYTES)
        first = socket_folder(deep, "s", None, short=str(tmp_path))
        assert mode(first) == 0o700
        assert socket_folder(deep, "s", str(first), short=str(tmp_path)) == first

    def test_a_remembered_folder_that_others_may_enter_is_not_used(self, tmp_path: Path) -> None:
        deep = tmp_path / ("x" * SOCKET_PATH_BYTES)
        first = socket_folder(deep, "s", None, short=str(tmp_path))
        first.chmod(0o755)
        assert socket_folder(deep, "s", str(first), short=str(tmp_path)) != first

    def test_a_link_to_a_private_folder_is_no_private_folder(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir(mode=0o700)
        (tmp_path / "link").symlink_to(tmp_path / "real")
        assert is_private_folder(tmp_path / "real", os.geteuid())
        assert not is_private_folder(tmp_path / "link", os.geteuid())


class TestStalePids:
    def test_no_file_means_no_server(self, tmp_path: Path) -> None:
        assert postgres.recorded_pid(tmp_path / "postmaster.pid") is None

    def test_the_number_of_another_program_is_not_taken_for_the_server(self, tmp_path: Path) -> None:
        assert not postgres.is_server_of(os.getpid(), tmp_path)

    def test_a_dead_number_is_not_taken_for_the_server(self, tmp_path: Path) -> None:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        assert not postgres.is_server_of(ended.pid, tmp_path)

    def test_a_stale_file_is_removed_and_its_new_owner_lives_on(self, tmp_path: Path) -> None:
        cluster = postgres.Postgres(binaries=tmp_path, home=tmp_path, socket_folder=tmp_path, user=None)
        cluster.data.mkdir()
        (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")
        (tmp_path / f"{postgres.SOCKET}.lock").write_text(f"{os.getpid()}\n")
        postgres.clear_stale(cluster)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
        assert not list(cluster.data.iterdir())

    def test_a_process_is_told_apart_from_a_later_one_with_its_number(self) -> None:
        mine = Identity.of(os.getpid())
        assert mine is not None
        assert mine.is_alive()
        assert not Identity(mine.pid, mine.started - 1).is_alive()

    def test_a_zombie_is_not_alive(self) -> None:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        try:
            assert Identity.of(child) is None
        finally:
            os.waitpid(child, 0)


class TestPrivateFiles:
    def test_a_private_file_is_for_its_owner_only(self, tmp_path: Path) -> None:
        write_private(tmp_path / "file", "text")
        assert mode(tmp_path / "file") == 0o600

    def test_secrets_are_random_private_and_made_once(self, tmp_path: Path) -> None:
        first = ensure_secrets(tmp_path / "one.json")
        assert len(set(first.values())) == len(first)
        assert all(len(value) == 64 for value in first.values())
        assert ensure_secrets(tmp_path / "one.json") == first
        assert not set(first.values()) & set(ensure_secrets(tmp_path / "two.json").values())
        assert mode(tmp_path / "one.json") == 0o600

    def test_a_secret_added_later_keeps_the_others(self, tmp_path: Path) -> None:
        write_private(tmp_path / "s.json", '{"secret_key": "kept"}')
        assert ensure_secrets(tmp_path / "s.json")["secret_key"] == "kept"

    def test_a_torn_state_file_counts_as_none(self, tmp_path: Path) -> None:
        (tmp_path / "state.json").write_text('{"port": 50')
        assert load_json(tmp_path / "state.json") == {}

    def test_state_outlives_its_object(self, tmp_path: Path) -> None:
        State(tmp_path / "state.json").set(port=5001)
        assert State(tmp_path / "state.json").get("port") == 5001


class TestSettings:
    def test_defaults(self, tmp_path: Path) -> None:
        found = read_settings({}, State(tmp_path / "s"))
        assert (found.port, found.demo, found.plugins) == (5000, True, PLUGINS)
        assert found.own_postgres
        assert found.own_redis
        assert found.own_solr

    def test_translations_of_ours_are_merged_last(self) -> None:
        assert PLUGINS.split()[0] == "cityopen"

    def test_a_choice_made_once_is_kept(self, tmp_path: Path) -> None:
        state = State(tmp_path / "s")
        state.set(port=5001, demo="0")
        found = read_settings({}, state)
        assert (found.port, found.demo) == (5001, False)

    def test_external_redis_and_solr_leave_the_own_database(self, tmp_path: Path) -> None:
        given = {"CKAN_REDIS_URL": "redis://h/1", "CKAN_SOLR_URL": "http://solr/solr/ckan"}
        found = read_settings(given, State(tmp_path / "s"))
        assert found.own_postgres
        assert not found.own_redis
        assert not found.own_solr

    def test_half_an_external_postgresql_is_refused_and_the_rest_named(self, tmp_path: Path) -> None:
        given = dict.fromkeys(DATABASES[:3], "postgresql://u@h/d")
        with pytest.raises(StackError, match=DATABASES[3]):
            read_settings(given, State(tmp_path / "s"))

    def test_all_external_databases_leave_no_own_server(self, tmp_path: Path) -> None:
        given = dict.fromkeys(DATABASES, "postgresql://u@h/d")
        assert not read_settings(given, State(tmp_path / "s")).own_postgres


class TestJarLock:
    def test_the_committed_lock_names_131_jars_with_distinct_files(self) -> None:
        found = jars.parse_lock(jars.LOCK.read_text(encoding="utf-8"))
        assert len(found) == len({jar.filename for jar in found}) == 131
        assert {jar.version for jar in found if jar.group == "org.eclipse.jetty"} == {"10.0.26"}

    def test_a_classifier_is_part_of_the_file_name(self) -> None:
        (jar,) = jars.parse_lock(f"io.netty:tcnative:2.0.Final:linux-x86_64  {'0' * 64}\n")
        assert jar.filename == "tcnative-2.0.Final-linux-x86_64.jar"

    @pytest.mark.parametrize("line", ["group:artifact:1", f"group:artifact {'0' * 64}", f"g:a:1 {'0' * 63}", "g:a:1 x"])
    def test_a_line_without_coordinates_or_hash_is_refused_with_its_number(self, line: str) -> None:
        with pytest.raises(StackError, match="Line 2"):
            jars.parse_lock(f"# comment\n{line}\n")

    def test_other_bytes_than_the_locked_ones_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lock = tmp_path / "lock"
        lock.write_text(f"g:a:1  {'0' * 64}\n")
        (tmp_path / "evil.jar").write_bytes(b"other")
        monkeypatch.setattr(jars, "_download", lambda jar, repository: tmp_path / "evil.jar")
        with pytest.raises(StackError, match="not the file that was locked"):
            jars.ensure_jars(tmp_path / "cache", lock)
        assert not list((tmp_path / "cache").rglob("a-1.jar"))


class TestSolrSchema:
    def test_spatial_fields_go_into_their_blocks(self) -> None:
        found = solr.with_spatial_fields("<schema><types>T</types><fields>F</fields></schema>")
        assert found.index("location_rpt") < found.index("</types>") < found.index("spatial_geom")
        assert found.index("spatial_geom") < found.index("</fields>")

    def test_a_schema_of_another_shape_is_refused(self) -> None:
        with pytest.raises(StackError, match="</types>"):
            solr.with_spatial_fields("<schema><fields></fields></schema>")


class TestJava:
    @pytest.mark.parametrize(
        ("text", "major"),
        [
            ('openjdk version "17.0.15" 2025-04-15', 17),
            ('java version "1.8.0_392"', 8),
            ('openjdk version "21" 2023-09-19', 21),
            ("The command could not be found", None),
        ],
    )
    def test_major_version(self, text: str, major: int | None) -> None:
        assert java.major_version(text) == major


class TestConfiguration:
    def test_a_percent_sign_does_not_start_an_interpolation(self) -> None:
        from configparser import ConfigParser

        parser = ConfigParser()
        parser.read_string(ckan_ini.render({"solr_url": "http://h/%20x"}))
        assert parser["app:main"]["solr_url"] == "http://h/%20x"

    def test_slovene_first_and_nothing_looked_up_elsewhere(self) -> None:
        found = ckan_ini.options(PLUGINS, {})
        assert (found["ckan.locale_default"], found["ckan.locales_offered"]) == ("sl", "sl en")
        assert found["ckan.gravatar_default"] == "disabled"
        assert found["ckan.datastore.sqlsearch.enabled"] == "false"
        assert found["ckan.auth.user_create_organizations"] == "false"

    def test_the_tests_run_with_the_options_of_the_product(self) -> None:
        from configparser import ConfigParser

        parser = ConfigParser(interpolation=None)
        parser.read(Path(ckan_ini.__file__).parents[1] / "test.ini", encoding="utf-8")
        wanted = ckan_ini.options(PLUGINS, {})
        differs = {name for name, value in parser["app:main"].items() if name in wanted and wanted[name] != value}
        assert differs == {"ckan.search.solr_commit"}


class TestDatabaseAddresses:
    def test_a_socket_address_is_read(self) -> None:
        found = database_setup.parse("postgresql+psycopg2://ckan:p%40ss@/ckan?host=/run/pg")
        assert (found.role, found.password, found.database) == ("ckan", "p@ss", "ckan")

    def test_only_the_database_changes(self) -> None:
        url = "postgresql+psycopg2://postgres:x@/postgres?host=/run/pg"
        assert database_setup.at_database(url, "ckan") == "postgresql://postgres:x@/ckan?host=/run/pg"


class TestSupervisorRules:
    def test_pauses_grow_to_a_minute(self) -> None:
        assert [supervisor.pause_before_restart(n) for n in (1, 2, 3, 7, 50)] == [1, 2, 4, 60, 60]


class TestScheduler:
    def at(self, day: int, hour: int) -> datetime:
        return datetime(2026, 11, day, hour, tzinfo=UTC)

    def test_nightly_work_is_done_once_a_night(self) -> None:
        assert scheduler.is_nightly_due(self.at(2, 3), self.at(1, 2))
        assert not scheduler.is_nightly_due(self.at(2, 23), self.at(2, 2))
        assert not scheduler.is_nightly_due(self.at(3, 1), self.at(2, 2))

    def test_a_machine_that_was_off_at_night_makes_up_for_it(self) -> None:
        assert scheduler.is_nightly_due(self.at(5, 14), self.at(2, 2))
        assert scheduler.is_nightly_due(self.at(5, 14), None)

    def test_commands_of_the_portal_see_no_key(self) -> None:
        given = {"CITYHARVEST_IDENTITY_FILE": "i", "CITYHARVEST_CKAN_TOKEN_FILE": "t", "CITYHARVEST_RECIPIENT": "r"}
        assert scheduler.ckan_environ({**given, "CKAN_INI": "c"}) == {"CITYHARVEST_RECIPIENT": "r", "CKAN_INI": "c"}

    def test_commands_of_the_harvester_see_nothing_of_the_portal(self) -> None:
        assert scheduler.harvest_environ({"CKAN_INI": "c", "CITYHARVEST_RECIPIENT": "r"}) == {
            "CITYHARVEST_RECIPIENT": "r"
        }


class TestVersion:
    def test_head_is_read_from_loose_and_packed_references(self, tmp_path: Path) -> None:
        git = tmp_path / ".git"
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        (git / "packed-refs").write_text("# pack-refs\nabc123 refs/heads/main\n")
        assert version.git_head(tmp_path) == "abc123"
        (git / "refs" / "heads" / "main").write_text("def456\n")
        assert version.git_head(tmp_path) == "def456"

    def test_no_repository_has_no_head(self, tmp_path: Path) -> None:
        assert version.git_head(tmp_path) == ""

    def test_a_new_migration_asks_for_a_set_up(self, tmp_path: Path) -> None:
        def now() -> str:
            return version.setup_fingerprint([], {}, "p", tmp_path)

        before = now()
        versions = tmp_path / "harvesters" / "x" / "migrations" / "versions"
        versions.mkdir(parents=True)
        (versions / "0002.py").touch()
        assert now() != before

    def test_another_database_asks_for_a_set_up_but_a_new_password_does_not(self, tmp_path: Path) -> None:
        def at(url: str) -> str:
            return version.setup_fingerprint([], {"CKAN_SQLALCHEMY_URL": url}, "p", tmp_path)

        assert at("postgresql://u:one@h/d") == at("postgresql://u:two@h/d")
        assert at("postgresql://u:one@h/d") != at("postgresql://u:one@other/d")
