"""Placing a call: what is known for sure when it does not go as it should."""

import asyncio
import logging
import re

import httpx2
import pytest
from structlog.testing import capture_logs

from callkeeper.dialer.line.ari import AriLine
from callkeeper.dialer.line.line import Ended, LineDown, LineRefused, LineSilent
from tests.far_end import FarEnd
from tests.far_end_scenario import RINGS
from tests.pbx.stage import call, comes_true, line_to, running
from tests.ports import free_port
from tests.private_asterisk import PASSWORD, TRUNK, USER, PrivateAsterisk
from tests.wire import Wire

NO_TRUNK = "PJSIP/{number}@nosuch"


def test_a_call_that_is_alive_is_placed_already(asterisk: PrivateAsterisk, far_end: FarEnd) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            dialing = call(RINGS)
            await stage.line.place(dialing)
            await stage.line.place(dialing)
            assert _status(asterisk, dialing.attempt_id) == httpx2.codes.CONFLICT
            assert list(asterisk.channels()) == [dialing.attempt_id]
            asterisk.hang_up(dialing.attempt_id)
        assert far_end.rung()[dialing.called_no] == 1

    asyncio.run(scene())


def test_a_plus_before_the_number_is_dialed_with_it_over_the_trunk_that_is_looked_after(
    asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url, "PJSIP/+{number}@trunk")) as stage:
            assert (await stage.line.check()).endswith("PJSIP/trunk is online")
            dialing = call("486")
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Ended)
        assert far_end.rung()[f"+{dialing.called_no}"] == 1

    asyncio.run(scene())


def test_a_trunk_that_is_not_there_is_refused_whatever_asterisk_calls_it(
    own_asterisk: PrivateAsterisk,
) -> None:
    async def scene() -> None:
        async with running(line_to(own_asterisk.url)) as stage:
            with pytest.raises(LineRefused, match="500"):  # as long as no id was used twice
                await stage.line.place(call("", called_no="1@nosuch"))
            dialing = call(RINGS)
            await stage.line.place(dialing)
            await stage.line.place(dialing)
            # Asterisk keeps its last error for each connection, and says it of the next call too.
            with pytest.raises(LineRefused, match="409"):
                await stage.line.place(call("", called_no="1@nosuch"))
            assert list(own_asterisk.channels()) == [dialing.attempt_id]

    asyncio.run(scene())


def test_an_answer_lost_on_its_way_is_found_at_asterisk(
    asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    async def scene() -> None:
        async with Wire(asterisk.http_port) as wire, running(line_to(wire.url)) as stage:
            wire.loses_answer = b"POST /ari/channels/"
            dialing = call(RINGS)
            await stage.line.place(dialing)
            await comes_true(lambda: far_end.rung()[dialing.called_no])
            asterisk.hang_up(dialing.attempt_id)
        assert far_end.rung()[dialing.called_no] == 1

    asyncio.run(scene())


def test_a_request_lost_on_its_way_proves_nothing(asterisk: PrivateAsterisk) -> None:
    async def scene() -> None:
        async with Wire(asterisk.http_port) as wire, running(line_to(wire.url)) as stage:
            wire.loses_request = b"POST /ari/channels/"
            dialing = call(RINGS)
            with pytest.raises(LineSilent):
                await stage.line.place(dialing)
            assert await stage.line.find(dialing.attempt_id) == "gone"

    asyncio.run(scene())


def test_a_line_without_an_asterisk_has_surely_not_dialed() -> None:
    async def scene() -> None:
        line = line_to(f"http://127.0.0.1:{free_port()}/ari")
        with pytest.raises(LineDown, match="surely nothing was dialed"):
            await line.place(call(RINGS))
        with pytest.raises(LineSilent):
            await line.find("1747316188-000000000000000")
        with pytest.raises(LineSilent):
            await line.check()

    asyncio.run(scene())


def test_an_address_that_is_not_aris_does_not_tell_that_a_call_is_over(
    asterisk: PrivateAsterisk,
) -> None:
    async def scene() -> None:
        line = line_to(asterisk.url.removesuffix("/ari"))
        try:
            with pytest.raises(LineSilent, match="404"):
                await line.find("1747316188-000000000000000")
        finally:
            await line.close()

    asyncio.run(scene())


def test_the_check_tells_the_version_and_the_trunk(asterisk: PrivateAsterisk) -> None:
    told = asyncio.run(line_to(asterisk.url).check())
    assert re.fullmatch(r"Asterisk [\w./-]+ answers; PJSIP/trunk is online", told)


def test_the_check_misses_a_trunk(asterisk: PrivateAsterisk) -> None:
    with pytest.raises(LineRefused, match="no endpoint PJSIP/nosuch; set ari_endpoint"):
        asyncio.run(line_to(asterisk.url, NO_TRUNK).check())


def test_a_wrong_password_is_refused_with_what_to_set_and_told_to_nobody(
    asterisk: PrivateAsterisk, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        line = AriLine(asterisk.url, USER, "wrong-secret", endpoint=TRUNK)
        with pytest.raises(LineRefused, match="set ari_user and ari_password") as refused:
            await line.check()
        said.append(repr(refused.value) + repr(refused.value.__cause__))
        task = asyncio.create_task(line.run())
        await comes_true(lambda: logged)
        assert not line.is_up
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    said: list[str] = []
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logged:
        asyncio.run(scene())
    said += [repr(logged), caplog.text]
    assert "wrong-secret" not in "".join(said)
    assert PASSWORD not in "".join(said)


def _status(asterisk: PrivateAsterisk, attempt_id: str) -> int:
    """Return what Asterisk itself says to a second call with an id."""
    return httpx2.post(
        f"{asterisk.url}/channels/{attempt_id}",
        json={"endpoint": "PJSIP/13900000180@trunk", "context": "answered", "extension": "hold"},
        auth=(USER, PASSWORD),
    ).status_code
