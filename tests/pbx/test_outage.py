"""Asterisk gone and back, and the wire to it cut: what becomes of calls and of the line."""

import asyncio

from structlog.testing import capture_logs
from websockets.asyncio.server import ServerConnection, serve

from callkeeper.dialer.line.ari import PING_SECONDS, PONG_SECONDS
from callkeeper.dialer.line.line import Answered, Ended, Line, Ringing
from tests.far_end import FarEnd
from tests.far_end_scenario import ANSWERS, ANSWERS_LATE, RINGS
from tests.pbx.stage import BRIEF, call, comes_true, line_to, running
from tests.private_asterisk import PrivateAsterisk
from tests.wire import Wire

OURS = "1747316188-%015d"
UP = '{"type": "ChannelStateChange", "channel": {"id": "1747316188-%015d", "state": "Up"}}'


def test_asterisk_killed_in_mid_call_comes_back_without_the_call(
    own_asterisk: PrivateAsterisk,
) -> None:
    async def scene() -> None:
        async with running(line_to(own_asterisk.url)) as stage:
            dialing = call(ANSWERS)
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Answered)
            own_asterisk.kill()
            await comes_true(lambda: stage.line.why_down is not None)
            assert not stage.line.is_up
            lost = f"no connection to Asterisk at {own_asterisk.url}"
            assert str(stage.line.why_down).startswith(lost)
            gaps = stage.line.gaps
            await asyncio.to_thread(own_asterisk.start)
            await comes_true(lambda: stage.line.is_up)
            assert stage.line.why_down is None
            assert stage.line.gaps > gaps
            assert await stage.line.find(dialing.attempt_id) == "gone"
            again = call("486")
            await stage.line.place(again)
            await stage.until(again.attempt_id, Ended)

    asyncio.run(scene())


def test_an_answered_call_outlives_the_socket_and_its_end_is_heard_on_the_next(
    asterisk: PrivateAsterisk,
) -> None:
    async def scene() -> None:
        async with Wire(asterisk.http_port) as wire, running(line_to(wire.url)) as stage:
            dialing = call(ANSWERS)
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Answered)
            await _cut(stage.line, wire)
            assert await stage.line.find(dialing.attempt_id) == "up"
            asterisk.hang_up(dialing.attempt_id)
            told = await stage.until(dialing.attempt_id, Ended)
            assert [type(event) for event in told] == [Ended]

    asyncio.run(scene())


def test_a_ringing_call_outlives_the_socket(asterisk: PrivateAsterisk, far_end: FarEnd) -> None:
    async def scene() -> None:
        async with Wire(asterisk.http_port) as wire, running(line_to(wire.url)) as stage:
            dialing = call(RINGS)
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Ringing)
            await _cut(stage.line, wire)
            assert await stage.line.find(dialing.attempt_id) == "ringing"
            asterisk.hang_up(dialing.attempt_id)
            await stage.until(dialing.attempt_id, Ended)
        assert far_end.rung()[dialing.called_no] == 1

    asyncio.run(scene())


def test_a_call_answered_while_the_socket_is_down_goes_on_in_the_dialplan(
    asterisk: PrivateAsterisk,
) -> None:
    async def scene() -> None:
        dialing = call(ANSWERS_LATE)
        async with running(line_to(asterisk.url)) as stage:
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Ringing)
        await comes_true(lambda: asterisk.seen(dialing.attempt_id))
        async with running(line_to(asterisk.url)) as stage:
            assert await stage.line.find(dialing.attempt_id) == "up"
            asterisk.hang_up(dialing.attempt_id)
            await stage.until(dialing.attempt_id, Ended)

    asyncio.run(scene())


def test_a_socket_that_died_silently_is_noticed(asterisk: PrivateAsterisk) -> None:
    async def scene() -> None:
        async with Wire(asterisk.http_port) as wire, running(line_to(wire.url)) as stage:
            wire.is_dead = True
            await comes_true(lambda: not stage.line.is_up, PING_SECONDS + PONG_SECONDS + 2)
            wire.is_dead = False
            wire.cut()
            await comes_true(lambda: stage.line.is_up)

    asyncio.run(scene())


def test_a_line_whose_application_another_took_over_knows_that_it_hears_nothing(
    asterisk: PrivateAsterisk,
) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as first:
            gaps = first.line.gaps
            async with running(line_to(asterisk.url)):
                await comes_true(lambda: not first.line.is_up or first.line.gaps > gaps)
            await comes_true(lambda: first.line.is_up)
            dialing = call(ANSWERS, goes_to=BRIEF)
            await first.line.place(dialing)
            await first.until(dialing.attempt_id, Ended)

    asyncio.run(scene())


def test_a_message_that_cannot_be_read_is_logged_and_is_a_gap() -> None:
    async def scene(socket: ServerConnection) -> None:
        for message in ("{", "[]", '{"type": 1}', '{"type": "ChannelDestroyed"}', UP % 1):
            await socket.send(message)
        await socket.wait_closed()

    async def play() -> None:
        async with serve(scene, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            line = line_to(f"http://127.0.0.1:{port}/ari", "Local/{number}@anywhere")
            async with running(line) as stage:
                await stage.hear()
                assert line.take(10) == [Answered(OURS % 1)]
                assert line.gaps == 1 + 4

    with capture_logs() as logged:
        asyncio.run(play())
    assert [each["event"] for each in logged].count("line_message_rejected") == 4


def test_events_beyond_the_most_are_counted_as_gaps() -> None:
    async def scene(socket: ServerConnection) -> None:
        for number in range(5):
            await socket.send(UP % number)
        await socket.wait_closed()

    async def play() -> None:
        async with serve(scene, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            line = line_to(f"http://127.0.0.1:{port}/ari", "Local/{number}@x", most_events=2)
            async with running(line) as stage:
                await comes_true(lambda: line.gaps == 1 + 3)
                await stage.hear()
                assert line.take(10) == [Answered(OURS % 0), Answered(OURS % 1)]

    asyncio.run(play())


async def _cut(line: Line, wire: Wire) -> None:
    """Cut the wire, and wait until the line is up once more."""
    gaps = line.gaps
    wire.cut()
    await comes_true(lambda: line.gaps > gaps)
    assert line.is_up
