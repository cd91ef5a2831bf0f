"""HTTP as uvicorn speaks it, with what it leaves open closed: bounds before anybody is known.

A request has a minute to arrive, and its head 64 KiB. When there are as many connections as may be,
the one that has waited for a request the longest is closed for the new one, so that nobody keeps
others out with connections that do nothing. Whoever asks for an upgrade is answered without one:
Java's own client asks for HTTP/2 so on every plain connection. uvicorn's parser leaves the body of
such a request lying, and would take it for the next request.
"""

import asyncio
from typing import Any

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callkeeper.api.cork import Cork
from callkeeper.api.wire import Answer

HEAD_BYTES_MAX = 64 * 1024
REQUEST_SECONDS_MAX = 60.0


class BoundedHttp(HttpToolsProtocol):
    """One connection. ``bounded`` makes the class that a server uses."""

    connections_max: int
    _waiting: "dict[BoundedHttp, None]"  # all that wait for a request, longest first
    _head_bytes = 0
    _is_in_head = True
    _body_left = 0  # of a request that asked for an upgrade
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(Cork(transport, self.loop))  # type: ignore[arg-type]
        self._wait()
        self._waiting[self] = None
        if len(self.connections) > self.connections_max:
            next(iter(self._waiting)).give_way()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Close at once, for another connection."""
        self._stop_waiting()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what came: a body that the parser has left, or whatever else it can read."""
        self._unset_keepalive_if_required()
        data = self._take_body(data)
        if not data or self.transport.is_closing():
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("this is no HTTP/1.1 request")
        else:
            self._bound_head(len(data))

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._is_in_head = True
        self._head_bytes = 0
        self._wait()

    def on_headers_complete(self) -> None:
        """Hand the request on; its body may still be on the way."""
        self._is_in_head = False
        if self.parser.should_upgrade():
            if any(name == b"transfer-encoding" for name, _ in self.headers):
                self.send_400_response("a request that asks for an upgrade cannot be chunked")
                return
            self._body_left = self._content_length()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request, unless its body is still to be taken by hand."""
        if self._body_left == 0 and not self.transport.is_closing():
            self._stop_waiting()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on to the next request, or wait for it."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._waiting[self] = None

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read as everything is answered, and close."""
        answer = Answer(msg, code="0200001", status=400)
        body = msgspec.json.encode(answer.fields())
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=UTF-8\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()

    def _go_on_without(self, rest: bytes) -> None:
        # The parser has left the connection; a new one reads what comes after this request's body.
        self.parser = httptools.HttpRequestParser(self)
        if rest:
            self.data_received(rest)

    def _take_body(self, data: bytes) -> bytes:
        if self._body_left == 0:
            return data
        body, rest = data[: self._body_left], data[self._body_left :]
        self._body_left -= len(body)
        if not self.cycle.response_complete:
            self.cycle.body += body
            self.cycle.more_body = self._body_left > 0
            self.cycle.message_event.set()
        if self._body_left == 0:
            self._stop_waiting()
        return rest

    def _content_length(self) -> int:
        lengths = [value for name, value in self.headers if name == b"content-length"]
        return int(lengths[0]) if lengths and lengths[0].isdigit() else 0

    def _bound_head(self, received: int) -> None:
        if self._is_in_head:
            self._head_bytes += received
            if self._head_bytes > HEAD_BYTES_MAX:
                self.send_400_response(f"the head is larger than {HEAD_BYTES_MAX} bytes")

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS_MAX, self._give_up)

    def _stop_waiting(self) -> None:
        self._waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self.transport.abort()


def bounded(connections_max: int) -> type[BoundedHttp]:
    """Return the protocol of a server that has at most so many connections."""
    return type("Http", (BoundedHttp,), {"connections_max": connections_max, "_waiting": {}})
