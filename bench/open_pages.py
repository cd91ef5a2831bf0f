"""Pages that are open beside the API: what they take from it, and how soon they show a result.

Asked are both: an API that is asked as fast as it can answer, and one that gets as many results as
the people whose pages are open could ever file.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any, NamedTuple

from bench import load, mass, report
from bench.onlookers import COUNTED, PAGE_MS
from bench.server import Server, resident_mb
from bench.signed import Signer, numbers, results
from callkeeper.clock import Clock
from callkeeper.settings import Settings
from callkeeper.usecases.keys import OpenKey

VDN = 1
_WRITTEN_VDN = 2  # whose reservations the load is about; nobody looks at it
_IDS = 2_000
_SPARE_SECONDS = 3


class Visitor(NamedTuple):
    """Somebody with a session: the cookie, the page that they look at, and what part moves it."""

    cookie: str
    path: str
    part: str
    agent: str | None = None  # whose list it is


class Stage(NamedTuple):
    """An installation with a day of calls, a key for all VDNs, and people who have signed in."""

    settings: Settings
    key: OpenKey
    supervisors: list[Visitor]
    agents: list[Visitor]

    def looking(self, pages: int) -> list[Visitor]:
        """Return so many who have a page open, supervisors before agents."""
        return [*self.supervisors, *self.agents][:pages]


class Crowd(NamedTuple):
    """Who has a page open, and how many results a second are filed of what pages show."""

    visitors: Sequence[Visitor]
    results_a_second: int


def measure(
    server: Server, home: Path, stage: Stage, how: argparse.Namespace, clock: Clock
) -> dict[str, Any]:
    """Return what open pages take from a server, and how soon they show a result."""
    looking = stage.looking(how.pages)
    with onlookers(server, home, stage, Crowd(looking, how.results), how.seconds) as alone:
        Event().wait(how.seconds)
        megabytes = resident_mb(server)
    del alone["took_ms"]
    return {
        "alone": alone,
        "resident_mb": megabytes,
        "paced": _paced(server, home, stage, how),
        "beside": _beside(server, home, stage, how, clock),
    }


def _paced(server: Server, home: Path, stage: Stage, how: argparse.Namespace) -> dict[str, Any]:
    """Return how long a result takes when no more are filed than people can; in turns."""
    took: dict[str, list[float]] = {"without": [], "with": []}
    for number in range(how.rounds + 1):
        for name, pages in (("without", 0), ("with", how.pages)):
            with _people(server, home, stage, how, pages) as (_, filed):
                Event().wait(how.seconds)
            if number:  # the first is to warm up
                took[name] += filed["took_ms"]
    return {
        name: {
            "p50_ms": median(each),
            "p99_ms": sorted(each)[len(each) * 99 // 100],
            "a_second": len(each) / how.seconds / how.rounds,
        }
        for name, each in took.items()
    }


def _beside(
    server: Server, home: Path, stage: Stage, how: argparse.Namespace, clock: Clock
) -> dict[str, Any]:
    """Return how fast results are filed with pages open, and without; in turns."""
    signer = Signer(stage.key, clock)
    ids = [f"{number * mass.VDNS + _WRITTEN_VDN - 1:030d}" for number in range(_IDS)]
    ids = ids[: min(how.sizes) // mass.VDNS]
    unlike = numbers()
    turns: dict[str, list[load.Turn]] = {"without": [], "with": []}
    told: list[dict[str, Any]] = []
    for number in range(how.rounds + 1):
        for name, pages in (("without", 0), ("with", how.pages)):
            bodies = results(_WRITTEN_VDN, ids, unlike)
            wanted = (how.seconds + 1) * how.requests_per_second
            requests = signer.prepare(
                home / "results",
                "updateResult",
                (next(bodies) for _ in range(wanted)),
                server=server,
            )
            with _people(server, home, stage, how, pages) as (looked, filed):
                turn = load.run(server, requests, how.connections, how.seconds)
            if number:  # the first is to warm up
                turns[name].append(turn)
                told += [looked | {"results": filed["results"]}] if pages else []
    # Of turns that stand side by side: the machine is another one a minute later.
    pairs = list(zip(turns["with"], turns["without"], strict=True))
    return {
        **{name: report.summary(each) for name, each in turns.items()},
        "part": median(each.rate / other.rate for each, other in pairs),
        "times_p99": median(each.p99 / other.p99 for each, other in pairs),
        "onlookers": {name: sum(each[name] for each in told) for name in COUNTED}
        | {name: median(each[name] for each in told) for name in PAGE_MS},
    }


@contextmanager
def _people(
    server: Server, home: Path, stage: Stage, how: argparse.Namespace, pages: int
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Have so many pages open, and results filed by a process that does nothing else."""
    watching, filing = Crowd(stage.looking(pages), 0), Crowd([], how.results)
    with (
        onlookers(server, home, stage, watching, how.seconds) as looked,
        onlookers(server, home, stage, filing, how.seconds) as filed,
    ):
        yield looked, filed


@contextmanager
def onlookers(
    server: Server, home: Path, stage: Stage, crowd: Crowd, seconds: int
) -> Iterator[dict[str, Any]]:
    """Have pages open, and results filed, while the block runs; then tell what they did.

    It runs for so many seconds: that many calls are reserved before, by what files the results.
    """
    plan = home / f"onlookers-{len(crowd.visitors)}.json"
    plan.write_text(
        json.dumps(
            {
                "url": server.url,
                "console": server.console,
                "vdn": VDN,
                "pages": [each._asdict() for each in crowd.visitors],
                "results": crowd.results_a_second,
                "calls": crowd.results_a_second * (seconds + _SPARE_SECONDS),
                "ak": stage.key.ak,
                "secret": stage.key.secret,
                "agents": len(stage.agents),
            }
        )
    )
    command = [sys.executable, "-m", "bench.onlookers", str(plan)]
    told: dict[str, Any] = {}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None  # noqa: S101 - as it was opened
        assert running.stdout is not None  # noqa: S101
        if running.stdout.readline() != "open\n":
            raise RuntimeError("the pages did not open")
        yield told
        running.stdin.close()
        told |= json.loads(running.stdout.read())
    if told["failed"]:
        raise RuntimeError(f"pages or results failed: {told}")
