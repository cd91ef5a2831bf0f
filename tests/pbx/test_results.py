"""What the far end says, and the code that the reservation gets for it."""

import asyncio
from time import monotonic

import pytest

from callkeeper.core.attempt import Finding, Hangup
from callkeeper.dialer.line import Answered, Dialling, Ended, LineEvent, Place, Ringing
from tests.dialer.line_contract import finding, hangup_of
from tests.far_end import ANSWERS, ANSWERS_BRIEFLY, RINGS
from tests.pbx.stage import BRIEF, call, line_to, running
from tests.private_asterisk import DEAD_TCP_TRUNK, DEAD_TRUNK, TRUNK, PrivateAsterisk

ANSWERED = Finding("answered", "00000")
WRONG = Finding("wrong_number", "00538")
REJECTED = Finding("rejected", "00604")
NO_ANSWER = Finding("no_answer", "00603")
CONGESTION = Finding("congestion", "00605")

# As observed on 16.28; docs/operating.md has the same table.
TABLE = [
    ("403", Hangup(21, "Call Rejected"), REJECTED),
    ("404", Hangup(1, "Unallocated (unassigned) number"), WRONG),
    ("408", Hangup(18, "No user responding"), NO_ANSWER),
    ("410", Hangup(22, "Number changed"), Finding("number_changed", "00150")),
    ("480", Hangup(19, "User alerting, no answer"), NO_ANSWER),
    ("484", Hangup(28, "Invalid number format"), WRONG),
    ("486", Hangup(17, "User busy"), Finding("busy", "00537")),
    ("488", Hangup(58, "Bearer capability not available"), Finding("failed", "00155")),
    ("500", Hangup(38, "Network out of order"), CONGESTION),
    ("503", Hangup(34, "Circuit/channel congestion"), CONGESTION),
    ("603", Hangup(21, "Call Rejected"), REJECTED),
    ("604", Hangup(1, "Unallocated (unassigned) number"), WRONG),
]


@pytest.mark.parametrize(("code", "hangup", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_a_refusal_of_the_far_end_becomes_its_code(
    code: str, hangup: Hangup, expected: Finding, asterisk: PrivateAsterisk
) -> None:
    told, found = _course(asterisk, call(code))
    assert [type(event) for event in told] == [Ringing, Ended]
    # 16.28 does not tell the SIP status; a newer one may.
    assert (hangup_of(told).cause, hangup_of(told).text) == (hangup.cause, hangup.text)
    assert hangup_of(told).sip_code in (None, int(code))
    assert found == expected


@pytest.mark.parametrize("code", [ANSWERS, ANSWERS_BRIEFLY], ids=["our side", "the far end"])
def test_an_answered_call_is_00000_whoever_hangs_up(code: str, asterisk: PrivateAsterisk) -> None:
    dialling = call(code, goes_to=BRIEF) if code == ANSWERS else call(code)
    told, found = _course(asterisk, dialling)
    assert [type(event) for event in told] == [Ringing, Answered, Ended]
    assert hangup_of(told).cause == 16
    assert found == ANSWERED


def test_an_answered_call_with_nowhere_to_go_was_answered(asterisk: PrivateAsterisk) -> None:
    told, found = _course(asterisk, call(ANSWERS, goes_to=Place("nosuch", "s")))
    assert [type(event) for event in told] == [Ringing, Answered, Ended]
    assert hangup_of(told) == Hangup(0, "Unknown")
    assert found == ANSWERED


def test_the_lines_own_ring_timeout_is_01040(asterisk: PrivateAsterisk) -> None:
    told, found = _course(asterisk, call(RINGS, alerting_seconds=2))
    assert hangup_of(told) == Hangup(0, "Unknown")
    assert found == Finding("no_answer", "01040")


def test_nobody_at_the_far_ends_port_never_rings(asterisk: PrivateAsterisk) -> None:
    told, _ = _course(asterisk, call(ANSWERS, alerting_seconds=2), DEAD_TRUNK)
    assert [type(event) for event in told] == [Ended]
    assert hangup_of(told) == Hangup(0, "Unknown")


def test_nobody_at_the_far_ends_tcp_port_is_known_at_once(asterisk: PrivateAsterisk) -> None:
    told, found = _course(asterisk, call(ANSWERS), DEAD_TCP_TRUNK)
    assert [type(event) for event in told] == [Ended]
    assert hangup_of(told) == Hangup(34, "Circuit/channel congestion")
    assert found == CONGESTION


def test_nobody_at_the_far_ends_port_is_given_up_by_sip_in_the_end(
    asterisk: PrivateAsterisk,
) -> None:
    # Its timer B: 32 s, unless pjsip.conf says otherwise, as the tests' own does.
    told, found = _course(asterisk, call(ANSWERS, alerting_seconds=60), DEAD_TRUNK)
    assert [type(event) for event in told] == [Ended]
    assert hangup_of(told) == Hangup(18, "No user responding")
    assert found == NO_ANSWER


def _course(
    asterisk: PrivateAsterisk, dialling: Dialling, endpoint: str = TRUNK
) -> tuple[list[LineEvent], Finding]:
    """Make a call; return what was told of it until it ended, and what that amounts to."""

    async def scene() -> tuple[list[LineEvent], Finding]:
        async with running(line_to(asterisk.url, endpoint)) as stage:
            start = monotonic()
            await stage.line.place(dialling)
            told = await stage.until(dialling.attempt_id, Ended)
            return told, finding(dialling, told, round((monotonic() - start) * 1000))

    return asyncio.run(scene())
