"""The access log: what it finds out about a request only once that is answered."""

import asyncio

from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send

from callkeeper.http.access_log import AccessLog, Figures
from callkeeper.http.request_facts import Trace


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
