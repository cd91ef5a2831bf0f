"""What each setting may be: its type with a least and a most, or a rule in words.

A rule is a function of the value that returns what is wrong with it, or None. The value of a
secret is in no sentence, and neither is a URL, in which a password may be.
"""

import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Rule = Callable[[Any], str | None]

_TEXT_MAX = 255
_SEALING_KEY_BYTES = 32
_IDS_MAX = 10_000
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ENDPOINT = re.compile(r"[A-Za-z]\w*/[^\s{}]*\{number\}[^\s{}]*")
_PHONES = re.compile(r"[A-Za-z]\w{0,39}/[\w.@:+*-]{1,200}", re.ASCII)
_USER = re.compile(r"[^\s:\x00-\x1f\x7f]{1,80}")
_NUMBERS = re.compile(r"(allow|deny)( +[0-9*#]{1,24})+|length +[0-9]{1,2}-[0-9]{1,2}")
_NAME = re.compile(r"[\w.-]+")
_FAIL_CODE = re.compile(r"[0-9A-Za-z]{1,10}")
_SSO_ROLE = re.compile(r"(?:agent|supervisor|administrator) ([0-9]{1,4})")
_VDN = 9_999
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SHOWN_MAX = 60


def _folder(path: Path) -> str | None:
    return "has a control character in it" if _CONTROL.search(str(path)) else None


def _database(text: str) -> str | None:
    if not text.startswith(("postgresql://", "postgres://")):
        return "must be a postgresql:// URL; leave it out for SQLite"
    return None


def _host(text: str) -> str | None:
    wrong = f"write an address or a name of this machine, without a port or brackets, not {text!r}"
    if not text or len(text) > _TEXT_MAX or _BLANK.search(text) or "/" in text:
        return wrong
    if ":" not in text and "[" not in text:
        return None
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return wrong
    return None


def _tls(text: str) -> str | None:
    certificate, _, key = text.rpartition(":")
    if text in ("auto", "off") or (certificate and key):
        return None
    return f"{text!r} is none of auto, off and CERT:KEY"


def _sealing_key(text: str) -> str | None:
    try:
        size = len(b64decode(text, validate=True))
    except ValueError:
        return "is not base64"
    return None if size == _SEALING_KEY_BYTES else f"holds {size} bytes; it must be 32, in base64"


def _time_zone(text: str) -> str | None:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"there is no {text!r}; write it like Europe/Berlin"
    return None


def _numbers(text: str) -> str | None:
    parts = [each.strip() for each in text.split(";")]
    words = {each.partition(" ")[0] for each in parts}
    if len(words) == len(parts) and all(map(_NUMBERS.fullmatch, parts)):
        lengths = [each.partition(" ")[2].split("-") for each in parts if each[0] == "l"]
        if all(int(least) <= int(most) for least, most in lengths):
            return None
    return f"write it like 'allow 0; deny 00 0900; length 5-15', not {_short(text)}"


def _place(text: str) -> str | None:
    if not text or len(text) > _TEXT_MAX or _CONTROL.search(text):
        return "write context,extension or an endpoint like PJSIP/1001"
    return None


def _fail_code(text: str) -> str | None:
    if _FAIL_CODE.fullmatch(text):
        return None
    return f"write a code of 1 to 10 letters and digits, not {_short(text)}"


def _ari_url(url: str) -> str | None:
    return _url(url, "http://127.0.0.1:8088/ari", "set ari_user and ari_password")


def _console_url(url: str) -> str | None:
    return _url(url, "https://calls.example.com", "people sign in there")


def _sso_issuer(url: str) -> str | None:
    if wrong := _url(url, "https://login.example.com/realms/calls", "sso_client says who we are"):
        return wrong
    if url.startswith("https://") or urlsplit(url).hostname in _LOOPBACK:
        return None
    return "must begin with https://, for whoever is on the way could let anybody in"


def _sso_role(text: str) -> str | None:
    if text == "operator" or ((found := _SSO_ROLE.fullmatch(text)) and 1 <= int(found[1]) <= _VDN):
        return None
    return (
        "write operator, or agent, supervisor or administrator and a VDN, like 'supervisor 25', "
        f"not {_short(text)}"
    )


def _url(url: str, like: str, instead: str) -> str | None:
    try:
        found = urlsplit(url)
        is_whole = url.startswith(("http://", "https://")) and found.hostname and found.port != 0
    except ValueError:
        is_whole = False
    if is_whole and "@" in found.netloc:
        return f"leave the user out; {instead}"
    if not is_whole or found.query or found.fragment or _BLANK.search(url):
        return f"not a valid URL; write it like {like}"
    return None


def _ari_user(text: str) -> str | None:
    return None if _USER.fullmatch(text) else "write a user of ari.conf: 1 to 80 characters, no :"


def _password(text: str) -> str | None:
    if text and len(text) <= _TEXT_MAX and not _CONTROL.search(text):
        return None
    return f"must be 1 to {_TEXT_MAX} characters, none of them a control character"


def _sso_text(text: str) -> str | None:
    if text.strip() and len(text) <= _TEXT_MAX and not _CONTROL.search(text):
        return None
    return f"write 1 to {_TEXT_MAX} characters, none of them a control character"


def _ari_endpoint(text: str) -> str | None:
    if "{number}" not in text:
        return "has no {number}; write it like PJSIP/{number}@trunk"
    if len(text) > _TEXT_MAX or not _ENDPOINT.fullmatch(text):
        return f"write it like PJSIP/{{number}}@trunk, not {text!r}"
    return None


def _phones(text: str) -> str | None:
    if len(text) <= _TEXT_MAX and text.strip() and all(map(_PHONES.fullmatch, text.split())):
        return None
    return f"write forms of phones like 'PJSIP/* Local/*@desks', not {_short(text)}"


def _called(most: int) -> Rule:
    def rule(text: str) -> str | None:
        if _NAME.fullmatch(text) and len(text) <= most:
            return None
        return f"write 1 to {most} letters, digits and . _ -, not {text!r}"

    return rule


def _ids(found: tuple[int, ...]) -> str | None:
    return None if len(found) <= _IDS_MAX else f"names more than {_IDS_MAX}"


Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
PortShown = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Workers = Annotated[int, msgspec.Meta(ge=1, le=256)]
Connections = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Calls = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
CallsPerSecond = Annotated[float, msgspec.Meta(ge=0.01, le=10_000)]
Campaigns = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Window = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Lead = Annotated[int, msgspec.Meta(ge=0, le=3_600)]
# Less would give up what a dispatcher that is taken over, or a campaign that opens, begins late.
Grace = Annotated[int, msgspec.Meta(ge=60, le=604_800)]
Alerting = Annotated[int, msgspec.Meta(ge=30, le=120)]
Busy = Annotated[float, msgspec.Meta(ge=0.1, le=60)]
SkillQueues = Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)], ...], _ids]

Folder = Annotated[Path, _folder]
DatabaseUrl = Annotated[str, _database]
Host = Annotated[str, _host]
Tls = Annotated[str, _tls]
SealingKey = Annotated[str, _sealing_key]
LineName = Annotated[str, _called(64)]
App = Annotated[str, _called(40)]
TimeZone = Annotated[str, _time_zone]
Numbers = Annotated[str, _numbers]
Destination = Annotated[str, _place]
FailCode = Annotated[str, _fail_code]
ConsoleUrl = Annotated[str, _console_url]
SsoIssuer = Annotated[str, _sso_issuer]
SsoText = Annotated[str, _sso_text]
SsoSecret = Annotated[str, _password]
SsoRole = Annotated[str, _sso_role]
AriUrl = Annotated[str, _ari_url]
AriUser = Annotated[str, _ari_user]
AriPassword = Annotated[str, _password]
AriEndpoint = Annotated[str, _ari_endpoint]
Phones = Annotated[str, _phones]

# Their values are in no sentence: a URL may hold a password.
SECRETS = frozenset(
    {
        "database",
        "sealing_key",
        "console_url",
        "sso_issuer",
        "sso_secret",
        "ari_url",
        "ari_user",
        "ari_password",
    }
)


def trouble(name: str, kind: Any, value: object) -> str | None:  # noqa: ANN401 - a type, as annotated
    """Return what is wrong with a setting, or with one value of a table; None if nothing is."""
    try:
        found = converted(value, kind)
    except msgspec.ValidationError:
        shown = "" if name in SECRETS else f", not {_short(value)}"
        return f"write {allowed(name, kind)}{shown}"
    if found is None:
        return None
    rules = [each for part in _parts(kind) for each in part.__metadata__ if callable(each)]
    return next((wrong for rule in rules if (wrong := rule(found))), None)


def converted(value: object, kind: Any) -> Any:  # noqa: ANN401
    """Return a value as a type has it, from text too. Raise msgspec.ValidationError."""
    return msgspec.convert(value, kind, strict=False, dec_hook=_path)


def allowed(name: str, kind: Any) -> str:  # noqa: ANN401
    """Return in words what a setting's type lets it be."""
    for part in (kind, *get_args(kind)):
        if get_origin(part) is Literal:
            return " or ".join(get_args(part))
    base, meta = _measured(kind)
    if base in (int, float):
        noun = "a whole number" if base is int else "a number"
        unit = " of seconds" if "_seconds" in name else ""
        return f"{noun}{unit} from {meta.ge:g} to {meta.le:d}"
    words = {bool: "true or false", dict: "a table of texts", tuple: "a list like [1, 2]"}
    return words.get(get_origin(base) or base, "a text")


def is_written_as_json(kind: Any) -> bool:  # noqa: ANN401
    """Whether a setting is a list or a table, which the environment holds as JSON."""
    return get_origin(_measured(kind)[0]) in (dict, tuple)


def _measured(kind: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return the type that a setting has when it is set, and what it is measured by."""
    for part in _parts(kind):
        return part.__origin__, part.__metadata__[0]
    return kind, None


def _parts(kind: Any) -> list[Any]:  # noqa: ANN401
    """Return the annotated types that a setting's type is made of: itself, or one of a union."""
    if hasattr(kind, "__metadata__"):
        return [kind]
    choices = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
    return [each for each in choices if hasattr(each, "__metadata__")]


def _path(_kind: Any, value: Any) -> Path:  # noqa: ANN401
    if not isinstance(value, (str, Path)) or value == "":
        raise TypeError
    return Path(value)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_MAX else f"{shown[:_SHOWN_MAX]}..."
