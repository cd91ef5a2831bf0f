"""The access log: what it finds out about a request only once that is answered."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send

from callkeeper.http.access_log import AccessLog, Figures
from callkeeper.http.request_facts import Trace
from tests.logged import lines, logging_as_the_program_does

REFUSED = {"interface": "create", "status": "401", "code": "0200001"}
SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": []}


def test_a_hint_is_looked_for_when_the_answer_has_been_given() -> None:
    happened: list[str] = []

    async def hint() -> None:
        happened.append("hint")

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        Trace.of(scope).hint = hint
        await send({"type": "http.response.start", "status": 401})
        await send({"type": "http.response.body", "body": b"no"})

    async def send(message: Message) -> None:
        happened.append(message["type"])

    async def receive() -> Message:
        raise AssertionError

    registry = CollectorRegistry()
    scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(AccessLog(app, Figures(registry))(scope, receive, send))
    assert happened == ["http.response.start", "http.response.body", "hint"]


async def broken() -> str | None:
    raise RecursionError


async def cancelled() -> str | None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("hint", [broken, cancelled])
def test_a_refusal_is_counted_and_logged_whatever_becomes_of_its_hint(
    hint: Callable[[], Awaitable[str | None]], capfd: pytest.CaptureFixture[str]
) -> None:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        trace = Trace.of(scope)
        trace.interface, trace.code, trace.hint = "create", "0200001", hint
        await send({"type": "http.response.start", "status": 401})
        await send({"type": "http.response.body", "body": b"no"})

    async def send(_message: Message) -> None:
        pass

    async def receive() -> Message:
        raise AssertionError

    registry = CollectorRegistry()
    with (
        logging_as_the_program_does(),
        pytest.raises((RecursionError, asyncio.CancelledError)),
    ):
        asyncio.run(AccessLog(app, Figures(registry))({**SCOPE}, receive, send))
    assert registry.get_sample_value("callkeeper_requests_total", REFUSED) == 1
    assert registry.get_sample_value("callkeeper_request_seconds_count", {"interface": "create"})
    (line,) = lines(capfd.readouterr().err)
    assert (line["event"], line["status"], "hint" in line) == ("request", 401, False)
