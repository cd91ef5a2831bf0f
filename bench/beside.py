"""updateResult of this checkout beside that of another one, in turns in one run.

    python -m bench.beside ../earlier

The other one is a checkout of any commit with a virtual environment of its own (`make test` or
`make run` makes it): of it only its command line and its API are used. Where the machine is not
quite idle, the CPU time of a request tells more than the rate, and the least of many turns more
than their median: whatever else runs only adds to it. Where not even that holds still, count:
`python -m bench.instructions`.

With --first each reservation gets one result, its first one, which closes it; otherwise twenty
thousand get theirs again and again.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench import load, options, signed
from bench.engine import Engine, engine
from bench.load import Turn
from bench.server import OURS, Program, Server, running
from bench.signed import VDN, Signer
from callkeeper.client import Client
from callkeeper.clock import SystemClock
from callkeeper.usecases.keys import OpenKey

HERE = Path(__file__).parents[1]
_MOST_A_SECOND = 12_000  # more than either answers
_BOOKING_CONNECTIONS = 64
_BOOKING_SECONDS = 4
_RESERVATIONS = 20_000


class Side(NamedTuple):
    """One checkout's server, whoever signs for it, and its reservations."""

    server: Server
    signer: Signer
    ids: list[str]
    numbers: Iterator[int]
    home: Path

    def turn(self, connections: int, seconds: int) -> Turn:
        """File results for a while, none of them twice."""
        bodies = signed.results(VDN, self.ids, self.numbers)
        most = islice(bodies, _MOST_A_SECOND * seconds)
        requests = self.signer.prepare(
            self.home / "requests", "updateResult", most, server=self.server
        )
        return load.run(self.server, requests, connections, seconds)


def main() -> int:
    """Measure both on each engine, and print what came out."""
    how = _parameters()
    for name in how.engines:
        with tempfile.TemporaryDirectory(prefix="callkeeper-beside-", dir=how.folder) as folder:
            _measure(name, Path(folder), how)
    return 0


def _measure(name: str, folder: Path, how: argparse.Namespace) -> None:
    with engine(name) as on, ExitStack() as stack:
        results = _MOST_A_SECOND * how.seconds * (how.rounds + 1)
        reservations = results if how.first else _RESERVATIONS
        sides = {
            who: stack.enter_context(_side(checkout, on, folder / who, reservations))
            for who, checkout in (("other", how.other), ("this", HERE))
        }
        turns: dict[str, list[Turn]] = {who: [] for who in sides}
        for each in sides.values():
            each.turn(how.connections, how.seconds)  # to warm up
        for number in range(how.rounds):
            order = list(sides)[:: 1 if number % 2 else -1]
            for who in order:
                turns[who].append(sides[who].turn(how.connections, how.seconds))
            options.say(f"{name} {number}: {_ratio(turns, -1):.2f}")
    for who, its in turns.items():
        cpu = [each.microseconds(each.server_cpu + each.database_cpu) for each in its]
        rate = median(each.rate for each in its)
        print(
            f"{name:9} {who:6} {rate:7,.0f} a second, {median(cpu):5.0f} us of CPU a request, "
            f"{min(cpu):5.0f} at the least"
        )
    ratios = sorted(_ratio(turns, at) for at in range(how.rounds))
    print(f"{name:9} this / other: {median(ratios):.3f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def _ratio(turns: dict[str, list[Turn]], at: int) -> float:
    return turns["this"][at].rate / turns["other"][at].rate


class Prepared(NamedTuple):
    """One checkout's server, not running, over reservations; whoever signs for it."""

    program: Program
    signer: Signer
    ids: list[str]


def prepare(checkout: Path, on: Engine, home: Path, reservations: int) -> Prepared:
    """Make an installation of a checkout, with a campaign full of calls to file results for."""
    home.mkdir()
    settings = on.new(home)
    place = ["--data-dir", str(settings.data_dir)]
    place += ["--database", settings.database] if settings.database else []
    ours = [str(checkout / ".venv" / "bin" / "python"), "-m", "callkeeper"]
    workers = ["--workers", "1"] if settings.database else []
    program = Program(OURS, [*ours, "serve", *place, *workers, "--port"])
    with running(program, on, home) as server:
        made = _told(ours, "key", "create", "--vdn", str(VDN), *place)
        signer = Signer(OpenKey(made["ak"], made["sk"], VDN), SystemClock())
        campaign = _told(
            ours, "campaign", "add", "--vdn", str(VDN), "--name", "all", "--end", "+48h", *place
        )
        _book(server, signer, campaign["id"], home, reservations)
        with Client(server.url, made["ak"], made["sk"], vdn=VDN) as client:
            ids = [each.id for each in client.iterate()]
    return Prepared(program, signer, ids)


@contextmanager
def _side(
    checkout: Path, on: Engine, home: Path, reservations: int = _RESERVATIONS
) -> Iterator[Side]:
    """Start a checkout's server over an installation of its own."""
    prepared = prepare(checkout, on, home, reservations)
    with running(prepared.program, on, home) as server:
        yield Side(server, prepared.signer, prepared.ids, count(), home)


def _told(ours: list[str], *command: str) -> dict[str, Any]:
    """Run a command of a checkout, and return what it tells as JSON."""
    ran = subprocess.run([*ours, *command, "--json"], capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def _book(server: Server, signer: Signer, campaign: int, home: Path, reservations: int) -> None:
    wishes = signed.wishes(VDN, campaign, count(), signer.clock.now())
    requests = signer.prepare(
        home / "wishes", "create", islice(wishes, reservations), server=server
    )
    # All of them on either side: else its results would name other agents, which is more to write.
    seconds = _BOOKING_SECONDS
    while not load.run(server, requests, _BOOKING_CONNECTIONS, seconds).ran_out:
        seconds *= 2


def parser(name: str, about: str | None) -> argparse.ArgumentParser:
    """Return the parser of what every comparison with another checkout is told."""
    made = argparse.ArgumentParser(
        prog=f"python -m bench.{name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("other", type=lambda text: Path(text).absolute(), help="another checkout")
    made.add_argument("--engines", nargs="+", choices=options.ENGINES, default=options.ENGINES)
    made.add_argument("--connections", type=int, default=64)
    made.add_argument("--folder", type=Path, help="where to put the databases, for a while")
    return made


def _parameters() -> argparse.Namespace:
    ours = parser("beside", __doc__)
    ours.add_argument("--seconds", type=int, default=6, help="length of a turn")
    ours.add_argument("--rounds", type=int, default=12, help="turns of each")
    ours.add_argument("--first", action="store_true", help="file first results only")
    return ours.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
