"""A volley fired by Callkeeper: a whole dialer, as `callkeeper dial` runs it.

What it does for a job: it is claimed; put on record as being called, with the rules checked once
more; the line is asked; its answer, its ringing and its being answered are put on record; and then
the result of the call, with a row of history. The line is the rehearsal line, each of whose calls
is answered, or an Asterisk's.
"""

import asyncio
import sqlite3
from contextlib import suppress
from pathlib import Path

import psycopg
import uvloop
from prometheus_client import CollectorRegistry

from bench.signed import VDN
from bench.stage import CAMPAIGN, add_campaign
from bench.volley import CpuMeter, Volley, ordered, tell
from callkeeper import log
from callkeeper.asyncstore.writer_process import open_async_store
from callkeeper.clock import Clock, SystemClock
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.reservation import Booking, Wish
from callkeeper.dialer.config import DialerConfig
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer
from callkeeper.dialer.line.ari import AriLine
from callkeeper.dialer.line.destinations import Destinations
from callkeeper.dialer.line.line import CallRequest
from callkeeper.dialer.line.rehearsal import RehearsalLine
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.installation.database import DATABASE_FILE, open_session
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from tests import far_end_scenario, private_asterisk

DESTINATION = "answered,hold"  # of the private Asterisk's dialplan
_GRACE_MS = 600_000
_PER_SECOND = 10_000.0  # the most that can be set
_SECONDS_MAX = 300
_POLL_SECONDS = 0.02
_BATCH = 500


class NotedRehearsal(RehearsalLine):
    """The rehearsal line, and when it was asked for each attempt."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._now = clock.now
        self.placed: dict[str, int] = {}

    async def place(self, request: CallRequest) -> None:
        """Note when it was asked, and place the call."""
        self.placed[request.attempt_id] = self._now()
        await super().place(request)


class NotedAsterisk(AriLine):
    """The line to Asterisk, and when it confirmed each attempt."""

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(url, private_asterisk.USER, private_asterisk.PASSWORD)
        self._now = clock.now
        self.placed: dict[str, int] = {}

    async def place(self, request: CallRequest) -> None:
        """Place the call, and note when that was confirmed."""
        await super().place(request)
        self.placed[request.attempt_id] = self._now()


async def main(volley: Volley) -> None:
    """Fire a volley."""
    clock, registry = SystemClock(), CollectorRegistry()
    settings = Settings(data_dir=Path(volley.folder) / "data", database=volley.database)
    _prepare(settings, volley, clock)
    line = NotedAsterisk(volley.ari_url, clock) if volley.ari_url else NotedRehearsal(clock)
    async_store = open_async_store(settings)
    dialer = Dialer(
        DialerContext.of(_post(volley), async_store, line, DialerMetrics(registry), clock)
    )
    dialing = asyncio.create_task(dialer.run())
    meter = CpuMeter(volley)
    now = clock.now()
    volley.check_prepared(now)
    await asyncio.sleep((volley.due_at - now) / 1000)
    meter.begin()
    async with asyncio.timeout(_SECONDS_MAX):
        while _answered(registry) < volley.count and not dialing.done():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(_POLL_SECONDS)
    done_ms = clock.now() - volley.due_at
    used = meter.used()
    dialing.cancel()
    with suppress(asyncio.CancelledError):
        await dialing
    await async_store.close()
    due = _due_by_attempt(settings)
    tell([at - due[attempt] for attempt, at in line.placed.items()], done_ms, used)


def _prepare(settings: Settings, volley: Volley, clock: Clock) -> None:
    store = SqlStore(open_session(settings))
    store.migrate()
    add_campaign(settings, clock)
    now = clock.now()
    # The last three digits tell the far end what to do, and the last one the rehearsal line.
    ends_with = far_end_scenario.ANSWERS_BRIEFLY
    bookings = []
    for number in range(volley.count):
        digest = request_digest("benchmark", str(number))
        wish = Wish(
            kind="automatic",
            called_no=f"139{number:05d}{ends_with}",
            campaign_id=str(CAMPAIGN),
            appoint_at=volley.due(number),
        )
        id_ = id_for(now, digest)
        bookings.append(Booking(VDN, id_, wish, digest.hex(), "benchmark", now, 0))
    for begin in range(0, volley.count, _BATCH):
        with store.transaction():
            store.reservations.add(bookings[begin : begin + _BATCH])
    store.close()


def _post(volley: Volley) -> DialerConfig:
    """Return a configuration whose bounds hold nothing back."""
    return DialerConfig(
        name="benchmark",
        line="benchmark",
        calls_max=volley.count,
        calls_per_second=_PER_SECOND,
        limits=Limits(grace_ms=_GRACE_MS),
        codes=FailCodes(),
        destinations=Destinations(DESTINATION, {}),
    )


def _answered(registry: CollectorRegistry) -> float:
    """Return how many calls were answered, are over, and have their result on record."""
    return registry.get_sample_value("callkeeper_outcomes_total", {"outcome": "answered"}) or 0


def _due_by_attempt(settings: Settings) -> dict[str, int]:
    """Return when the reservation of each attempt that was answered was due, past our code."""
    question = (
        "SELECT a.id, r.appoint_at FROM attempt AS a JOIN reservation AS r"
        " ON r.vdn = a.vdn AND r.id = a.reservation_id"
        " WHERE r.state = 'done' AND a.fail_code = '00000'"
    )
    if settings.database is not None:
        with psycopg.connect(settings.database) as connection:
            return dict(connection.execute(question).fetchall())
    file = sqlite3.connect(settings.data_dir / DATABASE_FILE)
    found = dict(file.execute(question).fetchall())
    file.close()
    return found


if __name__ == "__main__":
    log.configure(Settings())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(ordered()))
