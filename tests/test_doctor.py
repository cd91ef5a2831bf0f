"""The check-up: what it finds good, and what it does not."""

import re
import socket
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callkeeper.clock import HandClock, SystemClock
from callkeeper.core.people.person import Role
from callkeeper.installation.database import (
    DATABASE_FILE,
    begin_seal,
    open_seal,
    open_session,
    open_store,
)
from callkeeper.installation.sealing import Seal
from callkeeper.installation.tls import prepare
from callkeeper.processes.doctor import CheckUp
from callkeeper.settings import Settings
from callkeeper.store.engine.migrate import migrations
from callkeeper.store.port.reservations import Wanted
from callkeeper.store.port.store import Store
from callkeeper.usecases.checks import Check
from callkeeper.usecases.invitations import add_person
from callkeeper.usecases.keys import issue, revoke
from tests.api.test_outage import however_lost
from tests.house import VDN, House
from tests.ports import free_port
from tests.private_postgres import PrivatePostgres
from tests.store.orders import HOUR, Opener, booked, booking, has_campaign
from tests.waiting import until

OPERATING = (Path(__file__).parents[1] / "docs/operating.md").read_text("utf-8")


def settled(tmp_path: Path, database: str | None = None, **more: object) -> Settings:
    """Return the settings of an installation with a schema and a key, on a free port."""
    given = {"data_dir": tmp_path / "data", "database": database, "port": 0, **more}
    settings = Settings(**given)  # type: ignore[arg-type]
    store = open_store(settings)
    issue(store, open_seal(settings), SystemClock(), VDN)
    store.close()
    return settings


def check_up(settings: Settings) -> dict[str, Check]:
    return {each.name: each for each in CheckUp(settings, SystemClock()).run()}


def bad(settings: Settings) -> set[str]:
    return {name for name, check in check_up(settings).items() if not check.good}


def test_an_installation_in_order_is_all_good(tmp_path: Path, database: str | None) -> None:
    assert bad(settled(tmp_path, database)) == set()


def test_before_the_first_start_it_says_one_thing_and_makes_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "nowhere", port=0)
    assert bad(settings) == set(check_up(settings)) == {"installation"}
    assert "start one with `callkeeper serve`" in check_up(settings)["installation"].says
    assert not settings.data_dir.exists()


def test_so_it_does_beside_a_database_elsewhere(tmp_path: Path, postgres: PrivatePostgres) -> None:
    settings = Settings(data_dir=tmp_path / "nowhere", database=postgres.new_database(), port=0)
    assert bad(settings) == set(check_up(settings)) == {"installation"}
    assert not settings.data_dir.exists()


def test_a_database_with_an_older_schema_asks_to_be_migrated(
    tmp_path: Path, empty_database: str | None
) -> None:
    settings = Settings(data_dir=tmp_path, database=empty_database, port=0)
    session = open_session(settings)
    session.migrate(migrations("postgres" if empty_database else "sqlite")[:2])
    session.close()
    found = check_up(settings)
    assert "callkeeper migrate" in found["schema"].says
    assert not found["schema"].good


def test_a_database_that_does_not_let_itself_be_read_is_bad(
    tmp_path: Path, postgres: PrivatePostgres
) -> None:
    settings = settled(tmp_path, postgres.new_database())
    with psycopg.connect(str(settings.database), autocommit=True) as owner:
        owner.execute("CREATE ROLE stranger LOGIN")
    url = f"{settings.database}&user=stranger"
    assert bad(Settings(data_dir=settings.data_dir, database=url, port=0)) == {
        "schema",
        "writing",
        "tallies",
        "sealing key",
        "line",
    }


def test_a_database_that_is_away_is_bad(tmp_path: Path) -> None:
    tmp_path.joinpath("data").mkdir()
    away = f"postgresql:///none?host={tmp_path}"
    assert "database" in bad(Settings(data_dir=tmp_path / "data", database=away, port=0))


def test_a_database_that_is_back_is_good_for_the_same_check_up(tmp_path: Path) -> None:
    settings = settled(tmp_path)
    file = settings.data_dir / DATABASE_FILE
    kept = file.read_bytes()
    check_up = CheckUp(settings, SystemClock())
    assert all(each.good for each in check_up.run())
    file.write_bytes(b"no database" * 1000)
    assert {"database", "writing"} <= {each.name for each in check_up.run() if not each.good}
    file.write_bytes(kept)
    assert all(each.good for each in check_up.run())


def test_a_clock_that_is_off_is_bad(tmp_path: Path, database: str | None) -> None:
    settings = settled(tmp_path, database)
    slow = HandClock(SystemClock().now() - 60_000)
    (clock,) = (each for each in CheckUp(settings, slow).run() if each.name == "clock")
    assert not clock.good
    assert "ms apart" in clock.says


def test_a_sealing_key_that_does_not_fit_is_bad(tmp_path: Path) -> None:
    settings = settled(tmp_path)
    (settings.data_dir / "sealing.key").unlink()
    assert bad(settings) == {"sealing key"}
    assert isinstance(open_seal(settings), Seal)  # another one, made anew
    assert bad(settings) == {"sealing key"}


def seal_as_of_old(store: Store, data_dir: Path, secret: str) -> None:
    """Seal the secret of the only key with its name alone, as was done before."""
    (key,) = store.keys.all()
    cipher = AESGCM(b64decode((data_dir / "sealing.key").read_bytes()))
    sealed = bytes(12) + cipher.encrypt(bytes(12), secret.encode(), key.ak.encode())
    with store.transaction():
        store.keys.reseal([(key.ak, b64encode(sealed).decode())])


def test_a_secret_sealed_as_of_old_is_bad_until_migrate_binds_it(
    tmp_path: Path, database: str | None
) -> None:
    settings = settled(tmp_path, database)
    store = open_store(settings)
    seal_as_of_old(store, settings.data_dir, "hush")
    assert bad(settings) == {"sealing key"}
    begin_seal(settings, store)
    (bound,) = store.keys.all()
    assert bad(settings) == set()
    assert open_seal(settings).open(bound.sealed_secret, bound.ak, bound.vdn) == "hush"
    store.close()


def test_a_secret_that_was_never_sealed_is_bad_and_told_by_its_key(tmp_path: Path) -> None:
    settings = settled(tmp_path)
    store = open_store(settings)
    (key,) = store.keys.all()
    with store.transaction():
        store.keys.reseal([(key.ak, "garbled")])
    store.close()
    assert bad(settings) == {"sealing key"}
    says = check_up(settings)["sealing key"].says
    assert f"does not open the secret of {key.ak}" in says


def test_a_sealing_key_need_not_open_what_was_revoked(tmp_path: Path) -> None:
    settings = settled(tmp_path)
    store = open_store(settings)
    (key,) = store.keys.all()
    assert revoke(store, SystemClock(), key.ak)
    store.close()
    (settings.data_dir / "sealing.key").unlink()
    assert bad(settings) == set()


@pytest.mark.parametrize("name", ["", "callkeeper.db", "sealing.key"])
def test_a_file_that_others_can_read_is_bad(tmp_path: Path, name: str) -> None:
    settings = settled(tmp_path)
    (settings.data_dir / name).chmod(0o755)
    assert bad(settings) == {"privacy"}


def test_a_certificate_is_good_until_its_last_days(tmp_path: Path) -> None:
    settings = settled(tmp_path, tls="auto")
    prepare("auto", settings.data_dir, "127.0.0.1", SystemClock())
    assert bad(settings) == set()
    prepare_old(settings)
    assert bad(settings) == {"certificate"}


def prepare_old(settings: Settings) -> None:
    """Make a certificate that was made 820 of its 825 days ago."""
    for name in ("tls-certificate.pem", "tls-key.pem"):
        (settings.data_dir / name).unlink()
    long_ago = HandClock(SystemClock().now() - 820 * 86_400_000)
    prepare("auto", settings.data_dir, "127.0.0.1", long_ago)


def test_a_certificate_that_is_not_there_is_bad(tmp_path: Path) -> None:
    assert bad(settled(tmp_path, tls="/nil/cert.pem:/nil/key.pem")) == {"certificate"}


def test_a_port_is_good_when_callkeeper_has_it_and_its_pages_another(tmp_path: Path) -> None:
    with House(tmp_path, internal_port=free_port()) as house:
        port = int(house.url.rpartition(":")[2])
        ours = Settings(data_dir=tmp_path, port=port, internal_port=house.settings.internal_port)
        assert f"port {port}: ready" in check_up(ours)["port"].says


def test_a_port_is_good_when_callkeeper_has_it_and_bad_when_another_has(house: House) -> None:
    port = int(house.url.rpartition(":")[2])
    ours = Settings(data_dir=house.settings.data_dir, port=port)
    assert "Callkeeper answers" in check_up(ours)["port"].says
    with socket.create_server(("127.0.0.1", 0)) as other:
        theirs = Settings(data_dir=house.settings.data_dir, port=other.getsockname()[1])
        assert bad(theirs) == {"port"}


@pytest.mark.parametrize(
    "tampering", ["UPDATE agent_day SET listed = 9", "DELETE FROM outstanding"]
)
def test_what_was_tampered_with_is_found_and_counted_anew(
    tmp_path: Path, database: str | None, tampering: str
) -> None:
    settings = settled(tmp_path, database)
    now = SystemClock().now()
    with Opener(settings.data_dir, database) as opener:
        opened = opener.open()
        has_campaign(opened.session, VDN, end_at=now + 1000 * HOUR)
        booked(opened.store, booking(1, vdn=VDN, at=now), booking(2, vdn=VDN, at=now))
        assert "tallies" not in bad(settings)
        change(settings, tampering)
        found = check_up(settings)["tallies"]
        assert not found.good
        assert f"VDN {VDN}" in found.says
        (recount,) = re.findall(r"```sql\n(DELETE FROM campaign_day.*?)```", OPERATING, re.DOTALL)
        (lock,) = re.findall(r"on PostgreSQL begin it\s+with\s+`(LOCK TABLE .*?)`", OPERATING)
        change(settings, f"{lock};{recount}" if database else recount)
        assert "tallies" not in bad(settings)
        wanted = Wanted(VDN, 0, 10, agents=["ann"])
        assert opened.store.reservations.find(wanted).total == 2


def change(settings: Settings, sql: str) -> None:
    """Run SQL as an operator would, in one transaction."""
    if settings.database:
        with psycopg.connect(settings.database) as connection:
            connection.execute(sql.encode())
    else:
        file = sqlite3.connect(settings.data_dir / DATABASE_FILE)
        file.executescript(f"BEGIN;{sql};COMMIT")
        file.close()


@however_lost
def test_files_that_a_running_server_has_lost_are_told_and_not_touched(
    befall: Callable[[Path], object], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with House(folder) as house:
        house.reserve()
        befall(folder)
        until(lambda: house.http.get(f"{house.url}/readyz").status_code == 503)
        left = {each: each.stat().st_size for each in folder.glob(f"{DATABASE_FILE}*")}
        ours = Settings(data_dir=folder, port=int(house.url.rpartition(":")[2]))
        found = check_up(ours)
        assert "was removed or replaced while the server runs" in found["port"].says
        assert "the server that runs has lost its files" in found["database"].says
        assert {"database", "schema", "writing", "port"} <= bad(ours)
        assert {each: each.stat().st_size for each in folder.glob(f"{DATABASE_FILE}*")} == left


def test_a_line_says_that_agents_can_be_rung_once_somebody_has_a_phone(tmp_path: Path) -> None:
    settings = settled(tmp_path, line="rehearsal")
    assert "phones" not in check_up(settings)["line"].says
    store = open_store(settings)
    add_person(store, SystemClock(), "ann", None, Role("agent", 25, "ann", "PJSIP/1001"))
    store.close()
    assert "it can ring agents' phones" in check_up(settings)["line"].says
