"""Mistakes that signers make, and what is done to a request on its way: which of them fits.

A signature that does not match tells nothing by itself: with each usual mistake in turn it is made
as that would have made it. What is found is for the log alone. The same is tried, as long, in the
name of a key that there is not; so nobody learns from it which keys there are.
"""

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from hmac import compare_digest, digest
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from callkeeper import signing

TRIED_MAX = 3072  # bytes that are signed; of a request with more nothing is tried
NAMES_MAX = 5  # whose requests are looked into in a second, and of each name one
_WRITTEN_MAX = 16 * 1024  # an indented line for each bracket may be a thousand times as much
_BRACKETS_MAX = 128  # of a body that is written anew, for to write them deep takes long
_PAUSE_SECONDS = 0.001
_TOLD_MAX = 100  # characters of what somebody else wrote

# What a proxy says of the request as it was before, when it says anything.
_HOST_BEFORE = ("x-forwarded-host", "x-original-host")
_PATH_BEFORE = ("x-original-uri", "x-forwarded-uri", "x-original-url", "x-rewrite-url")
_PREFIX = "x-forwarded-prefix"
_PREFIXES = ("/api", "/callkeeper", "/isales", "/cc-isales")
_PORTS = (80, 443, 8080, 8443, 28443)
_CHARSETS = ("gb18030", "latin-1", "utf-16", "utf-16-le")

_ON_THE_WAY = "a proxy changes it on the way, or the client sends another than it signs"
_ENCODED_ONCE = "encode it once, sign that"
_OWN_HOST = (
    "no usual mistake fits; the Host that came is this server's own address: a proxy puts it there "
    "unless told otherwise (nginx: proxy_set_header Host $http_host), or the secret is another "
    "key's"
)
_IN_VAIN = (
    "no usual mistake fits: the secret may be another key's, or something on the way changes Host, "
    "path or body; compare with what `callkeeper sign --explain` shows"
)


class Received(NamedTuple):
    """A request as it came, and what else it may have been signed by."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    signed_headers: str
    headers: dict[str, bytes]  # the signed ones
    body: bytes
    secret: str
    prefix: str
    all_headers: dict[str, str]
    query_string: str = ""
    server: str = ""  # the address that it came to

    def with_host(self, host: str) -> Self:
        """Return it with another Host."""
        return self._replace(headers={**self.headers, "host": host.encode("latin-1", "replace")})

    def texts(self) -> list[str]:
        """Return what would have been signed, in either reading of an absent query."""
        text = signing.canonical_request(
            method=self.method,
            path=self.path,
            query=self.query,
            signed_headers=self.signed_headers,
            headers=self.headers,
            body=self.body,
        )
        return [text] if self.query else [text, signing.with_empty_query_line(text)]


class HintAllowance:
    """Bounds how many hints are looked for, whoever is to get them. ``ticks``: as a clock has."""

    def __init__(self, ticks: Callable[[], int]) -> None:
        self._ticks = ticks
        self._second = -1
        self._names: set[str] = set()

    def take(self, name: str) -> bool:
        """Whether to look for one that is about this name; then for no other of it this second."""
        second = self._ticks() // 1000
        if second != self._second:
            self._second = second
            self._names.clear()
        if name in self._names or len(self._names) >= NAMES_MAX:
            return False
        self._names.add(name)
        return True


async def likely_mistake(came: Received, theirs: str) -> str:
    """Return which usual mistake gives the signature that came, or that none does.

    Others are served before the first is tried, and between any two.
    """
    wanted = theirs.encode("latin-1", "replace")
    for what, made in _tries(came):
        await asyncio.sleep(_PAUSE_SECONDS)
        if any(compare_digest(each, wanted) for each in made()):
            return f"it fits {what}"
    return _OWN_HOST if came.headers["host"].decode("latin-1") == came.server else _IN_VAIN


_Made = Callable[[], list[bytes]]


def _tries(came: Received) -> Iterator[tuple[str, _Made]]:
    """Yield a name for each mistake, and what makes the signatures that come of it."""
    for what, other in _others(came):
        yield what, partial(_signed, other, _as_it_is)
    for what, respell in _SPELLINGS:
        yield what, partial(_signed, came, respell)
    for what, sign in _WAYS:
        yield what, partial(_signed_by, sign, came)


def _signed(came: Received, respell: "_Respell") -> list[bytes]:
    key = signing.signing_key(came.secret, came.prefix)
    return [_hex(key, respell(text, came)) for text in came.texts()]


def _signed_by(sign: "_Sign", came: Received) -> list[bytes]:
    return [sign(came, text) for text in came.texts()]


def _as_it_is(text: str, _: Received) -> str:
    return text


def _hex(key: str, text: str) -> bytes:
    return signing.signature(key, text).encode()


def _others(came: Received) -> Iterator[tuple[str, Received]]:
    """Yield what else may have been signed, with a name for it."""
    for host in dict.fromkeys(_hosts(came)):
        yield (
            f"the Host {host[:_TOLD_MAX]!r}: {_ON_THE_WAY}",
            came.with_host(host),
        )
    for path in dict.fromkeys(_paths(came)):
        yield (
            f"the path {path[:_TOLD_MAX]!r}: {_ON_THE_WAY}",
            came._replace(path=path),
        )
    if came.query:
        yield "a request without its query", came._replace(query=())
    for what, secret in _secrets(came.secret):
        yield f"the secret {what}", came._replace(secret=secret)
    yield "the access key's id in place of its secret", came._replace(secret=_ak(came.prefix))
    for what, body in _bodies(came.body):
        yield f"a body {what}", came._replace(body=body)


def _hosts(came: Received) -> Iterator[str]:
    seen = came.headers["host"].decode("latin-1")
    name, port = _name_and_port(seen)
    for header in _HOST_BEFORE:
        if header in came.all_headers:
            before = came.all_headers[header].split(",")[0].strip()
            yield before
            yield _name_and_port(before)[0]
    for each in came.all_headers.get("forwarded", "").split(",")[0].split(";"):
        if each.strip().lower().startswith("host="):
            yield each.strip()[5:].strip('"')
    yield name
    yield seen.lower()
    yield from (f"{name}:{each}" for each in _PORTS)
    yield from ("localhost", f"localhost:{port}", "127.0.0.1", f"127.0.0.1:{port}", came.server)
    yield from (f"https://{seen}", f"http://{seen}")


def _name_and_port(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and port.isdecimal() else (host, "")


def _paths(came: Received) -> Iterator[str]:
    path = came.path
    for header in _PATH_BEFORE:
        if header in came.all_headers:
            yield came.all_headers[header].partition("?")[0]
    if _PREFIX in came.all_headers:
        yield came.all_headers[_PREFIX].rstrip("/") + path
    yield from (prefix + path for prefix in _PREFIXES)
    yield from (path.removeprefix(cut) for cut in ("/rest", "/rest/isales"))
    yield from (f"{path}/", path.rstrip("/"), path.lower(), unquote(path))
    yield f"{path}?{came.query_string}"
    yield from (
        f"{scheme}://{came.all_headers.get('host', '')}{path}" for scheme in ("https", "http")
    )
    yield urlsplit(path).path.lstrip("/")


def _secrets(secret: str) -> Iterator[tuple[str, str]]:
    for what, end in (
        ("with a carriage return behind it", "\r"),
        ("with a line end behind it", "\n"),
        ("with a carriage return and a line end behind it", "\r\n"),
        ("with a blank behind it", " "),
        ("with a tab behind it", "\t"),
    ):
        yield what, secret + end
    yield "with a blank before it", f" {secret}"
    yield "in double quotes", f'"{secret}"'
    yield "in single quotes", f"'{secret}'"
    yield "with a byte order mark before it", f"\ufeff{secret}"
    yield "in capitals", secret.upper()
    yield "in small letters", secret.lower()
    yield "without its last character", secret[:-1]
    yield "without its first character", secret[1:]


def _ak(prefix: str) -> str:
    return prefix.split("/")[1]


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    if not body:
        return
    yield "that is empty: it has to be signed as it is sent", b""
    yield "with a line end behind it", body + b"\n"
    yield "without the blanks around it", body.strip()
    yield "with other line ends", body.replace(b"\r\n", b"\n")
    yield "with other line ends", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    for charset in _CHARSETS:
        try:
            yield f"written in {charset}, and sent in UTF-8", body.decode().encode(charset)
        except UnicodeError:
            continue
    for charset in _CHARSETS:
        try:
            yield f"written in UTF-8, and sent in {charset}", body.decode(charset).encode()
        except UnicodeError:
            continue
    if body.count(b"[") + body.count(b"{") > _BRACKETS_MAX:
        return
    try:
        for each in _written(json.loads(body)):
            if len(each) <= _WRITTEN_MAX:
                yield f"written as JSON in another way than it is sent: {_ENCODED_ONCE}", each
    except (ValueError, RecursionError):
        return  # no JSON, or nested too deeply to be read, or to be written


def _written(value: object) -> Iterator[bytes]:
    """Yield JSON as other encoders write it; the last of them takes the most depth."""
    for separators in ((",", ":"), (", ", ": "), (",", ": ")):
        for is_ascii in (False, True):
            for is_sorted in (False, True):
                text = json.dumps(
                    value, separators=separators, ensure_ascii=is_ascii, sort_keys=is_sorted
                )
                yield text.encode(errors="surrogatepass")
    yield json.dumps(value, ensure_ascii=False, indent=2).encode(errors="surrogatepass")


def _last_line(text: str, line: str) -> str:
    return f"{text.rpartition(chr(10))[0]}\n{line}"


def _small_digits(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


# How the text that is signed may be spelled by who has read the page otherwise.
_Respell = Callable[[str, Received], str]
_SPELLINGS: tuple[tuple[str, _Respell], ...] = (
    (
        "what Java's URLEncoder makes: + is %20, * is %2A, and %7E is ~",
        lambda text, _: text.replace("%20", "+").replace("%2A", "*").replace("~", "%7E"),
    ),
    (
        "what JavaScript's encodeURIComponent makes: ! ' ( ) * have to be encoded too",
        lambda text, _: re.sub("%(21|27|28|29|2A)", lambda found: unquote(found[0]), text),
    ),
    ("percent-encoding that leaves / as it is", lambda text, _: text.replace("%2F", "/")),
    ("percent-encoding in small letters: %2F, not %2f", lambda text, _: _small_digits(text)),
    (
        "a body that is not percent-encoded",
        lambda text, came: _last_line(text, came.body.decode(errors="replace")),
    ),
    (
        "the SHA-256 of the body in place of the body",
        lambda text, came: _last_line(text, sha256(came.body).hexdigest()),
    ),
    (
        "a Host that is not percent-encoded: its colon is %3A",
        lambda text, came: text.replace(
            f"host:{signing.encode(came.headers['host'])}",
            f"host:{came.headers['host'].decode('latin-1')}",
        ),
    ),
    (
        "a query that is not sorted, or not encoded again",
        lambda text, came: text.replace(text.split("\n")[2], came.query_string, 1),
    ),
    ("lines that end with CR LF: they end with LF", lambda text, _: text.replace("\n", "\r\n")),
    ("a line end behind the last line: there is none", lambda text, _: f"{text}\n"),
    (
        "the SHA-256 of what has to be signed: it is signed itself",
        lambda text, _: sha256(text.encode(errors="surrogatepass")).hexdigest(),
    ),
)

_Sign = Callable[[Received, str], bytes]


def _derived(came: Received) -> bytes:
    return signing.signing_key(came.secret, came.prefix).encode()


# How it may be signed.
_WAYS: tuple[tuple[str, _Sign], ...] = (
    (
        "a signing key of 32 bytes: its 64 hex digits are the key, as text",
        lambda came, text: (
            digest(bytes.fromhex(_derived(came).decode()), text.encode(), "sha256").hex().encode()
        ),
    ),
    (
        "a signature by the secret itself: it signs the prefix, and what comes out signs the text",
        lambda came, text: digest(came.secret.encode(), text.encode(), "sha256").hex().encode(),
    ),
    (
        "a signature in capitals: its hex digits are small",
        lambda came, text: digest(_derived(came), text.encode(), "sha256").hex().upper().encode(),
    ),
    (
        "a signature in base64: it is in hex digits",
        lambda came, text: b64encode(digest(_derived(came), text.encode(), "sha256")),
    ),
)
