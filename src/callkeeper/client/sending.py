"""Carries the client's requests: signs them, sends them, and sends again only what is safe.

The server's clock decides whether a signature is fresh, so each try is signed anew, save where
the same signed request is what keeps a second try from doing the work twice.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from enum import Enum
from pathlib import Path
from secrets import SystemRandom
from typing import Any, NamedTuple, TypeVar

import httpx2
import msgspec

from callkeeper import signing
from callkeeper.client.errors import (
    DATABASE_FAILED,
    KINDS,
    AnswerUnreadable,
    NotAuthenticated,
    Refused,
    Unreachable,
)

SUCCESS = "0200000"
CONTENT_TYPE = "application/json; charset=UTF-8"

ANSWER_BYTES_MAX = 16 * 1024 * 1024  # a page of a list takes at most one or two

_Found = TypeVar("_Found")

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TOLD = 80  # bytes or characters of what is not understood
_UNAUTHORIZED = 401
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_SCHEMES = ("http", "https")
_THREE = ("content-length", "content-type", "host")


class Again(Enum):
    """When a request may be sent a second time."""

    NEVER_CONNECTED = "only when no connection was made"
    SAFE = "after any failure, for doing it twice does it once"
    SAME = "after any failure, as the same signed request, which the server carries out once"


class UnsignedRequest(NamedTuple):
    """A request before it is signed: the path after the server's URL, raw query pairs, JSON."""

    method: str
    path: str
    body: bytes = b""
    query: tuple[tuple[str, str], ...] = ()


class Answer(NamedTuple):
    """What came back: the HTTP status, the code, and all fields of the body."""

    status: int
    code: str
    fields: Mapping[str, Any]
    after_lost_try: bool = False  # an earlier try may have been carried out unseen
    retry_after: int = 0  # seconds that the server wants to be left alone

    def checked(self) -> "Answer":
        """Return the answer if it is a success; raise Refused."""
        if self.code == SUCCESS and self.status < _UNAUTHORIZED:
            return self
        sentence = str(self.fields.get("resultDesc") or self.fields.get("returnDesc") or "")
        if self.status == _UNAUTHORIZED:
            raise NotAuthenticated(self.code, sentence or "authentication failed", self.status)
        raise KINDS.get(self.code, Refused)(self.code, sentence, self.status)

    def read(self, how: Callable[[Mapping[str, Any]], _Found]) -> _Found:
        """Return what a success holds, read by ``how``; raise AnswerUnreadable if it does not."""
        fields = self.checked().fields
        try:
            return how(fields)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise AnswerUnreadable(
                "a success came, but what it holds is not as this API writes it "
                f"({type(error).__name__}: {str(error)[:_TOLD]}); whether it was done is unknown"
            ) from error


class Style(NamedTuple):
    """How to sign: what servers and readings of the vendor's page differ on."""

    milliseconds: bool = True
    empty_query_line: bool = False
    three_headers: bool = False  # content-length, content-type and host, rather than host alone


class Patience(NamedTuple):
    """How long to go on: tries in all, and the pauses between them, doubling up to a cap."""

    tries: int = 4
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0

    def pause(self, failures: int, asked: int = 0) -> float:
        """Return how long to pause after so many failures: between half of the step and all.

        ``asked`` is what the server asked for, at least; the cap holds for it too.
        """
        step: float = self.first_pause_seconds * 2 ** (failures - 1)
        spread = min(step, self.longest_pause_seconds) * SystemRandom().uniform(0.5, 1.0)
        return min(max(spread, asked), self.longest_pause_seconds)


def system_now() -> int:
    """Return the machine's instant, in UTC milliseconds."""
    return time.time_ns() // 1_000_000


class Sender:
    """Carries requests to one server, signed with one key. Close it, or use it with ``with``.

    ``verify`` is True, False or the path of a CA certificate, such as the tls-certificate.pem
    that a server keeps in its data directory. Raise Unreachable when ``url`` is none.
    """

    def __init__(  # noqa: PLR0913 - what a caller may set, keyword-only
        self,
        url: str,
        ak: str,
        sk: str,
        *,
        verify: bool | str | Path = True,
        timeout: float = 10.0,
        style: Style = Style(),  # noqa: B008 - a value
        patience: Patience = Patience(),  # noqa: B008 - a value
        now: Callable[[], int] = system_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        host = _host(self._url)
        self._ak = ak
        self._sk = sk
        self._style = style
        self._patience = patience
        self._now = now
        self._sleep = sleep
        trust = verify if isinstance(verify, bool) else ssl.create_default_context(cafile=verify)
        # A proxy of the environment is for the network, not for a server on this machine.
        abroad = host not in _LOOPBACK
        self._http = httpx2.Client(verify=trust, timeout=timeout, trust_env=abroad)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def sign(self, unsigned: UnsignedRequest) -> httpx2.Request:
        """Return it as a signed request. It can be sent more than once."""
        # What is signed is read off the request that goes out: the Host header above all.
        request = self._http.build_request(
            unsigned.method,
            self._url + unsigned.path,
            content=unsigned.body,
            params=list(unsigned.query) or None,
            headers={"content-type": CONTENT_TYPE},
        )
        names = _THREE if self._style.three_headers else ("host",)
        request.headers["authorization"] = signing.authorize(
            self._ak,
            self._sk,
            at=signing.timestamp(self._now(), milliseconds=self._style.milliseconds),
            method=unsigned.method,
            path=request.url.raw_path.decode("ascii").partition("?")[0],
            query=unsigned.query,
            # Without a body there is no length that could be signed.
            headers={name: request.headers[name] for name in names if name in request.headers},
            body=unsigned.body,
            empty_query_line=self._style.empty_query_line,
        )
        return request

    def send(self, request: httpx2.Request) -> Answer:
        """Send a signed request once; raise Unreachable or AnswerUnreadable."""
        try:
            with closing(self._http.send(request, stream=True)) as response:
                return _read(response, _body(response))
        except httpx2.DecodingError as error:
            raise AnswerUnreadable(f"{self._url} answered what cannot be unpacked") from error
        except httpx2.TransportError as error:
            never = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            raise Unreachable(
                f"{self._url} did not answer ({type(error).__name__}: {error}); "
                + ("the request was not sent" if never else "whether it was done is unknown"),
                maybe_done=not never and not isinstance(error, httpx2.PoolTimeout),
            ) from error

    def carry(self, unsigned: UnsignedRequest, again: Again) -> Answer:
        """Send a request, again if it is safe and there is patience left, and return the answer.

        Business refusals are returned, not raised: call ``checked`` on the answer.
        """
        request = self.sign(unsigned)
        lost = False
        for failures in range(1, self._patience.tries + 1):
            last = failures == self._patience.tries
            asked = 0
            try:
                answer = self.send(request)._replace(after_lost_try=lost)
            except Unreachable as failure:
                if last or (failure.maybe_done and again is Again.NEVER_CONNECTED):
                    raise failure.told(lost=lost) from None
                lost = lost or failure.maybe_done
            else:
                if last or not _may_pass(answer) or again is Again.NEVER_CONNECTED:
                    return answer
                # Also 0200006 with status 200: a database may be lost while it commits.
                lost = lost or answer.status != _TOO_MANY_REQUESTS
                asked = answer.retry_after
            self._sleep(self._patience.pause(failures, asked))
            if again is not Again.SAME:
                request = self.sign(unsigned)
        raise AssertionError  # patience has at least one try


def encode(body: Mapping[str, Any]) -> bytes:
    """Return a body as JSON, without the fields that are None."""
    return msgspec.json.encode({name: each for name, each in body.items() if each is not None})


def pairs(query: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return a query's raw pairs, without those that are None."""
    given: Iterable[tuple[str, object]] = query.items()
    return tuple((name, str(value)) for name, value in given if value is not None)


def _host(url: str) -> str:
    """Return the host of a server's URL; raise Unreachable when it has none."""
    try:
        parts = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise Unreachable(f"{url!r} is no URL ({error})", maybe_done=False) from error
    if parts.scheme not in _SCHEMES or not parts.host:
        raise Unreachable(
            f"{url!r} is no server's URL; write it like https://pbx.example.com:28443",
            maybe_done=False,
        )
    return parts.host


def _may_pass(answer: Answer) -> bool:
    """Whether it is a failure that may have passed when the request comes again."""
    return answer.code == DATABASE_FAILED or answer.status >= _SERVER_ERROR


def _body(response: httpx2.Response) -> bytes:
    """Return the body; what is far larger than any answer is not read to its end."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            raise AnswerUnreadable(
                f"HTTP {response.status_code} from {response.url.host}: what comes is longer than "
                f"{ANSWER_BYTES_MAX} bytes, and no answer of this API"
            )
    return bytes(body)


def _read(response: httpx2.Response, body: bytes) -> Answer:
    status = response.status_code
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = None
    code = fields.get("resultCode", fields.get("returnCode")) if isinstance(fields, dict) else None
    if isinstance(fields, dict) and code is not None:
        wanted = response.headers.get("retry-after", "")
        seconds = int(wanted) if wanted.isascii() and wanted.isdecimal() else 0
        return Answer(status, str(code), fields, retry_after=seconds)
    if status == _UNAUTHORIZED or status >= _SERVER_ERROR:
        return Answer(status, "", {"resultDesc": f"HTTP {status} without a code"})
    begins = body[:_TOLD].decode(errors="replace")
    raise AnswerUnreadable(
        f"HTTP {status} from {response.url.host}: {begins!r} is no answer of this API"
    )
