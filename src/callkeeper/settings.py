"""What an operator can set: defaults < callkeeper.toml < environment < flags."""

import os
import stat
import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from callkeeper import bounds
from callkeeper.terminal import is_text

T = TypeVar("T")

_PREFIX = "CALLKEEPER_"
_DEFAULT_FILE = "callkeeper.toml"
# Not settings of a server: what the client commands go by, and where the file is.
_ELSEWHERE = frozenset({"URL", "AK", "SK", "VDN", "CA", "AGENT", "CONFIG"})
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what an operator may set
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsWrong(Exception):  # noqa: N818 - what happened
    """A setting is unknown or cannot be what it is set to; the message names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. None stands for "not set" where there is a default that depends."""

    data_dir: bounds.Folder = Path("callkeeper-data")
    database: bounds.DatabaseUrl | None = None  # None: SQLite in the data directory
    host: bounds.Host = "127.0.0.1"
    port: bounds.Port = 28443
    workers: bounds.Workers = 1  # processes that serve; where it is more, one writes for all
    internal_port: bounds.PortShown | None = None  # where health, metrics and docs are then
    internal_host: bounds.Host | None = None  # of that listener; None: as host
    connections_max: bounds.Connections = 10_000  # for more, those that wait the longest are closed
    tls: bounds.Tls | None = None  # auto, off or CERT:KEY; None: auto, but off on loopback
    deployment: Literal["integrated", "op"] = "integrated"
    clock_window_seconds: bounds.Window = 900  # how far a signature's timestamp may lie from now
    lead_seconds: bounds.Lead = 300  # how much earlier an automatic call is dialed
    active_campaigns_max: bounds.Campaigns = 20  # a VDN's, of each kind
    alerting_seconds_max: bounds.Alerting = 60  # the most that a V2 campaign may let ring
    skill_queues: bounds.SkillQueues | None = None  # the ids there are; None: any
    init_status: Literal["zero_starts", "one_starts"] = (
        "zero_starts"  # which initial status starts a new campaign; none at all starts it too
    )
    busy_seconds: bounds.Busy = 5.0  # how long SQLite waits for another process's write
    sealing_key: bounds.SealingKey | None = None  # base64; None: sealing.key in the data directory
    console: bool = True  # whether pages for people are served
    console_port: bounds.PortShown | None = None  # of a process that serves it alone; None: none
    console_url: bounds.ConsoleUrl | None = None  # where people find it; None: this machine
    sso_issuer: bounds.SsoIssuer | None = None  # the provider of the single sign-on; None: none
    sso_client: bounds.SsoText | None = None  # what we are called there
    sso_secret: bounds.SsoSecret | None = None  # ours there; None: a public client
    sso_scopes: bounds.SsoText = "openid profile"
    # What members of a group there are here: "operator", "supervisor 25".
    sso_roles: dict[str, bounds.SsoRole] = {}
    sso_groups_claim: bounds.SsoText = "groups"
    sso_agent_claim: bounds.SsoText = "preferred_username"  # whose reservations are an agent's
    show_phone_numbers: bool = False  # in log lines that have one
    log_level: Literal["debug", "info", "warning", "error"] = "info"  # the least that is logged
    log_format: Literal["auto", "json", "text"] = "auto"  # auto: text at a terminal, else JSON

    line: Literal["rehearsal", "asterisk"] | None = None  # None: nothing is dialed
    line_name: bounds.LineName | None = None  # for lines that share a database; None: as the line
    dialer: bool = True  # whether `serve` dials, when there is a line
    line_calls_max: bounds.Calls = 100  # calls at once over the line, whoever dials
    line_calls_per_second: bounds.CallsPerSecond = 20.0
    vdn_calls_max: bounds.Calls | None = None  # calls at once of one VDN; None: no bound
    campaign_calls_max: bounds.Calls | None = None  # of one campaign, if it says nothing else
    grace_seconds: bounds.Grace = 1800  # how late a promised call may still be made
    time_zone: bounds.TimeZone = "UTC"  # of campaigns' windows, if they say nothing else
    numbers: bounds.Numbers | None = None  # what may be dialed; None: anything
    numbers_of_vdns: dict[str, bounds.Numbers] = {}  # the same by VDN, in place of it
    destination: bounds.Destination = "callkeeper,s"  # where answered calls go
    destinations: dict[str, bounds.Destination] = {}  # the same by "ivr CODE" and "skill ID"
    # Other codes for what the line said: "cause 17", "sip 486".
    fail_codes: dict[str, bounds.FailCode] = {}
    ari_url: bounds.AriUrl = "http://127.0.0.1:8088/ari"
    ari_user: bounds.AriUser = "callkeeper"
    ari_password: bounds.AriPassword | None = None
    ari_app: bounds.App = "callkeeper"
    ari_endpoint: bounds.AriEndpoint = "PJSIP/{number}@trunk"  # how a number is dialed
    phones: bounds.Phones = "PJSIP/*"  # which endpoints may be a person's phone
    metrics_port: bounds.PortShown | None = None  # where `dial` alone shows its metrics

    @property
    def tls_mode(self) -> str:
        """How to serve: auto, off or CERT:KEY."""
        if self.tls is not None:
            return self.tls
        return "off" if self.host in _LOOPBACK else "auto"

    @property
    def is_served_alone(self) -> bool:
        """Whether one process serves all there is; of several, who starts them serves nobody."""
        return self.workers == 1 and self.console_port is None

    @property
    def console_address(self) -> str:
        """Where people find the console: what their links begin with."""
        scheme, near = "http" if self.tls_mode == "off" else "https", near_host(self.host)
        host = f"[{near}]" if ":" in near else near
        return self.console_url or f"{scheme}://{host}:{self.console_port or self.port}"

    def __repr__(self) -> str:
        """Leave out what must not be seen: the sealing key, and a password in the URL."""
        return f"Settings(data_dir={self.data_dir}, host={self.host}, port={self.port})"


def load(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings; a flag that is None is not set. Raise SettingsWrong."""
    given = {name: value for name, value in flags.items() if value is not None}
    from_environment = {
        name: _from_text(name, kind, environment[_PREFIX + name.upper()])
        for name, kind in _kinds().items()
        if environment.get(_PREFIX + name.upper())
    }
    named = environment.get(f"{_PREFIX}CONFIG")
    from_file = _from_file(named)
    overriding = {**from_environment, **given}
    of_file = {name: value for name, value in from_file.items() if name not in overriding}
    if wrong := _wrong(of_file):
        raise SettingsWrong(f"a setting in {named or _DEFAULT_FILE} is wrong: {wrong}")
    if wrong := _wrong(overriding):
        raise SettingsWrong(f"a setting is wrong: {wrong}")
    merged = {**from_file, **overriding}
    if url := merged.get("console_url"):
        merged["console_url"] = url.rstrip("/")  # a path begins with one
    settings: Settings = bounds.converted(merged, Settings)
    if wrong := _at_odds(settings):
        raise SettingsWrong(wrong)
    return settings


def _at_odds(settings: Settings) -> str | None:
    """Return which settings cannot be together, though each could be."""
    if settings.console_port is not None and not settings.console:
        return "console_port is set, and console is false; leave out one of the two"
    host, inside = settings.host, settings.internal_host or settings.host
    listeners = [("port", host, settings.port), ("internal_port", inside, settings.internal_port)]
    listeners.append(("console_port", host, settings.console_port))
    for (one, at, port), (another, there, same) in combinations(listeners, 2):
        is_shared = at == there or not _EVERYWHERE.keys().isdisjoint((at, there))
        if port and port == same and is_shared:
            return f"{one} and {another} are both {port}; each needs a port of its own"
    return None


def near_host(host: str) -> str:
    """Return where a server that listens at a host is reached from its own machine."""
    return _EVERYWHERE.get(host, host)


def handed_over(value: object) -> bytes:
    """Return a value with settings in it as bytes, for another process of ours."""
    return msgspec.json.encode(value, enc_hook=str)


def taken_over(kind: type[T], message: bytes) -> T:
    """Return such a value from its bytes."""
    return msgspec.json.decode(message, type=kind, dec_hook=_path)


def _path(kind: type, text: object) -> Path:
    if kind is not Path:
        raise NotImplementedError(kind)
    return Path(str(text))


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


def check_texts(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse a variable of ours that is no text, whoever is going to read it."""
    for name, text in environment.items():
        if name.startswith(_PREFIX) and not is_text(text):
            raise SettingsWrong(f"{name} in the environment is not valid UTF-8")


def _meant(name: str, known: Collection[str], prefix: str = "") -> str:
    close = get_close_matches(name, known, 1)
    return f"; did you mean {prefix}{close[0]}?" if close else ""


def _kinds() -> dict[str, Any]:
    """Return the type of each setting, with its bounds."""
    return get_type_hints(Settings, include_extras=True)


def _wrong(given: Mapping[str, object]) -> str | None:
    """Return the first setting that is wrong, its key if it is a table, and what it may be."""
    kinds = _kinds()
    for name, value in given.items():
        if name not in kinds:
            return f"there is no {name!r}{_meant(name, kinds)}"
        of_table = get_args(kinds[name]) if get_origin(kinds[name]) is dict else ()
        if of_table and isinstance(value, Mapping):
            parts = [(f"{name}, {key!r}", of_table[1], each) for key, each in value.items()]
        else:
            parts = [(name, kinds[name], value)]
        for where, kind, each in parts:
            if trouble := bounds.trouble(where, kind, each):
                return f"{where}: {trouble}"
    return None


def _from_file(named: str | None) -> dict[str, Any]:
    """Return what the file sets; only the one that nobody named may be absent."""
    file = Path(named or _DEFAULT_FILE)
    try:
        return _read(file, is_named=bool(named))
    except FileNotFoundError as error:
        if named:
            raise SettingsWrong(
                f"{_PREFIX}CONFIG names {named!r}, and there is no such file"
            ) from error
        return {}
    except OSError as error:
        raise SettingsWrong(
            f"{file} cannot be read ({error.strerror}); run this as a user that may read it: as "
            "the one that serves, or as root"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SettingsWrong(f"{file} is no TOML: {error}") from error


def _read(file: Path, *, is_named: bool) -> dict[str, Any]:
    info = file.stat()
    if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):  # a pipe would be waited for
        raise SettingsWrong(
            f"{file} is no file that could be read; remove it, or name another in {_PREFIX}CONFIG"
        )
    user, group = os.geteuid(), os.getegid()
    if not is_named and not (file.lstat().st_uid in (user, 0) and is_ours(info, user, group)):
        raise SettingsWrong(
            f"{file} in this folder is not read, for somebody else can write it (owner "
            f"{info.st_uid}, mode {stat.S_IMODE(info.st_mode):o}); if it is meant, name it in "
            f"{_PREFIX}CONFIG, or make it yours: chown, and chmod go-w"
        )
    return tomllib.loads(file.read_text("utf-8"))


def folder_wrong(file: Path, error: OSError) -> SettingsWrong:
    """Return the refusal of a data directory that cannot be used, or of a file in it."""
    return SettingsWrong(
        f"data_dir: cannot make or open {file} ({error.strerror}); name a folder that this user "
        "may make and write in with --data-dir (or CALLKEEPER_DATA_DIR), or make it as root and "
        "give it to this user with chown"
    )


def is_ours(info: os.stat_result, user: int, group: int) -> bool:
    """Whether only this user, or root, can write a file; a group of this user's own counts."""
    writers = stat.S_IWOTH if info.st_gid == group else stat.S_IWOTH | stat.S_IWGRP
    return info.st_uid in (user, 0) and not info.st_mode & writers


def _from_text(name: str, kind: Any, text: str) -> object:  # noqa: ANN401 - a type, as annotated
    """Return what the environment holds: for a list or a table, JSON; otherwise the very text."""
    variable = _PREFIX + name.upper()
    if not is_text(text):
        raise SettingsWrong(f"{variable} in the environment is not valid UTF-8")
    if not bounds.is_written_as_json(kind):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        example = "[1, 2]" if name == "skill_queues" else '{"skill 5":"queues,5"}'
        raise SettingsWrong(f"{variable} is no JSON ({error}); write it like {example}") from error
