"""The load: signed updateResult requests prepared beforehand, sent by wrk."""

import json
import os
import resource
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from callkeeper import signing
from callkeeper.clock import Clock
from callkeeper.keyring import OpenKey

_SCRIPT = Path(__file__).with_name("requests.lua")
_CONTENT_TYPE = "application/json; charset=UTF-8"


class Turn(NamedTuple):
    """One server under load for some seconds; latencies in milliseconds, CPU in cores."""

    requests: int
    seconds: float
    p50: float
    p99: float
    generator_cpu: float
    server_cpu: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def prepare(
    file: Path, host: str, vdn: int, key: OpenKey, ids: Sequence[str], clock: Clock
) -> Path:
    """Write one signed request for each reservation; they are good for the clock window."""
    path = f"/rest/isales/v1/openapi/campaigns/{vdn}/appoint/updateResult"
    with file.open("wb") as out:
        for number, id_ in enumerate(ids):
            request = _request(path, host, key, _body(id_, number), clock)
            out.write(b"%d\n%b" % (len(request), request))
    return file


def run(url: str, requests: Path, connections: int, seconds: int, server: int) -> Turn:
    """Load the server with process id ``server``; RuntimeError if it failed any request."""
    before, wrk_before = _cpu_seconds(server), _children_cpu_seconds()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=10s"]
    wrk = subprocess.Popen(
        [*command, "-s", str(_SCRIPT), url, "--", str(requests)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed, _ = wrk.communicate()
    used = _cpu_seconds(server) - before
    if wrk.returncode:
        raise RuntimeError(f"wrk failed: {printed}")
    report = json.loads(printed.splitlines()[-1])
    if report["failed"]:
        raise RuntimeError(f"{report['failed']} of {report['requests']} requests to {url} failed")
    took = report["microseconds"] / 1_000_000
    return Turn(
        requests=report["requests"],
        seconds=took,
        p50=report["p50"] / 1000,
        p99=report["p99"] / 1000,
        generator_cpu=(_children_cpu_seconds() - wrk_before) / took,
        server_cpu=used / took,
    )


def _body(id_: str, number: int) -> bytes:
    begin = 1_747_220_297_000 + number * 1000
    fields = {
        "appointId": id_,
        "failCode": "00000",
        "callId": f"1747316188-{number}",
        "busiResult": "17549503",
        "busiSubStatus": "17124429",
        "beginTime": begin,
        "endTime": begin + 68_000,
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def _request(path: str, host: str, key: OpenKey, body: bytes, clock: Clock) -> bytes:
    authorization = signing.authorize(
        key.ak,
        key.secret,
        at=signing.timestamp(clock.now()),
        method="POST",
        path=path,
        headers={"host": host},
        body=body,
    )
    head = (
        f"POST {path} HTTP/1.1\r\n"
        f"Host: {host}\r\n"
        f"Authorization: {authorization}\r\n"
        f"Content-Type: {_CONTENT_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "\r\n"
    )
    return head.encode() + body


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children_cpu_seconds() -> float:
    """Return the CPU time of the children that have ended: the generator, not the servers."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
