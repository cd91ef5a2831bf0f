"""The start of a server: what it refuses to start with, and what it makes."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from callkeeper.clock import SystemClock
from callkeeper.installation import open_seal, open_store
from callkeeper.keyring import issue, revoke
from callkeeper.sealing import SealBroken
from callkeeper.serve import prepare_server
from callkeeper.settings import Settings, SettingsWrong
from tests.house import VDN

OTHER_KEY = base64.b64encode(bytes(32)).decode()


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
    program = f"{older}; from callkeeper.cli.program import app; app()"
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
