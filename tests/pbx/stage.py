"""An AriLine at the tests' Asterisk, running, and the calls that its far end knows how to take."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any

from callkeeper.dialer.line.ari import AriLine
from callkeeper.dialer.line.line import CallRequest, DialplanTarget, LineEvent
from tests import far_end_scenario
from tests.dialer.line_contract import Course, new_id, up_to
from tests.private_asterisk import PASSWORD, TRUNK, USER

BRIEF = DialplanTarget("answered", "brief")
HOLD = DialplanTarget("answered", "hold")


class AriStage:
    """A line to an Asterisk, as the contract wants it."""

    def __init__(self, line: AriLine) -> None:
        self.line = line

    def dialing(self, course: Course) -> CallRequest:
        match course:
            case "answered":
                return call(far_end_scenario.ANSWERS, goes_to=BRIEF)
            case "held":
                return call(far_end_scenario.ANSWERS)
            case "busy":
                return call("486")
            case "rings":
                return call(far_end_scenario.RINGS, alerting_seconds=2)
            case "refused":  # what stands behind the @ is a trunk, and there is none of that name
                return call("refused", called_no="1@nosuch")

    async def hear(self) -> None:
        # As long as SIP goes on sending what a busy machine has lost.
        await asyncio.wait_for(self.line.heard(), 40)

    async def until(self, attempt_id: str, last: type[LineEvent]) -> list[LineEvent]:
        """Return what is told of an attempt up to and with the last kind of event."""
        return await up_to(self, attempt_id, last)


def call(code: str, **fields: Any) -> CallRequest:
    """Return a call to a number that the far end answers with this code."""
    attempt_id = new_id()
    given: dict[str, Any] = {
        "attempt_id": attempt_id,
        "called_no": f"139{attempt_id[-5:]}{code}",
        "caller_no": "4008005555",
        "alerting_seconds": 30,
        "goes_to": HOLD,
        "variables": {},
    }
    return CallRequest(**given | fields)


def line_to(url: str, endpoint: str = TRUNK, **how: Any) -> AriLine:
    """Return a line that knows the password."""
    return AriLine(url, USER, PASSWORD, endpoint=endpoint, **how)


@asynccontextmanager
async def running(line: AriLine) -> AsyncIterator[AriStage]:
    """Run a line until the end of the block, which begins when it is up."""
    task = asyncio.create_task(line.run())
    try:
        await comes_true(lambda: line.is_up or task.done())
        yield AriStage(line)
        assert not task.done(), task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def comes_true(ask: Callable[[], object], seconds: float = 20) -> None:
    """Ask until the answer is true; fail after so many seconds."""
    end = monotonic() + seconds
    while not ask():
        assert monotonic() < end, f"not so within {seconds} s"
        await asyncio.sleep(0.01)
