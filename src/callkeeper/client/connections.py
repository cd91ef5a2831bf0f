"""Connections to one server: where it is, how it is reached, and what goes over and comes back."""

import re
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2

from callkeeper.client.deadline import Deadline, DeadlineBackend
from callkeeper.client.errors import AnswerUnreadable, Unreachable

ANSWER_BYTES_MAX = 16 * 1024 * 1024  # a page of a list takes at most one or two

_CONNECTIONS_MAX = 100
_KEPT_MAX = 20
_KEPT_SECONDS = 5.0  # less than a server keeps one, or a request is sent to where nobody listens
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PATH = "/%:@!$&'()*+,;="  # what stays as it is in a path, beside letters, digits and -._~

_NO_HOST = re.compile(r"[\s\x00-\x20\x7f\"%<>\\^`{|}]")  # what the name of no host has in it

_NEVER_SENT = (
    httpcore2.ConnectError,
    httpcore2.ConnectTimeout,
    httpcore2.PoolTimeout,
    httpcore2.ProxyError,
)
_FAILED = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError)


class SignedRequest(NamedTuple):
    """A request as it goes out, which can be more than once. ``target`` is path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Received(NamedTuple):
    """What came back; the names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Server(NamedTuple):
    """Where a server is; the port is None where the scheme implies it.

    ``path`` is what its URL has before each interface's own.
    """

    scheme: str
    host: str
    port: int | None
    path: str

    @classmethod
    def read(cls, url: str) -> "Server":
        """Read a server's URL; raise Unreachable if it is none.

        One with credentials is refused, and not repeated: a key signs, and no password is sent.
        """
        if "@" in url:
            raise Unreachable(
                "a server's URL has no user and no password (and %40 for an @ in its path); write "
                "it like https://pbx.example.com:28443",
                maybe_done=False,
            )
        try:
            parts = urlsplit(url)
            host = _host(parts)
            port = None if parts.port == _PORTS.get(parts.scheme) else parts.port
        except ValueError as error:
            raise Unreachable(f"{url!r} is no URL ({error})", maybe_done=False) from error
        if not host or parts.scheme not in _PORTS or parts.query or parts.fragment:
            raise Unreachable(
                f"{url!r} is no server's URL; write it like https://pbx.example.com:28443",
                maybe_done=False,
            )
        return cls(parts.scheme, host, port, quote(parts.path.rstrip("/"), safe=_PATH))

    def header(self) -> str:
        """Return the Host header, which is signed."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


class Connections:
    """Connections to one server, kept for a while. Any thread may send."""

    def __init__(self, server: Server, *, verify: bool | str | Path, timeout: float) -> None:
        self._server = server
        proxy = _proxy(server)
        where = "" if proxy is None else f"{proxy.url.host.decode()}:{proxy.url.port}"
        self._way = where and f" over the proxy {where}"
        self._timeout = timeout
        self._deadline = Deadline()
        self._pool = httpcore2.ConnectionPool(
            network_backend=DeadlineBackend(self._deadline),
            ssl_context=_trust(verify),
            proxy=proxy,
            max_connections=_CONNECTIONS_MAX,
            max_keepalive_connections=_KEPT_MAX,
            keepalive_expiry=_KEPT_SECONDS,
        )

    def close(self) -> None:
        """Close them all."""
        self._pool.close()

    def send(self, request: SignedRequest) -> Received:
        """Send a request once; raise Unreachable, or AnswerUnreadable for what is far too long."""
        url = httpcore2.URL(
            scheme=self._server.scheme,
            host=self._server.host,
            port=self._server.port,
            target=request.target,
        )
        headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
        extensions = {"timeout": {"pool": self._timeout}}
        self._deadline.begin(self._timeout)
        try:
            with self._pool.stream(
                request.method, url, headers=headers, content=request.body, extensions=extensions
            ) as answer:
                return Received(answer.status, _text(answer.headers), self._body(answer))
        except _NEVER_SENT as error:
            raise self._unreachable(error, "the request was not sent", maybe_done=False) from error
        except _FAILED as error:
            raise self._unreachable(
                error, "whether it was done is unknown", maybe_done=True
            ) from error

    def _unreachable(self, error: Exception, so: str, *, maybe_done: bool) -> Unreachable:
        where = f"{self._server.scheme}://{self._server.header()}{self._server.path}"
        why = f"{type(error).__name__}: {error}"
        return Unreachable(
            f"{where} did not answer{self._way} ({why}); {so}", maybe_done=maybe_done
        )

    def _body(self, answer: httpcore2.Response) -> bytes:
        """Return the body; what is packed, or far longer than any answer, is not read."""
        packed = _text(answer.headers).get("content-encoding", "identity")
        if packed.lower() != "identity":
            raise AnswerUnreadable(
                f"HTTP {answer.status} from {self._server.host}: what comes is packed "
                f"({packed[:20]!r}), which was not asked for"
            )
        body = bytearray()
        for piece in answer.iter_stream():
            body += piece
            if len(body) > ANSWER_BYTES_MAX:
                raise AnswerUnreadable(
                    f"HTTP {answer.status} from {self._server.host}: what comes is longer than "
                    f"{ANSWER_BYTES_MAX} bytes, and no answer of this API"
                )
        return bytes(body)


def _host(parts: SplitResult) -> str:
    """Return the name or address that a URL has; raise ValueError for what can be none."""
    host = (parts.hostname or "").encode("idna").decode()
    if _NO_HOST.search(host):
        raise ValueError("there is no such host")
    return host


def _text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _trust(verify: bool | str | Path) -> ssl.SSLContext:  # noqa: FBT001 - as the client takes it
    """Return whom to trust: whom this machine does, a certificate, or, without ``verify``, all."""
    if not isinstance(verify, bool):
        return ssl.create_default_context(cafile=verify)
    context = httpcore2.default_ssl_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _proxy(server: Server) -> httpcore2.Proxy | None:
    """Return the proxy that the environment names for a server; none for one on this machine."""
    given = getproxies()
    url = given.get(server.scheme) or given.get("all")
    if not url or server.host in _LOOPBACK or proxy_bypass(server.host):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or _PORTS.get(parts.scheme)
        host = _host(parts)
    except ValueError:
        raise Unreachable(  # what it names may hold a password, and is not repeated
            "the environment names a proxy whose URL is none; write it like "
            "http://proxy.example.com:3128, or set NO_PROXY for this server",
            maybe_done=False,
        ) from None
    if parts.scheme not in _PORTS or not port or not host:
        raise Unreachable(
            f"the environment names {parts.scheme}://{host} as the proxy, and only one "
            "of HTTP is understood; set NO_PROXY for this server",
            maybe_done=False,
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    auth = (user.encode(), password.encode()) if user else None
    where = httpcore2.URL(scheme=parts.scheme, host=host, port=port, target="/")
    return httpcore2.Proxy(where, auth=auth)
