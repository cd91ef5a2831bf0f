"""Pages that are open, as browsers have them, and results that change what they show.

    python -m bench.onlookers PLAN

A page has a stream of what moves; what it shows it fetches anew when that does, after 0 to 300 ms
by chance, and each minute. Against a server without streams it is fetched each minute alone. Says
`open` once all are open, and what they did when standard input ends: also how long it takes from
the answer to a result until the agent's list shows it. Sockets by hand, for it shares two cores
with what is measured.
"""

import asyncio
import json
import os
import sys
from collections import Counter, deque
from gzip import decompress
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from callkeeper import signing
from callkeeper.clock import SystemClock, jitter
from callkeeper.console.door import COOKIE
from callkeeper.console.visit import BY_ITSELF
from callkeeper.core.instants import MINUTE_MS
from callkeeper.usecases.keys import OpenKey
from tests.signed import sign

_STREAM = "/console/changes"
_EACH_SECONDS = 60.0
_SPREAD_SECONDS = 0.3
_LATE_SECONDS = 2.0
_OPENED_A_SECOND = 100
_FILING = 8  # connections, so that slow answers hold up none
_OK = 200
_NOT_FOUND = 404
_LIMIT = 2**22

PAGE_MS = ("page_p50_ms", "page_p99_ms")
COUNTED = ("streams", "moved", "fetched", "bytes", "results", "failed")


class Connection:
    """A connection to the server, kept open: one request after the other."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, cookie: str, told: str) -> tuple[int, bytes]:
        """Return what a page is answered with that was told a number, and asks by itself."""
        head = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nCookie: {COOKIE}={cookie}\r\n"
        return await self.ask(
            f"{head}{BY_ITSELF.decode()}: {told}\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        )

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Return status and body of an answer that says how long it is."""
        reader, status, fields = await self.begin(request)
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        return status, body

    async def begin(self, request: bytes) -> tuple[asyncio.StreamReader, int, dict[str, str]]:
        """Send a request, and return what its answer begins with, and where it goes on."""
        if self._streams is None:
            name, _, port = self._host.partition(":")
            self._streams = await asyncio.open_connection(name, int(port), limit=_LIMIT)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (each.partition(":") for each in head[1:] if each)
        fields = {name.lower(): value.strip() for name, _, value in pairs}
        return reader, int(head[0].split()[1]), fields


class Onlookers:
    """All who look, and what they did."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._host = urlsplit(plan["url"]).netloc
        self._console = urlsplit(plan["console"]).netloc
        self._clock = SystemClock()
        self._numbers = count()
        self._reserved: deque[tuple[str, str]] = deque()  # for whom, and its id
        self._told: dict[str, str] = {}  # the number of each page, by its cookie
        self._lists = {each["agent"]: each["cookie"] for each in plan["pages"] if each["agent"]}
        self._shown: dict[str, bytes] = {}  # by the cookie of each page
        self._awaited: dict[str, dict[bytes, float]] = {}  # what it lacks, and since when
        self.did: Counter[str] = Counter()
        self.took_ms: list[float] = []  # each result, until it is answered
        self.fetched_ms: list[float] = []  # each page, until it is there
        self.waited_ms: list[float] = []  # from the answer to a result to the list that shows it

    async def run(self) -> None:
        """Open all pages, and have them open until standard input ends."""
        plan = self._plan
        await asyncio.gather(*(self._reserve(plan["calls"] // _FILING) for _ in range(_FILING)))
        opened = [asyncio.Event() for _ in plan["pages"]]
        async with asyncio.TaskGroup() as tasks:
            going = [
                tasks.create_task(self._look(visitor, event))
                for visitor, event in zip(plan["pages"], opened, strict=True)
            ]
            for each in opened:
                await each.wait()
            share = plan["results"] / _FILING
            going += [tasks.create_task(self._file(share)) for _ in range(_FILING if share else 0)]
            print("open", flush=True)
            await asyncio.to_thread(sys.stdin.read)
            now = asyncio.get_running_loop().time()
            ages = (now - since for each in self._awaited.values() for since in each.values())
            self.waited_ms += [age * 1000 for age in ages if age > _LATE_SECONDS]  # or longer
            for task in going:
                task.cancel()

    async def _look(self, visitor: dict[str, str], opened: asyncio.Event) -> None:
        await asyncio.sleep(len(self._plan["pages"]) / _OPENED_A_SECOND * jitter())
        pages, moved = Connection(self._console), asyncio.Event()
        await self._fetch(pages, visitor)
        listening = asyncio.create_task(self._listen(visitor, opened, moved))
        try:
            seconds = _EACH_SECONDS * jitter()
            while True:
                try:
                    async with asyncio.timeout(seconds):
                        await moved.wait()
                    await asyncio.sleep(_SPREAD_SECONDS * jitter())
                except TimeoutError:
                    pass
                moved.clear()
                await self._fetch(pages, visitor)
                seconds = _EACH_SECONDS
        finally:
            listening.cancel()

    async def _fetch(self, pages: Connection, visitor: dict[str, str]) -> None:
        cookie, loop = visitor["cookie"], asyncio.get_running_loop()
        asked = loop.time()
        status, body = await pages.get(visitor["path"], cookie, self._told.get(cookie, "0"))
        self.fetched_ms.append((loop.time() - asked) * 1000)
        self.did["fetched"] += 1
        self.did["bytes"] += len(body)
        self.did["failed"] += status != _OK
        if visitor["agent"]:
            self._shown[cookie] = decompress(body)
            self._look_for_changes(cookie)

    async def _listen(
        self, visitor: dict[str, str], opened: asyncio.Event, moved: asyncio.Event
    ) -> None:
        """Hear what moves; a server that has no streams is not asked again."""
        path = f"{_STREAM}?vdn={self._plan['vdn']}"
        head = f"GET {path} HTTP/1.1\r\nHost: {self._console}\r\n"
        head += f"Cookie: {COOKIE}={visitor['cookie']}\r\n\r\n"
        connection = Connection(self._console)  # is closed when nobody holds it any more
        reader, status, _ = await connection.begin(head.encode())
        opened.set()
        if status != _OK:
            self.did["failed"] += status != _NOT_FOUND
            return
        self.did["streams"] += 1
        known: str | None = None
        while line := await reader.readline():
            if not line.startswith(b"data: {"):
                continue
            number = json.loads(line[len(b"data: ") :]).get(visitor["part"])
            if number is not None and number != known:
                self.did["moved"] += known is not None
                if known is not None:
                    moved.set()
                known = self._told[visitor["cookie"]] = number
        self.did["failed"] += 1  # it ended

    async def _reserve(self, calls: int) -> None:
        """Reserve some calls, of which results will be filed."""
        connection = Connection(self._host)
        for _ in range(calls):
            number = next(self._numbers)
            agent = f"a{number % self._plan['agents']}"
            wish = {
                "callType": 1,
                "calledNo": f"{66_660_000 + number}",
                "userAccount": agent,
                "taskId": "1",
                "appointTime": self._clock.now() + MINUTE_MS,
            }
            made = await self._call(connection, "create", wish)
            self._reserved.append((agent, made["returnObject"]["appointId"]))

    async def _file(self, results_a_second: float) -> None:
        """File so many results a second, until there are no more calls."""
        connection, loop = Connection(self._host), asyncio.get_running_loop()
        next_at = loop.time() + jitter() / results_a_second
        while True:
            await asyncio.sleep(max(0.0, next_at - loop.time()))
            next_at = max(next_at + 1 / results_a_second, loop.time() - 1)
            if not self._reserved:
                return
            agent, id_ = self._reserved.popleft()
            asked = loop.time()
            filed = await self._call(
                connection, "updateResult", {"appointId": id_, "failCode": "00000"}
            )
            self.took_ms.append((loop.time() - asked) * 1000)
            self._await(agent, f'id="done-{id_}"'.encode())
            self.did["results"] += 1
            self.did["failed"] += filed.get("resultCode") != "0200000"

    def _await(self, agent: str, row: bytes) -> None:
        """Note that an agent's list has to show a row from now on; it may do so already."""
        if cookie := self._lists.get(agent):
            now = asyncio.get_running_loop().time()
            self._awaited.setdefault(cookie, {})[row] = now
            self._look_for_changes(cookie)

    def _look_for_changes(self, cookie: str) -> None:
        now, awaited = asyncio.get_running_loop().time(), self._awaited.get(cookie, {})
        for row in [each for each in awaited if each in self._shown.get(cookie, b"")]:
            self.waited_ms.append((now - awaited.pop(row)) * 1000)

    async def _call(
        self, connection: Connection, interface: str, fields: dict[str, Any]
    ) -> dict[str, Any]:
        key = OpenKey(self._plan["ak"], self._plan["secret"], None)
        path = f"/rest/isales/v1/openapi/campaigns/{self._plan['vdn']}/appoint/{interface}"
        at = signing.timestamp(self._clock.now())
        body = json.dumps(fields).encode()
        _, answer = await connection.ask(sign(key, self._host, path, body, at=at).raw())
        told: dict[str, Any] = json.loads(answer)
        return told


def main() -> None:
    """Read the plan, do as it says, and tell what was done."""
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    if not plan["results"]:
        # Their browsers would be on other machines, so these take no core that anybody wants.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    onlookers = Onlookers(plan)
    asyncio.run(onlookers.run())
    told: dict[str, Any] = {name: onlookers.did[name] for name in COUNTED}
    told["took_ms"] = onlookers.took_ms
    for name, each in (("shown", onlookers.waited_ms), ("page", onlookers.fetched_ms)):
        if each:
            told[f"{name}_p50_ms"] = sorted(each)[len(each) // 2]
            told[f"{name}_p99_ms"] = sorted(each)[len(each) * 99 // 100]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
