"""The C2 signature: what is signed, and how. Shared by server and client.

    Authorization: auth-v2/{AK}/{timestamp}/{signedHeaders}/{signature}

The body enters whole and percent-encoded, so the bytes signed must be the bytes sent. Source:
cec_07_0003, with the vendor's published demo signer where the page is silent.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_from_bytes

VERSION = "auth-v2"

# Around a header's value these are not part of it (RFC 9110, 5.5), nor of what is signed.
AROUND = " \t"

_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z")
_PARTS = 5
_NAMES_MAX = 32
_SHORT = 128  # bytes; of what is no longer the outcome is remembered: most requests have the same

# The library's own answer for each byte, three places long: where it is shorter, nothing follows.
_ENCODED = [quote_from_bytes(bytes([byte]), safe="").encode() for byte in range(256)]
_PLAIN = bytes(byte for byte in range(256) if len(_ENCODED[byte]) == 1)
_FIRST, _SECOND, _THIRD = (
    bytes(encoded.ljust(3, b"\0")[place] for encoded in _ENCODED) for place in range(3)
)


class SigningError(ValueError):
    """The ``Authorization`` value cannot be read; the message says which part and why.

    It keeps its template and values, for whoever tells it in another language.
    """

    def __init__(self, template: str, **values: str | int) -> None:
        super().__init__(template.format_map(values) if values else template)
        self.template = template
        self.values = values


class Authorization(NamedTuple):
    """The parts of an ``Authorization`` value, as they came."""

    ak: str
    timestamp: str
    signed_headers: str
    signature: str

    @classmethod
    def parse(cls, value: str) -> "Authorization":
        """Read a header value; raise SigningError naming the first part that is wrong."""
        parts = value.split("/")
        if len(parts) != _PARTS or parts[0] != VERSION:
            raise SigningError(
                "Authorization must read auth-v2/{AK}/{timestamp}/{signedHeaders}/{signature}"
            )
        _, ak, timestamp, signed_headers, signature = parts
        check = _check_known_names if len(signed_headers) <= _SHORT else _check_names
        check(signed_headers)
        return cls(ak, timestamp, signed_headers, signature)

    @property
    def prefix(self) -> str:
        """The text that, keyed with the secret, gives the signing key."""
        return f"{VERSION}/{self.ak}/{self.timestamp}/{self.signed_headers}"

    @property
    def names(self) -> list[str]:
        """The names of the signed headers."""
        return self.signed_headers.split(";")

    @property
    def signed_at(self) -> int:
        """The instant of signing, in UTC milliseconds; SigningError if it is none."""
        if not _TIMESTAMP.fullmatch(self.timestamp):
            raise SigningError(
                "the timestamp must read yyyy-MM-ddTHH:mm:ssZ or yyyy-MM-ddTHH:mm:ss.SSSZ, in UTC"
            )
        try:
            instant = datetime.fromisoformat(self.timestamp)
        except ValueError as error:
            raise SigningError(
                "the timestamp {timestamp} is no date", timestamp=self.timestamp
            ) from error
        return round(instant.timestamp() * 1000)


def _check_names(signed_headers: str) -> None:
    names = signed_headers.split(";")
    if len(names) > _NAMES_MAX or len(set(names)) != len(names):
        raise SigningError("at most {most} headers may be signed, and each once", most=_NAMES_MAX)
    if "host" not in names:
        raise SigningError("the signed headers must include host")
    if "authorization" in names:
        raise SigningError("the authorization header itself cannot be signed")


_check_known_names = lru_cache(256)(_check_names)  # what is refused is not remembered


def encode(value: bytes) -> str:
    """Percent-encode every byte but ``A-Z a-z 0-9 - . _ ~``, with upper-case hex digits."""
    if not value.translate(None, _PLAIN):
        return value.decode("ascii")
    # No step looks at a byte in Python, so that it costs hardly more whatever the bytes are.
    places = bytearray(3 * len(value))
    places[0::3] = value.translate(_FIRST)
    places[1::3] = value.translate(_SECOND)
    places[2::3] = value.translate(_THIRD)
    return places.translate(None, b"\0").decode("ascii")


def _known(value: bytes) -> str:
    """Return the same for a header's name or value."""
    return _remembered(value) if len(value) <= _SHORT else encode(value)


_remembered = lru_cache(256)(encode)


def canonical_request(  # noqa: PLR0913 - the six things that are signed, keyword-only
    *,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]] = (),
    signed_headers: str,
    headers: Mapping[str, bytes],
    body: bytes,
    empty_query_line: bool = False,
) -> str:
    """Return the text to be signed.

    ``query`` holds raw, not yet encoded pairs; ``headers`` the values by lower-case name. Without
    a query its line is left out, as the vendor's demo does; ``empty_query_line`` keeps it, as
    ports of the current page do.
    """
    lines = [method.upper(), path]
    pairs = [f"{encode(name.encode())}={encode(value.encode())}" for name, value in query]
    if pairs or empty_query_line:
        lines.append("&".join(sorted(pairs)))
    lines.append(signed_headers)
    names = signed_headers.split(";")
    lines += sorted([f"{_known(name.lower().encode())}:{_known(headers[name])}" for name in names])
    lines.append(encode(body))
    return "\n".join(lines)


def with_empty_query_line(canonical: str) -> str:
    """Return the other reading of a canonical request that has no query."""
    method, path, rest = canonical.split("\n", 2)
    return f"{method}\n{path}\n\n{rest}"


def signing_key(secret_key: str, prefix: str) -> str:
    """Return the key of the second HMAC: 64 hex digits, used as text."""
    return hmac.digest(secret_key.encode(), prefix.encode(), "sha256").hex()


def signature(key: str, canonical: str) -> str:
    """Return the signature of a canonical request, 64 lower-case hex digits."""
    return hmac.digest(key.encode(), canonical.encode(), "sha256").hex()


def timestamp(instant: int, *, milliseconds: bool = True) -> str:
    """Return an instant, in UTC milliseconds, as the signature's timestamp."""
    moment = datetime.fromtimestamp(instant / 1000, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{instant % 1000:03d}Z" if milliseconds else f"{text}Z"


def authorize(  # noqa: PLR0913 - as canonical_request
    ak: str,
    secret_key: str,
    *,
    at: str,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str],
    body: bytes = b"",
    empty_query_line: bool = False,
) -> str:
    """Return the ``Authorization`` value of a request that signs all of ``headers``.

    ``at`` is the timestamp as text. Signing the same request at the same instant again gives the
    same value, and the server takes the two for one request.
    """
    raw = {name.lower(): value.strip(AROUND).encode() for name, value in headers.items()}
    parts = Authorization(ak, at, ";".join(sorted(raw)), "")
    text = canonical_request(
        method=method,
        path=path,
        query=query,
        signed_headers=parts.signed_headers,
        headers=raw,
        body=body,
        empty_query_line=empty_query_line,
    )
    return f"{parts.prefix}/{signature(signing_key(secret_key, parts.prefix), text)}"
