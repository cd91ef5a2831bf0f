"""Gauges: how a process and its database stand, found out when somebody asks.

What costs nothing is looked at each second as well: where several workers put their figures
together, one of them is asked, and has to find what the others last said.
"""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Sized
from contextlib import suppress
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge

from callkeeper import __version__
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import monotonic
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.usecases.missed import MissedPromises
from callkeeper.usecases.readiness import Readiness
from callkeeper.usecases.single_flight import SingleFlight

# How long missed promises stay counted: it costs the database more than all else here.
FRESH_SECONDS = 30.0
# How long whoever asks waits for the database; after that, it is told what was counted before.
PATIENCE_SECONDS = 1.0

_Together = Literal["livesum", "max", "mostrecent"]


class Gauges:
    """What every process has. They belong to one event loop, but for being read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._stores: list[AsyncStore] = []
        self._restarts = 0
        Gauge(
            "callkeeper_build_info",
            "1 for the version that runs, and the Python that runs it.",
            ["version", "python"],
            multiprocess_mode="max",
            registry=registry,
        ).labels(__version__, platform.python_version()).set(1)
        self._database_up = self._gauge(
            "database_up", "1 while the database takes writes, as /readyz tells.", "mostrecent"
        )
        self._schema = self._gauge(
            "schema_version", "Number of the last migration of the database.", "mostrecent"
        )
        self._waiting = self._gauge(
            "waiting_writes", "Writes that wait for the batch before theirs.", "livesum"
        )
        self._writer_restarts = Counter(
            "callkeeper_writer_restarts",
            "Times the process that writes was lost and begun anew.",
            registry=registry,
        )

    def watch(self, async_store: AsyncStore) -> None:
        """Tell of a store, beside those that are watched already."""
        self._stores.append(async_store)

    def look(self) -> None:
        """Look at what costs nothing."""
        self._waiting.set(sum(each.waiting_writes for each in self._stores))
        restarts = sum(each.writer_restarts for each in self._stores)
        self._writer_restarts.inc(restarts - self._restarts)
        self._restarts = restarts

    async def ask(self, readiness: Readiness) -> None:
        """Ask the database how it is; one that does not say so in time is not up."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await readiness.schema()
        except TimeoutError:
            self._database_up.set(0)
            return
        self._database_up.set(not isinstance(found, DatabaseFailed))
        if isinstance(found, int):
            self._schema.set(found)

    def _gauge(self, name: str, says: str, together: _Together) -> Gauge:
        return Gauge(f"callkeeper_{name}", says, multiprocess_mode=together, registry=self.registry)


class ServerGauges(Gauges):
    """What a server has besides. ``count`` counts the promises that nobody has kept."""

    def __init__(
        self,
        registry: CollectorRegistry,
        connections: Sized,
        certificate_ends_at: Instant | None,
        count: Callable[[], Awaitable[MissedPromises]],
    ) -> None:
        super().__init__(registry)
        self._connections = connections
        self._count = count
        self._counted: float | None = None  # when, in seconds that only ever grow
        self._counts = SingleFlight[None]()
        self._open = self._gauge("connections", "Open connections of clients.", "livesum")
        self._sign_ins = Counter(
            "callkeeper_console_sign_ins",
            "Times a password was given, or somebody came by the single sign-on, by outcome.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("in", "refused"):
            self._sign_ins.labels(outcome)
        self._overdue = self._gauge(
            "overdue_reservations",
            "Manual reservations of the last day whose time has passed and that nobody has called.",
            "mostrecent",
        )
        self._broken = self._gauge(
            "broken_promises",
            "Reservations of the last day that were not called within the grace.",
            "mostrecent",
        )
        if certificate_ends_at is not None:
            self._gauge(
                "certificate_end_timestamp_seconds",
                "Unix time at which the certificate that is served ends.",
                "mostrecent",
            ).set(certificate_ends_at / 1000)

    def look(self) -> None:
        """Look at what costs nothing."""
        super().look()
        self._open.set(len(self._connections))

    def note_sign_in(self, *, is_in: bool) -> None:
        """Count that a password was given, or that somebody came by the single sign-on."""
        self._sign_ins.labels("in" if is_in else "refused").inc()

    async def refresh(self, readiness: Readiness) -> None:
        """Find out all anew, as far as the database answers in time."""
        self.look()
        # Side by side: a count that takes long must not hide that the database is away.
        await asyncio.gather(self.ask(readiness), self._count_in_time())

    async def _count_in_time(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._counts.outcome("missed", self._count_missed)

    async def _count_missed(self) -> None:
        if self._counted is not None and monotonic() - self._counted < FRESH_SECONDS:
            return
        try:
            missed = await self._count()
        except DatabaseFailed:
            return  # what was counted before stands, and ``database_up`` says the rest
        self._counted = monotonic()
        self._overdue.set(missed.overdue)
        self._broken.set(missed.broken)
