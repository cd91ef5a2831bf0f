"""What an operator can set: defaults < callkeeper.toml < environment < flags."""

import os
import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

_PREFIX = "CALLKEEPER_"
_DEFAULT_FILE = "callkeeper.toml"
# Not settings of a server: what the client commands go by, and where the file is.
_ELSEWHERE = frozenset({"URL", "AK", "SK", "VDN", "CA", "CONFIG"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
FailCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,10}$")]


class SettingsWrong(Exception):  # noqa: N818 - what happened
    """A setting is unknown or cannot be what it is set to; the message names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. None stands for "not set" where there is a default that depends."""

    data_dir: Path = Path("callkeeper-data")
    database: str | None = None  # a postgresql:// URL; None: SQLite in the data directory
    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Port = 28443
    workers: Positive = 1  # processes that serve; more than 1 on PostgreSQL only
    connections_max: Positive = 10_000  # at once; for more, those that wait the longest are closed
    tls: str | None = None  # auto, off or CERT:KEY; None: auto, but off on loopback
    deployment: Literal["integrated", "op"] = "integrated"
    clock_window_seconds: Count = 900  # how far a signature's timestamp may lie from now
    lead_seconds: Count = 300  # how much earlier an automatic call is dialled
    active_campaigns_max: Count = 20  # a VDN's, of each kind
    alerting_seconds_max: Annotated[int, msgspec.Meta(ge=30, le=120)] = (
        60  # the most that a V2 campaign may let ring, 30 to 120
    )
    skill_queues: tuple[int, ...] | None = None  # the ids there are; None: any
    busy_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = (
        5.0  # how long SQLite waits for another process's write
    )
    sealing_key: str | None = None  # 32 bytes in base64; None: sealing.key in the data directory
    show_phone_numbers: bool = False  # in log lines that have one; none has yet

    line: Literal["rehearsal", "asterisk"] | None = None  # None: nothing is dialled
    line_name: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]{1,64}$")] | None = (
        None  # tells lines apart that share a database; None: as the line is called
    )
    dialer: bool = True  # whether `serve` dials, when there is a line
    line_calls_max: Positive = 100  # calls at once over the line, whoever dials
    line_calls_per_second: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 20.0
    vdn_calls_max: Positive | None = None  # calls at once of one VDN; None: no bound
    campaign_calls_max: Positive | None = None  # the same of one campaign, if it says nothing else
    grace_seconds: Count = 1800  # how late a promised call may still be made
    time_zone: str = "UTC"  # of campaigns' windows, if they say nothing else
    destination: str = "callkeeper,s"  # where answered calls go: context,extension or an endpoint
    destinations: dict[str, str] = {}  # the same by "ivr CODE" and "skill ID"
    fail_codes: dict[
        str, FailCode
    ] = {}  # other codes for what the line said: "cause 17", "sip 486"
    ari_url: str = "http://127.0.0.1:8088/ari"
    ari_user: str = "callkeeper"
    ari_password: str | None = None
    ari_app: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]{1,40}$")] = "callkeeper"
    ari_endpoint: str = "PJSIP/{number}@trunk"  # how a number is dialled
    metrics_port: Port | None = None  # where `dial` alone shows its metrics; None: nowhere

    @property
    def tls_mode(self) -> str:
        """How to serve: auto, off or CERT:KEY."""
        if self.tls is not None:
            return self.tls
        return "off" if self.host in _LOOPBACK else "auto"

    def __repr__(self) -> str:
        """Leave out what must not be seen: the sealing key, and a password in the URL."""
        return f"Settings(data_dir={self.data_dir}, host={self.host}, port={self.port})"


def load(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings; a flag that is None is not set. Raise SettingsWrong."""
    given = {name: value for name, value in flags.items() if value is not None}
    from_environment = {
        name: _from_text(environment[_PREFIX + name.upper()])
        for name in Settings.__struct_fields__
        if environment.get(_PREFIX + name.upper())
    }
    merged = {**_from_file(environment.get(f"{_PREFIX}CONFIG")), **from_environment, **given}
    try:
        return msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsWrong(f"a setting is wrong: {_named(merged) or error}") from error


def unknown(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return a sentence for each variable that looks like a setting and is none.

    They are no error: Kubernetes, for one, sets CALLKEEPER_SERVICE_HOST beside a service of ours.
    """
    known = {each.upper() for each in Settings.__struct_fields__} | _ELSEWHERE
    given = [each.removeprefix(_PREFIX) for each in environment if each.startswith(_PREFIX)]
    return [
        f"{_PREFIX}{name} is no setting and changes nothing{_meant(name, known, _PREFIX)}"
        for name in sorted(set(given) - known)
    ]


def _meant(name: str, known: Collection[str], prefix: str = "") -> str:
    close = get_close_matches(name, known, 1)
    return f"; did you mean {prefix}{close[0]}?" if close else ""


def _named(given: Mapping[str, object]) -> str | None:
    """Return the first setting that is wrong, its key if it is a table, and what it may be."""
    kinds = get_type_hints(Settings, include_extras=True)
    for name, value in given.items():
        if name not in kinds:
            return f"there is no {name!r}{_meant(name, kinds)}"
        of_table = get_args(kinds[name]) if get_origin(kinds[name]) is dict else ()
        if of_table and isinstance(value, Mapping):
            parts = [(f"{name}, {key!r}", of_table[1], each) for key, each in value.items()]
        else:
            parts = [(name, kinds[name], value)]
        for where, kind, each in parts:
            try:
                msgspec.convert(each, kind, strict=False)
            except msgspec.ValidationError as error:
                return f"{where}: {_rule(kind, each) or str(error).partition(' - at ')[0]}"
    return None


def _rule(kind: Any, value: object) -> str | None:  # noqa: ANN401 - a type, as annotated
    """Return what a setting with few values may be; None where there are many.

    Only then its value is repeated: others may be secret.
    """
    literals = [each for each in (kind, *get_args(kind)) if get_origin(each) is Literal]
    words = get_args(literals[0]) if literals else ("true", "false") if kind is bool else ()
    return f"write {' or '.join(words)}, not {value!r}" if words else None


def _from_file(named: str | None) -> dict[str, Any]:
    """Return what the file sets; only the one that nobody named may be absent."""
    file = Path(named or _DEFAULT_FILE)
    if not file.exists():
        if named:
            raise SettingsWrong(f"{_PREFIX}CONFIG names {named!r}, and there is no such file")
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise SettingsWrong(f"{file} is no TOML: {error}") from error


def _from_text(text: str) -> object:
    """Return a list or a table where the environment holds one, as JSON; otherwise the text."""
    if any("\ud800" <= each <= "\udfff" for each in text):  # bytes that were not UTF-8
        raise SettingsWrong(f"a {_PREFIX}... variable in the environment is not valid UTF-8")
    try:
        return msgspec.json.decode(text) if text.startswith(("[", "{")) else text
    except msgspec.DecodeError as error:
        raise SettingsWrong(f"{text!r} is no JSON: {error}") from error
