"""What the far end says, and the code that the reservation gets for it, on each Asterisk."""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import NamedTuple

import pytest

from callkeeper.core.dialing.attempt import Hangup
from callkeeper.core.dialing.outcomes import Finding
from callkeeper.dialer.line.line import (
    Answered,
    CallRequest,
    DialplanTarget,
    Ended,
    LineEvent,
    Ringing,
)
from tests.dialer.line_contract import end_of, finding, hangup_of
from tests.far_end import FarEnd
from tests.far_end_scenario import (
    ANSWERS,
    ANSWERS_AND_GOES,
    ANSWERS_ANEW,
    ANSWERS_BRIEFLY,
    ANSWERS_WITH_REASON,
    BARE_PROGRESS,
    FORWARDED,
    NOTHING,
    PROGRESS,
    PROGRESS_THEN_RINGING,
    QUEUED,
    REDIRECTED,
    REDIRECTS,
    RINGS,
    TRYING,
)
from tests.pbx.stage import BRIEF, call, comes_true, line_to, running
from tests.private_asterisk import (
    DEAD_TCP_TRUNK,
    DEAD_TRUNK,
    FOLLOWING_TRUNK,
    TRUNK,
    PrivateAsterisk,
)

ANSWERED = Finding("answered", "00000")
BUSY = Finding("busy", "00537")
WRONG = Finding("wrong_number", "00538")
REJECTED = Finding("rejected", "00604")
NO_ANSWER = Finding("no_answer", "00603")
RANG_OUT = Finding("no_answer", "01040")
UNREACHABLE = Finding("unreachable", "00549")
CONGESTION = Finding("congestion", "00605")
FAILED = Finding("failed", "00155")

# As observed on 16.28 and 22.10, the same on both but for the SIP status, which 16.28 does not
# tell; docs/operating.md has the same table.
TABLE = [
    ("403", Hangup(21, "Call Rejected"), REJECTED),
    ("404", Hangup(1, "Unallocated (unassigned) number"), WRONG),
    ("408", Hangup(18, "No user responding"), NO_ANSWER),
    ("410", Hangup(22, "Number changed"), Finding("number_changed", "00150")),
    ("480", Hangup(19, "User alerting, no answer"), NO_ANSWER),
    ("484", Hangup(28, "Invalid number format"), WRONG),
    ("486", Hangup(17, "User busy"), BUSY),
    ("487", Hangup(127, "Interworking, unspecified"), NO_ANSWER),
    ("488", Hangup(58, "Bearer capability not available"), FAILED),
    ("500", Hangup(38, "Network out of order"), CONGESTION),
    ("502", Hangup(27, "Destination out of order"), UNREACHABLE),
    ("503", Hangup(34, "Circuit/channel congestion"), CONGESTION),
    ("504", Hangup(102, "Recover on timer expiry"), FAILED),
    ("600", Hangup(17, "User busy"), BUSY),
    ("603", Hangup(21, "Call Rejected"), REJECTED),
    ("604", Hangup(1, "Unallocated (unassigned) number"), WRONG),
    ("606", Hangup(58, "Bearer capability not available"), FAILED),
    ("607", Hangup(127, "Interworking, unspecified"), REJECTED),
    ("608", Hangup(127, "Interworking, unspecified"), REJECTED),
]
# Where nothing but the status tells, 16.28 knows only that it rang, and was not answered.
WITHOUT_STATUS = {"607": NO_ANSWER, "608": NO_ANSWER}

# What a refusal becomes that gives a reason of its own: 16.28 goes by that, 22.10 by the status.
REASONS = {
    "917": (BUSY, NO_ANSWER),
    "919": (NO_ANSWER, NO_ANSWER),
    "921": (REJECTED, CONGESTION),
    "934": (CONGESTION, NO_ANSWER),
    "987": (NO_ANSWER, NO_ANSWER),
}


class Course(NamedTuple):
    """What was told of a call until it ended, and what that amounts to."""

    told: list[LineEvent]
    finding: Finding

    @property
    def hangup(self) -> Hangup:
        """How it ended."""
        return hangup_of(self.told)

    @property
    def kinds(self) -> list[type[LineEvent]]:
        """The kinds of words, in order."""
        return [type(event) for event in self.told]


@pytest.mark.parametrize(("code", "hangup", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_a_refusal_of_the_far_end_becomes_its_code(
    code: str, hangup: Hangup, expected: Finding, asterisk: PrivateAsterisk
) -> None:
    course = _course(asterisk, call(code))
    assert course.kinds == [Ringing, Ended]
    assert (course.hangup.cause, course.hangup.text) == (hangup.cause, hangup.text)
    assert course.hangup.sip_code == (int(code) if asterisk.tells_status else None)
    if not asterisk.tells_status:
        expected = WITHOUT_STATUS.get(code, expected)
    assert course.finding == expected


def test_a_refusal_that_gives_its_reason_is_told_by_it_or_by_its_status(
    asterisk: PrivateAsterisk,
) -> None:
    courses = _courses(asterisk, REASONS)
    found = {code: course.finding for code, course in courses.items()}
    assert found == {code: due[asterisk.tells_status] for code, due in REASONS.items()}


def test_a_refusal_is_the_same_whatever_came_before_it(asterisk: PrivateAsterisk) -> None:
    due = {
        f"{first}{code}": expected
        for first in (PROGRESS, BARE_PROGRESS, PROGRESS_THEN_RINGING, FORWARDED, QUEUED, NOTHING)
        for code, expected in (("486", BUSY), ("480", NO_ANSWER), ("503", CONGESTION))
    }
    due |= {f"{PROGRESS}487": NO_ANSWER, f"{NOTHING}487": FAILED}
    found = {code: course.finding for code, course in _courses(asterisk, due).items()}
    assert found == due


@pytest.mark.parametrize("code", [ANSWERS, ANSWERS_BRIEFLY], ids=["our side", "the far end"])
def test_an_answered_call_is_00000_whoever_hangs_up(code: str, asterisk: PrivateAsterisk) -> None:
    course = _course(asterisk, call(code, goes_to=BRIEF) if code == ANSWERS else call(code))
    assert course.kinds == [Ringing, Answered, Ended]
    # 22.10 has no cause for a far end that hangs up; 20.19 and 22.9 are said to begin with that.
    is_told = code == ANSWERS or not asterisk.tells_status
    assert course.hangup.cause == (16 if is_told else 0)
    assert course.finding == ANSWERED


def test_an_answered_call_is_00000_whatever_the_carriers_manners(asterisk: PrivateAsterisk) -> None:
    firsts = (PROGRESS, BARE_PROGRESS, PROGRESS_THEN_RINGING, FORWARDED, QUEUED, NOTHING)
    codes = [f"{first}{ANSWERS_BRIEFLY}" for first in firsts]
    codes += [ANSWERS_ANEW, ANSWERS_AND_GOES, ANSWERS_WITH_REASON]
    courses = _courses(asterisk, codes)
    assert {code: course.finding for code, course in courses.items()} == dict.fromkeys(
        codes, ANSWERED
    )
    assert courses[ANSWERS_WITH_REASON].hangup.cause == 17
    assert {end_of(course.told).was for course in courses.values()} == {"up"}


def test_an_answered_call_with_nowhere_to_go_was_answered(asterisk: PrivateAsterisk) -> None:
    course = _course(asterisk, call(ANSWERS, goes_to=DialplanTarget("nosuch", "s")))
    assert course.kinds == [Ringing, Answered, Ended]
    assert course.hangup == Hangup(0, "Unknown")
    assert course.finding == ANSWERED


def test_a_call_that_rings_until_its_time_is_over_is_01040_and_one_that_never_spoke_00605(
    asterisk: PrivateAsterisk,
) -> None:
    heard = dict.fromkeys(("", PROGRESS, BARE_PROGRESS, PROGRESS_THEN_RINGING), RANG_OUT)
    due = heard | dict.fromkeys((TRYING, NOTHING), CONGESTION)
    codes = [f"{first}{RINGS}" for first in due]
    courses = _courses(asterisk, codes, alerting_seconds=2)
    assert [courses[code].finding for code in codes] == list(due.values())
    own = Hangup(19, "User alerting, no answer", 480) if asterisk.tells_status else Hangup(0)
    assert {course.hangup.cause for course in courses.values()} == {own.cause}
    assert {course.hangup.sip_code for course in courses.values()} == {own.sip_code}


@pytest.mark.parametrize("first", [FORWARDED, QUEUED, PROGRESS, BARE_PROGRESS])
def test_a_far_end_that_spoke_and_has_not_rung_is_found_by_looking(
    first: str, asterisk: PrivateAsterisk
) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            spoke, silent = call(f"{first}{RINGS}"), call(f"{TRYING}{RINGS}")
            await stage.line.place(spoke)
            await stage.line.place(silent)
            while await stage.line.find(spoke.attempt_id) != "ringing":  # noqa: ASYNC110 - asked for
                await asyncio.sleep(0.01)
            assert await stage.line.find(silent.attempt_id) == "there"
            for each in (spoke, silent):
                asterisk.hang_up(each.attempt_id)

    asyncio.run(scene())


def test_a_redirection_is_not_followed_and_no_answer(
    asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    before = far_end.rung()[REDIRECTED]
    due = {
        REDIRECTS: NO_ANSWER,
        f"{PROGRESS}{REDIRECTS}": NO_ANSWER,
        f"{NOTHING}{REDIRECTS}": CONGESTION,
    }
    courses = _courses(asterisk, due)
    assert {code: course.finding for code, course in courses.items()} == due
    # 22.10 has either, as it happens; 16.28 the first only.
    assert {course.hangup.cause for course in courses.values()} <= {0, 23}
    assert far_end.rung()[REDIRECTED] == before


def test_a_trunk_whose_context_matches_rings_whom_nobody_asked_for(
    asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    """Why docs/operating.md has a context that matches nothing: no event of ours tells of it."""
    before = far_end.rung()[REDIRECTED]
    course = _course(asterisk, call(REDIRECTS), FOLLOWING_TRUNK)
    assert course.finding == NO_ANSWER

    async def scene() -> None:
        await comes_true(lambda: far_end.rung()[REDIRECTED] > before)
        for channel in asterisk.channels():
            asterisk.hang_up(channel)
        await comes_true(lambda: not asterisk.channels())

    asyncio.run(scene())


def test_a_far_end_that_is_not_there_never_rings(asterisk: PrivateAsterisk) -> None:
    course = _course(asterisk, call(ANSWERS, alerting_seconds=2), DEAD_TRUNK)
    assert course.kinds == [Ended]
    assert course.hangup.cause == (19 if asterisk.tells_status else 0)
    assert course.finding == CONGESTION


def test_a_far_end_that_is_not_there_over_tcp_is_known_at_once(asterisk: PrivateAsterisk) -> None:
    course = _course(asterisk, call(ANSWERS), DEAD_TCP_TRUNK)
    assert course.kinds == [Ended]
    assert (course.hangup.cause, course.hangup.text) == (34, "Circuit/channel congestion")
    assert course.finding == CONGESTION


def test_a_far_end_that_is_not_there_is_given_up_by_sip_in_the_end(
    asterisk: PrivateAsterisk,
) -> None:
    # Its timer B: 32 s, unless pjsip.conf says otherwise, as the tests' own does.
    course = _course(asterisk, call(ANSWERS, alerting_seconds=60), DEAD_TRUNK)
    assert course.kinds == [Ended]
    assert (course.hangup.cause, course.hangup.text) == (18, "No user responding")
    assert course.finding == NO_ANSWER


def _course(asterisk: PrivateAsterisk, dialing: CallRequest, endpoint: str = TRUNK) -> Course:
    """Make a call, and return its course."""
    return _played(asterisk, {"": dialing}, endpoint)[""]


def _courses(asterisk: PrivateAsterisk, codes: Iterable[str], **fields: int) -> dict[str, Course]:
    """Make calls at the same time, and return their courses by the code of each."""
    return _played(asterisk, {code: call(code, **fields) for code in codes}, TRUNK)


def _played(
    asterisk: PrivateAsterisk, dialings: Mapping[str, CallRequest], endpoint: str
) -> dict[str, Course]:
    told: dict[str, list[LineEvent]] = {each.attempt_id: [] for each in dialings.values()}
    begun: dict[str, float] = {}
    took: dict[str, int] = {}

    async def scene() -> None:
        async with running(line_to(asterisk.url, endpoint)) as stage:
            for each in dialings.values():
                begun[each.attempt_id] = monotonic()
                await stage.line.place(each)
            while len(took) < len(told):
                await stage.hear()
                for event in stage.line.take(100):
                    told[event.attempt_id].append(event)
                    if isinstance(event, Ended):
                        seconds = monotonic() - begun[event.attempt_id]
                        took[event.attempt_id] = round(seconds * 1000)

    asyncio.run(scene())
    return {
        code: Course(told[id_], finding(each, told[id_], took[id_]))
        for code, each in dialings.items()
        for id_ in [each.attempt_id]
    }
