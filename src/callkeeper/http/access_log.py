"""The outermost layer: one log line and one measurement a request, and the answer to a bug."""

from functools import cache

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callkeeper.clock import monotonic
from callkeeper.core.phrase import Phrase
from callkeeper.http.answer import DATABASE_FAILED, Answer, translator_for
from callkeeper.http.head import Head
from callkeeper.http.request_facts import Trace

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


class AccessLog:
    """Logs and measures what passes through it."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app = app
        self._log = structlog.get_logger()
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
            await _BROKEN.response(translator_for(Head.of(scope)))(scope, receive, noted)
        finally:
            self._note(scope, trace, monotonic() - begun)

    def _note(self, scope: Scope, trace: Trace, seconds: float) -> None:
        self._count(trace.interface, trace.status, trace.code).inc()
        self._measure(trace.interface).observe(seconds)
        self._log.info(
            "request",
            method=scope["method"],
            interface=trace.interface,
            status=trace.status,
            code=trace.code,
            key=trace.ak,
            vdn=trace.vdn,
            ms=round(seconds * 1000, 3),
            **({"why": trace.sentence} if trace.sentence else {}),
        )
