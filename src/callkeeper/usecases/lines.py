"""Lines: who dials over them, how they are, and what came of their calls."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store

T = TypeVar("T", int, float)

LineState = Literal["up", "refuses", "down", "nobody"]

# Lines that are called what their kind is; of the others only Asterisk can be out of reach.
_KINDS = ("asterisk", "rehearsal")


class LineLoad(msgspec.Struct, frozen=True):
    """A line as it is now, with the dispatchers that dial over it.

    ``why`` is why it is down or refuses every call, ``down_at`` since when it is down. ``calls``
    are in progress, ``desk_calls`` of them asked for by agents; ``per_second`` is how many it
    begins. What is None was said by no dispatcher.
    """

    name: str
    state: LineState
    why: str | None
    down_at: Instant | None
    calls: int
    calls_max: int | None
    desk_calls: int
    per_second: float
    calls_per_second_max: float | None
    dispatchers: Sequence[Lease]

    @property
    def check(self) -> str:
        """The command that finds out how it is, to be run where its dispatcher runs."""
        if self.name in _KINDS:
            return f"callkeeper doctor --line {self.name}"
        return f"callkeeper doctor --line asterisk --line-name {self.name}"


class Lines(msgspec.Struct, frozen=True):
    """The dispatchers that there are, or lately were, and by line the calls in progress.

    Some of these were asked for by agents: ``desk_calls_in_progress``.
    """

    dispatchers: list[Lease]
    calls_in_progress: dict[str, int]
    desk_calls_in_progress: dict[str, int]

    def living(self, now: Instant) -> list[Lease]:
        """Return the dispatchers that dial."""
        return [each for each in self.dispatchers if each.stands(now)]

    def gone(self, now: Instant) -> list[Lease]:
        """Return those that dial no more."""
        return [each for each in self.dispatchers if not each.stands(now)]

    def loads(self, now: Instant) -> list[LineLoad]:
        """Return each line that somebody dials over, or that has a call."""
        living = self.living(now)
        names = {each.line for each in living} | set(self.calls_in_progress)
        return [
            self._load(name, [each for each in living if each.line == name])
            for name in sorted(names)
        ]

    def _load(self, name: str, dispatchers: Sequence[Lease]) -> LineLoad:
        state = _state(dispatchers)
        whys = (each.down_why if state == "down" else each.trouble for each in dispatchers)
        lost = [each.down_at for each in dispatchers if each.down_at is not None]
        return LineLoad(
            name=name,
            state=state,
            why=next(filter(None, whys), None),
            # Until the last of them lost it, it was up.
            down_at=max(lost) if state == "down" and len(lost) == len(dispatchers) else None,
            calls=self.calls_in_progress.get(name, 0),
            calls_max=_most(each.calls_max for each in dispatchers),
            desk_calls=self.desk_calls_in_progress.get(name, 0),
            per_second=round(sum(each.per_second for each in dispatchers), 1),
            calls_per_second_max=_most(each.calls_per_second_max for each in dispatchers),
            dispatchers=dispatchers,
        )


def lines(store: Store) -> Lines:
    """Return who dials over which line."""
    return Lines(store.leases.all(), store.attempts.live_by_line(), store.desk_calls.live_by_line())


def attempts(store: Store, reservations: Iterable[Reservation]) -> list[Attempt]:
    """Return all attempts of some reservations, the oldest of each first."""
    return [try_ for each in reservations for try_ in store.attempts.of(each.vdn, each.id)]


class LineLook:
    """The lines as operators look at them."""

    def __init__(self, async_store: AsyncStore) -> None:
        self._store = async_store

    async def find(self, person: Person) -> Lines:
        """Return who dials over which line. Raise NoRight."""
        check_may(person, "see_lines")
        return await self._store.ask(lines)


def _state(dispatchers: Sequence[Lease]) -> LineState:
    """Return how a line is: as well as the one of its dispatchers that has it best."""
    if not dispatchers:
        return "nobody"
    up = [each for each in dispatchers if each.is_up]
    if not up:
        return "down"
    return "refuses" if all(each.trouble for each in up) else "up"


def _most(bounds: Iterable[T | None]) -> T | None:
    """Return the widest of what dispatchers say, for each goes by its own."""
    return max((each for each in bounds if each is not None), default=None)
