"""``serve --console-port``: the console from a process of its own, which yields to the API."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from callkeeper.core.people.person import Role
from callkeeper.settings import Settings
from callkeeper.usecases.invitations import add_person
from tests.conftest import leave_out
from tests.durability.server import TASK, VDN, ServerProcess, send
from tests.house import HOUR
from tests.ports import free_port
from tests.processes import are_gone, children, kill
from tests.test_doctor import check_up
from tests.waiting import until

HAPROXY = Path("/usr/sbin/haproxy")
OPERATING = Path(__file__).parents[1] / "docs" / "operating.md"
BLOCK = r"```haproxy\n(.*?)```"
FORM = {"password": "four plain words here", "again": "four plain words here"}
OURS = {"sec-fetch-site": "same-origin"}


class Served(ServerProcess):
    """A server with a console at a port of its own."""

    def __init__(self, home: Path, database: str | None, *flags: str) -> None:
        self.console_port = free_port()
        super().__init__(home, database, f"--console-port={self.console_port}", *flags)

    def readiness(self) -> int | None:
        """Return 200 once all of it has begun; it is started but once."""
        return 200 if "its console is at" in self.log else None

    @property
    def console_pid(self) -> int:
        """The process of the console: the nicest of all."""
        return max(self.worker_pids, key=lambda pid: os.getpriority(os.PRIO_PROCESS, pid))

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"


@pytest.fixture
def server(tmp_path: Path, database: str | None) -> Iterator[Served]:
    with Served(tmp_path, database) as server:
        server.start()
        yield server


@contextmanager
def signed_in(server: Served) -> Iterator[httpx2.Client]:
    """Have a browser of agent ann, who has just chosen a password."""
    token = add_person(server.store, server.clock, "ann", None, Role("agent", VDN, "ann")).token
    with httpx2.Client(base_url=server.console, headers=OURS, trust_env=False) as browser:
        came = browser.post(f"/console/welcome/{token}", data=FORM)
        browser.headers["cookie"] = came.headers["set-cookie"].partition(";")[0]
        yield browser


def reserve(server: Served) -> str:
    body = {
        "callType": 1,
        "calledNo": "13800138000",
        "userAccount": "ann",
        "taskId": TASK,
        "appointTime": server.clock.now() + HOUR,
    }
    connection = server.connect()
    answer = send(connection, server.sign("create", body))
    connection.close()
    return str(answer["returnObject"]["appointId"])


def test_each_port_has_its_own_and_nothing_of_the_other(server: Served) -> None:
    assert f"its console is at {server.console}/console/" in server.log
    for url, path, expected in (
        (server.api, "/healthz", 200),
        (server.api, "/readyz", 200),
        (server.api, "/docs", 200),
        (server.api, "/console/sign-in", 404),
        (server.console, "/healthz", 200),
        (server.console, "/console/sign-in", 200),
        (server.console, "/readyz", 404),
        (server.console, "/metrics", 404),
        (server.console, "/docs", 404),
    ):
        assert status(f"{url}{path}") == expected, (url, path)
    signed = server.sign("create", {})
    refused = httpx2.post(f"{server.console}{signed.path}", content=signed.body, trust_env=False)
    assert refused.status_code == 404
    assert "/docs" not in refused.text  # it has none to send anybody to


def test_a_page_shows_what_the_api_reserved_and_files_its_result(server: Served) -> None:
    id_ = reserve(server)
    with signed_in(server) as browser:
        page = f"/console/{VDN}/reservations/{id_}"
        assert id_ in browser.get(f"/console/{VDN}/today").text
        shown = browser.get(page).text
        given = {name: hidden(shown, name) for name in ("version", "form")}
        assert browser.post(f"{page}/result", data=given | {"end": "00603"}).status_code == 303
        (filed,) = server.store.reservations.with_id(id_)
        assert filed.fail_code == "00603"
        told = httpx2.get(f"{server.api}/metrics", trust_env=False).text
        assert 'interface="console"' in told  # the figures of all are together


def hidden(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def test_the_api_comes_before_pages_and_what_is_lost_is_begun_anew(server: Served) -> None:
    own = server.console_pid
    others = [each for each in children(server.pid) if each != own]
    ours = os.getpriority(os.PRIO_PROCESS, 0)  # whoever runs the tests may be nice too
    assert os.getpriority(os.PRIO_PROCESS, own) == min(ours + 10, 19)
    assert {os.getpriority(os.PRIO_PROCESS, each) for each in others} == {ours}
    assert os.sched_getscheduler(own) == os.SCHED_IDLE
    assert {os.sched_getscheduler(each) for each in others} == {os.sched_getscheduler(0)}
    with signed_in(server) as browser:
        os.kill(own, signal.SIGKILL)
        reserve(server)
        until(lambda: '"event":"worker_lost"' in server.log)
        until(lambda: status(f"{server.console}/healthz") == 200)
        assert browser.get(f"/console/{VDN}/today").status_code == 200
    assert server.console_pid != own


def status(url: str) -> int | None:
    """Return how a URL is answered; None while nobody listens."""
    try:
        return httpx2.get(url, trust_env=False).status_code
    except httpx2.TransportError:
        return None


def test_open_streams_hold_up_no_stop(server: Served) -> None:
    pids = children(server.pid)
    with signed_in(server) as browser, browser.stream("GET", f"/console/changes?vdn={VDN}") as seen:
        assert seen.status_code == 200
        assert server.end() == 0
    assert are_gone(pids)
    assert "Traceback" not in server.log


def test_with_workers_and_an_internal_port_it_is_one_more_process(tmp_path: Path) -> None:
    internal = free_port()
    (tmp_path / "callkeeper.toml").write_text(f"internal_port = {internal}\n")
    with Served(tmp_path, None, "--workers=2") as server:
        server.start()
        until(lambda: len(server.worker_pids) == 3)
        assert status(f"http://127.0.0.1:{internal}/metrics") == 200
        assert status(f"{server.console}/healthz") == 200
        assert status(f"{server.console}/console/sign-in") == 200
        assert status(f"{server.api}/healthz") == 404


def test_a_check_up_looks_at_both_ports(server: Served, database: str | None) -> None:
    settings = Settings(
        data_dir=server.data_dir,
        database=database,
        port=server.port,
        console_port=server.console_port,
    )
    ready = httpx2.get(f"{server.api}/readyz", trust_env=False).text.strip()
    assert check_up(settings)["port"].says == (
        f"Callkeeper answers at 127.0.0.1 port {server.port}: {ready}; console: "
        f"Callkeeper answers at 127.0.0.1 port {server.console_port}: ok"
    )
    os.kill(server.pid, signal.SIGSTOP)
    try:
        os.kill(server.console_pid, signal.SIGSTOP)
        assert "is silent" in check_up(settings)["port"].says
    finally:
        os.kill(server.console_pid, signal.SIGCONT)
        os.kill(server.pid, signal.SIGCONT)


def test_a_port_that_is_taken_is_said_once_and_nothing_serves(tmp_path: Path) -> None:
    taken = free_port()
    with Served(tmp_path, None) as server:
        server.start()
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "callkeeper", "serve", f"--console-port={server.port}"),
                *(f"--port={taken}", "--tls=off"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == (
        f"callkeeper: cannot listen on 127.0.0.1 port {server.port}: Address already in use\n"
    )


def documented(server: Served, entrance: int) -> str:
    """Return HAProxy's configuration as the documents have it, but for the addresses."""
    told = OPERATING.read_text("utf-8")
    own, *_ = re.findall(BLOCK, told.partition("\n### The console by itself\n")[2], re.DOTALL)
    most, *_ = re.findall(BLOCK, told.partition("\n## Several machines\n")[2], re.DOTALL)
    text = re.sub(r"frontend callkeeper\n( .*\n)+", "", most) + own
    for documented, ours in (
        ("192.0.2.10:28443", f"127.0.0.1:{entrance}"),
        ("192.0.2.1:28443 check port 28444", f"127.0.0.1:{server.port}"),
        ("192.0.2.1:28445", f"127.0.0.1:{server.console_port}"),
    ):
        assert text.count(documented) == 1, text
        text = text.replace(documented, ours)
    return "".join(line for line in text.splitlines(keepends=True) if "192.0.2." not in line)


def test_behind_haproxy_as_it_is_documented_one_name_serves_both(
    server: Served, tmp_path: Path
) -> None:
    if not HAPROXY.exists():
        leave_out("there is no haproxy; apt-get install haproxy")
    entrance = free_port()
    file = tmp_path / "haproxy.cfg"
    file.write_text(documented(server, entrance), "utf-8")
    balancer = subprocess.Popen([HAPROXY, "-db", "-f", file], stdin=subprocess.DEVNULL)
    try:
        until(lambda: status(f"http://127.0.0.1:{entrance}/console/sign-in") == 200)
        for path, expected in (("/console", 308), ("/readyz", 200)):
            assert status(f"http://127.0.0.1:{entrance}{path}") == expected
        other = httpx2.get(f"http://127.0.0.1:{entrance}/consoles", trust_env=False)
        assert "see /docs" in other.text  # of the API, which has some
    finally:
        kill(balancer)
