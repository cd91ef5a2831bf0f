"""The dialer: one dispatcher's duties, run side by side until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress

from callkeeper.core.instants import Instant
from callkeeper.core.refusal import DatabaseFailed, VdnGone
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.desk_call import DeskCaller
from callkeeper.dialer.dispatcher import Dispatcher
from callkeeper.dialer.gate import Gate
from callkeeper.dialer.lease_keeper import LeaseKeeper
from callkeeper.dialer.listener import Listener
from callkeeper.dialer.reaper import Reaper
from callkeeper.dialer.reports import Reports

# Poll interval for due reservations; a promise is late by half of it on average.
_POLL_SECONDS = 0.05
_LOOK_AFTER_SECONDS = 0.5
# How long the listener sleeps when the line says nothing; what could not be written is tried again.
_LISTEN_SECONDS = 1.0
_DATABASE_SECONDS = 1.0

Duty = Callable[[Instant], Coroutine[object, object, object]]


class Dialer:
    """Dispatcher, desk caller, listener and reaper over one context, and the line's own upkeep."""

    def __init__(self, context: DialerContext) -> None:
        self._context = context
        reports = Reports(context)
        self.gate = Gate(context)
        self.lease = LeaseKeeper(context, self.gate)
        self.dispatcher = Dispatcher(context, self.gate, self.lease, reports)
        self.desk_caller = DeskCaller(context, self.gate, self.lease, reports)
        self.listener = Listener(context, reports)
        self.reaper = Reaper(context, self.lease, self.listener, reports)

    @property
    def name(self) -> str:
        """What this dispatcher is called."""
        return self._context.config.name

    def now(self) -> Instant:
        """Return the instant that this dispatcher believes it is, in UTC milliseconds."""
        return self._context.clock.now()

    async def step(self, now: Instant) -> bool:
        """Do each duty once, now in UTC milliseconds; return whether to do so again at once."""
        await self.reaper.step(now)
        await self.desk_caller.step(now)
        more = await self.dispatcher.step(now)
        return bool(await self.listener.step(now)) or more

    async def run(self) -> None:
        """Dial until cancelled; then hand over what is in hand, and go."""
        context = self._context
        context.log.info("dialer_started", dispatcher=context.config.name, line=context.config.line)
        async with asyncio.TaskGroup() as upkeep:
            line = upkeep.create_task(context.line.run())
            try:
                async with asyncio.TaskGroup() as duties:
                    duties.create_task(self._keep(self.reaper.step, self._rest))
                    duties.create_task(self._keep(self.desk_caller.step, self._poll))
                    duties.create_task(self._keep(self.dispatcher.step, self._poll))
                    duties.create_task(self._keep(self.listener.step, self._listen))
            finally:
                await self._hand_over()
                line.cancel()

    async def _keep(self, duty: Duty, pause: Callable[[object], Awaitable[None]]) -> None:
        """Do a duty over and over; while the database is away, wait for it.

        What it claims may be of a VDN that began to leave just then: the next time it is left out.
        """
        is_away = False
        while True:
            try:
                outcome = await _whole(duty(self._context.clock.now()))
            except (DatabaseFailed, VdnGone) as failed:
                if not is_away:
                    self._context.log.warning("dialer_suspended", why=failed.sentence)
                is_away = True
                await asyncio.sleep(_DATABASE_SECONDS)
                continue
            if is_away:
                self._context.log.info("dialer_resumed")
            is_away = False
            await pause(outcome)

    async def _poll(self, more: object) -> None:
        await asyncio.sleep(0 if more else _POLL_SECONDS)

    async def _listen(self, heard: object) -> None:
        if not heard:
            # Not wait_for: in Python 3.11 it forgets to stop when a word comes at that moment.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LISTEN_SECONDS):
                    await self._context.line.heard()

    async def _rest(self, _: object) -> None:
        await asyncio.sleep(_LOOK_AFTER_SECONDS)

    async def _hand_over(self) -> None:
        """Let the line's last answers come in, and end the lease, so that others need not wait."""
        context = self._context
        try:
            await self.desk_caller.settle()
            await self.dispatcher.settle()
            await self.listener.step(context.clock.now())
            await self.lease.end()
        except DatabaseFailed as failed:
            context.log.warning("lease_not_released", why=failed.sentence)
        context.log.info("dialer_stopped", dispatcher=context.config.name)


async def _whole(step: Coroutine[object, object, object]) -> object:
    """Do a step; told to stop in the middle of it, end it first, then stop.

    What was claimed, and not yet placed, would otherwise be left for others to find out about.
    """
    doing = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        with suppress(DatabaseFailed):
            await doing
        raise
