"""What commands print as JSON: every instant has one form."""

import json
import re
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from callkeeper.core.dialing.lease import LEASE_MS, Lease
from callkeeper.core.instants import in_iso
from callkeeper.usecases.keys import revoke
from tests.command_line import commands
from tests.house import TASK, VDN, House
from tests.test_cli import run
from tests.test_cli_endings import known
from tests.waiting import until

INSTANT = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9](:[0-5][0-9]){2}(\.[0-9]{3})?Z")
IS_ONE = re.compile(r"at|before|.*_at")
SOON = ["--at", "+1m", "--campaign", TASK, "--agent", "ann", "--json"]

# What asks for something that a house has; None for what runs on, or wants another installation.
GIVEN = {
    "serve": None,
    "dial": None,
    "demo": None,
    "spread": None,
    "backup": ["TARGET"],
    "vdn export": [str(VDN), "EXPORTED"],
    "vdn import": None,
    "vdn return": [str(VDN), "--yes"],
    "vdn forget": None,
    "key copy": ["AK", "--into-data-dir", "TARGET"],
    "settle": ["--before", "+0s"],
    "attempts": ["AUTOMATIC"],
    "why": ["AUTOMATIC"],
    "sign": ["GET", "http://host/"],
    "reserve": ["66660001", *SOON[:-1]],
    "move": ["MANUAL", "--at", "+3h"],
    "result": ["MANUAL", "--begin", "-2m", "--end", "-1m", "--fail-code", "00537"],
    "cancel": ["ANOTHER"],
    "key revoke": ["AK"],
    "key limit": ["AK", "--burst", "2", "--per-second", "1"],
    "person add": ["bob", "--operator"],
    "person role": ["bob", "--role", "supervisor"],
    "person reset": ["bob"],
    "person disable": ["bob"],
    "person enable": ["bob"],
    "person sessions": ["bob"],
    "person tie": ["bob", "4711", "--issuer", "https://login.example"],
    "person untie": ["bob"],
    "agent name": ["ann", "Ann"],
    "campaign add": ["--name", "new", "--end", "+30d"],
    "campaign dialing": [TASK],
    "campaign show": [TASK],
    "campaign pause": [TASK],
    "campaign resume": [TASK],
    "campaign special": [TASK],
    "campaign end": [TASK, "--yes"],
    "business-result define": ["new"],
    "show": ["AUTOMATIC"],
    "seen": ["REFUSED"],
    "reassign": ["--from", "testName", "--to", "ann", "--yes"],
}


@pytest.fixture
def dialing(tmp_path: Path) -> Iterator[House]:
    """A house in which every kind of row has come to be."""
    with House(tmp_path / "data", line="rehearsal") as house:
        for number in ("66660002", "66660008"):
            run("reserve", number, "--automatic", *SOON, **known(house))
        until(lambda: has_result_of(house))
        now = house.now()
        gone = Lease("gone", "rehearsal", now, now, now - LEASE_MS, is_up=True, per_second=1.0)
        with house.store.transaction():
            house.store.leases.renew([gone])
        yield house


def has_result_of(house: House) -> bool:
    return all(row["failCode"] for row in house.listed())


def instants(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that is an instant by its name, or looks like one."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from instants(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from instants(each, name)
    elif value is not None and (
        IS_ONE.fullmatch(name) or (isinstance(value, int) and value > 10**11)
    ):
        yield name, value


def test_every_instant_is_iso_8601_in_utc(dialing: House, tmp_path: Path) -> None:
    busy, refused = (
        each["appointId"] for each in sorted(dialing.listed(), key=itemgetter("calledNo"))
    )
    ids = {"AUTOMATIC": busy, "REFUSED": refused}
    ids |= {"MANUAL": dialing.reserve(), "ANOTHER": dialing.reserve()}
    names = ids | {"AK": dialing.issue(VDN).ak, "TARGET": str(tmp_path / "copy")}
    names["EXPORTED"] = str(tmp_path / "vdn.jsonl")
    assert revoke(dialing.store, dialing.clock, dialing.issue(VDN).ak)
    given = known(dialing) | {"CALLKEEPER_DATA_DIR": str(dialing.settings.data_dir)}
    seen: set[str] = set()
    for command in commands():
        words = GIVEN.get(command, [])
        if words is None:
            continue
        ended = run(*command.split(), *(names.get(each, each) for each in words), "--json", **given)
        assert ended.out.count("\n") == 1, ended
        for name, value in instants(json.loads(ended.out)):
            assert isinstance(value, str), f"{command}: {name} is {value}"
            assert INSTANT.fullmatch(value), f"{command}: {name} is {value}"
            seen.add(name)
    assert {"at", "before", "begun_at", "said_at", "made_at", "revoked_at", "due_at"} <= seen
    assert {"placing_at", "ended_at", "seen_at", "changed_at", "appoint_at"} <= seen


@pytest.mark.parametrize(
    ("instant", "told"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_800_000_000_000, "2027-01-15T08:00:00Z"),
        (1_800_000_000_007, "2027-01-15T08:00:00.007Z"),
    ],
)
def test_milliseconds_are_told_where_there_are_any(instant: int, told: str) -> None:
    assert in_iso(instant) == told
