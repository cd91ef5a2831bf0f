"""An engine that fails: nothing half-written, and the next use works again."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from callkeeper.core.refusal import DatabaseFailed
from callkeeper.core.reservations.changes import Result
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.store.engine.postgres import PostgresSession
from callkeeper.store.engine.session import StatementFailed
from callkeeper.store.port.access import AccessKey, KeyOrder
from callkeeper.store.rows.store import SqlStore
from tests.private_postgres import PrivatePostgres
from tests.store.orders import NOW, Opener, booked, booking, carry_out, has_campaign, making, order
from tests.waiting import until

KEY = AccessKey("A", 1, "sealed", None, NOW, None)


@pytest.fixture
def on_postgres(postgres: PrivatePostgres, tmp_path: Path) -> Opener:
    return Opener(tmp_path, postgres.new_database())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / DATABASE_FILE


def disconnect(opener: Opener) -> None:
    """End every other connection to the database, as a restart or a failover does."""
    opener.look(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def migrated(opener: Opener) -> SqlStore:
    opened = opener.open()
    opened.store.migrate()
    has_campaign(opened.session, 1)
    return opened.store


def test_a_connection_that_broke_while_idle_is_not_even_noticed(on_postgres: Opener) -> None:
    with on_postgres as opener:
        store = migrated(opener)
        disconnect(opener)
        assert store.keys.all() == []
        disconnect(opener)
        booked(store, booking(1))


def test_a_transaction_whose_connection_breaks_leaves_nothing(on_postgres: Opener) -> None:
    with on_postgres as opener:
        store = migrated(opener)

        def break_in_the_middle() -> None:
            with store.transaction():
                store.reservations.add([booking(1)])
                disconnect(opener)
                store.keys.change(making(KEY))

        with pytest.raises(DatabaseFailed):
            break_in_the_middle()
        assert store.reservations.with_id("r00001") == []
        assert store.keys.all() == []
        booked(store, booking(1))


def test_a_transaction_that_goes_on_after_a_lost_connection_stores_nothing(
    on_postgres: Opener,
) -> None:
    with on_postgres as opener:
        store = migrated(opener)

        def go_on_after_it_broke() -> None:
            with store.transaction():
                store.reservations.add([booking(1)])
                disconnect(opener)
                with pytest.raises(DatabaseFailed):
                    store.keys.all()
                with pytest.raises(DatabaseFailed, match="earlier step"):
                    store.keys.change(making(KEY))

        with pytest.raises(DatabaseFailed):
            go_on_after_it_broke()
        assert store.reservations.with_id("r00001") == []
        assert store.keys.all() == []
        booked(store, booking(1))


def test_a_transaction_that_goes_on_after_a_broken_rule_stores_nothing(store: SqlStore) -> None:
    with store.transaction():
        store.keys.change(making(KEY))

    def go_on_after_it() -> None:
        with store.transaction():
            store.keys.change([KeyOrder(KEY.ak, None, "operator", NOW)])
            with pytest.raises((sqlite3.IntegrityError, StatementFailed)):
                store.keys.change(making(KEY))

    with pytest.raises(DatabaseFailed, match="earlier step"):
        go_on_after_it()
    assert store.keys.all() == [KEY]


def test_the_urls_word_on_a_connection_wins(postgres: PrivatePostgres) -> None:
    url = f"{postgres.new_database()}&options=-c%20search_path%3Dmine&application_name=ours"
    session = PostgresSession(url)
    with pytest.raises(StatementFailed, match="InvalidSchemaName"):
        session.migrate()  # "mine" does not exist, and the tables have nowhere to go
    session.close()


def test_a_connection_lost_at_the_commit_is_said_to_leave_it_open(on_postgres: Opener) -> None:
    with on_postgres as opener:
        store = migrated(opener)

        def lose_it_at_the_end() -> None:
            with store.transaction():
                store.reservations.add([booking(1)])
                disconnect(opener)

        with pytest.raises(DatabaseFailed, match="stored or not"):
            lose_it_at_the_end()
        booked(store, booking(1))


def test_a_broken_rule_is_our_mistake_and_no_outage(store: SqlStore) -> None:
    with store.transaction():
        store.keys.change(making(KEY))
    with (
        pytest.raises((sqlite3.IntegrityError, StatementFailed)),
        store.transaction(),
    ):
        store.keys.change(making(KEY))
    assert store.keys.all() == [KEY]


def test_a_locked_file_is_waited_for_and_then_given_up(file: Path, tmp_path: Path) -> None:
    with Opener(tmp_path, None, busy_seconds=0.2) as opener:
        store = migrated(opener)
        booked(store, booking(1))
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = monotonic()
            with pytest.raises(DatabaseFailed, match="locked"):
                carry_out(store, order("r00001", Result(fail_code="1")))
            assert 0.2 <= monotonic() - begun < 4
            assert store.reservations.with_id("r00001")[0].version == 1  # readers do not wait
        assert carry_out(store, order("r00001", Result(fail_code="1")))[0].version == 2


def test_a_full_disk_stores_nothing_by_half_and_room_mends_it(tmp_path: Path) -> None:
    with Opener(tmp_path, None) as opener:
        opened = opener.open()
        store = migrated(opener)
        # A page limit is one connection's own: this thread's.
        limit = "PRAGMA max_page_count = %d"
        connection = opened.session._connection()  # type: ignore[attr-defined]  # noqa: SLF001 - to fill its disk
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(limit % (pages + 40))
        full = None
        stored = 0
        while full is None and stored < 100:
            try:
                booked(
                    opened.store, *(booking(stored * 10 + n, remark="x" * 400) for n in range(10))
                )
                stored += 1
            except DatabaseFailed as failed:
                full = failed
        assert "full" in str(full)
        assert 0 < stored < 100
        assert opener.look("SELECT COUNT(*) FROM reservation") == [(stored * 10,)]
        assert opener.look("SELECT COUNT(*) FROM event") == [(stored * 10,)]
        connection.execute(limit % (pages + 4000))
        booked(opened.store, *(booking(stored * 10 + n) for n in range(10)))
        assert opener.look("PRAGMA integrity_check") == [("ok",)]
        assert store.reservations.with_id(f"r{stored * 10:05d}")


def test_a_file_that_is_no_database_is_told_as_an_outage(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"this is no database" * 1000)
    with Opener(tmp_path, None) as opener, pytest.raises(DatabaseFailed, match="not a database"):
        opener.open().store.migrate()


def test_a_closed_store_opens_again_when_it_is_used(store: SqlStore) -> None:
    booked(store, booking(1))
    closing_thread = threading.Thread(target=store.close)
    closing_thread.start()
    closing_thread.join(20)
    assert len(store.reservations.with_id("r00001")) == 1


def test_a_read_that_stood_in_a_circle_with_others_is_told_as_failed(on_postgres: Opener) -> None:
    """Nobody runs it again, as what is in a transaction is."""
    with on_postgres as opener, ThreadPoolExecutor(1) as thread:
        store = migrated(opener)
        with psycopg.connect(opener.url or "") as other:
            other.execute("LOCK TABLE attempt IN ACCESS EXCLUSIVE MODE")
            reading = thread.submit(store.desk_calls.live, "rehearsal", 10)
            until(opener.somebody_waits)
            other.execute("LOCK TABLE desk_call IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(DatabaseFailed):
                reading.result(30)
        assert store.desk_calls.live("rehearsal", 10) == []
