"""Call data at a real Asterisk: all of it, however it is written and however long."""

import asyncio
import json

import pytest

from callkeeper.dialer.line.destinations import variables
from callkeeper.dialer.line.line import Answered, Ended
from tests.far_end_scenario import ANSWERS
from tests.pbx.stage import call, line_to, running
from tests.private_asterisk import PrivateAsterisk

DATA = {
    "first-name": 'Ann "the boss", ${EXTEN} $[1+1] \\ ;|&',
    "客户": "安 🙂",
    "1st": {"deep": [1, True, None]},
    "Name": "capital",
    "name": "small",
    "note": "a\r\nb\tc \u202e\x1b[31m",
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(DATA, ensure_ascii=False),
        json.dumps(DATA, indent=2, ensure_ascii=False).replace("\n", "\r\n"),
        json.dumps({"a": "🙂" * 1016}, ensure_ascii=False),
        json.dumps({"a": "$" * 1016}),
    ],
    ids=["flat", "in lines", "4 KiB", "6 KiB"],
)
def test_asterisk_holds_all_of_it(asterisk: PrivateAsterisk, text: str) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            dialing = call(ANSWERS, variables=variables(text))
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Answered)
            for name, value in dialing.variables.items():
                assert _value(asterisk, dialing.attempt_id, name) == value
            assert json.loads(_value(asterisk, dialing.attempt_id, "CALLDATA")) == json.loads(text)
            asterisk.hang_up(dialing.attempt_id)
            await stage.until(dialing.attempt_id, Ended)

    asyncio.run(scene())


def test_asterisks_own_reader_takes_members_out_of_it(asterisk: PrivateAsterisk) -> None:
    async def scene() -> None:
        async with running(line_to(asterisk.url)) as stage:
            dialing = call(ANSWERS, variables=variables(json.dumps(DATA, indent=1)))
            await stage.line.place(dialing)
            await stage.until(dialing.attempt_id, Answered)
            for name in ("first-name", "客户", "name"):
                asked = f"JSON_DECODE(CALLDATA,{name})"
                assert _value(asterisk, dialing.attempt_id, asked) == DATA[name]
            asterisk.hang_up(dialing.attempt_id)
            await stage.until(dialing.attempt_id, Ended)

    asyncio.run(scene())


def _value(asterisk: PrivateAsterisk, channel: str, name: str) -> str:
    return str(asterisk.ask("GET", f"/channels/{channel}/variable", variable=name)["value"])
