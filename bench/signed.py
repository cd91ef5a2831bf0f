"""Signed requests, prepared beforehand so that signing them is not what is measured."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from bench.server import Server
from callkeeper import signing
from callkeeper.clock import Clock
from callkeeper.core.instants import DAY_MS
from callkeeper.usecases.keys import OpenKey
from tests.signed import sign

VDN = 25
_FAILS = {0: "34608", 7: "00046"}  # how two calls of ten end: nobody answered, busy

Body = Mapping[str, Any]


class Signer(NamedTuple):
    """Whoever signs, with one key. The requests are good for the server's clock window."""

    key: OpenKey
    clock: Clock

    def prepare(
        self, file: Path, interface: str, bodies: Iterable[tuple[int, Body]], *, server: Server
    ) -> Path:
        """Write one request of an interface for each VDN and body; return the file."""
        host = server.url.removeprefix("http://")
        with file.open("wb") as out:
            for vdn, body in bodies:
                request = self._request(vdn, interface, host, body)
                out.write(b"%d\n%b" % (len(request), request))
        return file

    def _request(self, vdn: int, interface: str, host: str, fields: Body) -> bytes:
        path = f"/rest/isales/v1/openapi/campaigns/{vdn}/appoint/{interface}"
        body = json.dumps(fields, separators=(",", ":")).encode()
        return sign(self.key, host, path, body, at=signing.timestamp(self.clock.now())).raw()


def results(vdn: int, ids: Sequence[str], numbers: Iterator[int]) -> Iterator[tuple[int, Body]]:
    """Yield, without end, results that are all different, for each reservation in turn.

    Every second names the agent, one in five failed; ``numbers`` must never repeat.
    """
    for number in numbers:
        begin = 1_747_220_297_000 + number * 1000
        body: dict[str, Any] = {
            "appointId": ids[number % len(ids)],
            "callerNo": "10086",
            "failCode": _FAILS.get(number % 10, "00000"),
            "callId": f"1747316188-{number}",
            "beginTime": begin,
            "endTime": begin + 68_000,
        }
        if number % 2:
            body["userAccount"] = f"agent{number % 100}"
        if body["failCode"] == "00000":
            body |= {"busiResult": "17549503", "busiSubStatus": "17124429"}
        yield vdn, body


def wishes(vdn: int, campaign: int, numbers: Iterator[int], now: int) -> Iterator[tuple[int, Body]]:
    """Yield, without end, wishes that are all different; ``numbers`` must never repeat."""
    for number in numbers:
        yield (
            vdn,
            {
                "callType": 1,
                "calledNo": f"{66_660_000 + number}",
                "userAccount": f"agent{number % 100}",
                "taskId": str(campaign),
                "appointTime": now + DAY_MS + number * 100,
                "remark": "asks for the new tariff",
            },
        )


def numbers() -> Iterator[int]:
    """Return numbers that never repeat, for wishes."""
    return count()
