"""What any line must do: each claim is run on every line there is.

    @pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)

A stage has the line, running and up, and numbers whose calls take the course that a claim needs.
"""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Literal, Protocol

import pytest

from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.outcomes import FailCodes, Finding
from callkeeper.dialer.line.line import (
    Answered,
    CallRequest,
    Ended,
    Line,
    LineEvent,
    LineRefused,
    Ringing,
)

Course = Literal[
    "answered",  # and hung up after a moment, by whichever side
    "held",  # answered, and not hung up
    "busy",
    "rings",  # until the line gives up
    "refused",  # by the line
]

_START = 1_747_316_188_000
_numbers = count(1)


class Stage(Protocol):
    """A line, and how to make its calls go as a claim needs it."""

    @property
    def line(self) -> Line:
        """The line, running and up."""

    def dialing(self, course: Course) -> CallRequest:
        """Return a call that takes this course, with a new id; one that rings does so for 2 s."""

    async def hear(self) -> None:
        """Return when the line has something to take, within a bound; time passes as it must."""


Claim = Callable[[Stage], Awaitable[None]]


def new_id() -> str:
    """Return an id that no other call of this run has."""
    return f"{_START // 1000}-{next(_numbers):015}"


async def up_to(stage: Stage, attempt_id: str, last: type[LineEvent]) -> list[LineEvent]:
    """Return what the line tells of an attempt, up to and with the last kind of event."""
    told: list[LineEvent] = []
    while True:
        await stage.hear()
        for event in stage.line.take(1):
            if event.attempt_id == attempt_id:
                told.append(event)
                if isinstance(event, last):
                    return told


def finding(dialing: CallRequest, told: list[LineEvent], milliseconds: int) -> Finding:
    """Return what the events of an attempt amount to that ended so long after it was placed."""
    attempt = Attempt(
        vdn=25,
        id=dialing.attempt_id,
        reservation_id="1",
        campaign_id=1,
        number=1,
        line="ari",
        holder="test",
        state="placed",
        called_no=dialing.called_no,
        caller_no=dialing.caller_no,
        alerting_seconds=dialing.alerting_seconds,
        due_at=_START,
        claimed_at=_START,
        placing_at=_START,
        ringing_at=_START if _has(told, Ringing) else None,
        answered_at=_START if _has(told, Answered) else None,
    )
    return FailCodes().of_end(attempt, hangup_of(told), _START + milliseconds)


def hangup_of(told: list[LineEvent]) -> Hangup:
    """Return how the attempt ended."""
    return end_of(told).hangup


def end_of(told: list[LineEvent]) -> Ended:
    """Return the last word on the attempt."""
    assert isinstance(told[-1], Ended)
    return told[-1]


async def an_answered_call_rings_then_is_answered_then_ends(stage: Stage) -> None:
    dialing = stage.dialing("answered")
    await stage.line.place(dialing)
    told = await up_to(stage, dialing.attempt_id, Ended)
    assert [type(event) for event in told] == [Ringing, Answered, Ended]
    assert end_of(told).was == "up"
    assert finding(dialing, told, 1_000).outcome == "answered"


async def a_busy_call_is_never_answered(stage: Stage) -> None:
    dialing = stage.dialing("busy")
    await stage.line.place(dialing)
    told = await up_to(stage, dialing.attempt_id, Ended)
    assert not _has(told, Answered)
    assert finding(dialing, told, 100) == Finding("busy", "00537")


async def a_call_that_nobody_answers_ends_after_its_alerting_time(stage: Stage) -> None:
    dialing = stage.dialing("rings")
    await stage.line.place(dialing)
    told = await up_to(stage, dialing.attempt_id, Ended)
    assert [type(event) for event in told] == [Ringing, Ended]
    assert end_of(told).was == "ringing"
    assert finding(dialing, told, dialing.alerting_seconds * 1000) == Finding("no_answer", "01040")


async def a_call_is_there_then_up_then_gone(stage: Stage) -> None:
    dialing = stage.dialing("answered")
    await stage.line.place(dialing)
    assert await stage.line.find(dialing.attempt_id) in ("there", "ringing", "up")
    await up_to(stage, dialing.attempt_id, Answered)
    assert await stage.line.find(dialing.attempt_id) == "up"
    await up_to(stage, dialing.attempt_id, Ended)
    assert await stage.line.find(dialing.attempt_id) == "gone"


async def a_call_that_never_was_is_gone(stage: Stage) -> None:
    assert await stage.line.find(new_id()) == "gone"


async def a_living_call_is_not_made_again(stage: Stage) -> None:
    dialing = stage.dialing("rings")
    await stage.line.place(dialing)
    await stage.line.place(dialing)
    told = await up_to(stage, dialing.attempt_id, Ended)
    other = stage.dialing("busy")
    await stage.line.place(other)
    told += await _all_up_to(stage, other.attempt_id)
    assert len([each for each in told if each.attempt_id == dialing.attempt_id]) == len(
        [Ringing, Ended]
    )


async def a_refused_call_was_not_made(stage: Stage) -> None:
    dialing = stage.dialing("refused")
    with pytest.raises(LineRefused):
        await stage.line.place(dialing)
    assert await stage.line.find(dialing.attempt_id) == "gone"
    other = stage.dialing("busy")
    await stage.line.place(other)
    told = await _all_up_to(stage, other.attempt_id)
    assert {each.attempt_id for each in told} == {other.attempt_id}


async def events_are_taken_oldest_first_and_no_more_than_asked_for(stage: Stage) -> None:
    dialing = stage.dialing("answered")
    await stage.line.place(dialing)
    await stage.hear()
    assert stage.line.take(0) == []
    assert [type(each) for each in stage.line.take(1)] == [Ringing]
    await up_to(stage, dialing.attempt_id, Ended)
    assert stage.line.take(10) == []


async def a_line_that_can_be_asked_says_so(stage: Stage) -> None:
    assert stage.line.is_up


async def a_check_answers_with_a_sentence(stage: Stage) -> None:
    assert len((await stage.line.check()).split()) > 1


async def _all_up_to(stage: Stage, attempt_id: str) -> list[LineEvent]:
    """Return what the line tells of any attempt until this one ended."""
    told: list[LineEvent] = []
    while not any(isinstance(each, Ended) and each.attempt_id == attempt_id for each in told):
        await stage.hear()
        told += stage.line.take(100)
    return told


def _has(told: list[LineEvent], kind: type[LineEvent]) -> bool:
    return any(isinstance(event, kind) for event in told)


CLAIMS: list[Claim] = [
    an_answered_call_rings_then_is_answered_then_ends,
    a_busy_call_is_never_answered,
    a_call_that_nobody_answers_ends_after_its_alerting_time,
    a_call_is_there_then_up_then_gone,
    a_call_that_never_was_is_gone,
    a_living_call_is_not_made_again,
    a_refused_call_was_not_made,
    events_are_taken_oldest_first_and_no_more_than_asked_for,
    a_line_that_can_be_asked_says_so,
    a_check_answers_with_a_sentence,
]
