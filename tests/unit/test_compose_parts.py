"""The compose file and what its containers run."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

from compose.handover import image_version, is_ready, wait_for_init, write_handover
from compose.health import loop as loop_health
from compose.loop import Loop
from compose.roles import Repeated, roles
from compose.solr_files import arguments

from stack import ckan_ini
from stack.java import Java
from stack.layout import Layout

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = ("init", "web", "worker", "scheduler", "fetch", "process", "publish")
KEYS = {
    "CITYHARVEST_IDENTITY_FILE",
    "CITYHARVEST_SITE_KEY_FILE",
    "CITYHARVEST_DISCLOSURE_FILE",
    "CITYHARVEST_SIGNING_KEY_FILE",
    "CITYHARVEST_PUBLIC_KEY_FILE",
    "CITYHARVEST_CKAN_TOKEN_FILE",
    "CITYHARVEST_RECIPIENT",
}


def held(service):
    mounts = {volume.split(":")[0] for volume in SERVICES[service].get("volumes", [])}
    return KEYS & set(SERVICES[service]["environment"]), mounts & {"pipeline-keys", "publisher-token", "work"}


@pytest.mark.parametrize(
    ("service", "keys", "volumes"),
    [
        ("web", {"CITYHARVEST_RECIPIENT"}, set()),
        ("worker", {"CITYHARVEST_RECIPIENT"}, set()),
        ("scheduler", {"CITYHARVEST_RECIPIENT"}, set()),
        ("fetch", {"CITYHARVEST_RECIPIENT"}, set()),
        (
            "process",
            {
                "CITYHARVEST_RECIPIENT",
                "CITYHARVEST_IDENTITY_FILE",
                "CITYHARVEST_SITE_KEY_FILE",
                "CITYHARVEST_DISCLOSURE_FILE",
                "CITYHARVEST_SIGNING_KEY_FILE",
            },
            {"pipeline-keys", "work"},
        ),
        ("publish", {"CITYHARVEST_CKAN_TOKEN_FILE", "CITYHARVEST_PUBLIC_KEY_FILE"}, {"publisher-token"}),
    ],
)
def test_a_container_holds_the_keys_of_its_role_and_no_other(service, keys, volumes):
    assert held(service) == (keys, volumes)


def test_only_the_proxy_is_published_and_only_on_loopback():
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert list(published) == ["proxy"]
    assert all(port.startswith("127.0.0.1:") for port in published["proxy"])


def test_databases_and_the_pipeline_have_no_way_out():
    assert COMPOSE["networks"]["back"]["internal"] is True
    for name in ("db", "redis", "solr", "process", "publish", "scheduler"):
        assert SERVICES[name]["networks"] == ["back"]


def test_every_service_but_the_one_shot_has_a_health_check():
    assert [name for name, one in SERVICES.items() if "healthcheck" not in one] == ["init"]


def test_no_secret_has_a_default():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in ("PASSWORD", "_KEY}", "_KEY:-"):
        assert f"{name}:-" not in text
    assert text.count(":?run make compose-env}") >= 10


@pytest.mark.parametrize("service", OURS)
def test_our_containers_cannot_change_their_image_or_gain_rights(service):
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]


def test_every_role_is_a_service_and_checked_under_its_name():
    for name in roles():
        assert SERVICES[name]["command"] == [name]
        assert SERVICES[name]["healthcheck"]["test"][-1] == name


@pytest.mark.parametrize("service", ["init", "web", "worker", "scheduler"])
def test_ckan_containers_have_every_variable_that_the_configuration_asks_for(service):
    environ = {name: str(value) for name, value in SERVICES[service]["environment"].items()}
    made = ckan_ini.from_container(environ, "datastrategy")
    assert made["ckan.storage_path"] == "/var/lib/cityopen/uploads"


def test_sessions_are_for_https_only_where_the_address_is():
    environ = {name: str(value) for name, value in SERVICES["web"]["environment"].items()}
    assert "SESSION_COOKIE_SECURE" not in ckan_ini.from_container(environ | {"CKAN_SITE_URL": "http://x"}, "")
    assert ckan_ini.from_container(environ | {"CKAN_SITE_URL": "https://x"}, "")["SESSION_COOKIE_SECURE"] == "true"


def test_a_company_file_is_never_spooled_by_the_proxy():
    nginx = (ROOT / "deployment/compose/nginx.conf").read_text(encoding="utf-8")
    push = nginx[nginx.index("/api/cityopen/v1/mandates/") :]
    assert "proxy_request_buffering off;" in push[: push.index("proxy_pass")]


def test_containers_wait_for_the_set_up_of_their_own_version(tmp_path):
    assert not is_ready(tmp_path, "new")
    write_handover(tmp_path, "age1old", "pem old", "old")
    assert not is_ready(tmp_path, "new")
    said = []

    def say(sentence):
        said.append(sentence)
        write_handover(tmp_path, "age1new", "pem new", "new")

    assert wait_for_init(tmp_path, "new", say, pause_s=0) == "age1new"
    assert (tmp_path / "public-key.pem").read_text(encoding="ascii") == "pem new\n"
    assert len(said) == 1


def test_an_image_without_a_version_says_so(tmp_path):
    assert image_version(tmp_path) == "unknown"


def make_loop(tmp_path, *repeated):
    return Loop(
        repeated=repeated, environ={"PATH": "/usr/bin:/bin"}, say=lambda _: None, sign_of_life=tmp_path / "a.json"
    )


def test_a_command_runs_when_it_is_due_and_not_before(tmp_path):
    log = tmp_path / "log"
    loop = make_loop(tmp_path, Repeated(argv=("sh", "-c", f"echo x >>{log}"), every_s=3600))
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    loop.once(10_000_000.0, now)
    loop.once(0.0, now)
    assert log.read_text() == "x\n"


def test_a_nightly_command_runs_again_until_it_succeeds_and_then_once_a_night(tmp_path):
    log, ok = tmp_path / "log", tmp_path / "ok"
    argv = ("sh", "-c", f"echo x >>{log}; test -e {ok}")
    loop = make_loop(tmp_path, Repeated(argv=argv, every_s=-1e12, nightly=True))
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    loop.once(0.0, now)
    ok.touch()
    loop.once(0.0, now)
    loop.once(0.0, now)
    assert log.read_text() == "x\n" * 2
    loop.once(0.0, datetime(2026, 11, 25, 3, tzinfo=UTC))
    assert log.read_text() == "x\n" * 3


@pytest.mark.parametrize(("code", "healthy"), [(0, True), (1, True), (75, True), (2, False)])
def test_only_a_wrong_set_up_makes_a_loop_unhealthy(tmp_path, code, healthy):
    loop = make_loop(tmp_path, Repeated(argv=("sh", "-c", f"exit {code}")))
    loop.once(10_000_000.0, datetime(2026, 11, 24, tzinfo=UTC))
    loop.beat()
    at = json.loads((tmp_path / "a.json").read_text())["at"]
    assert (loop_health(tmp_path / "a.json", at + 1) is None) is healthy
    assert "no sign of life" in str(loop_health(tmp_path / "a.json", at + 300))


def test_a_loop_that_never_began_is_not_healthy(tmp_path):
    assert loop_health(tmp_path / "none.json", 0.0) == "no sign of life yet"


def test_solr_in_the_image_listens_on_the_container_and_is_otherwise_the_local_one(tmp_path):
    words = arguments(Layout(data=tmp_path, cache=tmp_path), Java(path="java", major=21, source="x"), tmp_path / "jars")
    assert '"-Dcityopen.solr.host=0.0.0.0"' in words
    assert not [word for word in words if "127.0.0.1" in word]
    assert f'"{tmp_path}/jars/*"' in words


@pytest.mark.parametrize(
    ("listed", "resolver"),
    [
        ("search dns.podman\nnameserver 10.89.1.1\nnameserver 10.0.0.53\n", "resolver 10.89.1.1 valid=10s;\n"),
        ("nameserver 127.0.0.11\noptions ndots:0\n", "resolver 127.0.0.11 valid=10s;\n"),
        ("nameserver fd00::1\n", "resolver [fd00::1] valid=10s;\n"),
    ],
)
def test_the_proxy_asks_only_the_resolver_that_knows_the_services(tmp_path, listed, resolver):
    (tmp_path / "resolv.conf").write_text(listed)
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\n")
    nginx.chmod(0o755)
    environ = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "RESOLV_CONF": str(tmp_path / "resolv.conf"),
        "RESOLVER_FILE": str(tmp_path / "resolver.conf"),
    }
    subprocess.run(["sh", ROOT / "deployment/compose/proxy.sh"], env=environ, check=True)
    assert (tmp_path / "resolver.conf").read_text() == resolver
