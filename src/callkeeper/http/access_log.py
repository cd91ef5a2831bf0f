"""The outermost layer: one log line and one measurement a request, and the answer to a bug.

That a page went well which machines ask for all the time is told at the level *debug* alone.
"""

from collections.abc import Callable, Iterable
from functools import cache

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from callkeeper.clock import monotonic
from callkeeper.core.phrase import Phrase
from callkeeper.http.answer import (
    DATABASE_FAILED,
    PARAMETER_WRONG,
    SUCCESS,
    Answer,
    translator_for,
)
from callkeeper.http.head import Head
from callkeeper.http.request_facts import TOLD_MAX, UNKNOWN, Trace

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_BROKEN = Answer(
    Phrase(
        "the server made a mistake, which is in its log; whether the request was carried out is "
        "unknown"
    ),
    code=DATABASE_FAILED,
    status=500,
)

# For the log and the metrics alone, as other servers write it: nobody is left to read a status.
_GONE = 499
_REFUSED = 400  # or more: a page that was not shown


class Figures:
    """What is counted and measured of all requests."""

    def __init__(self, registry: CollectorRegistry) -> None:
        requests = Counter(
            "callkeeper_requests",
            "Requests by interface, HTTP status and result code.",
            ["interface", "status", "code"],
            registry=registry,
        )
        seconds = Histogram(
            "callkeeper_request_seconds",
            "Request duration by interface.",
            ["interface"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.count = cache(requests.labels)
        self.measure = cache(seconds.labels)
        self._expect(UNKNOWN, [(200, UNKNOWN), (404, PARAMETER_WRONG), (405, PARAMETER_WRONG)])

    def expect(self, interface: str, codes: Iterable[str]) -> None:
        """Let what an interface may be answered with be counted from 0.

        A counter that begins with 1 has not increased, to whoever looks for what does.
        """
        refused = [(401, PARAMETER_WRONG), (429, DATABASE_FAILED), (500, DATABASE_FAILED)]
        self._expect(interface, [*((200, code) for code in sorted(codes)), *refused])

    def _expect(self, interface: str, answers: Iterable[tuple[int, str]]) -> None:
        for status, code in answers:
            self.count(interface, status, code)


class AccessLog:
    """Logs and measures what passes through it."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app = app
        self._log: FilteringBoundLogger = structlog.get_logger()
        self._count = figures.count
        self._measure = figures.measure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; whatever breaks below, the client gets JSON and the log the reason."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace = Trace.of(scope)
        begun = monotonic()
        answering = False

        async def noted(message: Message) -> None:
            nonlocal answering
            if message["type"] == "http.response.start":
                answering = True
                trace.status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            trace.code = "gone"
            if not answering:
                trace.status = _GONE
        except Exception:
            self._log.exception("request_failed", path=scope["path"])
            if answering:
                raise
            trace.code = DATABASE_FAILED
            if trace.broken is None:
                answer = _BROKEN.response(translator_for(Head.of(scope)))
            else:
                answer = trace.broken()
            await answer(scope, receive, noted)
        finally:
            seconds = monotonic() - begun
            self._count(trace.interface, trace.status, trace.code).inc()
            if not trace.is_open_ended:
                self._measure(trace.interface).observe(seconds)
            hint = None
            try:
                hint = await trace.hint() if trace.hint else None
            finally:  # a server that stops cancels it, and the line is told all the same
                self._tell(scope, trace, seconds, hint)

    def _tell(self, scope: Scope, trace: Trace, seconds: float, hint: str | None) -> None:
        tell, also = self._log.info, trace.also
        if trace.code != SUCCESS:
            tell, also = self._level(trace), _more(scope, trace, hint)
        tell(
            "request",
            method=scope["method"],
            interface=trace.interface,
            status=trace.status,
            code=trace.code,
            key=trace.ak,
            vdn=trace.vdn,
            ms=round(seconds * 1000, 3),
            **(also or {}),
        )

    def _level(self, trace: Trace) -> Callable[..., object]:
        """Return how grave it is: a warning, unless it is a page that was shown."""
        if trace.code == UNKNOWN and trace.status < _REFUSED:
            return self._log.debug if trace.is_polled else self._log.info
        return self._log.warning


def _more(scope: Scope, trace: Trace, hint: str | None) -> dict[str, object]:
    """Return what else is told of a request that did not succeed, or is for a page."""
    more = dict(trace.also or {})
    if trace.interface == UNKNOWN:
        more["path"] = scope["path"][:TOLD_MAX]
    if trace.sentence:
        more["why"] = trace.sentence
    if hint:
        more["hint"] = hint
    return more
