"""Dispatchers at a real Asterisk, over a database of their own, and agents who ask for calls.

A dispatcher can be killed: from one moment on it does nothing more, and its lease is over.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from callkeeper.asyncstore.batch import Verb
from callkeeper.clock import SystemClock
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.desk_call import Asking
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer
from callkeeper.dialer.line.ari import AriLine
from callkeeper.dialer.line.line import CallRequest, DeskRequest, desk_channel
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.installation.database import open_session
from callkeeper.settings import Settings
from callkeeper.store.engine.session import Session
from callkeeper.store.rows.store import SqlStore
from tests.dialer.stage import InlineWriter, inline_async_store, post
from tests.families import name_of
from tests.pbx.stage import comes_true
from tests.private_asterisk import PASSWORD, TRUNK, USER, PrivateAsterisk
from tests.store.calls import LIMITS
from tests.store.orders import HOUR, booked, booking, has_campaign

CALLER = '[{"number":"4008005555"}]'
_STEP_SECONDS = 0.02
_numbers = count(1)


class KilledError(Exception):
    """The process is no more."""


class MortalWriter(InlineWriter):
    """A writer that dies before or after the first write of a verb."""

    def __init__(self, store: SqlStore, dies: str) -> None:
        super().__init__(store)
        self._dies = dies
        self.is_dead = False

    def write(
        self, verb: Verb, items: Sequence[object], *, goes_first: bool = False
    ) -> "list[asyncio.Future[Any]]":
        """Write, unless it is dead or dies of that."""
        name = name_of(self._inline, verb)
        self.live(f"before {name}")
        answers = super().write(verb, items, goes_first=goes_first)
        self.live(f"after {name}")
        return answers

    def live(self, moment: str) -> None:
        """Die at its moment, and stay dead."""
        self.is_dead |= moment == self._dies
        if self.is_dead:
            raise KilledError


class MortalLine(AriLine):
    """A line whose dispatcher may die before or after it asks."""

    mortal: MortalWriter

    async def ring_desk(self, request: DeskRequest) -> None:
        """Ring a phone, unless it is dead or dies of that."""
        self.mortal.live("before ring")
        await super().ring_desk(request)
        self.mortal.live("after ring")

    async def place(self, request: CallRequest) -> None:
        """Make a call, unless it is dead or dies of that."""
        self.mortal.live("before place")
        await super().place(request)
        self.mortal.live("after place")


class DeskStage:
    """A database with a campaign that dials now, and dispatchers over one Asterisk."""

    def __init__(self, session: Session, asterisk: PrivateAsterisk) -> None:
        self.session = session
        self.store = SqlStore(session)
        self.asterisk = asterisk
        self.clock = SystemClock()
        self._stack = AsyncExitStack()

    async def enter(self, name: str, dies: str = "", endpoint: str = TRUNK) -> MortalWriter:
        """Begin a dispatcher, and return when its line is up."""
        writer = MortalWriter(self.store, dies)
        line = MortalLine(self.asterisk.url, USER, PASSWORD, app=f"desk-{name}", endpoint=endpoint)
        line.mortal = writer
        context = DialerContext.of(
            post(name, line="asterisk"),
            inline_async_store(self.store, writer),
            line,
            DialerMetrics(CollectorRegistry()),
            self.clock,
        )
        await self._stack.enter_async_context(_alive(line, Dialer(context), writer))
        return writer

    def ask(self, desk: str, called: str, **how: Any) -> Attempt:
        """Have an agent ask for a call to a number that ends so; ``how`` as with ``wish``."""
        outcome = self.wish(desk, called, **how)
        assert isinstance(outcome, Attempt), outcome
        return outcome

    def wish(
        self,
        desk: str,
        called: str,
        *,
        windows: str = "[]",
        caller_numbers: str = CALLER,
        **how: Any,
    ) -> Attempt | Refusal:
        """Have an agent ask for a call, and return what comes of it; ``how`` is of an Asking."""
        now, number = self.clock.now(), next(_numbers)
        has_campaign(
            self.session,
            1,
            1000 + number,
            now=now,
            begin_at=now - HOUR,
            alerting_seconds_max=30,
            caller_numbers=caller_numbers,
            workday_windows=windows,
        )
        id_ = f"{now // 1000}-{number:015d}"
        no = f"138{now % 100_000:05d}{number:04d}{called}"
        given: dict[str, Any] = {"at": now, "called_no": no, "campaign_id": str(1000 + number)}
        (reservation,) = booked(self.store, booking(number, **given))
        asking = Asking(1, reservation.id, id_, "asterisk", desk, "person ann", now, LIMITS, **how)
        with self.store.transaction():
            (outcome,) = self.store.desk_calls.ask([asking])
        return outcome

    def now_of(self, attempt: Attempt) -> Attempt:
        """Return an attempt as it is now."""
        (found,) = self.store.attempts.of(attempt.vdn, attempt.reservation_id)
        return found

    def standing(self, attempt: Attempt) -> Reservation:
        """Return its reservation as it is now."""
        (found,) = self.store.reservations.with_id(attempt.reservation_id)
        return found

    async def until(self, ask: Callable[[], object], seconds: float = 20) -> None:
        """Wait until something is so."""
        await comes_true(ask, seconds)

    async def ends(self, attempt: Attempt) -> Attempt:
        """Return the attempt when it has ended, and no channel of it is left."""
        await self.until(lambda: not self.now_of(attempt).is_live)
        await self.until(lambda: not self.channels(attempt))
        return self.now_of(attempt)

    def channels(self, attempt: Attempt) -> set[str]:
        """Return which of the two channels of a call there are: customer, desk."""
        there = self.asterisk.channels()
        names = {attempt.id: "customer", desk_channel(attempt.id): "desk"}
        return {names[each] for each in there if each in names}

    def is_joined(self, attempt: Attempt) -> bool:
        """Whether agent and customer hear each other."""
        wanted = {attempt.id, desk_channel(attempt.id)}
        return any(wanted <= set(each["channels"]) for each in self.asterisk.ask("GET", "/bridges"))

    def forget_leases(self) -> None:
        """Let time pass for dispatchers that are dead."""
        with self.session.transaction():
            self.session.rows("forget_dispatchers", before=self.clock.now() + HOUR)


@asynccontextmanager
async def desk_stage(home: Path, asterisk: PrivateAsterisk) -> AsyncIterator[DeskStage]:
    """Set the stage, on a database of its own."""
    session = open_session(Settings(data_dir=home))
    stage = DeskStage(session, asterisk)
    stage.store.migrate()
    try:
        async with stage._stack:  # noqa: SLF001 - its own
            yield stage
    finally:
        stage.store.close()


@asynccontextmanager
async def _alive(line: MortalLine, dialer: Dialer, mortal: MortalWriter) -> AsyncIterator[None]:
    """Let a dispatcher work until the end, or until it dies."""
    running = asyncio.create_task(line.run())
    await comes_true(lambda: line.is_up)

    async def work() -> None:
        with suppress(KilledError):
            while not mortal.is_dead:
                await dialer.step(dialer.now())
                await asyncio.sleep(_STEP_SECONDS)

    working = asyncio.create_task(work())
    try:
        yield
        if working.done():
            working.result()
    finally:
        for task in (working, running):
            task.cancel()
            with suppress(asyncio.CancelledError, KilledError):
                await task
