"""A dialer on a real database, with the rehearsal line and a clock moved by hand.

Everything happens on the calling thread, write by write, so that each run goes the same way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar

from prometheus_client import CollectorRegistry

from callkeeper.asyncstore.batch import Verb
from callkeeper.asyncstore.readers import Readers
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.asyncstore.writer import Writer, WriterThread
from callkeeper.clock import HandClock
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.config import DialerConfig
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer
from callkeeper.dialer.line.destinations import Destinations
from callkeeper.dialer.line.line import Line
from callkeeper.dialer.line.rehearsal import RehearsalLine
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.store.port.store import Collision, Store
from tests.store.orders import NOW, Opened, booked, booking

P = ParamSpec("P")
R = TypeVar("R")

LEAD = 300_000
MINUTE = 60_000


class InlineWriter(Writer):
    """Writes at once, on the calling thread: one transaction for what is given together."""

    def __init__(self, store: Store) -> None:
        super().__init__(WriterThread(store))
        self._inline = store

    def write(
        self,
        verb: Verb,
        items: Sequence[object],
        *,
        goes_first: bool = False,  # noqa: ARG002 - nothing waits here
    ) -> "list[asyncio.Future[Any]]":
        """Return outcomes that are there already."""
        answers = [asyncio.get_running_loop().create_future() for _ in items]
        for answer, outcome in zip(answers, self.carry_out(verb, items), strict=True):
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
        return answers

    def carry_out(self, verb: Verb, items: Sequence[object]) -> Sequence[object]:
        """Run one verb in a transaction of its own."""
        while True:
            try:
                with self._inline.transaction():
                    return verb(items)
            except Collision:
                continue


class InlineReaders(Readers):
    """Reads at once, on the calling thread; nothing while the database ``is_away``."""

    def __init__(self) -> None:
        super().__init__("nobody", 1)
        self.is_away = False

    def reading(self, verb: Callable[P, R]) -> Callable[P, Awaitable[R]]:
        """Return a verb that has its answer before it is awaited."""

        async def read(*args: P.args, **kwargs: P.kwargs) -> R:
            if self.is_away:
                raise DatabaseFailed
            return verb(*args, **kwargs)

        return read


def inline_async_store(
    store: Store, writer: Writer | None = None, readers: InlineReaders | None = None
) -> AsyncStore:
    """Return a store without threads."""
    readers = readers or InlineReaders()
    return AsyncStore(store, writer=writer or InlineWriter(store), lists=readers, looks=readers)


def post(name: str = "dora", **fields: Any) -> DialerConfig:
    """Return a dispatcher's post with little to hold it back."""
    given: dict[str, Any] = {
        "name": name,
        "line": "rehearsal",
        "calls_max": 1_000,
        "calls_per_second": 10_000.0,
        "limits": Limits(grace_ms=30 * MINUTE),
        "codes": FailCodes(),
        "destinations": Destinations("answered,s", {}),
    } | fields
    return DialerConfig(**given)


class DatabaseClock:
    """What the database says it is: nothing, as SQLite does, or what the test says."""

    def __init__(self) -> None:
        self.clock: HandClock | None = None

    async def own_time(self) -> int | None:
        """Return the instant, if there is one."""
        return None if self.clock is None else self.clock.now()


class Stage:
    """The database of a test, its clock and its line, and the dialers that work on them."""

    def __init__(self, opened: Opened, line: Line | None = None) -> None:
        self.store = opened.store
        self.session = opened.session
        self.clock = HandClock(NOW)
        self.database = DatabaseClock()
        self.line: Any = line or RehearsalLine(self.clock)

    def dialer(self, name: str = "dora", **fields: Any) -> Dialer:
        """Return a dialer with a post of its own."""
        given = post(name, **fields)
        async_store = inline_async_store(self.store)
        meter = DialerMetrics(CollectorRegistry())
        return Dialer(
            DialerContext.of(
                given, async_store, self.line, meter, self.clock, own_time=self.database.own_time
            )
        )

    def due(self, number: int, called_no: str = "66660001", **fields: Any) -> Reservation:
        """Return an automatic reservation that is due at once."""
        (reservation,) = self.all_due([number], called_no=called_no, **fields)
        return reservation

    def all_due(self, numbers: Iterable[int], **fields: Any) -> list[Reservation]:
        """Return automatic reservations that are due at once, booked together."""
        now = self.clock.now()
        given: dict[str, Any] = {"kind": "automatic", "appoint_at": now + LEAD, "at": now} | fields
        return booked(self.store, *(booking(number, **given) for number in numbers))

    def run(self, *dialers: Dialer, seconds: float = 0, step_ms: int = 500) -> None:
        """Let dialers work, step by step, until the clock is so much later."""
        end = self.clock.now() + int(seconds * 1000)

        async def work() -> None:
            while True:
                for dialer in dialers:
                    while await dialer.step(dialer.now()):
                        pass
                if self.clock.now() >= end:
                    return
                self.clock.move(step_ms)

        asyncio.run(work())

    def standing(self, reservation: Reservation) -> Reservation:
        """Return a reservation as it is now."""
        found = self.store.reservations.with_id(reservation.id)
        (standing,) = [each for each in found if each.vdn == reservation.vdn]
        return standing

    def attempts(self, reservation: Reservation) -> list[Attempt]:
        """Return the attempts of a reservation."""
        return self.store.attempts.of(reservation.vdn, reservation.id)
