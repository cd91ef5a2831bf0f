"""Calls that agents ask for, on a real Asterisk: each row of what can happen, and each death."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from callkeeper.core.dialing.desk_call import OutsideHours, Stopping
from callkeeper.dialer.line.line import desk_channel
from tests.far_end import FarEnd
from tests.pbx.desk_stage import CALLER, DeskStage, desk_stage
from tests.pbx.stage import line_to
from tests.private_asterisk import AGENT, TOLD_AGENT, TOLD_NUMBER, PrivateAsterisk

# The trunk leads to agents too: what their phones do, their numbers say.
BUSY_DESK, SILENT_DESK = "PJSIP/1001486@trunk", "PJSIP/1001180@trunk"
LEAVING_DESK = "PJSIP/1001201@trunk"  # answers, and is hung up after 0.3 s
MASKED = "*******2200"
ANSWERS, ANSWERS_BRIEFLY, ANSWERS_LATE, RINGS = "200", "201", "202", "180"

Act = Callable[[DeskStage], Awaitable[None]]


def play(home: Path, asterisk: PrivateAsterisk, act: Act) -> None:
    """Act on a stage with one dispatcher."""

    async def scene() -> None:
        async with desk_stage(home, asterisk) as stage:
            await stage.enter("dora")
            await act(stage)

    asyncio.run(scene())


def test_agent_and_customer_are_joined_and_each_ends_the_other(
    tmp_path: Path, asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def act(stage: DeskStage) -> None:
        first = stage.ask(AGENT, ANSWERS)
        await stage.until(lambda: stage.is_joined(first))
        asterisk.hang_up(desk_channel(first.id))  # the agent ends it
        ended = await stage.ends(first)
        assert (ended.outcome, stage.standing(first).state) == ("answered", "done")
        assert far_end.shown(first.called_no) == {"4008005555"}
        second = stage.ask(AGENT, ANSWERS_BRIEFLY)  # the customer ends it
        ended = await stage.ends(second)
        assert (ended.outcome, stage.standing(second).fail_code) == ("answered", "00000")

    play(tmp_path, asterisk, act)


def test_a_call_by_a_context_of_ours_is_joined_and_its_end_is_known(
    tmp_path: Path, asterisk: PrivateAsterisk
) -> None:
    async def scene() -> None:
        async with desk_stage(tmp_path, asterisk) as stage:
            await stage.enter("dora", endpoint="Local/{number}@redirected")
            call = stage.ask(AGENT, ANSWERS)
            await stage.until(lambda: stage.is_joined(call))
            asterisk.hang_up(desk_channel(call.id))
            ended = await stage.ends(call)
            assert ended.outcome == "answered"

    asyncio.run(scene())


def test_a_customer_who_is_busy_ends_the_agents_waiting(
    tmp_path: Path, asterisk: PrivateAsterisk
) -> None:
    async def act(stage: DeskStage) -> None:
        busy = stage.ask(AGENT, "486")
        ended = await stage.ends(busy)
        assert (ended.outcome, ended.cause, stage.standing(busy).state) == ("busy", 17, "waiting")

    play(tmp_path, asterisk, act)


@pytest.mark.parametrize(
    ("desk", "why"),
    [
        (BUSY_DESK, "your phone is busy"),
        ("PJSIP/nobody", "the line cannot ring PJSIP/nobody: "),
    ],
)
def test_an_agent_who_does_not_answer_has_nobody_rung(
    tmp_path: Path, asterisk: PrivateAsterisk, far_end: FarEnd, desk: str, why: str
) -> None:
    async def act(stage: DeskStage) -> None:
        attempt = stage.ask(desk, ANSWERS)
        ended = await stage.ends(attempt)
        assert ended.outcome == "withdrawn"
        assert (ended.cause_text or "").startswith(why)
        assert far_end.rung()[attempt.called_no] == 0
        assert stage.standing(attempt).tries == 0

    play(tmp_path, asterisk, act)


def test_a_customer_rings_only_after_the_agent_answered_and_not_after_they_left(
    tmp_path: Path, asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def act(stage: DeskStage) -> None:
        silent = stage.ask(SILENT_DESK, ANSWERS)
        await stage.until(lambda: stage.channels(silent) == {"desk"})
        leaves = stage.ask(LEAVING_DESK, RINGS)
        ended = await stage.ends(leaves)
        # It may be hung up before the customer's phone was asked for, or after.
        assert (ended.outcome, ended.cause_text) in (
            ("no_answer", "the agent hung up"),
            ("withdrawn", "you hung up before the customer's phone rang"),
        )
        ringing = stage.ask(AGENT, RINGS)
        await stage.until(lambda: stage.channels(ringing) == {"desk", "customer"})
        asterisk.hang_up(desk_channel(ringing.id))
        ended = await stage.ends(ringing)
        assert (ended.outcome, ended.cause_text) == ("no_answer", "the agent hung up")
        assert stage.standing(ringing).state == "waiting"
        assert (stage.now_of(silent).state, far_end.rung()[silent.called_no]) == ("claimed", 0)
        with stage.store.transaction():
            stage.store.desk_calls.stop([Stopping(1, silent.reservation_id, stage.clock.now())])
        assert (await stage.ends(silent)).outcome == "withdrawn"
        assert far_end.rung()[silent.called_no] == 0

    play(tmp_path, asterisk, act)


def test_outside_the_hours_a_customer_rings_by_the_agents_word_alone(
    tmp_path: Path, asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def act(stage: DeskStage) -> None:
        now = stage.clock.now() // 60_000 % 1440
        begin = (now + 720) % 1439
        shut = f'[{{"begin":{begin},"end":{begin + 1}}}]'
        assert isinstance(stage.wish(AGENT, ANSWERS, windows=shut, hours_rule="ask"), OutsideHours)
        said = stage.ask(AGENT, ANSWERS, windows=shut, hours_rule="ask", anyway=True)
        await stage.until(lambda: stage.is_joined(said))
        assert far_end.rung()[said.called_no] == 1
        asterisk.hang_up(said.id)
        assert (await stage.ends(said)).outcome == "answered"
        (dialed,) = [
            e for e in stage.store.history.of(1, said.reservation_id) if e.what == "dialed"
        ]
        assert '"outside_hours":"person"' in dialed.detail

    play(tmp_path, asterisk, act)


def test_a_phone_that_is_to_show_no_number_is_told_none(
    tmp_path: Path, asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def act(stage: DeskStage) -> None:
        async def talk(**how: Any) -> tuple[str, list[str]]:
            attempt = stage.ask(TOLD_AGENT, ANSWERS, **how)
            await stage.until(lambda: stage.is_joined(attempt))
            asterisk.hang_up(attempt.id)
            await stage.ends(attempt)
            return attempt.called_no, far_end.received(TOLD_NUMBER)

        # Where the campaign shows no number, Asterisk has none but the customer's to tell of.
        for caller_numbers in (CALLER, "[]"):
            number, told = await talk(caller_numbers=caller_numbers, desk_shows=MASKED)
            assert any(f"P-Asserted-Identity: <sip:{MASKED}@" in each for each in told)
            assert [each for each in told if number in each] == []
        number, told = await talk()
        assert any(f"From: <sip:{number}@" in each for each in told)

    play(tmp_path, asterisk, act)


# The moment of death; which customers are rung; and what becomes of attempt and reservation.
DEATHS = [
    ("after desk_calls.take", 0, "withdrawn", "waiting"),
    ("after ring", 0, "withdrawn", "waiting"),
    ("before attempts.begin", 0, "withdrawn", "waiting"),
    ("after attempts.begin", 0, "unknown", "done"),
    ("before place", 0, "unknown", "done"),
    ("after place", 1, "answered", "done"),
    ("before attempts.end", 1, "answered", "done"),
]


def test_whoever_dies_between_two_steps_rings_nobody_twice_and_another_takes_over(
    tmp_path: Path, asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    """All deaths side by side, each with a database of its own: they take time, and no work."""

    async def dies(number: int) -> None:
        moment, rung, outcome, state = DEATHS[number]
        async with desk_stage(tmp_path / str(number), asterisk) as stage:
            dora = await stage.enter(f"dora-{number}", moment)
            attempt = stage.ask(f"PJSIP/100{number}200@trunk", ANSWERS_LATE)
            await stage.until(lambda: dora.is_dead) if "end" not in moment else None
            if "end" in moment:
                await stage.until(lambda: stage.now_of(attempt).answered_at)
                await stage.until(lambda: stage.is_joined(attempt))
                asterisk.hang_up(attempt.id)
                await stage.until(lambda: dora.is_dead)
            elif rung:
                # Answered and joined although nobody of ours is there.
                await stage.until(lambda: stage.is_joined(attempt))
            stage.forget_leases()
            await stage.enter(f"emma-{number}")
            if moment == "after place":
                await stage.until(lambda: stage.now_of(attempt).holder == f"emma-{number}")
                asterisk.hang_up(attempt.id)
            ended = await stage.ends(attempt)
            told = (ended.outcome, stage.standing(attempt).state, far_end.rung()[ended.called_no])
            assert (moment, *told) == (moment, outcome, state, rung)

    async def rings_in_vain() -> None:
        """Beside the deaths, for it takes 20 s."""
        async with desk_stage(tmp_path / "vain", asterisk) as stage:
            await stage.enter("dora-vain")
            attempt = stage.ask("PJSIP/1009180@trunk", ANSWERS)
            await stage.until(lambda: not stage.now_of(attempt).is_live, 40)
            ended = await stage.ends(attempt)
            assert (ended.outcome, ended.cause_text) == ("withdrawn", "your phone did not answer")
            assert far_end.rung()[attempt.called_no] == 0

    async def scene() -> None:
        await asyncio.gather(*map(dies, range(len(DEATHS))), rings_in_vain())

    asyncio.run(scene())


def test_the_line_says_which_contexts_its_dialplan_lacks(
    asterisk: PrivateAsterisk, own_asterisk: PrivateAsterisk
) -> None:
    async def scene() -> None:
        assert await line_to(asterisk.url).lacking_for_desks() is None
        own_asterisk.reconfigure(
            "extensions.conf", "[callkeeper-join]", "[callkeeper-other]", "pbx_config.so"
        )
        assert await line_to(own_asterisk.url).lacking_for_desks() == "callkeeper-join"

    asyncio.run(scene())
