"""The composition root: builds everything once, and runs it."""

import asyncio
import gc
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from functools import partial
from typing import Any, NamedTuple

import uvicorn
from starlette.applications import Starlette

from callkeeper.api.campaigns.business_results import BusinessResultInterfaces
from callkeeper.api.campaigns.campaigns import CampaignInterfaces
from callkeeper.api.contract.auth import Signatures
from callkeeper.api.contract.interface import Dialect, interfaces_of
from callkeeper.api.reservations import ReservationInterfaces
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.asyncstore.writer import BatchWriter
from callkeeper.asyncstore.writer_process import WriterProcess, open_async_store
from callkeeper.clock import Clock, SystemClock
from callkeeper.http.admission import Admission
from callkeeper.http.connections import Connections
from callkeeper.http.protocol import bounded
from callkeeper.http.tarpit import Tarpit
from callkeeper.installation.database import data_dir, fitting_seal, open_store, warn_of_old_seals
from callkeeper.installation.sealing import Seal
from callkeeper.installation.tls import Certificate, ends_at, prepare
from callkeeper.processes.application import Applications, applications, console_alone
from callkeeper.processes.dial import Duty, duty_beside, measure, number_policy
from callkeeper.processes.gauges import ServerGauges
from callkeeper.processes.metrics import new_registry
from callkeeper.processes.pages import console_of
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.signals import ending
from callkeeper.store.file_identity import Inode
from callkeeper.usecases.campaigns import Campaigns, Definitions
from callkeeper.usecases.keys import Keyring
from callkeeper.usecases.missed import count_missed
from callkeeper.usecases.reservations import Bookings
from callkeeper.usecases.transfers import Served

_BACKLOG = 65_535  # as many as the system lets wait: who finds no place there waits for seconds
# The loop takes one connection from a listener each time it comes round: from so many of the same
# socket, lest who comes behind thousands waits as many rounds.
_ACCEPTED_AT_ONCE = 16
_INSIDE_CONNECTIONS = 200


class Share(Enum):
    """What a process serves, of all that there is."""

    ALL = auto()
    API = auto()
    CONSOLE = auto()


def build(
    settings: Settings,
    async_store: AsyncStore,
    seal: Seal,
    clock: Clock,
    gauges: ServerGauges,
    share: Share = Share.ALL,
) -> Applications:
    """Return the applications over a store; the lifespan of the first closes the store."""
    slack_ms = settings.clock_window_seconds * 1000
    tarpit = Tarpit()
    signatures = Signatures(Keyring(async_store, seal, clock), clock, slack_ms)
    served = Served(async_store, clock)
    admission = Admission(signatures.read, tarpit, served.check)
    bookings = Bookings(
        async_store,
        clock,
        settings.lead_seconds * 1000,
        settings.time_zone,
        slack_ms=slack_ms,
        numbers=number_policy(settings),
    )
    campaigns = Campaigns(async_store, clock, settings.active_campaigns_max, settings.skill_queues)
    dialect = Dialect(
        deployment=settings.deployment,
        init_status=settings.init_status,
        alerting_seconds_max=settings.alerting_seconds_max,
    )
    handlers = (
        ReservationInterfaces(bookings, clock),
        CampaignInterfaces(campaigns, clock),
        BusinessResultInterfaces(Definitions(async_store, clock)),
    )
    interfaces = [each for one in handlers for each in interfaces_of(one, dialect)]
    apart = settings.internal_port is not None
    console = None
    if share is Share.CONSOLE or (share is Share.ALL and settings.console):
        console = console_of(
            settings, async_store, clock, gauges, seal=seal, bookings=bookings, campaigns=campaigns
        )._replace(check_vdn=served.check)
    if console is not None and share is Share.CONSOLE:
        return console_alone(console, admission.tarpit, async_store, gauges)
    return applications(
        interfaces,
        admission,
        async_store,
        gauges,
        apart=apart,
        console=console,
    )


def serve(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until a signal ends it (see signals.py); ``ready`` is told the URL."""
    server = prepare_server(settings, clock=clock, ready=ready)
    server.run()


class Server(uvicorn.Server):
    """A server on a socket of its own, with a dialer beside it; it says when it is ready."""

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        ready: Callable[[], None],
        beside: Duty | None = None,
        inside: "Inside | None" = None,
        *,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._begin: Callable[[], None] = lambda: None
        self._end: Callable[[], None] = lambda: None
        self._look = look  # is called each second
        self._listener = listener
        self._inside = inside
        self._ready = ready
        self._lifeline: int | None = None
        self._beside = beside
        self._dialing: asyncio.Task[None] | None = None

    def begin_with(self, begin: Callable[[], None]) -> None:
        """Start what writes before the first connection is accepted."""
        self._begin = begin

    def end_with(self, end: Callable[[], None]) -> None:
        """End what would go on for ever, before waiting for what is under way."""
        self._end = end

    def hang_on(self, pipe: int) -> None:
        """Stop as well when the other end of a pipe closes, on which nothing is ever sent."""
        self._lifeline = pipe

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop. A bug that ends the dialer ends the server too."""
        again = (self._listener.dup() for _ in range(_ACCEPTED_AT_ONCE - 1))
        super().run(sockets or [self._listener, *again])
        if self._dialing is not None and not self._dialing.cancelled():
            self._dialing.result()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and say so; raise SettingsWrong if it cannot write."""
        try:
            self._begin()
        except OSError as error:
            raise not_started(error) from error
        await super().startup(sockets)
        if self._inside is not None and self.started:
            self.servers.append(await self._inside.listen(self))
        gc.freeze()  # what start-up made stays for good: do not look through it again and again
        gc.set_threshold(10_000, 20, 20)  # a request makes hundreds, and leaves none behind
        if self._lifeline is not None:
            asyncio.get_running_loop().add_reader(self._lifeline, self._let_go, self._lifeline)
        if self.started:
            self._ready()

    async def main_loop(self) -> None:
        """Serve, and dial beside it. A server that seems well and dials nothing is no server."""
        if self._beside is not None:
            self._dialing = asyncio.create_task(self._beside())
            self._dialing.add_done_callback(self._stop)
        await super().main_loop()
        if self._dialing is not None:
            self._dialing.cancel()
            await asyncio.wait([self._dialing])
        self._end()

    async def on_tick(self, counter: int) -> bool:
        """Do what is to be done now and then; uvicorn counts tenths of a second."""
        if counter % 10 == 0:
            self._look()
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End as told by SIGHUP and SIGQUIT as well; those that mean nothing do not end it."""
        with super().capture_signals():
            if threading.current_thread() is threading.main_thread():
                for number in ending():
                    signal.signal(number, self.handle_exit)
            yield

    def _let_go(self, pipe: int) -> None:
        asyncio.get_running_loop().remove_reader(pipe)
        self._stop(None)

    def _stop(self, _: object) -> None:
        self.should_exit = True


class Inside(NamedTuple):
    """The listener of the pages, for those inside; it speaks plain HTTP."""

    config: uvicorn.Config
    listener: socket.socket

    async def listen(self, server: Server) -> asyncio.Server:
        """Begin to accept connections there, for a server that ends them when it ends."""
        self.config.load()
        kind: Any = self.config.http_protocol_class
        protocol = partial(
            kind,
            config=self.config,
            server_state=server.server_state,
            app_state=server.lifespan.state,
        )
        loop = asyncio.get_running_loop()
        return await loop.create_server(protocol, sock=self.listener, backlog=_BACKLOG)


def prepare_server(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ready: Callable[[str], None],
    make_batch_writer: Callable[[Settings, Inode | None], BatchWriter] = WriterProcess,
    share: Share = Share.ALL,
) -> Server:
    """Return a server with its schema migrated, its keys loaded and its port taken."""
    clock = clock or SystemClock()
    certificate = prepare(settings.tls_mode, data_dir(settings), settings.host, clock)
    store = open_store(settings)
    connections = Connections(_room_for(settings.connections_max))
    try:
        seal = fitting_seal(settings, store)
        if settings.is_served_alone:  # of several, who starts them says so
            warn_of_old_seals(store, seal)
        async_store = open_async_store(settings, store, make_batch_writer=make_batch_writer)
        gauges = server_gauges(settings, async_store, clock, connections, certificate)
        beside = duty_beside(async_store, settings, clock, gauges)
        apps = build(settings, async_store, seal, clock, gauges, share)
        listener = _listener(settings, share)
        inside = _inside(apps.inside, settings)
    except BaseException:
        store.close()
        raise
    url = f"{'https' if certificate else 'http'}://{_address(settings.host, listener)}"
    config = http_config(apps.outside, connections, certificate)
    server = Server(config, listener, lambda: ready(url), beside, inside, look=gauges.look)
    server.begin_with(async_store.begin)
    server.end_with(apps.end_streams)
    return server


def _listener(settings: Settings, share: Share) -> socket.socket:
    port = settings.port
    if share is Share.CONSOLE and settings.console_port is not None:
        port = settings.console_port
    listener = bind(settings.host, port, shared=not settings.is_served_alone)
    listener.listen(_BACKLOG)
    return listener


def not_started(error: OSError) -> SettingsWrong:
    """Return the refusal of a start without a process that writes."""
    return SettingsWrong(
        f"cannot start the process that writes, {sys.executable}: {error.strerror}"
    )


def server_gauges(
    settings: Settings,
    async_store: AsyncStore,
    clock: Clock,
    connections: Connections,
    certificate: Certificate | None = None,
) -> ServerGauges:
    """Return what a server over a store tells of itself."""
    by = measure(settings)
    gauges = ServerGauges(
        new_registry(),
        connections,
        certificate and ends_at(certificate),
        lambda: count_missed(async_store, by, clock.now()),
    )
    gauges.watch(async_store)
    return gauges


def _inside(app: Starlette | None, settings: Settings) -> Inside | None:
    if app is None or settings.internal_port is None:
        return None
    host = settings.internal_host or settings.host
    listener = bind(host, settings.internal_port, shared=not settings.is_served_alone)
    return Inside(http_config(app, Connections(_room_for(_INSIDE_CONNECTIONS))), listener)


def http_config(
    app: Starlette, connections: Connections, certificate: Certificate | None = None
) -> uvicorn.Config:
    """Return how HTTP is served, whatever application answers it."""
    http: Any = bounded(connections)  # for uvicorn it is no type that it knows
    return uvicorn.Config(
        app,
        ssl_certfile=certificate and str(certificate.certificate),
        ssl_keyfile=certificate and str(certificate.key),
        loop="uvloop",
        http=http,
        ws="none",  # a request to become a WebSocket is answered like any other
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,  # longer than clients keep one, so that they are the ones to close
        timeout_graceful_shutdown=10,
    )


def _room_for(connections: int) -> int:
    """Let the process open as many files as it may, and return how many connections there may be.

    Half of the files are left: for the database, and because what arrives at once is accepted
    before any of it can be closed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != soft:
        with suppress(ValueError, OSError):  # a system may have more bounds; this one stays then
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return connections if files == resource.RLIM_INFINITY else max(1, min(connections, files // 2))


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket with an address; SettingsWrong if it is taken. ``shared``: with others."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsWrong(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{listener.getsockname()[1]}"
