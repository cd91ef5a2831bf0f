"""Signals: whichever ends a process, it hands over first; others do not end it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.server import ServerProcess
from tests.private_postgres import PrivatePostgres
from tests.processes import are_gone, children
from tests.test_cli import PROGRAM, environment
from tests.waiting import until

ENDING = [signal.SIGHUP, signal.SIGQUIT]
MEANINGLESS = [signal.SIGUSR1, signal.SIGUSR2]


@pytest.fixture(params=["one", "workers"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PrivatePostgres
) -> Iterator[ServerProcess]:
    flags = ["--line=rehearsal", *(["--workers=2"] if request.param == "workers" else [])]
    with ServerProcess(tmp_path, postgres.new_database(), *flags) as server:
        server.start()
        until(lambda: server.store.leases.all() and " serves http" in server.log)
        yield server


def everybody(server: ServerProcess) -> list[int]:
    """Return all processes of a server, itself first."""
    found = [server.pid]
    for pid in found:
        found += children(pid)
    return found


def dials(server: ServerProcess) -> bool:
    now = server.clock.now()
    return any(each.lease_until > now for each in server.store.leases.all())


@pytest.mark.parametrize("number", ENDING)
def test_it_ends_with_hand_over_when_its_terminal_closes_or_it_is_told_to_quit(
    server: ServerProcess, number: signal.Signals
) -> None:
    all_of_it = everybody(server)
    for pid in reversed(all_of_it):  # the whole group, as a terminal that closes does
        os.kill(pid, number)
    until(lambda: are_gone(all_of_it))
    assert not dials(server)  # the lease was ended, and is not waited for
    assert not {"writer_lost", "worker_lost", "Traceback"} & set(
        server.log.replace('"', " ").split()
    )


@pytest.mark.parametrize("number", MEANINGLESS)
def test_a_signal_that_means_nothing_ends_nothing(
    server: ServerProcess, number: signal.Signals
) -> None:
    all_of_it = everybody(server)
    for pid in all_of_it:
        os.kill(pid, number)
    assert server.readiness() == 200
    assert everybody(server) == all_of_it
    assert dials(server)
    assert "lost" not in server.log


@pytest.mark.parametrize("number", [*ENDING, *MEANINGLESS])
def test_so_does_a_dialer_alone(
    tmp_path: Path, postgres: PrivatePostgres, number: signal.Signals
) -> None:
    with ServerProcess(tmp_path, postgres.new_database()) as beside:
        where = ["--data-dir", str(tmp_path / "data"), "--database", beside.database]
        with subprocess.Popen(
            [*PROGRAM, "dial", "--line=rehearsal", *where], env=environment()
        ) as dialer:
            until(lambda: dials(beside))
            dialer.send_signal(number)
            if number in MEANINGLESS:
                dialer.send_signal(signal.SIGTERM)
            assert dialer.wait(30) == 0
        assert not dials(beside)


def test_a_signal_that_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    program = "from callkeeper.signals import ending; print(*ending())"
    for ignored in (signal.SIG_IGN, signal.SIG_DFL):
        told = subprocess.run(
            [sys.executable, "-c", f"import signal; signal.signal(1, {int(ignored)}); {program}"],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        ).stdout.split()
        assert ("1" in told or "Signals.SIGHUP" in told) is (ignored is signal.SIG_DFL)
