"""Carries the client's requests: signs them, sends them, and sends again only what is safe.

The server's clock decides whether a signature is fresh, so each try is signed anew, save where
the same signed request is what keeps a second try from doing the work twice.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path
from secrets import SystemRandom
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from callkeeper import signing
from callkeeper.client.connections import Connections, Received, Server, SignedRequest
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

_Found = TypeVar("_Found")

_TOLD = 80  # bytes or characters of what is not understood
_SECONDS = re.compile("[0-9]{1,9}")
_UNAUTHORIZED = 401
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_THREE = ("content-length", "content-type", "host")
_BODY_EXPECTED = ("POST", "PUT")  # where an empty body is announced too
# Answers are short: packed, they would have to be unpacked with as much care as bytes are read.
_ALSO_SENT = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "callkeeper-client"}


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

    A path in ``url`` is a proxy's, which cuts it: it is sent and not signed. ``verify`` is True,
    False or the path of a CA certificate, such as the tls-certificate.pem that a server keeps in
    its data directory. Raise Unreachable when ``url`` is none.
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
        self._server = Server.read(url)
        self._ak = ak
        self._sk = sk
        self._style = style
        self._patience = patience
        self._now = now
        self._sleep = sleep
        self._connections = Connections(self._server, verify=verify, timeout=timeout)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def sign(self, unsigned: UnsignedRequest) -> SignedRequest:
        """Return it as a signed request. It can be sent more than once."""
        path = quote(unsigned.path)
        headers = {"host": self._server.header(), "content-type": CONTENT_TYPE}
        if unsigned.body or unsigned.method in _BODY_EXPECTED:
            headers["content-length"] = str(len(unsigned.body))
        names = _THREE if self._style.three_headers else ("host",)
        authorization = signing.authorize(
            self._ak,
            self._sk,
            at=signing.timestamp(self._now(), milliseconds=self._style.milliseconds),
            method=unsigned.method,
            path=path,  # as the server sees it: what the URL has before it, a proxy cuts
            query=unsigned.query,
            # Without a body there is no length that could be signed.
            headers={name: headers[name] for name in names if name in headers},
            body=unsigned.body,
            empty_query_line=self._style.empty_query_line,
        )
        query = f"?{urlencode(unsigned.query, quote_via=quote)}" if unsigned.query else ""
        sent = headers | _ALSO_SENT | {"authorization": authorization}
        return SignedRequest(unsigned.method, self._server.path + path + query, sent, unsigned.body)

    def send(self, request: SignedRequest) -> Answer:
        """Send a signed request once; raise Unreachable or AnswerUnreadable."""
        return self._read(self._connections.send(request))

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

    def _read(self, received: Received) -> Answer:
        status, body = received.status, received.body
        try:
            fields = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            fields = None
        said = fields if isinstance(fields, dict) else {}
        code = said.get("resultCode", said.get("returnCode"))
        if code is not None:
            wanted = received.headers.get("retry-after", "")
            seconds = int(wanted) if _SECONDS.fullmatch(wanted) else 0
            return Answer(status, str(code), said, retry_after=seconds)
        if status == _UNAUTHORIZED or status >= _SERVER_ERROR:
            return Answer(status, "", {"resultDesc": f"HTTP {status} without a code"})
        begins = body[:_TOLD].decode(errors="replace")
        raise AnswerUnreadable(
            f"HTTP {status} from {self._server.host}: {begins!r} is no answer of this API"
        )


def encode(body: Mapping[str, Any]) -> bytes:
    """Return a body as JSON, without the fields that are None."""
    return msgspec.json.encode({name: each for name, each in body.items() if each is not None})


def pairs(query: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return a query's raw pairs, without those that are None."""
    given: Iterable[tuple[str, object]] = query.items()
    return tuple((name, str(value)) for name, value in given if value is not None)


def _may_pass(answer: Answer) -> bool:
    """Whether it is a failure that may have passed when the request comes again."""
    return answer.code == DATABASE_FAILED or answer.status >= _SERVER_ERROR
