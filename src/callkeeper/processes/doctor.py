"""The check-up: whether all that a server needs is there, and fits together.

It makes no file and runs no migration, and writes nothing but the row that is there to be written.
"""

import asyncio
import os
import shutil
import socket
import ssl
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import httpx2
from cryptography import x509

from callkeeper import __version__
from callkeeper.clock import Clock
from callkeeper.core.dialing.breaker import refuses_all
from callkeeper.core.dialing.lease import LEASE_MS, Lease
from callkeeper.core.instants import DAY_MS, day_in_utc
from callkeeper.core.refusal import Refusal, told_in_full
from callkeeper.dialer.line.line import LineRefused, LineSilent
from callkeeper.installation.database import (
    DATABASE_FILE,
    NoInstallation,
    check_schema,
    exposed,
    find_store,
    keys_with_old_seals,
    newest_schema,
)
from callkeeper.installation.sealing import SEALING_FILE, SealBroken, load_seal
from callkeeper.processes.dial import asked, check_rules, lacking_for_desks, line_name
from callkeeper.processes.sign_on import provider_asked
from callkeeper.settings import Settings, SettingsWrong, near_host
from callkeeper.store.port.access import AccessKey
from callkeeper.store.port.store import Store
from callkeeper.usecases.checks import Check

_CLOCKS_MS_MAX = 2_000
_DISK_BYTES_MIN = 500_000_000
_CERTIFICATE_DAYS_MIN = 14
_VDNS_MAX = 100
_PATIENCE_SECONDS = 3.0
_CLIENT_ALONE = "callkeeper-client"  # the distribution with some of our files; decision 0016
_FILES_GONE = "was removed or replaced while the server runs"  # as /readyz has it


class CheckFailed(Exception):  # noqa: N818 - what it is
    """A check found what has to be put right."""


class CheckUp:
    """The checks of one installation."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._store: Store | None = None
        self._away: CheckFailed | Refusal | SettingsWrong | None = None

    def run(self) -> list[Check]:
        """Run every check; one that cannot be made is not good. Where nothing is, that is all.

        What the one before found of the database is forgotten: it may be back.
        """
        self._store = self._away = None
        port = self._check("port", self._port)  # first: who serves may have lost its files
        try:
            self._store = self._found(port)
        except NoInstallation as nothing:
            return [Check("installation", good=False, says=str(nothing))]
        except (CheckFailed, Refusal, SettingsWrong) as found:
            self._away = found
        try:
            return [
                self._check("program", _program),
                self._check("database", self._database),
                self._check("schema", self._schema),
                self._check("writing", self._writing),
                self._check("tallies", self._tallies),
                self._check("clock", self._clocks),
                self._check("sealing key", self._seal),
                self._check("privacy", self._privacy),
                self._check("certificate", self._certificate),
                self._check("disk", self._disk),
                port,
                self._check("line", self._line),
                self._check("sign-on", self._sign_on),
            ]
        finally:
            if self._store is not None:
                self._store.close()

    def _found(self, port: Check) -> Store:
        """Return the store; not where a server has lost its files, for to open others does harm."""
        if _FILES_GONE in port.says:
            raise CheckFailed(
                "was not looked at, for the server that runs has lost its files: see port, and "
                "make no new installation in their place"
            )
        return find_store(self._settings)

    def _check(self, name: str, check: Callable[[], str]) -> Check:
        try:
            return Check(name, good=True, says=check())
        except (CheckFailed, Refusal, SealBroken, SettingsWrong, OSError) as found:
            return Check(name, good=False, says=told_in_full(found))

    def _database(self) -> str:
        if self._away is not None:
            raise self._away
        if self._settings.database:
            return "PostgreSQL answers"
        return f"{self._settings.data_dir / DATABASE_FILE} answers"

    def _schema(self) -> str:
        number = check_schema(self._open)
        newer = number > newest_schema()
        return f"is at {number}" + (", newer than this program" if newer else "")

    def _writing(self) -> str:
        """Write what readiness writes. A full disk, or a standby, is read from all the same."""
        check_schema(self._open)
        with self._open.transaction():
            self._open.write_probes([None])
        return "a write succeeds"

    def _tallies(self) -> str:
        """Count the days around now anew, of the VDNs that have a key; the rest is like them."""
        check_schema(self._open)
        now = self._clock.now()
        valid = [each.vdn for each in self._open.keys.all() if each.revoked_at is None]
        vdns = sorted({vdn for vdn in valid if vdn is not None})[:_VDNS_MAX]
        for vdn in vdns:
            days = self._open.reservations.miscounted_days(vdn, now - DAY_MS, now + DAY_MS)
            if days:
                raise CheckFailed(
                    f"lists of VDN {vdn} for {day_in_utc(days[0])} are miscounted; "
                    "count anew as docs/operating.md says"
                )
            wrong = self._open.outstanding.miskept(vdn, now - DAY_MS, now + DAY_MS, 1)
            if wrong:
                raise CheckFailed(
                    f"reservation {wrong[0]} of VDN {vdn} is outstanding and not kept so, or the "
                    "other way round; count anew as docs/operating.md says"
                )
        return f"right for the days around now of {len(vdns)} VDN{'s' * (len(vdns) != 1)}"

    def _clocks(self) -> str:
        begun = self._clock.now()
        theirs = self._open.database_now()
        ended = self._clock.now()
        off = max(begun - theirs, theirs - ended, 0)
        if off > _CLOCKS_MS_MAX:
            raise CheckFailed(
                f"this machine and the database are {off} ms apart; set the clocks by NTP"
            )
        return f"this machine and the database agree within {max(off, ended - begun)} ms"

    def _seal(self) -> str:
        settings = self._settings
        check_schema(self._open)
        keys = [each for each in self._open.keys.all() if each.revoked_at is None]
        if not settings.sealing_key and not (settings.data_dir / SEALING_FILE).is_file():
            if keys:
                raise CheckFailed(
                    f"there is no {SEALING_FILE} in {settings.data_dir}, but {_count(keys)}"
                )
            return "not made yet, and no valid key is stored"
        seal = load_seal(settings.data_dir, settings.sealing_key)
        for key in keys:
            seal.open(key.sealed_secret, key.ak, key.vdn)
        if old := keys_with_old_seals(self._open, seal):
            raise CheckFailed(
                f"{len(old)} of {_count(keys)} sealed the old way, without the VDN; run "
                "`callkeeper migrate` once no older server runs; 0.2 does not open them"
            )
        return f"opens {_count(keys)}"

    def _privacy(self) -> str:
        if open_to_all := exposed(self._settings):
            raise CheckFailed(open_to_all)
        folder = self._settings.data_dir
        there = folder.exists()
        return f"others have no access to {folder}" if there else "there is nothing to see yet"

    def _certificate(self) -> str:
        mode = self._settings.tls_mode
        if mode == "off":
            return "none is needed: TLS is off"
        if mode == "auto":
            certificate = self._settings.data_dir / "tls-certificate.pem"
            key = self._settings.data_dir / "tls-key.pem"
            if not certificate.is_file():
                return "not made yet; `callkeeper serve` makes it"
        else:
            certificate, key = (Path(each) for each in mode.rpartition(":")[::2])
        return _valid_until(certificate, key, self._clock.now())

    def _disk(self) -> str:
        folder = self._settings.data_dir
        if not folder.is_dir():
            raise CheckFailed(f"there is no data directory {folder}")
        if not os.access(folder, os.W_OK):
            raise CheckFailed(f"{folder} cannot be written to")
        free = shutil.disk_usage(folder).free
        if free < _DISK_BYTES_MIN:
            raise CheckFailed(f"only {free / 1e6:.0f} MB are free at {folder}")
        return f"{free / 1e9:.1f} GB are free at {folder}"

    def _port(self) -> str:
        """Look at the port of the interfaces, and at that of the console where it has one."""
        settings, scheme = self._settings, "http" if self._settings.tls_mode == "off" else "https"
        asked = httpx2.URL(scheme=scheme, host=near_host(settings.host), path="/readyz")
        if settings.internal_port is None:
            ready = asked.copy_with(port=settings.port)
        else:
            inside = near_host(settings.internal_host or settings.host)
            ready = asked.copy_with(scheme="http", host=inside, port=settings.internal_port)
        says = self._free_or_ours(settings.port, ready, "ready")
        if settings.console_port is None:
            return says
        alive = asked.copy_with(port=settings.console_port, path="/healthz")
        return f"{says}; console: {self._free_or_ours(settings.console_port, alive, 'ok')}"

    def _free_or_ours(self, port: int, asked: httpx2.URL, answer: str) -> str:
        """Return that nobody has a port, or that Callkeeper does; otherwise it is trouble."""
        host = self._settings.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                heard = _heard(asked, f"{host} port {port}: {error.strerror}", answer)
                return f"Callkeeper answers at {host} port {port}: {heard}"
        return f"{host} port {port} is free"

    def _sign_on(self) -> str:
        """Ask the provider what it offers, as whoever signs in there has us do."""
        return asyncio.run(provider_asked(self._settings, self._clock))

    def _line(self) -> str:
        """Ask the line itself, and then whether somebody dials over it."""
        settings = self._settings
        check_rules(settings)
        if settings.line is None:
            return f"none is set for this command; {self._others()}"
        try:
            says = asyncio.run(asked(settings, self._clock))
        except LineRefused as refused:
            raise CheckFailed(str(refused)) from refused
        except LineSilent as silent:
            raise CheckFailed(
                f"{silent}; see that Asterisk runs, that http.conf and ari.conf have"
                " enabled = yes, and that ari_url is its address"
            ) from silent
        check_schema(self._open)
        says += self._desks()
        now = self._clock.now()
        dialing = [
            each
            for each in self._open.leases.all()
            if each.line == line_name(settings) and each.stands(now)
        ]
        lost = next((each for each in dialing if _is_lost(each, now)), None)
        if lost is not None:
            why = lost.down_why or "its line cannot be asked"
            raise CheckFailed(f"{says}; but dispatcher {lost.name} finds: {why}")
        troubled = next((each for each in dialing if each.trouble), None)
        if troubled is not None:
            refuses = refuses_all(troubled.line, str(troubled.trouble))
            raise CheckFailed(f"{says}; but dispatcher {troubled.name} finds that {refuses}")
        return f"{says}; {len(dialing) or 'no'} dispatcher{'s' * (len(dialing) != 1)} at work"

    def _desks(self) -> str:
        """Say whether agents' phones can be rung, if there are any."""
        people = self._open.people.all()
        if not any(role.phone for each in people for role in each.roles):
            return ""
        try:
            lacking = asyncio.run(lacking_for_desks(self._settings, self._clock))
        except (LineRefused, LineSilent) as failed:
            raise CheckFailed(f"it is not known whether agents can be rung: {failed}") from failed
        if lacking is not None:
            raise CheckFailed(
                f"the dialplan has no context {lacking}, which calls that agents ask for need;"
                ' see "Calls that agents ask for" in docs/operating.md'
            )
        return "; it can ring agents' phones"

    def _others(self) -> str:
        """Tell who dials, whatever is set here."""
        check_schema(self._open)
        now = self._clock.now()
        found = [each for each in self._open.leases.all() if each.stands(now)]
        if not found:
            return "nobody dials, so automatic reservations wait"
        return ", ".join(f"{each.name} dials over line {each.line}" for each in found)

    @property
    def _open(self) -> Store:
        if self._store is None:
            raise CheckFailed("could not be looked at without the database")
        return self._store


def _heard(asked: httpx2.URL, taken: str, answer: str) -> str:
    """Return what whoever has a port answers there, if it begins as ours does."""
    try:
        # Only who answers is asked here, and no secret is sent: the certificate may be any.
        came = httpx2.get(asked, verify=False, timeout=_PATIENCE_SECONDS, trust_env=False)
    except httpx2.HTTPError as silence:
        raise CheckFailed(f"{taken}, and {asked} is silent") from silence
    if not came.text.startswith(answer):
        raise CheckFailed(f"{asked} says {came.text[:200]!r}")
    return came.text.strip()


def _is_lost(dispatcher: Lease, now: int) -> bool:
    """Whether a dispatcher has found its line down for longer than one takes to connect."""
    return dispatcher.down_at is not None and now - dispatcher.down_at > LEASE_MS


def _valid_until(certificate: Path, key: Path, now: int) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (ssl.SSLError, ValueError) as error:
        raise CheckFailed(f"{certificate} and {key} cannot be used ({error})") from error
    days = int((ends.timestamp() * 1000 - now) // DAY_MS)
    if days < _CERTIFICATE_DAYS_MIN:
        raise CheckFailed(f"{certificate} ends {ends:%Y-%m-%d}, in {days} days; renew it")
    return f"{certificate} is valid until {ends:%Y-%m-%d}, {days} days"


def _count(keys: list[AccessKey]) -> str:
    return "the one valid key" if len(keys) == 1 else f"the {len(keys)} valid keys"


def _program() -> str:
    """Tell what runs; beside the client's own distribution, its files may be another version's."""
    try:
        beside = version(_CLIENT_ALONE)
    except PackageNotFoundError:
        python = ".".join(map(str, sys.version_info[:3]))
        return f"is callkeeper {__version__} on Python {python}"
    raise CheckFailed(
        f"shares files with {_CLIENT_ALONE} {beside}, which is installed beside it; uninstall "
        "both, and install callkeeper again, which has the client in it"
    )
