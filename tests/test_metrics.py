"""What a server, and a dialer alone, tell of themselves at /metrics."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from cryptography import x509

from callkeeper.clock import HandClock
from callkeeper.installation.database import DATABASE_FILE
from tests.api.test_automatic import automatic
from tests.conftest import leave_out
from tests.console.visitor import at_work
from tests.durability.server import ServerProcess
from tests.house import HOUR, House
from tests.private_postgres import PrivatePostgres
from tests.signed import verification
from tests.waiting import until

NOW = 1_800_000_000_000
SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)


def metrics(url: str, verify: ssl.SSLContext | None = None) -> str:
    with httpx2.Client(verify=verify or verification(), timeout=30) as client:
        answer = client.get(f"{url}/metrics")
    assert answer.status_code == 200
    return answer.text


def value(text: str, name: str) -> float:
    """Return what a metric without labels, or with those that are given, is."""
    (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found)


def test_a_promise_that_an_agent_has_missed_is_told(tmp_path: Path, database: str | None) -> None:
    clock = HandClock(NOW)
    with House(tmp_path / "data", database=database, clock=clock) as house:
        house.reserve()
        kept = house.reserve()
        house.post("updateResult", {"appointId": kept, "failCode": "00000"})
        clock.move(HOUR + 1)
        automatic(house, "66660001", HOUR)
        text = metrics(house.url)
    assert value(text, "callkeeper_overdue_reservations") == 1
    assert value(text, "callkeeper_broken_promises") == 0


def test_a_promise_that_nobody_kept_within_the_grace_is_told(tmp_path: Path) -> None:
    clock = HandClock(NOW)
    with House(tmp_path, clock=clock, grace_seconds=60) as house:
        house.reserve()
        clock.move(HOUR + 60_001)
        text = metrics(house.url)
    assert value(text, "callkeeper_overdue_reservations") == 1
    assert value(text, "callkeeper_broken_promises") == 1


def test_the_build_the_schema_and_that_the_database_is_up_are_told(any_house: House) -> None:
    text = metrics(any_house.url)
    assert re.search(
        r'^callkeeper_build_info\{python="3\..*",version="0\..*"\} 1.0$', text, re.MULTILINE
    )
    assert value(text, "callkeeper_database_up") == 1
    assert value(text, "callkeeper_schema_version") == any_house.store.schema_version()
    assert value(text, "callkeeper_waiting_writes") == 0


def test_who_signs_in_and_who_is_refused_are_counted(house: House) -> None:
    visitor = at_work(house, "ann")
    visitor.sign_in("ann", "not the password")
    visitor.sign_in("nobody")
    visitor.sign_in("ann")
    text = metrics(house.url)
    assert value(text, 'callkeeper_console_sign_ins_total{outcome="in"}') == 1
    assert value(text, 'callkeeper_console_sign_ins_total{outcome="refused"}') == 2


def test_that_the_database_is_not_up_is_told_and_the_rest_is_told_all_the_same(
    house: House,
) -> None:
    house.reserve()
    with closing(sqlite3.connect(house.settings.data_dir / DATABASE_FILE)) as database:
        database.execute("ALTER TABLE schema_version RENAME TO elsewhere")
    text = metrics(house.url)
    assert value(text, "callkeeper_database_up") == 0
    created = 'callkeeper_requests_total{code="0200000",interface="create",status="200"}'
    assert value(text, created) == 1


def test_connections_are_told(house: House) -> None:
    host, _, port = house.url.removeprefix("http://").partition(":")
    before = value(metrics(house.url), "callkeeper_connections")
    with (
        socket.create_connection((host, int(port))),
        socket.create_connection((host, int(port))),
    ):
        until(lambda: value(metrics(house.url), "callkeeper_connections") == before + 2)
    until(lambda: value(metrics(house.url), "callkeeper_connections") == before)


def test_that_the_process_that_writes_was_lost_is_counted(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, None) as server:
        server.start()
        url = f"http://127.0.0.1:{server.port}"
        assert value(metrics(url), "callkeeper_writer_restarts_total") == 0
        os.kill(server.writer_pid, signal.SIGKILL)
        until(lambda: value(metrics(url), "callkeeper_writer_restarts_total") == 1)


def test_the_certificates_end_is_told_where_one_is_served(tmp_path: Path) -> None:
    with House(tmp_path, tls="auto") as house:
        trusting = ssl.create_default_context(cafile=tmp_path / "tls-certificate.pem")
        text = metrics(house.url, trusting)
    end = x509.load_pem_x509_certificate((tmp_path / "tls-certificate.pem").read_bytes())
    told = value(text, "callkeeper_certificate_end_timestamp_seconds")
    assert told == end.not_valid_after_utc.timestamp()


def test_without_tls_there_is_no_certificate_to_end(shared_metrics: str) -> None:
    assert "certificate" not in shared_metrics


@pytest.fixture(scope="module")
def shared_metrics(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a server with a dialer says that has done nothing yet."""
    with House(tmp_path_factory.mktemp("shared"), line="rehearsal") as house:
        until(lambda: value(metrics(house.url), "callkeeper_line_up") == 1)
        return metrics(house.url)


@pytest.mark.parametrize(
    "sample",
    [
        'callkeeper_requests_total{code="0200000",interface="create",status="200"}',
        'callkeeper_requests_total{code="04000001",interface="create",status="200"}',
        'callkeeper_requests_total{code="0200001",interface="queryCampaigns",status="401"}',
        'callkeeper_requests_total{code="0200006",interface="updateResult",status="500"}',
        'callkeeper_requests_total{code="0200001",interface="-",status="404"}',
        'callkeeper_outcomes_total{outcome="answered"}',
        'callkeeper_outcomes_total{outcome="unknown"}',
        "callkeeper_line_gaps_total",
        "callkeeper_writer_restarts_total",
    ],
)
def test_what_can_be_counted_begins_at_0(shared_metrics: str, sample: str) -> None:
    assert value(shared_metrics, sample) == 0


def test_no_series_tells_when_another_was_created(shared_metrics: str) -> None:
    assert "_created" not in shared_metrics


def test_what_only_grows_is_a_counter_and_called_total(shared_metrics: str) -> None:
    kinds = dict(re.findall(r"^# TYPE (callkeeper_\w+) (\w+)$", shared_metrics, re.MULTILINE))
    assert {name for name, kind in kinds.items() if kind == "counter"} == {
        name for name in kinds if name.endswith("_total")
    }
    assert kinds["callkeeper_line_gaps_total"] == "counter"


def promtool(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run Prometheus's own judge of metrics and rules."""
    program = shutil.which("promtool")
    if program is None:
        leave_out("what Prometheus thinks of metrics and rules: no promtool here")
    return subprocess.run(
        [program or "", *arguments], input=given, capture_output=True, text=True, check=False
    )


def test_prometheus_finds_no_fault_in_it(shared_metrics: str) -> None:
    judged = promtool("check", "metrics", given=shared_metrics)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


def test_workers_tell_together(tmp_path: Path, postgres: PrivatePostgres) -> None:
    with ServerProcess(tmp_path, postgres.new_database(), "--workers=2") as server:
        server.start()
        until(lambda: " serves http" in server.log)
        url = f"http://127.0.0.1:{server.port}"
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
        until(lambda: value(metrics(url), "callkeeper_connections") >= len(idle))
        text = metrics(url)
        for each in idle:
            each.close()
    assert value(text, "callkeeper_database_up") == 1
    assert value(text, "callkeeper_schema_version") > 0
    assert value(text, "callkeeper_overdue_reservations") == 0
    assert value(text, "callkeeper_writer_restarts_total") == 0
    assert len(re.findall(r"^callkeeper_build_info\{.*\} 1.0$", text, re.MULTILINE)) == 1
    assert "_created" not in text
    judged = promtool("check", "metrics", given=text)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")
