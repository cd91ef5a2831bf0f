"""Our units on a booted systemd, installed by the very lines of docs/operating.md."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from textwrap import dedent

import pytest

from tests.conftest import leave_out
from tests.machine import CHECKOUT, Machine, booted, make_venv
from tests.private_postgres import binaries
from tests.surface import ROOT
from tests.waiting import until

OPERATING = (ROOT / "docs" / "operating.md").read_text("utf-8")
ASKS = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:28444/{page}").read().decode().strip())
"""
ASKS_CONSOLE = """/usr/bin/python3 -c '
import ssl, urllib.request
anybody = ssl._create_unverified_context()
asked = urllib.request.urlopen("https://localhost:28445/healthz", context=anybody)
print(asked.read().decode().strip())'"""
SIGNED = (
    "CALLKEEPER_URL=https://localhost:28443 CALLKEEPER_CA=/var/lib/callkeeper/tls-certificate.pem"
)
AS_SERVICE = "cd /etc/callkeeper && runuser -u callkeeper --"
POSTGRES = "postgresql:///postgres?host=/srv/postgres&user=postgres"
KILL_WRITER = "pkill -KILL -u callkeeper -f writer_process"
PROCESSES = 4  # two that serve, one that writes for them, and whoever started them


def lines(heading: str, block: int = 0) -> list[str]:
    """Return the lines of a block of commands below a heading."""
    (section,) = re.findall(rf"^##+ {heading}\n(.*?)^##", OPERATING, re.MULTILINE | re.DOTALL)
    return dedent(re.findall(r"(?:^ {4}.*\n)+", section, re.MULTILINE)[block]).splitlines()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which *Install* was done, offline: what pip would download is there."""
    with booted(tmp_path_factory) as machine:
        make, *rest = lines("Install")
        make_venv(machine, make)
        for line in rest:
            machine.run(f"cd {CHECKOUT} && PIP_NO_INDEX=1 {line}")
        yield machine


@pytest.fixture(scope="module")
def service(machine: Machine) -> Machine:
    """The same, with the service running as it is told."""
    for line in lines("As a service"):
        machine.run(f"cd {CHECKOUT} && {line}")
    until(lambda: page(machine, "readyz").startswith("ready"))
    return machine


def page(machine: Machine, name: str) -> str:
    return machine.says(f"/usr/bin/python3 -c '{ASKS.format(page=name)}'")


def shown(machine: Machine, name: str, unit: str = "callkeeper") -> str:
    return machine.says(f"systemctl show --value --property={name} {unit}")


def test_the_lines_of_install_put_the_command_on_the_path_of_everybody(machine: Machine) -> None:
    said = machine.run("cd / && runuser -u nobody -- callkeeper --help").stdout
    assert "serve" in said


def test_the_units_have_no_fault_that_systemd_knows(service: Machine) -> None:
    verified = service.run("systemd-analyze verify /etc/systemd/system/callkeeper*.service")
    assert verified.stderr == ""


@pytest.mark.parametrize("unit", ["callkeeper", "callkeeper-dial"])
def test_a_unit_is_confined(service: Machine, unit: str) -> None:
    service.run(f"systemd-analyze security --threshold=15 {unit}.service")


def test_the_dialers_unit_differs_from_the_servers_in_what_it_runs_alone() -> None:
    folder = ROOT / "packaging" / "systemd"
    both = [(folder / f"{name}.service").read_text() for name in ("callkeeper", "callkeeper-dial")]
    differs = [
        pair for pair in zip(*(each.splitlines() for each in both), strict=True) if len({*pair}) > 1
    ]
    assert [pair[0].partition("=")[0] for pair in differs] == ["Description", "ExecStart"]


def test_the_service_serves_as_its_own_user_in_a_folder_that_is_its_alone(
    service: Machine,
) -> None:
    assert shown(service, "ActiveState") == "active"
    assert service.says(f"stat -c %U /proc/{shown(service, 'MainPID')}") == "callkeeper"
    assert service.says("stat -c '%U %a' /var/lib/callkeeper") == "callkeeper 700"
    settings = "/etc/callkeeper/callkeeper.toml"
    assert service.says(f"stat -c '%U:%G %a' {settings}") == "root:callkeeper 640"
    assert page(service, "healthz") == "ok"


def test_the_commands_that_are_told_find_the_services_settings_and_database(
    service: Machine,
) -> None:
    make_key, check_up = lines("As a service", 1)
    keys = service.run(make_key).stdout
    assert "secret" not in service.says("cat /etc/callkeeper/callkeeper.toml")
    answers = service.run(f"{keys}{SIGNED} callkeeper list")
    assert answers.returncode == 0
    assert "port" in service.says(check_up)


def test_a_service_that_is_killed_is_back_and_its_writer_too(service: Machine) -> None:
    for kill in ("systemctl kill --kill-whom=main --signal=KILL callkeeper", KILL_WRITER):
        before = processes(service)
        service.run(kill)
        until(partial(is_another, service, before))
        until(lambda: page(service, "readyz").startswith("ready"))
    assert "writer_lost" in log(service)


def test_a_console_with_a_port_of_its_own_yields_to_the_api(service: Machine) -> None:
    with configured(service, settings="console_port = 28445\n"):
        until(lambda: service.run(ASKS_CONSOLE, check=False).stdout == "ok\n")
        begun = service.says(f"pgrep -P {shown(service, 'MainPID')}").split()
        stats = " ".join(f"/proc/{each}/stat" for each in begun)
        levels = service.says(f"cut -d' ' -f19 {stats}").split()
        assert sorted(map(int, levels)) == [0, 0, 10]  # one serves, one writes
        policies = service.says(f"cut -d' ' -f41 {stats}").split()
        assert sorted(map(int, policies)) == [0, 0, os.SCHED_IDLE]
        assert "niceness_refused" not in log(service)


def test_a_service_that_is_stopped_ends_what_it_began_and_nothing_is_left(
    service: Machine,
) -> None:
    service.run("systemctl stop callkeeper")
    assert shown(service, "Result") == "success"
    assert processes(service) == set()
    service.run("systemctl start callkeeper")
    until(lambda: page(service, "readyz").startswith("ready"))


def test_without_its_settings_the_service_says_so_and_serves_once_they_are_there(
    service: Machine,
) -> None:
    service.run("mv /etc/callkeeper/callkeeper.toml /tmp/kept && systemctl restart callkeeper")
    until(lambda: "callkeeper.toml', and there is no such file" in log(service))
    service.run("mv /tmp/kept /etc/callkeeper/callkeeper.toml")
    until(lambda: page(service, "readyz").startswith("ready"))


def test_a_user_who_may_not_read_the_settings_is_told_who_may(service: Machine) -> None:
    ended = service.run(
        "cd /etc/callkeeper && runuser -u nobody -- callkeeper key list", check=False
    )
    assert ended.returncode == 4
    assert ended.stderr == (
        "callkeeper: callkeeper.toml cannot be read (Permission denied); run this as a user that "
        "may read it: as the one that serves, or as root\n"
    )


def test_several_processes_serve_on_the_database_that_the_settings_name(service: Machine) -> None:
    settings = f'database = "{POSTGRES}"\nworkers = 2\n'
    said = log(service).count(" serves ")
    with has_postgres(service), configured(service, settings=settings):
        make_key, _ = lines("As a service", 1)
        service.run(make_key)
        assert "CRM" in service.run(f"{AS_SERVICE} callkeeper key list").stdout
        until(lambda: log(service).count(" serves ") > said)  # all of them, and not only the first
        until(lambda: len(processes(service)) == PROCESSES)
        assert "callkeeper_requests" in page(service, "metrics")
        service.run("pkill -KILL -u callkeeper -n -f processes.workers")
        until(lambda: "worker_lost" in log(service) and len(processes(service)) == PROCESSES)
        assert service.says("ls -d /tmp/callkeeper-metrics-*") == ""
        assert service.says("ls -d /tmp/systemd-private-*/tmp/callkeeper-metrics-*") != ""


def test_the_dialers_unit_dials_beside_the_server(service: Machine) -> None:
    with configured(service, settings='line = "rehearsal"\ndialer = false\n'):
        (start,) = lines("As a service", 2)
        service.run(start)
        until(lambda: "dials as" in log(service, "callkeeper-dial"))
        # It says its name before its lease, which `lines` shows, is written.
        assert until(lambda: dispatchers(service)) == [("rehearsal", "up")]
        service.run("systemctl disable --now callkeeper-dial")
        assert shown(service, "Result", "callkeeper-dial") == "success"


def test_the_dialers_unit_is_not_started_again_without_a_line(service: Machine) -> None:
    (start,) = lines("As a service", 2)
    service.run(start, check=False)
    until(lambda: shown(service, "ActiveState", "callkeeper-dial") == "failed")
    assert shown(service, "NRestarts", "callkeeper-dial") == "0"
    assert "--line: say which" in log(service, "callkeeper-dial")
    service.run("systemctl disable --now callkeeper-dial; systemctl reset-failed callkeeper-dial")


def dispatchers(machine: Machine) -> list[tuple[str, str]]:
    """Return the line of each that dials, and how it stands."""
    told = machine.run(f"{AS_SERVICE} callkeeper lines --json").stdout
    return [(each["line"], each["state"]) for each in json.loads(told)["dispatchers"]]


def is_another(machine: Machine, before: set[str]) -> bool:
    """Whether one of the processes that there were is gone."""
    return not before <= processes(machine)


def test_a_port_below_1024_is_taken_with_the_lines_that_are_told(service: Machine) -> None:
    edited = "/etc/systemd/system/callkeeper.service.d"
    text = "\\n".join(lines("As a service", 3))
    service.run(f"mkdir {edited} && printf '{text}\\n' >{edited}/override.conf")
    service.run("systemctl daemon-reload")
    with configured(service, settings="port = 443\\n"):
        assert "https://0.0.0.0:443" in log(service)
    service.run(f"rm -r {edited} && systemctl daemon-reload && systemctl restart callkeeper")
    until(lambda: page(service, "readyz").startswith("ready"))


def processes(machine: Machine) -> set[str]:
    """Return the processes of the services' user."""
    return set(machine.says("pgrep -u callkeeper").split())


def log(machine: Machine, unit: str = "callkeeper") -> str:
    """Return what a unit has said."""
    return machine.says(f"journalctl --no-pager --output=cat --unit={unit}")


@contextmanager
def configured(machine: Machine, *, settings: str) -> Iterator[None]:
    """Let the service run with more settings, and then without them again."""
    machine.run(
        "cd /etc/callkeeper && cp -p callkeeper.toml /tmp/kept && "
        f"printf '{settings}' >>callkeeper.toml && systemctl restart callkeeper"
    )
    until(lambda: page(machine, "readyz").startswith("ready"))
    try:
        yield
    finally:
        machine.run(
            "cd /etc/callkeeper && mv /tmp/kept callkeeper.toml && systemctl restart callkeeper"
        )
        until(lambda: page(machine, "readyz").startswith("ready"))


@contextmanager
def has_postgres(machine: Machine) -> Iterator[None]:
    """Let the machine have a PostgreSQL, with an empty database."""
    try:
        programs = binaries()
    except FileNotFoundError as missing:
        leave_out(f"PostgreSQL: {missing}")
        raise
    as_postgres = f"cd / && runuser -u postgres -- {programs}"
    options = "-c listen_addresses= -k /srv/postgres"
    machine.run("install -d -o postgres -m 0755 /srv/postgres")
    machine.run(
        f"{as_postgres}/initdb --no-sync --auth=trust --encoding=UTF8 -D /srv/postgres/data"
    )
    machine.run(
        f"{as_postgres}/pg_ctl -D /srv/postgres/data -o '{options}' -l /srv/postgres/log -w start"
    )
    try:
        yield
    finally:
        machine.run(f"{as_postgres}/pg_ctl -D /srv/postgres/data -m immediate stop")
