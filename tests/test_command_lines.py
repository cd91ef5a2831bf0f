"""No secret stands on the command line of any process of ours, where everybody may read it."""

import os
import signal
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.ports import free_port
from tests.private_postgres import PrivatePostgres
from tests.processes import children, told
from tests.test_cli import PROGRAM, environment
from tests.waiting import until

PASSWORD = "hush7Xq"
ARI_PASSWORD = "hush8Yr"
SEALING_KEY = b64encode(b"hush" * 8).decode()
SECRETS = (PASSWORD, ARI_PASSWORD, SEALING_KEY, "CALLKEEPER_SK")


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """The URL, with a password in it, of a database whose owner has to give one."""
    port = free_port()
    with PrivatePostgres(port) as server:
        with psycopg.connect(server.url(), autocommit=True) as owner:
            owner.execute(f"CREATE ROLE someone LOGIN PASSWORD '{PASSWORD}'".encode())
            owner.execute("CREATE DATABASE kept OWNER someone")
        server.want_passwords()
        yield f"postgresql://someone:{PASSWORD}@127.0.0.1:{port}/kept"


class Watched(NamedTuple):
    """A command that runs, what it says, and the command lines seen of it and of its children."""

    process: "subprocess.Popen[bytes]"
    said: Path
    seen: set[str]

    def look(self) -> None:
        """Read the command line of each process there is now."""
        for pid in self.all():
            self.seen.add(told(pid, "cmdline").replace("\0", " "))

    def all(self) -> list[int]:
        """Return the command and what it has started, however far down."""
        found = [self.process.pid]
        for pid in found:
            found += children(pid)
        return found

    def until(self, so: Callable[[], bool]) -> None:
        """Look on until something is so."""

        def looked() -> bool:
            self.look()
            return so()

        until(looked)

    def says(self, text: str) -> bool:
        """Whether it has said something by now."""
        assert self.process.poll() is None, self.said.read_text("utf-8")
        return text in self.said.read_text("utf-8")


@pytest.fixture
def watch(tmp_path: Path, guarded: str) -> Iterator[Callable[..., Watched]]:
    """Begin a command, with every secret in its environment."""
    begun: list[Watched] = []

    def begin(*command: str) -> Watched:
        given = environment(
            CALLKEEPER_DATABASE=guarded,
            CALLKEEPER_DATA_DIR=str(tmp_path / "data"),
            CALLKEEPER_SEALING_KEY=SEALING_KEY,
            CALLKEEPER_ARI_PASSWORD=ARI_PASSWORD,
            CALLKEEPER_ARI_URL="http://127.0.0.1:1/ari",
        )
        said = tmp_path / f"said{len(begun)}"
        with said.open("wb") as out:
            process = subprocess.Popen([*PROGRAM, *command], stdout=out, stderr=out, env=given)
        begun.append(Watched(process, said, set()))
        return begun[-1]

    yield begin
    for each in begun:
        each.process.terminate()
        each.process.wait(30)


def check(watched: Watched, processes: int) -> None:
    assert len(watched.seen) >= processes, watched.seen
    assert not [line for line in watched.seen for secret in SECRETS if secret in line]


def test_a_server_has_none_nor_have_its_workers_and_who_takes_their_place(
    watch: Callable[..., Watched],
) -> None:
    server = watch("serve", "--workers=2", "--line=asterisk", "--port=0", "--tls=off")
    server.until(lambda: server.says(" serves "))
    # Whoever started them, one that writes, two workers, and what writes for the one that dials.
    server.until(lambda: len(server.all()) >= 5)
    begun = server.all()[1:]
    for each in begun:
        os.kill(each, signal.SIGKILL)
    server.until(lambda: server.says("worker_lost") and len(server.all()) >= 5)
    assert not set(begun) & set(server.all())
    check(server, 5)


def test_a_dialer_has_none(watch: Callable[..., Watched]) -> None:
    migrating = watch("migrate")
    migrating.until(lambda: migrating.process.poll() is not None)
    dialer = watch("dial", "--line=asterisk")
    # A child has the command line of its parent until it has become what it was started for.
    dialer.until(lambda: dialer.says("dials as") and len(dialer.seen) > 1)
    check(migrating, 1)
    check(dialer, 2)


@pytest.mark.parametrize(
    "command",
    [
        ["migrate"],
        ["key", "create", "--vdn", "25"],
        ["key", "list"],
        ["doctor", "--line", "asterisk", "--port", "0"],
        ["demo", "--once"],
    ],
    ids=" ".join,
)
def test_a_command_has_none_however_short_it_runs(
    watch: Callable[..., Watched], command: list[str]
) -> None:
    watched = watch(*command)
    watched.until(lambda: watched.process.poll() is not None)
    check(watched, 2 if command[0] == "demo" else 1)
    assert "Traceback" not in watched.said.read_text("utf-8")
