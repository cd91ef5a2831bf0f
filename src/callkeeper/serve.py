"""The composition root: builds everything once, and runs it. It alone names concrete stores."""

import gc
import socket
from collections.abc import Callable
from pathlib import Path

import psycopg
import uvicorn
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.applications import Starlette

from callkeeper.api.asgi import application
from callkeeper.api.auth import Gate
from callkeeper.api.business_results import BusinessResultInterfaces
from callkeeper.api.campaigns import CampaignInterfaces
from callkeeper.api.protocol import BoundedHttp
from callkeeper.api.reservations import ReservationInterfaces
from callkeeper.booking import Bookings
from callkeeper.campaigning import Campaigns, Definitions
from callkeeper.clock import Clock, SystemClock
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.desk import Desk
from callkeeper.keyring import Keyring
from callkeeper.sealing import Seal, load_seal
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.store.migrate import migrations
from callkeeper.store.port import Store
from callkeeper.store.postgres import PostgresSession, StatementFailed
from callkeeper.store.session import Session
from callkeeper.store.sql import SqlStore
from callkeeper.store.sqlite import SqliteSession
from callkeeper.tls import prepare

DATABASE_FILE = "callkeeper.db"


def open_session(settings: Settings) -> Session:
    """Return the database that the settings name; for SQLite, a new data directory is made."""
    if settings.database is None:
        path = data_dir(settings) / DATABASE_FILE
        return SqliteSession(path, busy_seconds=settings.busy_seconds)
    if not settings.database.startswith(("postgresql://", "postgres://")):
        raise SettingsWrong("database: must be a postgresql:// URL; leave it out for SQLite")
    try:
        return PostgresSession(settings.database)
    except psycopg.ProgrammingError:
        # Its words repeat the URL, in which a password may be.
        raise SettingsWrong("database: is not a valid postgresql:// URL") from None


def open_store(settings: Settings) -> Store:
    """Return the store, its schema up to date."""
    store = SqlStore(open_session(settings))
    store.migrate()
    return store


def find_store(settings: Settings) -> Store:
    """Return the store of a database that is there, whatever its schema; nothing is made.

    Raise SettingsWrong when there is none, and DatabaseFailed when it does not answer.
    """
    file = settings.data_dir / DATABASE_FILE
    if settings.database is None and not file.is_file():
        raise SettingsWrong(f"there is no {file}; `callkeeper serve` or `migrate` makes it")
    store = SqlStore(open_session(settings))
    try:
        store.database_now()
    except DatabaseFailed:
        store.close()
        raise
    return store


def check_schema(store: Store) -> int:
    """Return the schema's number; raise SettingsWrong if this program wants a later one."""
    latest = migrations("sqlite")[-1].number
    try:
        number = store.schema_version()
    except DatabaseFailed:
        number = 0  # there is no table that tells it
    except StatementFailed as error:
        raise DatabaseFailed(f"the schema's number cannot be read ({error})") from error
    if number < latest:
        raise SettingsWrong(
            f"the schema is at {number}, this program wants {latest}; run `callkeeper migrate`"
        )
    return number


def open_seal(settings: Settings) -> Seal:
    """Return the seal of the secrets; a new data directory is made for a new key."""
    if settings.sealing_key is None:
        data_dir(settings)
    return load_seal(settings.data_dir, settings.sealing_key)


def fitting_seal(settings: Settings, store: Store) -> Seal:
    """Return the seal, tried on a secret that is stored; raise SealBroken if it is not its own.

    A sealing key is made only while there is no secret that it would not open.
    """
    valid = next((each for each in store.access_keys() if each.revoked_at is None), None)
    if valid is None:
        return open_seal(settings)
    seal = load_seal(settings.data_dir, settings.sealing_key, make=False)
    seal.open(valid.sealed_secret, valid.ak)
    return seal


def build(settings: Settings, store: Store, seal: Seal, clock: Clock) -> Starlette:
    """Return the application over a store; its lifespan closes the store."""
    desk = Desk(store)
    gate = Gate(Keyring(desk, seal, clock), clock, settings.clock_window_seconds * 1000)
    bookings = Bookings(desk, clock, settings.lead_seconds * 1000)
    campaigns = Campaigns(desk, clock, settings.active_campaigns_max, settings.skill_queues)
    interfaces = [
        *ReservationInterfaces(bookings, clock).all(gate, settings.deployment),
        *BusinessResultInterfaces(Definitions(desk, clock)).all(gate),
        # Last, as a campaign's path matches any word after the VDN.
        *CampaignInterfaces(campaigns, clock, settings.alerting_seconds_max).all(gate),
    ]
    return application(interfaces, desk, _registry())


def serve(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; ``ready`` is told the URL."""
    server = prepare_server(settings, clock=clock, ready=ready)
    server.run()


class Server(uvicorn.Server):
    """A server on a socket of its own, that says when it is ready."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._listener = listener
        self._ready = ready

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop."""
        super().run(sockets or [self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and say so."""
        await super().startup(sockets)
        gc.freeze()  # what start-up made stays for good: do not look through it again and again
        if self.started:
            self._ready()


def prepare_server(
    settings: Settings, *, clock: Clock | None = None, ready: Callable[[str], None]
) -> Server:
    """Return a server with its schema migrated, its keys loaded and its port taken."""
    clock = clock or SystemClock()
    certificate = prepare(settings.tls_mode, data_dir(settings), settings.host, clock)
    store = open_store(settings)
    try:
        app = build(settings, store, fitting_seal(settings, store), clock)
        listener = _listen(settings.host, settings.port)
    except BaseException:
        store.close()
        raise
    url = f"{'https' if certificate else 'http'}://{_address(settings.host, listener)}"
    config = uvicorn.Config(
        app,
        ssl_certfile=certificate and str(certificate.certificate),
        ssl_keyfile=certificate and str(certificate.key),
        loop="uvloop",
        http=BoundedHttp,
        ws="none",  # a request to become a WebSocket is answered like any other
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,  # longer than clients keep one, so that they are the ones to close
        timeout_graceful_shutdown=10,
    )
    return Server(config, listener, lambda: ready(url))


def data_dir(settings: Settings) -> Path:
    """Return the data directory, made for the owner's eyes only when it is not there."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.data_dir


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsWrong(f"cannot listen on {host} port {port}: {error.strerror}") from error
    listener.listen(2048)
    return listener


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{listener.getsockname()[1]}"


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
