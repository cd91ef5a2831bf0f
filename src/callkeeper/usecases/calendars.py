"""Calendars: the calls of an agent, for programs that subscribe to them by a secret address."""

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, new_feed_token
from callkeeper.core.allowance import Allowance
from callkeeper.core.instants import Instant
from callkeeper.core.people.feed import AHEAD_MS, BACK_MS, CANCELLED_MS, EVENTS_MAX, Feed
from callkeeper.core.people.house_rules import defaults_of
from callkeeper.core.people.person import Person, Role
from callkeeper.core.people.rights import may
from callkeeper.core.people.session import digest_of
from callkeeper.core.refusal import TooManyRequests
from callkeeper.core.reservations.reservation import State
from callkeeper.core.transfer import UNSERVED
from callkeeper.store.port.reservations import Choice, Listed, Sought
from callkeeper.store.port.store import Store
from callkeeper.usecases.single_flight import remember

_TOLD: tuple[State, ...] = ("waiting", "calling", "done", "expired", "cancelled")

# Programs fetch each quarter of an hour at most, from a handful of devices.
_ALLOWANCE = Allowance(per_second=1 / 30, burst=20)
_SPENT_MAX = 10_000


class Entry(msgspec.Struct, frozen=True):
    """A call in a calendar, and how many minutes its slot has."""

    listed: Listed
    slot_minutes: int


class Subscribed(msgspec.Struct, frozen=True):
    """A calendar: whose it is, what of, and from when to when.

    ``zone`` and ``language`` are those of their VDN, for whoever has chosen none.
    """

    person: Person
    zone: str | None
    language: str | None
    begin_at: Instant
    end_at: Instant
    entries: list[Entry]


class Calendars:
    """The calendars of people. It belongs to one event loop."""

    def __init__(self, async_store: AsyncStore, clock: Clock) -> None:
        self._store = async_store
        self._clock = clock
        self._full_at_us: dict[str, int] = {}

    async def make(self, person: Person) -> str:
        """Return the token of a new address, the only copy; the address before is void."""
        token = new_feed_token()
        await self._store.feeds.make(Feed(digest_of(token), person.login, self._clock.now()))
        return token

    async def end(self, person: Person) -> None:
        """Void the address."""
        await self._store.feeds.end((person.login, self._clock.now()))

    async def made_at(self, person: Person) -> Instant | None:
        """Return when a person's address was made; None: there is none."""
        feed = await self._store.feeds.of(person.login)
        return None if feed is None else feed.made_at

    async def feed(self, token: str) -> Feed | None:
        """Return what a token is of; None where it was voided, or never was one."""
        return await self._store.feeds.get(digest_of(token))

    async def subscribed(self, feed: Feed) -> Subscribed | None:
        """Return a calendar; None: the person is gone. Raise TooManyRequests."""
        self._spend(feed.digest)
        now = self._clock.now()

        def look(store: Store) -> Subscribed | None:
            person = store.people.get(feed.login)
            if person is None:
                return None
            zone, language = defaults_of(store.rules.of_person(feed.login))
            found = [each for role in person.roles for each in _entries(store, person, role, now)]
            found.sort(key=lambda each: abs(each.listed.reservation.appoint_at - now))
            found = found[:EVENTS_MAX]
            found.sort(key=lambda each: each.listed.reservation.appoint_at)
            return Subscribed(person, zone, language, now - BACK_MS, now + AHEAD_MS, found)

        return await self._store.ask(look)

    def _spend(self, digest: str) -> None:
        now_us = self._clock.ticks() * 1_000
        try:
            full_at_us = _ALLOWANCE.spend(self._full_at_us.get(digest, 0), now_us)
        except TooManyRequests as too_many:
            raise TooManyRequests(
                "this calendar is fetched too often; fetch it again in {wait_seconds} s",
                wait_seconds=too_many.wait_seconds,
            ) from too_many
        remember(self._full_at_us, digest, full_at_us, _SPENT_MAX)


def _entries(store: Store, person: Person, role: Role, now: Instant) -> list[Entry]:
    """Return the calls of a role, nearest first on either side: what agents ring, and is theirs."""
    if role.vdn is None or not role.agent:
        return []
    if not may(person, "see_reservation", role.vdn, role.agent):
        return []
    moved = store.transfers.of(role.vdn)
    if moved is not None and moved.state in UNSERVED:
        return []
    minutes = store.rules.of(role.vdn).rules.slot_minutes
    ahead = Sought(role.vdn, now, now + AHEAD_MS, role.agent)
    back = Sought(role.vdn, now - BACK_MS, now - 1, role.agent)
    seek = store.reservations.seek
    found = seek(ahead, Choice(_TOLD, "manual"), EVENTS_MAX)
    found += seek(back, Choice(_TOLD, "manual", newest=True), EVENTS_MAX)
    return [Entry(each, minutes) for each in found if _is_told(each, now)]


def _is_told(listed: Listed, now: Instant) -> bool:
    reservation = listed.reservation
    return reservation.state != "cancelled" or reservation.changed_at >= now - CANCELLED_MS
