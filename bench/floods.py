"""Floods of what is not admitted: thousands of connections, random bytes with each request.

A client of another key files results beside them, and calls of its VDN fall due. The flood itself
is sent by wrk, with requests made beforehand: a key's id with signatures that are nobody's, or ids
that are no keys.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import shake_256
from pathlib import Path
from threading import Event
from typing import Any

from bench.ground import (
    FLOODING,
    Ground,
    behave,
    lateness_ms,
    memory_watched,
    percentiles,
    promise_calls,
    signed,
)
from callkeeper.usecases.keys import OpenKey

FLOODS = {
    f"{kind}, {connections:,} connections": (kind, connections)
    for connections in (2_000, 4_000)
    for kind in ("wrong signatures", "unknown keys")
}
_BODY_BYTES = 16_000
_REQUESTS = 200
_WARM_UP_SECONDS = 2
_SETTLE_SECONDS = 3
_SCRIPT = Path(__file__).with_name("requests.lua")


def measure(on: Ground, folder: Path, *, seconds: int, rounds: int) -> dict[str, list[Any]]:
    """Return what was felt of each flood, and of none."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # wrk needs one for each connection
    found: dict[str, list[Any]] = {}
    for number in range(rounds):
        for flood in ("none", *FLOODS):
            downs = on.downs()
            with memory_watched(on) as memory, _flooding(flood, on, folder, seconds) as told:
                calls = promise_calls(on, seconds)
                took = behave(on, seconds)
            Event().wait(_SETTLE_SECONDS)
            turn = {
                **percentiles(took),
                "calls": len(calls),
                "call_late_ms": max(lateness_ms(on, calls)),
                "downs": on.downs() - downs,
                "flood": told.get("says", ""),
                **memory,
            }
            found.setdefault(flood, []).append(turn)
            print(f"{flood} {number}: {json.dumps(turn)}", file=sys.stderr)
    return found


@contextmanager
def _flooding(flood: str, on: Ground, folder: Path, seconds: int) -> Iterator[dict[str, str]]:
    told: dict[str, str] = {}
    if flood == "none":
        yield told
        return
    kind, connections = FLOODS[flood]
    requests = folder / f"{kind}.requests"
    with requests.open("wb") as out:
        for request in _requests(kind, on):
            out.write(b"%d\n%b" % (len(request), request))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds + _WARM_UP_SECONDS + 1}s"]
    command += ["--timeout=60s", "-s", str(_SCRIPT), f"http://127.0.0.1:{on.port}"]
    flooder = subprocess.Popen([*command, "--", str(requests)], stdout=subprocess.PIPE, text=True)
    Event().wait(_WARM_UP_SECONDS)
    try:
        yield told
    finally:
        printed, _ = flooder.communicate(timeout=seconds + 120)
        told["says"] = printed.strip().splitlines()[-1] if printed.strip() else ""


def _requests(kind: str, on: Ground) -> Iterator[bytes]:
    forged = on.keys[FLOODING]._replace(secret="x" * 40)
    for number in range(_REQUESTS):
        key = forged if kind == "wrong signatures" else OpenKey(f"{number:020d}", "x" * 40, None)
        yield signed(on.port, key, FLOODING, _noise(number))


def _noise(number: int) -> bytes:
    """Return bytes of no order, the same in each run."""
    return shake_256(str(number).encode()).digest(_BODY_BYTES)
