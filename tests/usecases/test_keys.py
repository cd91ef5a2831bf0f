"""The keyring: what many ask for at once is looked up once."""

import asyncio
import base64
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callkeeper import __version__
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.allowance import Limit
from callkeeper.core.refusal import DatabaseFailed, ParameterWrong
from callkeeper.installation.sealing import Seal, SealBroken
from callkeeper.store.port.access import AccessKey
from callkeeper.store.port.reservations import Page, Wanted
from callkeeper.store.rows.keys import KeyRows
from callkeeper.store.rows.reservations import ReservationRows
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import TRUSTED_MS, Keyring, OpenKey, issue, limit, revoke
from tests.families import turn
from tests.store.orders import NOW, Opener

SEAL = Seal(bytes(32))
EVERYTHING = Wanted(1, 0, 10)


class SlowStore(SqlStore):
    """The real store; it counts looks at keys, and holds keys or lists until they may be read."""

    def watch(self) -> None:
        self.looks = 0
        self.lists_begun = threading.Semaphore(0)
        self.look_begun = threading.Event()
        self.may_list = threading.Event()
        self.may_look = threading.Event()
        self.may_list.set()
        self.may_look.set()
        self.fails = False
        turn(self, "keys", SlowKeys).slow = self
        turn(self, "reservations", SlowLists).slow = self


class SlowKeys(KeyRows):
    """Access keys, each counted, and read when it may be."""

    slow: SlowStore

    def get(self, ak: str) -> AccessKey | None:
        self.slow.looks += 1
        self.slow.look_begun.set()
        assert self.slow.may_look.wait(30)
        if self.slow.fails:
            raise DatabaseFailed
        return super().get(ak)


class SlowLists(ReservationRows):
    """Reservations, listed when they may be."""

    slow: SlowStore

    def find(self, wanted: Wanted) -> Page:
        self.slow.lists_begun.release()
        assert self.slow.may_list.wait(30)
        return super().find(wanted)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SlowStore]:
    with Opener(tmp_path, None) as opener:
        opened = opener.open()
        opened.store.migrate()
        store = SlowStore(opened.session)
        store.watch()
        yield store


@pytest.fixture
def key(store: SlowStore, clock: HandClock) -> OpenKey:
    return issue(store, SEAL, clock, 1)


def with_keyring(
    store: SlowStore, clock: HandClock, work: Callable[[Keyring, AsyncStore], Awaitable[None]]
) -> None:
    """Do some work with a keyring over a store, within half a minute."""

    async def all_of_it() -> None:
        async_store = AsyncStore(store)
        try:
            await work(Keyring(async_store, SEAL, clock), async_store)
        finally:
            store.may_list.set()
            store.may_look.set()
            await async_store.close()

    asyncio.run(asyncio.wait_for(all_of_it(), 30))


async def asked(keyring: Keyring, store: SlowStore, ak: str) -> list["asyncio.Task[object]"]:
    """Ask for a key forty times, and return when it is being looked up."""
    store.may_look.clear()
    finding = [asyncio.create_task(_found(keyring, ak)) for _ in range(40)]
    assert await asyncio.to_thread(store.look_begun.wait, 20)
    return finding


async def _found(keyring: Keyring, ak: str) -> object:
    return await keyring.find(ak)


def test_forty_who_ask_at_once_are_one_look(
    store: SlowStore, clock: HandClock, key: OpenKey
) -> None:
    async def work(keyring: Keyring, _store: AsyncStore) -> None:
        finding = await asked(keyring, store, key.ak)
        store.may_look.set()
        assert await asyncio.gather(*finding) == [key] * 40
        assert await keyring.find(key.ak) == key
        assert store.looks == 1

    with_keyring(store, clock, work)


def test_the_one_who_asked_first_may_go_away(
    store: SlowStore, clock: HandClock, key: OpenKey
) -> None:
    async def work(keyring: Keyring, _store: AsyncStore) -> None:
        first, *others = await asked(keyring, store, key.ak)
        first.cancel()
        await asyncio.wait([first])
        store.may_look.set()
        assert await asyncio.gather(*others) == [key] * 39
        assert first.cancelled()
        assert store.looks == 1

    with_keyring(store, clock, work)


def test_a_look_that_fails_fails_for_all_who_wait_and_is_not_remembered(
    store: SlowStore, clock: HandClock, key: OpenKey
) -> None:
    async def work(keyring: Keyring, _store: AsyncStore) -> None:
        finding = await asked(keyring, store, key.ak)
        store.fails = True
        store.may_look.set()
        outcomes = await asyncio.gather(*finding, return_exceptions=True)
        assert [type(each) for each in outcomes] == [DatabaseFailed] * 40
        store.fails = False
        assert await keyring.find(key.ak) == key
        assert store.looks == 2

    with_keyring(store, clock, work)


def test_a_revoked_key_is_trusted_for_two_seconds_from_when_it_was_looked_for(
    store: SlowStore, clock: HandClock, key: OpenKey
) -> None:
    async def work(keyring: Keyring, _store: AsyncStore) -> None:
        finding = await asked(keyring, store, key.ak)
        clock.move(TRUSTED_MS - 1)
        store.may_look.set()
        await asyncio.gather(*finding)
        await asyncio.to_thread(revoke, store, clock, key.ak)
        assert await keyring.find(key.ak) == key
        clock.move(1)
        assert await keyring.find(key.ak) is None

    with_keyring(store, clock, work)


@pytest.mark.parametrize("leap_ms", [-3_600_000, 3_600_000])
def test_a_clock_that_is_set_keeps_no_revoked_key_alive_and_asks_for_no_key_again(
    store: SlowStore, clock: HandClock, key: OpenKey, leap_ms: int
) -> None:
    async def work(keyring: Keyring, _store: AsyncStore) -> None:
        assert await keyring.find(key.ak) == key
        clock.leap(leap_ms)
        assert await keyring.find(key.ak) == key
        assert store.looks == 1
        await asyncio.to_thread(revoke, store, clock, key.ak)
        clock.move(TRUSTED_MS)
        clock.leap(-leap_ms)
        assert await keyring.find(key.ak) is None

    with_keyring(store, clock, work)


def test_slow_lists_delay_neither_a_key_nor_readiness(
    store: SlowStore, clock: HandClock, key: OpenKey
) -> None:
    async def work(keyring: Keyring, async_store: AsyncStore) -> None:
        store.may_list.clear()
        lists = [
            asyncio.ensure_future(async_store.reservations.find(EVERYTHING)) for _ in range(20)
        ]
        for _ in range(2):  # as many as there are threads for them
            assert await asyncio.to_thread(store.lists_begun.acquire, timeout=20)
        assert await asyncio.wait_for(keyring.find(key.ak), 10) == key
        assert await asyncio.wait_for(async_store.schema_version(), 10) > 0
        assert not any(each.done() for each in lists)
        store.may_list.set()
        assert [page.total for page in await asyncio.gather(*lists)] == [0] * 20

    with_keyring(store, clock, work)


def test_a_key_let_into_another_vdn_in_the_database_is_no_key(
    store: SlowStore, clock: HandClock, key: OpenKey, tmp_path: Path
) -> None:
    others = [issue(store, SEAL, clock, vdn) for vdn in (2, None)]
    with closing(sqlite3.connect(tmp_path / "callkeeper.db")) as database, database:
        database.execute("UPDATE access_key SET vdn = NULL WHERE vdn = 1")
        database.execute("UPDATE access_key SET vdn = 1 WHERE vdn = 2")

    async def work(keyring: Keyring, _store: AsyncStore) -> None:
        assert await keyring.find(key.ak) is None
        assert await keyring.find(others[0].ak) is None
        assert await keyring.find(others[1].ak) == others[1]

    with_keyring(store, clock, work)


def test_a_secret_sealed_as_of_old_opens_until_it_is_bound_to_its_vdn() -> None:
    nonce = bytes(12)
    old = base64.b64encode(nonce + AESGCM(bytes(32)).encrypt(nonce, b"hush", b"AK")).decode()
    # operating.md says so: with 0.2, that goes, and here it is SealBroken.
    assert __version__.startswith("0.1.")
    assert SEAL.open(old, "AK", 25) == "hush"
    assert not SEAL.is_bound(old, "AK", 25)
    new = SEAL.seal("hush", "AK", 25)
    assert SEAL.is_bound(new, "AK", 25)
    assert SEAL.open(new, "AK", 25) == "hush"
    for ak, vdn in (("AK", 26), ("AK", None), ("AK", 2), ("5 AK", 2), ("25 AK", None), ("B", 25)):
        with pytest.raises(SealBroken):
            SEAL.open(new, ak, vdn)
    assert not SEAL.is_bound(new, "AK", None)


GARBLED = ["garbled", "", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA==", "\u738b\u82b3", "=" * 9]


@pytest.mark.parametrize("sealed", GARBLED, ids=ascii)
def test_what_was_never_sealed_opens_no_more_than_what_another_key_sealed(sealed: str) -> None:
    with pytest.raises(SealBroken, match="does not open the secret of AK"):
        SEAL.open(sealed, "AK", 25)
    assert not SEAL.is_bound(sealed, "AK", 25)


def test_a_key_whose_row_is_garbled_is_no_key(
    store: SlowStore, clock: HandClock, key: OpenKey
) -> None:
    with store.transaction():
        store.keys.reseal([(key.ak, "garbled")])

    async def work(keyring: Keyring, _store: AsyncStore) -> None:
        assert await keyring.find(key.ak) is None

    with_keyring(store, clock, work)


def test_what_is_done_to_a_key_is_a_deed_and_what_is_not_done_is_none(
    store: SlowStore, clock: HandClock
) -> None:
    key = issue(store, SEAL, clock, 1, "CRM")
    clock.move(1)
    with pytest.raises(ParameterWrong):
        limit(store, clock, key.ak, Limit(burst=1))
    assert limit(store, clock, key.ak, Limit(5.0))
    assert limit(store, clock, key.ak, Limit())
    assert revoke(store, clock, key.ak)
    assert not revoke(store, clock, key.ak)
    assert limit(store, clock, key.ak, Limit(off=True)) is None
    every = issue(store, SEAL, clock, None)
    deeds = store.deeds.latest(10)
    assert [(each.what, each.subject, each.vdn) for each in deeds] == [
        ("key_made", f"key {every.ak}", None),
        ("key_revoked", f"key {key.ak}", 1),
        ("key_limited", f"key {key.ak}", 1),
        ("key_made", f"key {key.ak}", 1),
    ]
    assert {each.by_whom for each in deeds} == {"operator"}
    assert [each.detail for each in deeds[2:]] == [
        '{"allowance":{"per_second":5.0,"burst":5}}',
        "{}",
    ]
    assert not any(each.secret in str(deeds) for each in (key, every))
