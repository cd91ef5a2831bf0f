"""A volley of originates sent to Asterisk by a bare loop, with nothing kept and nothing heard.

As many connections as Callkeeper's line has, each used for one originate after another.
"""

import asyncio
from collections.abc import Iterator

import httpx2
import uvloop

from bench.volley import CpuMeter, Volley, ordered, tell
from callkeeper.clock import SystemClock
from callkeeper.dialer.line.ari import CONNECTIONS
from tests import far_end_scenario, private_asterisk

_SECONDS_MAX = 300


async def main(volley: Volley) -> None:
    """Fire a volley."""
    clock = SystemClock()
    late: list[int] = []
    numbers = iter(range(volley.count))
    async with httpx2.AsyncClient(
        auth=(private_asterisk.USER, private_asterisk.PASSWORD),
        limits=httpx2.Limits(max_connections=CONNECTIONS),
        trust_env=False,
    ) as http:

        async def originate(numbers: Iterator[int]) -> None:
            for number in numbers:
                url = f"{volley.ari_url}/channels/{volley.due_at // 1000}-{number:015}"
                answer = await http.post(url, json=_call(number))
                answer.raise_for_status()
                late.append(clock.now() - volley.due_at)

        meter = CpuMeter(volley)
        now = clock.now()
        volley.check_prepared(now)
        await asyncio.sleep((volley.due_at - now) / 1000)
        meter.begin()
        async with asyncio.timeout(_SECONDS_MAX), asyncio.TaskGroup() as loops:
            for _ in range(CONNECTIONS):
                loops.create_task(originate(numbers))
        tell(late, clock.now() - volley.due_at, meter.used())


def _call(number: int) -> dict[str, object]:
    return {
        "endpoint": private_asterisk.TRUNK.replace(
            "{number}", f"139{number:05d}{far_end_scenario.ANSWERS_BRIEFLY}"
        ),
        "context": "answered",
        "extension": "hold",
        "priority": 1,
        "callerId": "10086",
        "timeout": 20,
        "variables": {},
    }


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(ordered()))
