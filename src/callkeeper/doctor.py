"""The check-up: whether all that a server needs is there, and fits together.

It changes nothing: no file is made, no migration is run.
"""

import os
import shutil
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx2
import msgspec
import psycopg
from cryptography import x509

from callkeeper.backup import SEALING_FILE
from callkeeper.clock import Clock
from callkeeper.core.refusal import Refusal
from callkeeper.sealing import SealBroken, load_seal
from callkeeper.serve import DATABASE_FILE, open_session
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.store.migrate import migrations
from callkeeper.store.port import AccessKey
from callkeeper.store.session import Session

_CLOCKS_MS_MAX = 2_000
_DISK_BYTES_MIN = 500_000_000
_CERTIFICATE_DAYS_MIN = 14
_DAY_MS = 86_400_000
_PATIENCE_SECONDS = 3.0


class Sick(Exception):  # noqa: N818 - what it is
    """A check found what has to be put right."""


class Check(msgspec.Struct, frozen=True):
    """What one check found."""

    name: str
    good: bool
    says: str


class CheckUp:
    """The checks of one installation."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._session: Session | None = None

    def run(self) -> list[Check]:
        """Run every check; one that cannot be made is not good."""
        try:
            return [
                self._check("database", self._database),
                self._check("schema", self._schema),
                self._check("clock", self._clocks),
                self._check("sealing key", self._seal),
                self._check("certificate", self._certificate),
                self._check("disk", self._disk),
                self._check("port", self._port),
            ]
        finally:
            if self._session is not None:
                self._session.close()

    def _check(self, name: str, check: Callable[[], str]) -> Check:
        try:
            return Check(name, good=True, says=check())
        except (Sick, Refusal, SealBroken, SettingsWrong, OSError, psycopg.Error) as found:
            return Check(name, good=False, says=" ".join(str(found).split()))

    def _database(self) -> str:
        settings = self._settings
        file = settings.data_dir / DATABASE_FILE
        if settings.database is None and not file.is_file():
            raise Sick(f"there is no {file}; `callkeeper serve` or `migrate` makes it")
        session = open_session(settings)
        session.rows("database_now")
        self._session = session
        return "PostgreSQL answers" if settings.database else f"{file} answers"

    def _schema(self) -> str:
        latest = migrations("sqlite")[-1].number
        try:
            number = int(self._open.rows("schema_version")[0][0])
        except (Refusal, psycopg.errors.UndefinedTable):
            number = 0
        if number < latest:
            raise Sick(f"is at {number}, this program wants {latest}; run `callkeeper migrate`")
        return f"is at {number}" + (", newer than this program" if number > latest else "")

    def _clocks(self) -> str:
        begun = self._clock.now()
        theirs = int(self._open.rows("database_now")[0][0])
        ended = self._clock.now()
        off = max(begun - theirs, theirs - ended, 0)
        if off > _CLOCKS_MS_MAX:
            raise Sick(f"this machine and the database are {off} ms apart; set the clocks by NTP")
        return f"this machine and the database agree within {max(off, ended - begun)} ms"

    def _seal(self) -> str:
        settings = self._settings
        keys = [AccessKey(*row) for row in self._open.rows("access_keys")]
        if not settings.sealing_key and not (settings.data_dir / SEALING_FILE).is_file():
            if keys:
                raise Sick(f"there is no {SEALING_FILE} in {settings.data_dir}, but {_count(keys)}")
            return "not made yet, and no key is stored"
        seal = load_seal(settings.data_dir, settings.sealing_key)
        for key in keys:
            seal.open(key.sealed_secret, key.ak)
        return f"opens {_count(keys)}"

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
            raise Sick(f"there is no data directory {folder}")
        if not os.access(folder, os.W_OK):
            raise Sick(f"{folder} cannot be written to")
        free = shutil.disk_usage(folder).free
        if free < _DISK_BYTES_MIN:
            raise Sick(f"only {free / 1e6:.0f} MB are free at {folder}")
        return f"{free / 1e9:.1f} GB are free at {folder}"

    def _port(self) -> str:
        host, port = self._settings.host, self._settings.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                return self._who_has_it(error)
        return f"{host} port {port} is free"

    def _who_has_it(self, error: OSError) -> str:
        """Return that it is Callkeeper that has the port; otherwise it is trouble."""
        host, port = self._settings.host, self._settings.port
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what an operator may set
        near = everywhere.get(host, host)
        scheme = "http" if self._settings.tls_mode == "off" else "https"
        url = httpx2.URL(scheme=scheme, host=near, port=port, path="/readyz")
        try:
            # Only who answers is asked here, and no secret is sent: the certificate may be any.
            answer = httpx2.get(url, verify=False, timeout=_PATIENCE_SECONDS, trust_env=False)
        except httpx2.HTTPError as silence:
            raise Sick(f"{host} port {port}: {error.strerror}, and {url} is silent") from silence
        if not answer.text.startswith("ready"):
            raise Sick(f"{url} says {answer.text[:80]!r}")
        return f"Callkeeper answers at {host} port {port}: {answer.text.strip()}"

    @property
    def _open(self) -> Session:
        if self._session is None:
            raise Sick("could not be looked at without the database")
        return self._session


def _valid_until(certificate: Path, key: Path, now: int) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (ssl.SSLError, ValueError) as error:
        raise Sick(f"{certificate} and {key} cannot be used ({error})") from error
    days = int((ends.timestamp() * 1000 - now) // _DAY_MS)
    if days < _CERTIFICATE_DAYS_MIN:
        raise Sick(f"{certificate} ends {ends:%Y-%m-%d}, in {days} days; renew it")
    return f"{certificate} is valid until {ends:%Y-%m-%d}, {days} days"


def _count(keys: list[AccessKey]) -> str:
    return "the one stored key" if len(keys) == 1 else f"the {len(keys)} stored keys"
