"""The start of a server: what it refuses to start with, and what it makes."""

import asyncio
import base64
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callkeeper.clock import SystemClock
from callkeeper.http.connections import Connections
from callkeeper.installation.database import open_seal, open_store
from callkeeper.installation.sealing import SealBroken
from callkeeper.processes.serve import Server, http_config, prepare_server
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.usecases.keys import issue, revoke
from tests.house import VDN

OTHER_KEY = base64.b64encode(bytes(32)).decode()


def test_a_client_that_connects_behind_many_others_waits_few_rounds_of_the_loop() -> None:
    count, came, all_came = 128, list[int](), threading.Event()
    rounds = 0

    def go_round() -> None:
        nonlocal rounds
        rounds += 1
        asyncio.get_running_loop().call_soon(go_round)

    async def note(_request: Request) -> Response:
        came.append(rounds)
        if len(came) == count:
            all_came.set()
        return Response()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        go_round()
        yield

    app = Starlette(routes=[Route("/", note)], lifespan=lifespan)
    listener = socket.create_server(("127.0.0.1", 0), backlog=count)
    with ExitStack() as made:
        for _ in range(count):
            one = made.enter_context(socket.create_connection(listener.getsockname(), 30))
            one.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        server = Server(http_config(app, Connections(100)), listener, lambda: None)
        thread = threading.Thread(target=server.run)
        thread.start()
        assert all_came.wait(20)
        server.should_exit = True
        thread.join(20)
    assert came[-1] - came[0] < count / 4


def settings_of(tmp_path: Path, database: str | None = None, **more: str) -> Settings:
    given = {"data_dir": tmp_path / "data", "database": database, "port": 0, "tls": "off", **more}
    return Settings(**given)  # type: ignore[arg-type]


def with_a_key(settings: Settings) -> str:
    store = open_store(settings)
    key = issue(store, open_seal(settings), SystemClock(), VDN)
    store.close()
    return key.ak


def start(settings: Settings) -> None:
    """Prepare a server, which is refused."""
    prepare_server(settings, ready=lambda _url: None)


def test_a_server_does_not_start_with_a_sealing_key_that_opens_nothing(
    tmp_path: Path, database: str | None
) -> None:
    with_a_key(settings_of(tmp_path, database))
    with pytest.raises(SealBroken, match="give this process the key"):
        start(settings_of(tmp_path, database, sealing_key=OTHER_KEY))


def test_no_sealing_key_is_made_beside_sealed_secrets(tmp_path: Path, database: str | None) -> None:
    settings = settings_of(tmp_path, database)
    with_a_key(settings)
    file = settings.data_dir / "sealing.key"
    file.unlink()
    with pytest.raises(SealBroken, match="the key that they were sealed with"):
        start(settings)
    assert not file.exists()


def test_a_lost_sealing_key_can_be_replaced_once_its_keys_are_revoked(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    ak = with_a_key(settings)
    (settings.data_dir / "sealing.key").unlink()
    store = open_store(settings)
    assert revoke(store, SystemClock(), ak)
    store.close()
    taken = Settings(data_dir=settings.data_dir, host="256.0.0.1", port=0, tls="off")
    with pytest.raises((SettingsWrong, OSError)):
        start(taken)  # it came as far as its port
    assert (settings.data_dir / "sealing.key").exists()


def test_a_database_url_that_is_none_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="not a valid") as refused:
        start(settings_of(tmp_path, "postgresql://user:hush@[host/x"))
    assert "hush" not in str(refused.value)


def test_an_sqlite_that_is_too_old_is_told_in_one_line(tmp_path: Path) -> None:
    older = "import sqlite3; sqlite3.sqlite_version_info = (3, 37, 2)"
    program = f"{older}; from callkeeper.__main__ import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "serve", "--data-dir", str(tmp_path), "--tls", "off"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "must be 3.38 or newer" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("python", "why"), [("/nowhere/python", "No such file"), (__file__, "Permission denied")]
)
def test_a_process_that_writes_and_cannot_be_started_is_told_in_one_line(
    tmp_path: Path, python: str, why: str
) -> None:
    gone = f"import sys; sys.executable = {python!r}"
    program = f"{gone}; from callkeeper.__main__ import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "serve", "--data-dir", str(tmp_path), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == (4 if why == "Permission denied" else 1)
    assert f"cannot start the process that writes, {python}: {why}" in ended.stderr
    assert ended.stderr.count("\n") == 1
