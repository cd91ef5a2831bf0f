"""A line that refuses everybody for a while uses up no promise, and is left alone meanwhile."""

from collections import Counter
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from callkeeper.core.dialing.policy import Limits
from callkeeper.core.reservations.changes import Cancel
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.line.line import (
    CallRequest,
    LineDown,
    LineRefused,
    LineSilent,
    LineUnwilling,
)
from callkeeper.dialer.line.rehearsal import RehearsalLine
from callkeeper.store.rows.backlog import AHEAD
from callkeeper.usecases.outlook import outlook
from tests.dialer.stage import MINUTE, Stage
from tests.store.orders import carry_out, check_history, has_campaign, order

HOUR = 60 * MINUTE
WHY = "it does not know us; set a password"
DAY_LIMITS = Limits(grace_ms=24 * HOUR)


class Refusing(RehearsalLine):
    """Refuses the calls that ``refusal`` gives an error for, and says how it is by ``is_well``."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.clock, ring_ms=100, talk_ms=100)
        self.refusal: Callable[[str], Exception | None] = lambda _number: None
        self.is_well = True
        self.asked: list[str] = []
        self.checked = 0

    async def place(self, request: CallRequest) -> None:
        self.asked.append(request.called_no)
        error = self.refusal(request.called_no)
        if error is not None:
            raise error
        await super().place(request)

    async def check(self) -> str:
        self.checked += 1
        if not self.is_well:
            raise LineRefused(WHY)
        return await super().check()


@pytest.fixture
def line(stage: Stage) -> Refusing:
    """The stage's line."""
    stage.line = Refusing(stage)
    return stage.line  # type: ignore[no-any-return]


def numbers(stage: Stage, many: int, first: int = 1, **fields: str) -> list[Reservation]:
    """Return so many reservations of different numbers that are due."""
    return [stage.due(n, f"66{n:05}1", **fields) for n in range(first, first + many)]


def outcomes(stage: Stage, promised: list[Reservation]) -> Counter[str | None]:
    """Return how many reservations have which code."""
    return Counter(stage.standing(each).fail_code for each in promised)


@pytest.mark.parametrize("kind", [LineDown, LineUnwilling])
@pytest.mark.parametrize("is_well", [True, False], ids=["says it is well", "says what is wrong"])
def test_many_minutes_of_refusals_lose_nobody_and_leave_a_short_history(
    stage: Stage, line: Refusing, kind: type[LineDown], *, is_well: bool
) -> None:
    promised = numbers(stage, 30)
    line.refusal, line.is_well = lambda _number: kind(WHY), is_well
    dora = stage.dialer(limits=DAY_LIMITS, calls_per_second=20.0)
    with capture_logs() as logged:
        stage.run(dora, seconds=300, step_ms=3000)
        assert outcomes(stage, promised) == {None: 30}
        assert len(line.asked) < (20 if is_well else 8)
        line.refusal, line.is_well = lambda _number: None, True
        stage.run(dora, seconds=45, step_ms=1000)
    assert outcomes(stage, promised) == {"00000": 30}
    for each in promised:
        rung = [try_ for try_ in stage.attempts(each) if try_.outcome != "withdrawn"]
        assert len(rung) == 1
    check_history(stage.store, *promised)
    told = [each["event"] for each in logged if str(each["event"]).startswith("breaker_")]
    assert told == ["breaker_opened", "breaker_closed"]


def test_it_goes_on_soon_after_the_line_takes_calls_again(stage: Stage, line: Refusing) -> None:
    promised = numbers(stage, 5)
    line.refusal = lambda _number: LineDown(WHY)
    dora = stage.dialer()
    stage.run(dora, seconds=200, step_ms=4000)
    line.refusal = lambda _number: None
    stage.run(dora, seconds=36, step_ms=1000)
    assert outcomes(stage, promised) == {"00000": 5}


def test_refusals_that_name_the_number_stop_counting_against_it_once_all_are_refused(
    stage: Stage, line: Refusing
) -> None:
    promised = numbers(stage, 20)
    line.refusal = lambda _number: LineRefused("bad number")
    dora = stage.dialer()
    stage.run(dora, seconds=40, step_ms=1000)
    assert outcomes(stage, promised) == {"34606": 3, None: 17}
    line.refusal = lambda _number: None
    stage.run(dora, seconds=40, step_ms=1000)
    assert outcomes(stage, promised) == {"34606": 3, "00000": 17}


def test_a_silent_line_is_left_alone_too(stage: Stage, line: Refusing) -> None:
    promised = numbers(stage, 20)
    line.refusal, line.is_well = lambda _number: LineSilent("no answer"), False
    dora = stage.dialer(calls_per_second=1.0)
    stage.run(dora, seconds=40, step_ms=1000)
    line.refusal, line.is_well = lambda _number: None, True
    stage.run(dora, seconds=60, step_ms=1000)
    assert outcomes(stage, promised) == {"34608": 3, "00000": 17}


@pytest.mark.parametrize("kind", [LineRefused, LineUnwilling])
def test_one_bad_number_among_good_ones_is_refused_and_nobody_else_waits(
    stage: Stage, line: Refusing, kind: type[LineRefused]
) -> None:
    promised = numbers(stage, 4)
    bad = promised[0]
    line.refusal = lambda number: kind("bad") if number == bad.called_no else None
    dora = stage.dialer()
    with capture_logs() as logged:
        stage.run(dora)
        promised += numbers(stage, 6, first=5)
        stage.run(dora, seconds=10, step_ms=1000)
    assert outcomes(stage, promised) == {"34606": 1, "00000": 9}
    assert stage.standing(bad).fail_code == "34606"
    assert len(stage.attempts(bad)) == (1 if kind is LineRefused else 2)
    assert not [each for each in logged if each["event"] == "breaker_opened"]


@pytest.mark.parametrize("kind", [LineRefused, LineUnwilling])
def test_many_bad_numbers_do_not_hold_up_the_good_ones_behind_them(
    stage: Stage, line: Refusing, kind: type[LineRefused]
) -> None:
    has_campaign(stage.session, 1, 8)
    bad = numbers(stage, 30, campaign_id="8")
    good = numbers(stage, 10, first=100)
    refused = {each.called_no for each in bad}
    line.refusal = lambda number: kind("bad") if number in refused else None
    dora = stage.dialer(calls_per_second=20.0)
    stage.run(dora, seconds=45, step_ms=200)
    assert outcomes(stage, good) == {"00000": 10}


def test_dial_settings_may_try_again_a_refused_call(stage: Stage, line: Refusing) -> None:
    retries = '{"retries":[{"outcome":"refused","times":1,"spacing_seconds":60}]}'
    has_campaign(stage.session, 1, 8, dial_settings=retries)
    reservation = stage.due(1, campaign_id="8")
    line.refusal = lambda _number: LineRefused("bad just now")
    dora = stage.dialer()
    stage.run(dora)
    line.refusal = lambda _number: None
    stage.run(dora, seconds=65, step_ms=1000)
    assert [each.outcome for each in stage.attempts(reservation)] == ["refused", "answered"]
    assert stage.standing(reservation).fail_code == "00000"


def test_a_call_that_becomes_too_late_meanwhile_expires_and_says_why(
    stage: Stage, line: Refusing
) -> None:
    promised = numbers(stage, 5)
    line.refusal, line.is_well = lambda _number: LineDown(WHY), False
    stage.run(stage.dialer(limits=Limits(grace_ms=MINUTE)), seconds=420, step_ms=6000)
    for each in promised:
        standing = stage.standing(each)
        assert standing.state == "expired"
        assert (
            standing.verdict == f"line rehearsal refused every call: {WHY}; it is over 1 min late"
        )


def test_everybody_is_told_that_the_line_refuses(stage: Stage, line: Refusing) -> None:
    promised = numbers(stage, 5)
    line.refusal, line.is_well = lambda _number: LineDown(WHY), False
    dora = stage.dialer()
    stage.run(dora, seconds=10, step_ms=1000)
    (lease,) = stage.store.leases.all()
    assert (lease.is_up, lease.trouble) == (True, WHY)
    now = stage.clock.now()
    told = outlook(stage.store, stage.standing(promised[4]), DAY_LIMITS, now)
    assert f"line rehearsal refuses every call: {WHY}; it is tried again by itself" in told
    line.refusal, line.is_well = lambda _number: None, True
    stage.run(dora, seconds=40, step_ms=1000)
    (lease,) = stage.store.leases.all()
    assert lease.trouble is None


def test_what_is_due_and_paused_keeps_nobody_from_finding_out_that_the_line_is_well(
    stage: Stage, line: Refusing
) -> None:
    has_campaign(stage.session, 1, 8, status="paused")
    stage.all_due(range(1000, 1000 + AHEAD + 1), campaign_id="8")
    promised = numbers(stage, 5)
    line.refusal, line.is_well = lambda _number: LineDown(WHY), False
    dora = stage.dialer(limits=DAY_LIMITS)
    stage.run(dora, seconds=10, step_ms=1000)
    (lease,) = stage.store.leases.all()
    assert lease.trouble == WHY
    now = stage.clock.now()
    carry_out(stage.store, *(order(each.id, Cancel(), at=now) for each in promised))
    line.is_well = True
    stage.run(dora, seconds=40, step_ms=1000)
    (lease,) = stage.store.leases.all()
    assert lease.trouble is None


def test_with_nothing_left_to_try_it_still_finds_out_that_the_line_is_well(
    stage: Stage, line: Refusing
) -> None:
    promised = numbers(stage, 3)
    line.refusal, line.is_well = lambda _number: LineDown(WHY), False
    dora = stage.dialer(limits=Limits(grace_ms=MINUTE))
    stage.run(dora, seconds=420, step_ms=6000)
    assert {stage.standing(each).state for each in promised} == {"expired"}
    line.is_well, asked = True, len(line.asked)
    stage.run(dora, seconds=40, step_ms=1000)
    (lease,) = stage.store.leases.all()
    assert lease.trouble is None
    assert len(line.asked) == asked
