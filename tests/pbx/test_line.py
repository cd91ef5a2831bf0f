"""The line over a real Asterisk: what every line must do, and what only this one can."""

import asyncio

import pytest

from callkeeper.dialer.line.line import Answered, Ended
from tests.dialer.line_contract import CLAIMS, Claim, hangup_of, new_id
from tests.far_end import FarEnd
from tests.far_end_scenario import ANSWERS
from tests.pbx.stage import BRIEF, call, comes_true, line_to, running
from tests.private_asterisk import AGENT, AGENT_NUMBER, PrivateAsterisk


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_asterisk_keeps_the_contract(claim: Claim, asterisk: PrivateAsterisk) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            await claim(stage)

    asyncio.run(scene())


def test_coming_up_is_a_gap(asterisk: PrivateAsterisk) -> None:
    async def scene() -> None:
        line = line_to(asterisk.url)
        assert (line.is_up, line.why_down, line.gaps) == (False, None, 0)
        async with running(line):
            assert (line.is_up, line.why_down, line.gaps) == (True, None, 1)
        assert not line.is_up

    asyncio.run(scene())


def test_a_line_that_ends_leaves_no_application_behind(asterisk: PrivateAsterisk) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url, app="leaves")):
            assert "leaves" in _applications(asterisk)
        await comes_true(lambda: "leaves" not in _applications(asterisk))

    asyncio.run(scene())


def test_an_answered_call_goes_on_in_the_dialplan_with_its_call_data(
    asterisk: PrivateAsterisk,
) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            dialing = call(ANSWERS, variables={"CALLDATA_name": "Ann, 安 ${EXTEN}"})
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Answered)
            await comes_true(lambda: asterisk.seen(dialing.attempt_id))
            assert asterisk.seen(dialing.attempt_id) == "4008005555 Ann, 安 ${EXTEN}"
            asterisk.hang_up(dialing.attempt_id)
            await stage.until(dialing.attempt_id, Ended)

    asyncio.run(scene())


def test_a_call_without_a_caller_number_is_made(asterisk: PrivateAsterisk) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            dialing = call(ANSWERS, caller_no=None, goes_to=BRIEF)
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Ended)

    asyncio.run(scene())


@pytest.mark.parametrize("form", ["{number}@trunk", "trunk/sip:{number}@127.0.0.1:PORT"])
def test_a_number_with_hash_and_star_is_dialed_as_it_is(
    asterisk: PrivateAsterisk, far_end: FarEnd, form: str
) -> None:
    async def scene() -> None:
        endpoint = "PJSIP/" + form.replace("PORT", str(far_end.port))
        async with running(line_to(asterisk.url, endpoint, app="hash")) as stage:
            code = new_id()[-5:]
            dialing = call("", called_no=f"*31#{code}486", caller_no="*4#5")
            await stage.line.place(dialing)
            told = await stage.until(dialing.attempt_id, Ended)
            assert hangup_of(told).cause == 17
            # In a SIP URI a "#" is written %23 (RFC 3261, 25.1): Asterisk does so by itself.
            assert far_end.rung()[f"*31%23{code}486"] == 1

    asyncio.run(scene())


def test_an_answered_call_is_connected_to_the_agents_endpoint(
    asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def scene() -> None:
        before = far_end.rung()[AGENT_NUMBER]
        async with running(line_to(asterisk.url)) as stage:
            dialing = call(ANSWERS, goes_to=AGENT)
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Answered)
            await comes_true(lambda: list(asterisk.channels().values()) == ["Up", "Up"])
            assert far_end.rung()[AGENT_NUMBER] == before + 1
            asterisk.hang_up(dialing.attempt_id)
            await stage.until(dialing.attempt_id, Ended)
            await comes_true(lambda: not asterisk.channels())

    asyncio.run(scene())


def test_a_trunk_without_an_endpoint_of_its_own_is_heard_too(
    asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def scene() -> None:
        endpoint = f"PJSIP/trunk/sip:{{number}}@127.0.0.1:{far_end.port}"
        async with running(line_to(asterisk.url, endpoint, app="all")) as stage:
            dialing = call(ANSWERS, goes_to=BRIEF)
            await stage.line.place(dialing)
            assert len(await stage.until(dialing.attempt_id, Ended)) == 3
            assert "no endpoint" in await stage.line.check()

    asyncio.run(scene())


def test_calls_of_others_on_the_same_trunk_are_not_told(asterisk: PrivateAsterisk) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            await stage.line.place(call("486", attempt_id="somebody-elses"))
            dialing = call("486")
            await stage.line.place(dialing)
            await comes_true(lambda: not asterisk.channels())
            await stage.until(dialing.attempt_id, Ended)
            assert stage.line.take(10) == []

    asyncio.run(scene())


def test_every_one_of_many_calls_is_told_to_its_end(
    asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            calls = [call(ANSWERS, goes_to=BRIEF) for _ in range(100)]
            ended: set[str] = set()
            for batch in range(0, len(calls), 10):
                await asyncio.gather(*map(stage.line.place, calls[batch : batch + 10]))
                await asyncio.sleep(0.1)  # a hundred calls a second
            while len(ended) < len(calls):
                await stage.hear()
                ended |= {e.attempt_id for e in stage.line.take(100) if isinstance(e, Ended)}
            assert stage.line.gaps == 1
        rung = far_end.rung()
        assert {rung[each.called_no] for each in calls} == {1}

    asyncio.run(scene())


def _applications(asterisk: PrivateAsterisk) -> set[str]:
    return {each["name"] for each in asterisk.ask("GET", "/applications")}
