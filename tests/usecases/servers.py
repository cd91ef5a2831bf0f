"""Servers as people meet them: several on one database, whose hashing is cheap and counted."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from argon2 import PasswordHasher

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.people.person import Role
from callkeeper.core.people.session import (
    SignInRefused,
)
from callkeeper.store.port.store import Store
from callkeeper.usecases.invitations import add_person
from callkeeper.usecases.passwords import Passwords
from callkeeper.usecases.people import People

PASSWORD = "correct horse battery"
WRONG = "wrong"
AGENT = Role("agent", 25, "1001")


class CountingHasher(PasswordHasher):
    """A hasher that costs little and counts its work; what it verifies waits for ``may_go``."""

    def __init__(self, rounds: int = 1) -> None:
        super().__init__(rounds, 8, 1)
        self.hashed = self.verified = 0
        self.begun = threading.Semaphore(0)
        self.may_go = threading.Event()
        self.may_go.set()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.hashed += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override] # noqa: A002
        self.verified += 1
        self.begun.release()
        assert self.may_go.wait(30)
        return super().verify(hash, password)


class Server:
    """What one process has of people, over a store of its own; no pause is waited for."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store = store
        self.clock = clock
        self.async_store = AsyncStore(store)
        self.hasher = CountingHasher()
        self.pauses: list[float] = []
        self.people = self.with_hasher(self.hasher)

    def with_hasher(self, hasher: PasswordHasher) -> People:
        return People(self.async_store, self.clock, passwords=Passwords(hasher), pause=self._pause)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def refused(self, login: str, password: str = WRONG) -> str:
        """Sign in with what is wrong, and return what is said."""
        with pytest.raises(SignInRefused) as refused:
            await self.people.sign_in(login, password)
        return str(refused.value)


Work = Callable[[Server, Server], Awaitable[None]]


def with_people(stores: tuple[Store, Store], clock: HandClock, work: Work) -> None:
    """Do some work with two servers on one database, within a minute; Ann has her password."""

    async def all_of_it() -> None:
        servers = [Server(each, clock) for each in stores]
        try:
            token = add_person(stores[0], clock, "ann", "Ann", AGENT).token
            await servers[0].people.take_link(token, PASSWORD)
            await work(*servers)
        finally:
            for each in servers:
                each.hasher.may_go.set()
                await each.people.close()
                await each.async_store.close()

    asyncio.run(asyncio.wait_for(all_of_it(), 60))
