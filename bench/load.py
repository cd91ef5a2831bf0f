"""The load: prepared requests, sent by wrk."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

from bench import processes
from bench.server import Server

_SCRIPT = Path(__file__).with_name("requests.lua")


class Turn(NamedTuple):
    """One server under load for some seconds; latencies in milliseconds, CPU in seconds.

    ``ran_out`` says that the prepared requests were too few, so that some were sent twice.
    """

    requests: int
    failed: int
    seconds: float
    p50: float
    p99: float
    p999: float
    generator_cpu: float
    server_cpu: float
    database_cpu: float
    ran_out: bool = False

    @property
    def rate(self) -> float:
        """Requests a second that were answered well."""
        return (self.requests - self.failed) / self.seconds

    def microseconds(self, cpu: float) -> float:
        """Return CPU seconds as microseconds a request."""
        return cpu / max(self.requests, 1) * 1_000_000


def run(server: Server, requests: Path, connections: int, seconds: int) -> Turn:
    """Load a server; RuntimeError if a careful one failed any request, or if wrk failed."""
    server_before = processes.cpu_seconds(server.pid)
    database_before = server.engine.cpu_seconds()
    wrk_before = processes.ended_children_cpu_seconds()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=10s"]
    ran = subprocess.run(
        [*command, "-s", str(_SCRIPT), server.url, "--", str(requests)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"wrk failed: {ran.stdout}")
    told = json.loads(ran.stdout.splitlines()[-1])
    if told["failed"] and server.is_careful:
        raise RuntimeError(f"{server.name} failed {told['failed']} of {told['requests']} requests")
    return Turn(
        requests=told["requests"],
        failed=told["failed"],
        seconds=told["microseconds"] / 1_000_000,
        p50=told["p50"] / 1000,
        p99=told["p99"] / 1000,
        p999=told["p999"] / 1000,
        generator_cpu=processes.ended_children_cpu_seconds() - wrk_before,
        server_cpu=processes.cpu_seconds(server.pid) - server_before,
        database_cpu=server.engine.cpu_seconds() - database_before,
        ran_out=told["ran_out"],
    )
