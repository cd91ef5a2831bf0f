"""From a signed create to the phone network's INVITE, of automatic calls that are due at once.

A server with its dialer over a real Asterisk, and SIPp at the other end of its trunk, which stamps
what arrives. It starts everything itself on loopback. `make bench` runs this.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from bench import invite_report, options
from bench.case import run_case
from bench.engine import Engine, engine
from bench.server import Program, Server, ours, running
from bench.signed import VDN
from bench.stage import CAMPAIGN, add_campaign
from callkeeper.client import Client
from callkeeper.clock import Clock, monotonic
from callkeeper.core.instants import MINUTE_MS
from callkeeper.installation.database import open_seal, open_session
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import OpenKey, issue
from tests.far_end import FarEnd
from tests.far_end_scenario import ANSWERS_BRIEFLY
from tests.ports import free_port
from tests.private_asterisk import PrivateAsterisk
from tests.waiting import until

_PARAMETERS = ("per_second", "calls", "rounds")
_QUICK = {"rounds": 1, "calls": 50}
_WARM_CALLS = 10
_ARRIVES_SECONDS = 30

Turn = tuple[list[int], list[int]]  # ms until each INVITE, and until each create was answered


def main() -> int:
    """Run the case; print its table, and write it down. Without Asterisk or SIPp, leave it out."""
    tables = invite_report.tables
    try:
        return run_case(_parameters(), _PARAMETERS, _of_engine, tables, "invite.json")
    except FileNotFoundError as missing:
        options.say(f"left out, from a create to the INVITE: {missing}")
        return 0


def _of_engine(name: str, folder: Path, how: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    with (
        engine(name) as on,
        FarEnd(free_port(), keeps_all=True) as far_end,
        PrivateAsterisk(far_end.port) as asterisk,
    ):
        home = folder / name
        home.mkdir()
        return measured(on, home, Network(asterisk, far_end), how, clock)


class Network(NamedTuple):
    """The phone network: an Asterisk, and the far end of its trunk, which keeps all that comes."""

    asterisk: PrivateAsterisk
    far_end: FarEnd


def measured(
    on: Engine, home: Path, network: Network, how: argparse.Namespace, clock: Clock
) -> dict[str, Any]:
    """Return what was measured on an engine."""
    settings, key = _installed(on, home, clock)
    # The far end may have had a turn before: no number is called twice.
    numbers = (f"137{each % 10**8:08d}{ANSWERS_BRIEFLY}" for each in count(clock.now()))
    with running(_dialing(settings, network.asterisk), on, home) as server:
        calls = Calls(server, key, network.far_end, numbers, clock)
        calls.make(_WARM_CALLS, how.per_second)
        turns = [calls.make(how.calls, how.per_second) for _ in range(how.rounds)]
    told = network.asterisk.ask("GET", "/asterisk/info")["system"]["version"]
    asterisk = told.partition("~")[0]
    return {"version": on.version, "asterisk": asterisk, **invite_report.summary(turns)}


def _installed(on: Engine, home: Path, clock: Clock) -> tuple[Settings, OpenKey]:
    settings = on.new(home)
    store = SqlStore(open_session(settings))
    store.migrate()
    key = issue(store, open_seal(settings), clock, VDN)
    add_campaign(settings, clock)
    store.close()
    return settings, key


def _dialing(settings: Settings, asterisk: PrivateAsterisk) -> Program:
    """Return a server that dials over an Asterisk."""
    given = {
        "LINE": "asterisk",
        "ARI_URL": asterisk.url,
        "ARI_USER": asterisk.user,
        "ARI_PASSWORD": asterisk.password,
        "DESTINATION": "answered,hold",
    }
    environment = [f"CALLKEEPER_{name}={value}" for name, value in given.items()]
    serving = ours(settings)
    return serving._replace(command=["/usr/bin/env", *environment, *serving.command])


class Calls:
    """Calls that are reserved over HTTP and arrive at the far end, none of them twice."""

    def __init__(
        self, server: Server, key: OpenKey, far_end: FarEnd, numbers: Iterator[str], clock: Clock
    ) -> None:
        self._url = server.url
        self._key = key
        self._far_end = far_end
        self._numbers = numbers
        self._clock = clock

    def make(self, calls: int, per_second: float) -> Turn:
        """Reserve so many, so many a second; RuntimeError if one did not arrive just once."""
        sent: dict[str, int] = {}
        answered: list[int] = []
        pause, begun = Event(), monotonic()
        with Client(self._url, self._key.ak, self._key.secret, vdn=VDN) as client:
            for nth in range(calls):
                pause.wait(max(0.0, begun + nth / per_second - monotonic()))
                number = next(self._numbers)
                sent[number] = self._clock.now()
                at = sent[number] + MINUTE_MS  # an automatic call is made before, at once
                client.reserve(number, at=at, campaign=CAMPAIGN, agent="ann", automatic=True)
                answered.append(self._clock.now() - sent[number])
        until(lambda: sent.keys() <= self._far_end.rung().keys(), _ARRIVES_SECONDS)
        rung = self._far_end.rung()
        if any(rung[number] != 1 for number in sent):
            raise RuntimeError("a call did not arrive just once")
        arrived = self._far_end.invited_at()
        return [arrived[number] - at for number, at in sent.items()], answered


def _parameters() -> argparse.Namespace:
    parser = options.parser("invite", __doc__, rounds=3)
    parser.add_argument("--per-second", type=float, default=5.0, help="creates")
    parser.add_argument("--calls", type=int, default=300, help="of a turn")
    return options.read(parser, **_QUICK)


if __name__ == "__main__":
    sys.exit(main())
