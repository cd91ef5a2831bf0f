"""Keeping keys: whoever may sees, makes, limits and revokes the access keys of a VDN, or all.

What is done here is grave: it needs a password that was typed lately, and each is a deed.
"""

from msgspec.structs import replace

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.allowance import Limit
from callkeeper.core.characters import ANY, TextBounds
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import ParameterWrong, Refusal
from callkeeper.installation.sealing import Seal
from callkeeper.store.port.access import AccessKey, KeyOrder
from callkeeper.usecases.keys import OpenKey, new_key

NOTE = TextBounds(200, ANY)


class NoSuchKey(Refusal):
    """There is no such key here, or it was revoked before."""


class KeyKeeping:
    """The access keys of a VDN, for its administrators, or of all, for operators."""

    def __init__(self, async_store: AsyncStore, seal: Seal, clock: Clock) -> None:
        self._store = async_store
        self._seal = seal
        self._clock = clock

    async def all(self, person: Person, vdn: int | None) -> list[AccessKey]:
        """Return the keys of a VDN, or all (None), oldest first."""
        check_may(person, "keep_keys", vdn)
        return [each for each in await self._store.keys.all() if vdn in (None, each.vdn)]

    async def one(self, person: Person, vdn: int | None, ak: str) -> AccessKey:
        """Return a key, revoked or not. Raise NoSuchKey; one of another VDN is none."""
        check_may(person, "keep_keys", vdn)
        key = await self._store.keys.get(ak)
        if key is None or vdn not in (None, key.vdn):
            raise NoSuchKey
        return key

    async def issue(self, who: SignedIn, vdn: int | None, note: str) -> OpenKey:
        """Make a key for a VDN, or for all (None), and return the only copy of its secret."""
        self._check(who, vdn)
        NOTE.check(note, "note")
        key, order = new_key(self._seal, self._clock, vdn, note or None, who.person.by)
        await self._store.keys.change(replace(order, keeper=who.person))
        return key

    async def limit(self, who: SignedIn, vdn: int | None, ak: str, change: Limit) -> None:
        """Change how many requests a key may send. Raise NoSuchKey or ParameterWrong."""
        self._check(who, vdn)
        change.check()
        await self._change(who, vdn, ak, change)

    async def revoke(self, who: SignedIn, vdn: int | None, ak: str, typed: str) -> None:
        """Revoke a key for somebody who has typed which one. Raise NoSuchKey or ParameterWrong."""
        self._check(who, vdn)
        if typed != ak:
            raise ParameterWrong("type {ak} to revoke that key", about="ak", ak=ak)
        await self._change(who, vdn, ak, None)

    def _check(self, who: SignedIn, vdn: int | None) -> None:
        check_may(who.person, "keep_keys", vdn)
        who.session.check_proven(self._clock.now())

    async def _change(self, who: SignedIn, vdn: int | None, ak: str, change: Limit | None) -> None:
        await self.one(who.person, vdn, ak)
        order = KeyOrder(ak, change, who.person.by, self._clock.now(), who.person)
        if await self._store.keys.change(order) is None:
            raise NoSuchKey
