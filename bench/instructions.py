"""The instructions that updateResult takes in this checkout, beside those in another one.

    python -m bench.instructions ../earlier

Rates and CPU times differ by a quarter from one minute to the next where a machine is shared; how
many instructions a program runs hardly does. valgrind (`apt-get install valgrind`) counts those of
the server and of the process that writes, not the kernel's and not PostgreSQL's. One server is
loaded for some seconds, another is idle for as long, and the difference is divided by the requests:
so what goes by time alone, which would weigh fifty times as much as it does, is left out.
"""

import argparse
import re
import tempfile
from itertools import count, islice
from pathlib import Path
from threading import Event
from typing import NamedTuple

from bench import load, signed
from bench.beside import HERE, Prepared, parser, prepare
from bench.engine import Engine, engine
from bench.server import Server, running
from bench.signed import VDN
from callkeeper.client import Client

_RESERVATIONS = 5_000
_SECONDS = 40  # a server is fifty times slower under valgrind
_MOST_A_SECOND = 500
_BEGINS_SECONDS = 60
_VALGRIND = (
    "valgrind",
    "--tool=cachegrind",
    "--cache-sim=no",
    "--branch-sim=no",
    "--trace-children=yes",
    "--quiet",
)


class Counted(NamedTuple):
    """What a server and its children ran until they ended, for so many requests."""

    requests: int
    instructions: int


def main() -> int:
    """Count both on each engine, and print what came out."""
    how = parser("instructions", __doc__).parse_args()
    for name in how.engines:
        with (
            tempfile.TemporaryDirectory(prefix="callkeeper-instructions-", dir=how.folder) as home,
            engine(name) as on,
        ):
            other, this = (
                _instructions(checkout, on, Path(home) / who, how)
                for who, checkout in (("other", how.other), ("this", HERE))
            )
        print(f"{name:9} other {other:9,.0f} instructions a request")
        print(f"{name:9} this  {this:9,.0f} instructions a request, {this / other - 1:+.1%}")
    return 0


def _instructions(checkout: Path, on: Engine, home: Path, how: argparse.Namespace) -> float:
    """Return how many instructions a checkout runs for a request."""
    prepared = prepare(checkout, on, home, _RESERVATIONS)
    idle, busy = (_count(prepared, on, home, each) for each in (0, how.connections))
    return (busy.instructions - idle.instructions) / busy.requests


def _count(prepared: Prepared, on: Engine, home: Path, connections: int) -> Counted:
    """Run a server that is counted, over so many connections, and end it."""
    out = home / f"counted-{connections}"
    out.mkdir()
    command = [*_VALGRIND, f"--cachegrind-out-file={out}/%p", *prepared.program.command]
    with running(prepared.program._replace(command=command), on, home) as server:
        ak, secret, *_ = prepared.signer.key
        with Client(server.url, ak, secret, vdn=VDN, timeout=_BEGINS_SECONDS) as client:
            client.record_result(prepared.ids[0], fail_code="00000")  # its writer has begun then
        requests = _load(prepared, home, server, connections) if connections else _wait()
    return Counted(requests, sum(_total(each) for each in out.iterdir()))


def _load(prepared: Prepared, home: Path, server: Server, connections: int) -> int:
    """File results, none of them twice, and return how many."""
    bodies = islice(signed.results(VDN, prepared.ids, count()), _MOST_A_SECOND * _SECONDS)
    requests = prepared.signer.prepare(home / "requests", "updateResult", bodies, server=server)
    turn = load.run(server, requests, connections, _SECONDS)
    if turn.ran_out:
        raise RuntimeError(f"{turn.requests} requests were too few for {_SECONDS} s")
    return turn.requests


def _wait() -> int:
    Event().wait(_SECONDS)
    return 0


def _total(file: Path) -> int:
    """Return what a process ran, as cachegrind writes it down when the process ends."""
    summary = re.search(r"^summary: *([\d,]+)", file.read_text("utf-8"), re.MULTILINE)
    if summary is None:
        raise RuntimeError(f"{file}: the process did not end by itself")
    return int(summary[1].replace(",", ""))


if __name__ == "__main__":
    raise SystemExit(main())
