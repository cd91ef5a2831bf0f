"""Limits on what an unauthenticated client can make uvicorn do.

A request has a minute to arrive, and its head 64 KiB; an answer has a minute to be read. A few
requests are read ahead of their answers, and what comes behind them when they are answered. When
there are as many connections as may be, another gives way to the new one (see connections.py).
Whoever asks for an upgrade is answered without one: Java's own client asks for HTTP/2 so on every
plain connection. uvicorn's parser leaves the body of such a request lying, and would take it for
the next request.
"""

import asyncio
from typing import Any

import httptools
import msgspec
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callkeeper.asker import asker_has_gone
from callkeeper.core.phrase import Phrase
from callkeeper.http.answer import Answer, translator_for
from callkeeper.http.connections import Connections
from callkeeper.http.cork import Cork
from callkeeper.http.head import Head
from callkeeper.http.intake import Intake, before
from callkeeper.http.tarpit import LOST

HEAD_BYTES_MAX = 64 * 1024
HEAD_FIELDS_MAX = 100
REQUEST_SECONDS = 60.0
AHEAD_MAX = 16  # requests behind the one that is being answered; with more, no piece is parsed
UNREAD_MAX = 16 * 1024  # bytes of a body that nobody has asked for
_PIECE = 4096  # bytes that are parsed at once
_NO_HTTP = Phrase("what was sent is no HTTP/1.1 request; Content-Length counts bytes")
_FRAGMENT = Phrase("a # stands in the path; what a # begins is not sent, and a # itself is %23")
_HEAD_TOO_LARGE = Phrase(
    "the head, or what is no body, is larger than {most} bytes", most=HEAD_BYTES_MAX
)


class _Flow(FlowControl):
    """Reading stays paused, whoever wants more, while what was read has not all been parsed."""

    is_full = False

    def resume_reading(self) -> None:
        if not self.is_full:
            super().resume_reading()


class BoundedHttp(HttpToolsProtocol):
    """One connection. ``bounded`` makes the class that a server uses."""

    all: Connections
    request_seconds: float
    flow: _Flow
    lost: asyncio.Future[None]
    _unparsed = b""
    _is_over = False  # nothing more is read
    _is_lost = False  # what is still being carried out goes on
    _bare_bytes = 0  # of a request until now, but for its body
    _body_bytes = 0  # of a body in the piece that is being parsed
    _has_ended = False  # a request, in that piece
    _body_left = 0  # of a request that asked for an upgrade
    _keeps_alive = True  # after a request that asked whether to send its body
    _deadline: asyncio.TimerHandle | None = None
    _unread_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(Cork(transport, self.loop))  # type: ignore[arg-type]
        self.flow = _Flow(self.transport)
        self.headers = []
        self.lost = self.loop.create_future()
        self._set_deadline()
        self.all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._is_lost = True
        self.lost.set_result(None)
        self.all.forget(self)
        self._drop_deadline()
        self._unset_keepalive_if_required()
        self.resume_writing()
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Close at once, for another connection."""
        self.all.forget(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._unset_keepalive_if_required()
        self._unparsed += data
        self._read_on()

    def pause_writing(self) -> None:
        """Wait for an answer to be read, but not for ever."""
        super().pause_writing()
        self._unread_deadline = self.loop.call_later(self.request_seconds, self.give_way)

    def resume_writing(self) -> None:
        """Go on answering."""
        if self._unread_deadline is not None:
            self._unread_deadline.cancel()
            self._unread_deadline = None
            super().resume_writing()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._bare_bytes = 0
        self._drop_deadline()
        self._set_deadline()

    def on_headers_complete(self) -> None:
        """Hand the request on; its body may still be on the way."""
        if self._is_over or self._has_too_many_fields():
            return
        if b"#" in self.url:  # else the parser leaves it out, and no proxy's rule for a path holds
            self._refuse(_FRAGMENT)
            return
        if self.parser.should_upgrade():
            if any(name == b"transfer-encoding" for name, _ in self.headers):
                self._refuse(Phrase("a request that asks for an upgrade cannot be chunked"))
                return
            self._body_left = self._content_length()
        asker_has_gone.set(self.lost.done)  # for the task that is made here
        super().on_headers_complete()
        self.cycle.scope["state"][LOST] = self.lost
        self.headers = []  # what comes behind a body is nobody's
        if self.expect_100_continue:
            # Answered before it asks for the body, it may be sent or not: then this is the last.
            self._keeps_alive = self.cycle.keep_alive
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._body_bytes += len(body)
        if not self._is_over:
            super().on_body(body)
            self._wait_for_reader()

    def on_message_complete(self) -> None:
        """End a request, unless its body is still to be taken by hand."""
        self._has_ended = True
        if self._body_left == 0 and not self._is_over:
            if self.expect_100_continue and not self.cycle.response_started:
                self.cycle.keep_alive = self._keeps_alive
            self._be_whole()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on to the next request, or wait for it."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self.cycle.body.clear()  # nobody will read what of it came in vain
        if self.transport.is_closing():
            self._set_deadline()  # the answer may never be read
        elif self._unparsed:
            self._read_on()
        elif not self._is_answering or (self.cycle.more_body and not self.pipeline):
            self.all.wait(self)

    def timeout_keep_alive_handler(self) -> None:
        """Close what was not used for long."""
        super().timeout_keep_alive_handler()
        self._set_deadline()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        """Answer as everything is answered, in words of ours, and close."""
        self._answer_bad(_NO_HTTP)

    def _answer_bad(self, phrase: Phrase) -> None:
        body = msgspec.json.encode(_bad_request(phrase).fields(translator_for(Head(self.headers))))
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=UTF-8\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
        self._set_deadline()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _read_on(self) -> None:
        """Parse what was read, as long as few requests wait for the one before them."""
        data, at = self._unparsed, 0
        while at < len(data) and len(self.pipeline) < AHEAD_MAX and not self._is_over:
            at += self._parse(data[at : at + _PIECE])
        was_full = self.flow.is_full
        self._unparsed = b"" if self._is_over else data[at:]
        self.flow.is_full = self._is_over or bool(self._unparsed)
        if self.flow.is_full:
            self.flow.pause_reading()
        elif was_full:
            self.flow.resume_reading()
        if not self._is_answering and not self.transport.is_closing():
            self.all.wait(self)
            self._set_deadline()

    def _parse(self, piece: bytes) -> int:
        """Parse a piece, and return how many of its bytes are done with."""
        if self._body_left:
            return self._take_body(piece[: self._body_left])
        self._has_ended = False
        self._body_bytes = 0
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            # The parser has left the connection; a new one reads what comes after the body.
            self.parser = httptools.HttpRequestParser(self)
            return int(upgrade.args[0])
        except httptools.HttpParserError:
            self._refuse(_NO_HTTP)
        else:
            self._bound(len(piece) - self._body_bytes)
        return len(piece)

    def _take_body(self, body: bytes) -> int:
        self._body_left -= len(body)
        if not self.cycle.response_complete:
            self.cycle.body += body
            self.cycle.more_body = self._body_left > 0
            self._wait_for_reader()
            self.cycle.message_event.set()
        if self._body_left == 0:
            self._be_whole()
        return len(body)

    def _wait_for_reader(self) -> None:
        """Read no more of a body before somebody wants it."""
        if len(self.cycle.body) > UNREAD_MAX:
            self.flow.pause_reading()

    def _content_length(self) -> int:
        lengths = [value.strip() for name, value in self.headers if name == b"content-length"]
        return int(lengths[0]) if lengths and lengths[0].isdigit() else 0

    def _bound(self, bare: int) -> None:
        """Refuse a head without end, and what is as long around the chunks of a body."""
        if not self._has_ended:  # else nobody knows what of it belongs to the next one
            self._bare_bytes += bare
            if self._bare_bytes > HEAD_BYTES_MAX:
                self._refuse(_HEAD_TOO_LARGE)
            self._has_too_many_fields()

    def _has_too_many_fields(self) -> bool:
        """Refuse a head of a great many fields, and what comes behind a body alike."""
        if len(self.headers) <= HEAD_FIELDS_MAX:
            return False
        self._refuse(Phrase("the head has more than {most} fields", most=HEAD_FIELDS_MAX))
        return True

    def _refuse(self, phrase: Phrase) -> None:
        """Read no more, and say why. What is being carried out gets its own answer before."""
        if self._is_over:
            return
        self._is_over = True
        if self._is_answering and not self.cycle.more_body:
            self.cycle.keep_alive = False
        elif self._is_answering and self.pipeline:  # the broken one is its newest
            self.cycle.keep_alive = False
            refused: Any = _bad_request(phrase).response(translator_for(Head(self.headers)))
            self.pipeline[0] = (self.cycle, refused)
        else:
            self._answer_bad(phrase)

    def _be_whole(self) -> None:
        self._drop_deadline()
        if self._is_answering:
            self.all.answer(self)

    def _set_deadline(self) -> None:
        if self._deadline is None and not self._is_lost:
            self._deadline = self.loop.call_later(self.request_seconds, self.give_way)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _bad_request(phrase: Phrase) -> Answer:
    return Answer(phrase, code="0200001", status=400)


def bounded(connections: Connections, *, request_seconds: float = REQUEST_SECONDS) -> type[Intake]:
    """Return the protocol of a server whose connections these are to be.

    A request, or the beginning of one, that has not arrived after ``request_seconds`` ends its own,
    and so does an answer that has not been read.
    """
    of_server = {"all": connections, "request_seconds": request_seconds}
    return before(type("Bounded", (BoundedHttp,), of_server))
