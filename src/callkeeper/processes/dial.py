"""The dialer, built from the settings: beside a server, or alone. Only here lines have a name."""

import asyncio
import os
import re
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop
from prometheus_client import CollectorRegistry, start_http_server

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.asyncstore.writer_process import open_async_store
from callkeeper.clock import Clock, SystemClock, new_dispatcher_name
from callkeeper.core.campaigns.campaign import GOES_TO
from callkeeper.core.dialing.outcomes import FINDINGS, FailCodes
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.reservations.number_policy import NumberPolicy, NumberRule
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.vdn import VDN_MAX
from callkeeper.dialer.config import DialerConfig
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer
from callkeeper.dialer.line.ari import AriLine
from callkeeper.dialer.line.destinations import Destinations, DestinationsWrong, destination
from callkeeper.dialer.line.line import Line
from callkeeper.dialer.line.rehearsal import RehearsalLine
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.installation.database import found_store
from callkeeper.processes.gauges import Gauges
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.signals import ending
from callkeeper.usecases.readiness import Readiness

_VDN = re.compile(r"[1-9][0-9]{0,3}")
_LOOK_SECONDS = 5.0
_EVIDENCE = re.compile(r"(cause|sip) \d{1,3}")


Duty = Callable[[], Coroutine[Any, Any, None]]


def duty_beside(
    async_store: AsyncStore, settings: Settings, clock: Clock, gauges: Gauges
) -> Duty | None:
    """Return what a server runs beside itself to dial; None where it is not to.

    On SQLite it writes through the server's own, as there is one writer. On PostgreSQL it has
    a store of its own, so that neither waits for what the other one locks.
    """
    check_rules(settings)
    if settings.line is None or not settings.dialer:
        return None
    own = (
        None if settings.database is None else open_async_store(settings, outage=async_store.outage)
    )
    if own is not None:
        gauges.watch(own)
    dialer = _dialer(own or async_store, settings, clock, gauges.registry)

    async def run() -> None:
        try:
            await dialer.run()
        finally:
            if own is not None:
                await own.close()

    return run


def dial(settings: Settings, registry: CollectorRegistry, ready: Callable[[str], None]) -> None:
    """Dial until a signal ends it (see signals.py); ``ready`` is told the dispatcher's name."""
    if settings.line is None:
        raise SettingsWrong("line: say which, --line asterisk or --line rehearsal")
    check_rules(settings)
    _password(settings)
    async_store = open_async_store(settings, found_store(settings))
    dialer = _dialer(async_store, settings, SystemClock(), registry)
    beside = None
    if settings.metrics_port is not None:
        beside = _looking(registry, async_store)
        _show_metrics(settings.host, settings.metrics_port, registry)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_stopped(dialer, async_store, ready, beside))


def _show_metrics(host: str, port: int, registry: CollectorRegistry) -> None:
    try:
        start_http_server(port, host, registry)
    except OSError as error:
        raise SettingsWrong(
            f"metrics_port: cannot listen on {host} port {port}: {error.strerror}"
        ) from error


def _looking(registry: CollectorRegistry, async_store: AsyncStore) -> Duty:
    """Return what finds out how things stand: a thread shows the metrics, which cannot ask."""
    gauges = Gauges(registry)
    gauges.watch(async_store)

    async def look() -> None:
        readiness = Readiness(async_store)
        while True:
            gauges.look()
            await gauges.ask(readiness)
            await asyncio.sleep(_LOOK_SECONDS)

    return look


async def _until_stopped(
    dialer: Dialer, async_store: AsyncStore, ready: Callable[[str], None], beside: Duty | None
) -> None:
    dialing = asyncio.ensure_future(dialer.run())
    duties = [dialing] if beside is None else [dialing, asyncio.ensure_future(beside())]
    for number in ending():
        asyncio.get_running_loop().add_signal_handler(number, dialing.cancel)
    ready(dialer.name)
    try:
        await asyncio.wait(duties, return_when=asyncio.FIRST_COMPLETED)
        for each in duties:
            each.cancel()
        await asyncio.wait(duties)
        for each in duties:
            if not each.cancelled():
                each.result()  # a bug ended it, and so the others
    finally:
        await async_store.close()


def check_rules(settings: Settings) -> None:
    """Refuse settings by which no dialer would begin. Raise SettingsWrong."""
    _checked(settings.fail_codes)
    _destinations(settings)
    number_policy(settings)


async def asked(settings: Settings, clock: Clock) -> str:
    """Ask the line how it is, and return its sentence. Raise LineRefused or LineSilent."""
    return await build_line(settings, clock).check()


async def lacking_for_desks(settings: Settings, clock: Clock) -> str | None:
    """Return what the line lacks to ring agents' phones. Raise LineRefused or LineSilent."""
    return await build_line(settings, clock).lacking_for_desks()


def build_line(settings: Settings, clock: Clock, dispatcher: str = "doctor") -> Line:
    """Return the line that the settings name. Each dispatcher at an Asterisk has its own app."""
    if settings.line == "rehearsal":
        return RehearsalLine(clock)
    return AriLine(
        settings.ari_url,
        settings.ari_user,
        _password(settings),
        app=f"{settings.ari_app}-{dispatcher}",
        endpoint=settings.ari_endpoint,
    )


def _password(settings: Settings) -> str:
    if settings.line == "asterisk" and settings.ari_password is None:
        raise SettingsWrong("ari_password: set it to that of ari_user in Asterisk's ari.conf")
    return settings.ari_password or ""


def limits(settings: Settings) -> Limits:
    """Return what the settings say for all campaigns."""
    return Limits(
        grace_ms=settings.grace_seconds * 1000,
        zone=settings.time_zone,
        vdn_calls_max=settings.vdn_calls_max,
        campaign_calls_max=settings.campaign_calls_max,
        numbers=number_policy(settings),
    )


def measure(settings: Settings) -> Measure:
    """Return by what the settings say whether promises are kept."""
    return Measure(grace_ms=settings.grace_seconds * 1000)


def number_policy(settings: Settings) -> NumberPolicy:
    """Return which numbers may be dialed. Raise SettingsWrong."""
    own = {}
    for vdn, rule in settings.numbers_of_vdns.items():
        if not _VDN.fullmatch(vdn):
            raise SettingsWrong(f"numbers_of_vdns: {vdn!r} is no VDN, 1 to {VDN_MAX}")
        own[int(vdn)] = NumberRule.parse(rule)
    general = NumberRule() if settings.numbers is None else NumberRule.parse(settings.numbers)
    return NumberPolicy(general, own)


def _dialer(
    async_store: AsyncStore, settings: Settings, clock: Clock, registry: CollectorRegistry
) -> Dialer:
    name = new_dispatcher_name(socket.gethostname(), os.getpid())
    config = DialerConfig(
        name=name,
        line=line_name(settings),
        calls_max=settings.line_calls_max,
        calls_per_second=settings.line_calls_per_second,
        limits=limits(settings),
        codes=FailCodes(_checked(settings.fail_codes)),
        destinations=_destinations(settings),
    )
    return Dialer(
        DialerContext.of(
            config, async_store, build_line(settings, clock, name), DialerMetrics(registry), clock
        )
    )


def line_name(settings: Settings) -> str:
    """Return what the line is called in the database."""
    return settings.line_name or settings.line or "none"


def _destinations(settings: Settings) -> Destinations:
    for name, text in {"destination": settings.destination, **settings.destinations}.items():
        if name != "destination" and not GOES_TO.fullmatch(name):
            raise SettingsWrong(f"destinations: {name!r} must read 'ivr CODE' or 'skill ID'")
        try:
            destination(text)
        except DestinationsWrong as wrong:
            where = name if name == "destination" else f"destinations, {name!r}"
            raise SettingsWrong(f"{where}: {wrong}") from wrong
    return Destinations(settings.destination, settings.destinations)


def _checked(fail_codes: dict[str, str]) -> dict[str, str]:
    for evidence in fail_codes:
        if evidence not in FINDINGS and not _EVIDENCE.fullmatch(evidence):
            known = ", ".join(each for each in FINDINGS if not each.startswith("cause"))
            raise SettingsWrong(
                f"fail_codes: {evidence!r} is no evidence; it is cause N, sip N, or one of {known}"
            )
    return fail_codes
