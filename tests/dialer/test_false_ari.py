"""The line over ARI, when what answers there does not behave as an Asterisk should."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress

import pytest

from callkeeper.core.dialing.attempt import Hangup
from callkeeper.core.dialing.attempt_changes import Ending
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.dialer.line.ari import CONNECTIONS, AriLine
from callkeeper.dialer.line.line import (
    Answered,
    CallRequest,
    DialplanTarget,
    Ended,
    LineDown,
    LineRefused,
    LineSilent,
    LineUnwilling,
    Ringing,
)
from callkeeper.dialer.live_calls import LiveCalls
from tests.dialer.false_ari import JSON, NOTHING, Answer, FalseAri, told, well
from tests.dialer.stage import Stage

ID = "1747316188-000000000000000"
LAST = told(ID, cause=17, cause_txt="User busy")
DEEP = '{"type":"ChannelDestroyed","channel":' + "[" * 100_000 + "]" * 100_000 + "}"


def dialing(number: int = 0) -> CallRequest:
    return CallRequest(
        f"1747316188-{number:015}", "139", None, 30, DialplanTarget("answered", "s"), {}
    )


async def heard(line: AriLine) -> list[object]:
    """Run a line until it tells something, and return that."""
    running = asyncio.create_task(line.run())
    hearing = asyncio.create_task(line.heard())
    await asyncio.wait([running, hearing], timeout=20, return_when=asyncio.FIRST_COMPLETED)
    hearing.cancel()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return list(line.take(10))


@pytest.mark.parametrize(
    "message",
    [DEEP, told(ID, cause=10**30), told(ID, cause=-1), told(ID, tech_cause=2**40), "nonsense"],
    ids=["deep", "huge cause", "negative cause", "huge SIP code", "no JSON"],
)
def test_a_message_that_cannot_be_read_may_have_been_a_word_on_a_call(message: str) -> None:
    async def scene() -> None:
        async with FalseAri(message, LAST) as ari:
            line = ari.line()
            assert await heard(line) == [Ended(ID, Hangup(17, "User busy"), "up")]
            assert line.gaps == 2  # coming up, and the word that was lost

    asyncio.run(scene())


def test_the_lines_words_are_kept_short_on_one_line_and_by_any_database(stage: Stage) -> None:
    async def scene() -> list[object]:
        async with FalseAri(told(ID, cause=17, cause_txt="a\0b\nc\x1b[2J" + "x" * 100_000)) as ari:
            return await heard(ari.line())

    (ended,) = asyncio.run(scene())
    assert isinstance(ended, Ended)
    assert ended.hangup.text.startswith("a b c [2Jxxx")
    assert len(ended.hangup.text) == 200
    reservation = stage.due(1)
    stage.run(stage.dialer())
    (live,) = stage.attempts(reservation)
    now, codes = stage.clock.now(), FailCodes()
    with stage.store.transaction():
        stage.store.attempts.end(
            [Ending(live.vdn, reservation.id, live.id, "dora", now, ended.hangup, codes)]
        )
    assert stage.attempts(reservation)[0].cause_text == ended.hangup.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"state": []}', JSON),
        (b'{"state": {"Up": 1}}', JSON),
        (b"[" * 100_000, JSON),
        (b"[]", JSON),
        (b"\xff\0", JSON),
        (b"Up", "text/plain; charset=base64"),
    ],
)
def test_an_answer_that_is_no_channel_tells_nothing(body: bytes, kind: str) -> None:
    async def scene() -> None:
        async with FalseAri() as ari:
            ari.answers = lambda _request: (200, body, kind)
            line = ari.line()
            with pytest.raises(LineSilent) as silent:
                await line.find(ID)
            assert str(silent.value).isprintable()
            with pytest.raises(LineRefused):
                await line.check()
            await line.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("16.28.0~dfsg-0+deb11u10", "16.28.0"),
        ("22.10.1+dfsg+~cs6.17.60671434-1", "22.10.1"),
        ("20.9.3", "20.9.3"),
        ("13.38.3", "13.38.3 (supported: 16 to 22)"),
        ("23.1.0", "23.1.0 (supported: 16 to 22)"),
        ("GIT-master-abc\x1b[2J", "GIT-master-abc [2J (supported: 16 to 22)"),
        ("9" * 5_000 + ".1", "9" * 200 + " (supported: 16 to 22)"),
    ],
)
def test_the_check_says_which_versions_are_supported(version: str, said: str) -> None:
    async def scene() -> str:
        async with FalseAri() as ari:
            info = json.dumps({"system": {"version": version}, "state": "online"}).encode()
            ari.answers = lambda _request: (200, info, JSON)
            return await ari.line().check()

    assert asyncio.run(scene()) == f"Asterisk {said} answers; PJSIP/trunk is online"


def test_a_server_that_fails_at_everything_proves_nothing() -> None:
    async def scene() -> None:
        async with FalseAri() as ari:
            ari.answers = lambda _request: (500, b"\0\x1b[2J" * 1_000, "text/html; charset=hex")
            line = ari.line()
            with pytest.raises(LineSilent, match="500") as silent:
                await line.place(dialing())
            assert str(silent.value).isprintable()
            await line.close()

    asyncio.run(scene())


HTML = "text/html; charset=utf-8"
REFUSE_ALL: list[Answer] = [
    (401, b'{"message":"Authentication required"}', JSON),
    (403, b'{"message":"Write access denied"}', JSON),
    (404, b'{"message":"Resource not found"}', JSON),
    (404, b"<h1>Not Found</h1>", HTML),
    (400, b"The plain HTTP request was sent to HTTPS port", HTML),
    (302, b"", HTML),
    (429, b"slow down", HTML),
    (503, b"<h1>Service Unavailable</h1>", HTML),
]
ALLOCATION: Answer = (500, b'{"error":"Allocation failed"}', JSON)


async def refusal(answers: Callable[[str], Answer]) -> Exception:
    """Return what a line raises when it is to make a call and is answered so."""
    async with FalseAri() as ari:
        ari.answers = answers
        line = ari.line()
        with pytest.raises((LineRefused, LineSilent)) as raised:
            await line.place(dialing())
        await line.close()
    assert str(raised.value).isprintable()
    return raised.value


def places(answer: Answer, trunk: Answer | None = None) -> Callable[[str], Answer]:
    """Return the answers of an Asterisk that makes no call; ``trunk``: what it says of that."""

    def answers(request: str) -> Answer:
        if request.startswith("POST /ari/channels/"):
            return answer
        return trunk if trunk is not None and "/endpoints/" in request else well(request)

    return answers


@pytest.mark.parametrize("answer", REFUSE_ALL, ids=lambda answer: f"{answer[0]} {answer[2][:9]}")
def test_a_refusal_to_everybody_is_the_line_being_down(answer: Answer) -> None:
    for answers in (places(answer), lambda _request: answer):
        refused = asyncio.run(refusal(answers))
        assert type(refused) is LineDown, refused


def test_a_trunk_that_is_gone_or_cannot_be_reached_is_the_line_being_down() -> None:
    missing = (404, b'{"message":"Endpoint not found"}', JSON)
    offline = (200, b'{"state":"offline"}', JSON)
    broken = (500, b"{}", JSON)
    for trunk, words in [
        (missing, "no endpoint PJSIP/trunk"),
        (offline, "PJSIP/trunk is offline"),
        (broken, "does not tell how PJSIP/trunk is"),
    ]:
        refused = asyncio.run(refusal(places(ALLOCATION, trunk)))
        assert type(refused) is LineDown
        assert words in str(refused)
        assert "Allocation failed" in str(refused)


def test_a_call_that_is_not_made_on_a_trunk_that_is_well_may_be_the_line_or_the_number() -> None:
    refused = asyncio.run(refusal(places(ALLOCATION)))
    assert type(refused) is LineUnwilling


def test_only_what_asterisk_says_of_the_call_itself_refuses_it() -> None:
    answer = (400, b'{"message":"Only string values in the variables object allowed"}', JSON)
    assert type(asyncio.run(refusal(places(answer)))) is LineRefused


@pytest.mark.parametrize(
    "body", [b"", b"<html>Welcome</html>", b'{"id":"another"}', b"[]", b"\xff"]
)
def test_an_answer_that_is_no_channel_of_ours_is_no_call_that_was_made(body: bytes) -> None:
    assert type(asyncio.run(refusal(places((200, body, HTML))))) is LineSilent


def test_a_call_that_is_there_is_made_whatever_was_answered() -> None:
    async def scene(answer: Answer) -> None:
        async with FalseAri() as ari:
            here = (200, b'{"state":"Up"}', JSON)
            ari.answers = lambda request: answer if request.startswith("POST") else here
            line = ari.line()
            await line.place(dialing())
            await line.close()

    for answer in [ALLOCATION, (409, b"{}", JSON), (503, b"", HTML), (502, b"", HTML), NOTHING]:
        asyncio.run(scene(answer))


def test_a_resource_that_is_not_loaded_does_not_tell_that_a_call_is_over() -> None:
    async def scene() -> None:
        async with FalseAri() as ari:
            ari.answers = lambda _request: (404, b'{"message":"Resource not found"}', JSON)
            line = ari.line()
            with pytest.raises(LineSilent, match="Resource not found"):
                await line.find(ID)
            await line.close()

    asyncio.run(scene())


def test_a_call_that_finds_no_connection_in_time_is_not_made_later() -> None:
    async def scene() -> None:
        async with FalseAri() as ari:
            ari.holds = "POST /ari/channels/"
            line = ari.line()
            first = [asyncio.create_task(line.place(dialing(n))) for n in range(CONNECTIONS)]
            late = asyncio.create_task(line.place(dialing(CONNECTIONS)))
            done, _ = await asyncio.wait([late], timeout=4)
            assert done, "it still waits, to be made who knows when"
            with pytest.raises(LineDown, match="surely nothing was dialed"):
                await late
            ari.let_go.set()
            await asyncio.gather(*first)
            assert not any(dialing(CONNECTIONS).attempt_id in each for each in ari.asked)
            await line.close()

    asyncio.run(scene())


def test_of_a_call_of_somebody_else_the_first_word_of_a_kind_is_kept() -> None:
    live_calls = LiveCalls()
    for now in range(10_000):
        live_calls.keep_stray(Ringing(ID), now, now)
    live_calls.keep_stray(Answered(ID), 10_000, 10_000)
    words = [((0, 0), Ringing(ID)), ((10_000, 10_000), Answered(ID))]
    assert live_calls.strays_of(ID) == words
    assert live_calls.strays_of(ID) == []
