"""The rehearsal line: what any line must do, and what its numbers stand for."""

import asyncio

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.dialing.attempt import Hangup
from callkeeper.dialer.line.line import (
    Answered,
    CallRequest,
    Ended,
    LineEvent,
    LineRefused,
    Ringing,
)
from callkeeper.dialer.line.rehearsal import RehearsalLine
from tests.dialer.line_contract import CLAIMS, Claim, Course, new_id
from tests.store.orders import NOW

NUMBERS: dict[Course, str] = {
    "answered": "1",
    "held": "1",
    "busy": "2",
    "rings": "3",
    "refused": "8",
}


class RehearsalStage:
    """A rehearsal line on a clock that is moved whenever there is nothing to hear."""

    def __init__(self) -> None:
        self.clock = HandClock(NOW)
        self.line = RehearsalLine(self.clock)

    def dialing(self, course: Course) -> CallRequest:
        """Return a call that takes a course."""
        return dialing(NUMBERS[course])

    async def hear(self) -> None:
        """Let time pass until there is something to take, for a minute at the most."""
        heard = asyncio.ensure_future(self.line.heard())
        for _ in range(600):
            await asyncio.sleep(0)
            if heard.done():
                return
            self.clock.move(100)
            heard.cancel()
            heard = asyncio.ensure_future(self.line.heard())
        raise TimeoutError


def dialing(number: str, alerting_seconds: int = 2) -> CallRequest:
    return CallRequest(new_id(), number, None, alerting_seconds, "PJSIP/1001", {})


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_it_does_what_any_line_must_do(claim: Claim) -> None:
    async def work() -> None:
        await claim(RehearsalStage())

    asyncio.run(work())


def told(number: str, until_ms: int) -> list[tuple[int, LineEvent]]:
    """Return what is told of a call to a number, and how long after it was placed."""
    clock = HandClock(NOW)
    line = RehearsalLine(clock)

    async def work() -> list[tuple[int, LineEvent]]:
        await line.place(dialing(number, alerting_seconds=20))
        heard = []
        for _ in range(until_ms // 100 + 1):
            heard += [(clock.now() - NOW, event) for event in line.take(10)]
            clock.move(100)
        return heard

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("number", "ends", "hangup"),
    [
        ("2", 1_500, Hangup(17, "User busy", 486)),
        ("3", 20_000, Hangup(0, "Unknown")),
        ("4", 1_500, Hangup(21, "Call Rejected", 603)),
        ("5", 1_500, Hangup(34, "Circuit/channel congestion", 503)),
        ("9", 1_500, Hangup(1, "Unallocated (unassigned) number", 404)),
    ],
)
def test_a_number_that_is_not_answered_ends_as_its_last_digit_says(
    number: str, ends: int, hangup: Hangup
) -> None:
    (rang_at, ringing), (ended_at, ended) = told(f"123{number}", 30_000)
    assert (rang_at, type(ringing)) == (0, Ringing)
    assert isinstance(ended, Ended)
    assert (ended_at, ended.hangup) == (ends, hangup)


@pytest.mark.parametrize("number", ["0", "1", "*", "#"])
def test_any_other_number_is_answered(number: str) -> None:
    heard = told(f"123{number}", 30_000)
    assert [(at, type(event)) for at, event in heard] == [
        (0, Ringing),
        (1_500, Answered),
        (5_500, Ended),
    ]


def test_of_a_silent_number_no_word_ever_comes_and_it_is_gone() -> None:
    assert told("1236", 60_000) == []


def test_the_line_refuses_and_says_why() -> None:
    with pytest.raises(LineRefused, match="end with 8"):
        told("1238", 0)


def test_a_slow_number_is_confirmed_after_its_time_and_is_there_meanwhile() -> None:
    async def work() -> None:
        clock = HandClock(NOW)
        line = RehearsalLine(clock)
        slow = dialing("1237")
        placing = asyncio.ensure_future(line.place(slow))
        await asyncio.sleep(0)
        assert await line.find(slow.attempt_id) == "there"
        assert line.take(10) == []
        clock.move(999)
        await asyncio.wait([placing], timeout=0.1)
        assert not placing.done()
        clock.move(1)
        await asyncio.wait_for(placing, 20)
        assert line.take(10) == [Ringing(slow.attempt_id)]

    asyncio.run(work())


def test_the_same_calls_are_told_the_same_way() -> None:
    assert [at for at, _ in told("1231", 9_000)] == [at for at, _ in told("1231", 9_000)]


def test_a_line_without_a_phone_is_always_up_and_never_misses_a_word() -> None:
    line = RehearsalLine(HandClock(NOW))
    assert (line.is_up, line.gaps) == (True, 0)
