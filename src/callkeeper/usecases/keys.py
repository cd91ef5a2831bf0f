"""Use cases of access keys: issue, revoke, limit, and know one when a request names it."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import structlog

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, new_access_key, new_secret_key
from callkeeper.core.allowance import Allowance, Limit
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import Refusal
from callkeeper.installation.sealing import Seal, SealBroken
from callkeeper.store.port.access import AccessKey, KeyOrder
from callkeeper.store.port.store import Store
from callkeeper.usecases.single_flight import SingleFlight, remember

# How long a key is trusted without asking again: so soon a revoked one is forgotten.
TRUSTED_MS = 2_000
REMEMBERED_MAX = 10_000  # of each kind, so that who guesses makes no key forgotten

_BY = "operator"  # at the command line


class OpenKey(NamedTuple):
    """A key that is valid, with its secret."""

    ak: str
    secret: str
    vdn: int | None  # None: it serves every VDN
    allowance: Allowance | None = None  # None: any number of requests

    def __repr__(self) -> str:
        """Leave the secret out: a value finds its way into a log or a trace."""
        return f"OpenKey(ak={self.ak!r}, vdn={self.vdn})"

    def serves(self, vdn: int) -> bool:
        """Whether it may act for a VDN."""
        return self.vdn in (None, vdn)


class KeyRefused(Refusal):
    """The key is not the same in the other installation."""


class KeyCopy(NamedTuple):
    """A key that another installation has as this one has it; ``is_changed`` by this run."""

    ak: str
    vdn: int | None
    is_changed: bool
    is_revoked: bool


class KeyStore(NamedTuple):
    """An installation's store, with what opens its secrets."""

    store: Store
    seal: Seal

    def chosen(self, aks: Sequence[str]) -> list[AccessKey]:
        """Return the keys that are named, or else all that serve every VDN. Raise KeyRefused."""
        keys = self.store.keys.all()
        if unknown := set(aks) - {each.ak for each in keys}:
            raise KeyRefused("there is no key {key!r}", key=min(unknown))
        return [each for each in keys if (each.ak in aks if aks else each.vdn is None)]

    def secret(self, key: AccessKey) -> str:
        """Return a key's secret. Raise SealBroken."""
        return self.seal.open(key.sealed_secret, key.ak, key.vdn)


class _Remembered(NamedTuple):
    key: OpenKey
    at: int  # ticks


class Keyring:
    """The keys that requests name, remembered for two seconds; unknown ones too.

    A name that is no key costs the same work as one that is, so that nobody can tell them apart.
    """

    def __init__(self, async_store: AsyncStore, seal: Seal, clock: Clock) -> None:
        self._store = async_store
        self._seal = seal
        self._clock = clock
        self._log = structlog.get_logger()
        self._remembered: dict[str, _Remembered] = {}
        self._unknown: dict[str, int] = {}  # since when
        self._decoy = seal.seal(new_secret_key(), "", None)
        self._looks = SingleFlight[OpenKey | None]()
        self._full_at_us: dict[str, int] = {}  # of keys with an allowance that have spent of it

    def spend(self, key: OpenKey) -> None:
        """Take a request out of a key's allowance; raise TooManyRequests. Each process counts."""
        if key.allowance is not None:
            full_at_us = self._full_at_us.get(key.ak, 0)
            self._full_at_us[key.ak] = key.allowance.spend(full_at_us, self._clock.ticks() * 1000)

    async def find(self, ak: str) -> OpenKey | None:
        """Return the key if it is valid, or was so less than two seconds ago.

        Whoever asks for a key that is being looked up waits for that look-up, and shares its
        failure.
        """
        if key := self.trusted(ak):
            return key
        ticks = self._clock.ticks()
        unknown_at = self._unknown.get(ak)
        if unknown_at is not None and ticks - unknown_at < TRUSTED_MS:
            return None
        return await self._looks.outcome(ak, partial(self._look_up, ak, ticks))

    def trusted(self, ak: str) -> OpenKey | None:
        """Return the key if it was valid less than two seconds ago."""
        remembered = self._remembered.get(ak)
        if remembered is not None and self._clock.ticks() - remembered.at < TRUSTED_MS:
            return remembered.key
        return None

    def knows(self, ak: str) -> bool:
        """Whether there was such a key when it was last looked up."""
        return ak in self._remembered

    async def _look_up(self, ak: str, ticks: int) -> OpenKey | None:
        stored = await self._store.keys.get(ak)
        if stored is None or stored.revoked_at is not None:
            self._seal.open(self._decoy, "", None)
            self._remembered.pop(ak, None)
            remember(self._unknown, ak, ticks, REMEMBERED_MAX)
            return None
        try:
            secret = self._seal.open(stored.sealed_secret, ak, stored.vdn)
        except SealBroken as broken:  # somebody changed its row: for all others it is no key
            self._log.error("key_not_unsealed", ak=ak, reason=str(broken))
            remember(self._unknown, ak, ticks, REMEMBERED_MAX)
            return None
        key = OpenKey(ak, secret, stored.vdn, stored.allowance)
        remember(self._remembered, ak, _Remembered(key, ticks), REMEMBERED_MAX)
        return key


def issue(
    store: Store, seal: Seal, clock: Clock, vdn: int | None, note: str | None = None
) -> OpenKey:
    """Make a key for one VDN, or for all, and return it with the only copy of its secret."""
    key, order = new_key(seal, clock, vdn, note, _BY)
    _carried_out(store, order)
    return key


def every_key(store: Store) -> list[AccessKey]:
    """Return all keys, revoked or not, oldest first."""
    return store.keys.all()


def revoke(store: Store, clock: Clock, ak: str) -> bool:
    """Revoke a key; False when there is no such key or it was revoked before."""
    return _carried_out(store, KeyOrder(ak, None, _BY, clock.now())) is not None


def limit(store: Store, clock: Clock, ak: str, change: Limit) -> AccessKey | None:
    """Change how many requests a key may send; return it, or None for one unknown or revoked.

    A change that names nothing changes nothing.
    """
    return _carried_out(store, KeyOrder(ak, change, _BY, clock.now()))


def copy(source: KeyStore, into: KeyStore, clock: Clock, aks: Sequence[str]) -> list[KeyCopy]:
    """Bring keys to be in another installation what they are in this one; return what was done.

    Those that are named, or, where none is, all that serve every VDN. A second time nothing is to
    be done. Raise KeyRefused, and SealBroken where a secret does not open; then nothing was.
    """
    orders: list[KeyOrder] = []
    copied: list[KeyCopy] = []
    for key in source.chosen(aks):
        needed = _needed(key, source, into, clock.now())
        orders += needed
        copied.append(KeyCopy(key.ak, key.vdn, bool(needed), key.revoked_at is not None))
    with into.store.transaction():
        outcomes = into.store.keys.change(orders)
    for outcome in outcomes:
        if isinstance(outcome, Refusal):
            raise outcome
    return copied


def _needed(key: AccessKey, source: KeyStore, into: KeyStore, now: Instant) -> list[KeyOrder]:
    """Return the orders that make a key there what it is here."""
    there = into.store.keys.get(key.ak)
    if there is None and key.revoked_at is not None:
        return []
    orders: list[KeyOrder] = []
    if there is None:
        sealed = into.seal.seal(source.secret(key), key.ak, key.vdn)
        made = AccessKey(key.ak, key.vdn, sealed, key.note, key.made_at, None)
        orders.append(KeyOrder(key.ak, made, _BY, now))
    elif there.vdn != key.vdn or into.secret(there) != source.secret(key):
        raise KeyRefused("there is another key {key} there; revoke one of the two", key=key.ak)
    elif there.revoked_at is not None:
        if key.revoked_at is not None:
            return []
        raise KeyRefused("key {key} was revoked there; make another one here", key=key.ak)
    elif key.revoked_at is not None:
        return [KeyOrder(key.ak, None, _BY, now)]
    if key.allowance != (there.allowance if there else None):
        allowed = key.allowance
        wanted = Limit(allowed.per_second, allowed.burst) if allowed else Limit(off=True)
        orders.append(KeyOrder(key.ak, wanted, _BY, now))
    return orders


def new_key(
    seal: Seal, clock: Clock, vdn: int | None, note: str | None, by: str
) -> tuple[OpenKey, KeyOrder]:
    """Return a key that is yet to be made, and the order that makes it."""
    key = OpenKey(new_access_key(), new_secret_key(), vdn)
    sealed = AccessKey(key.ak, vdn, seal.seal(key.secret, key.ak, vdn), note, clock.now(), None)
    return key, KeyOrder(key.ak, sealed, by, sealed.made_at)


def _carried_out(store: Store, order: KeyOrder) -> AccessKey | None:
    with store.transaction():
        (outcome,) = store.keys.change([order])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome
