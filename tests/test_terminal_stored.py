"""Nothing that is stored, wherever it stands, steers the terminal of any command that shows it."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from callkeeper.core.campaigns.business_result import BusinessResult, Definition
from callkeeper.core.dialing.lease import LEASE_MS
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.usecases.keys import issue
from tests.house import HOUR, VDN, House
from tests.test_cli import Ended, at_house
from tests.test_cli_dialer import at_data, dialed, has_result, reserve
from tests.waiting import until

STEERS = "\u202e\x9b\u2066\x1b\x07"
NASTY = f" one\r\nforged\ttwo {STEERS}"
TASK = 7

# What the program itself reads, beside people: a key's name and seal, and words of a fixed set.
_READ = {
    ("access_key", "ak"),
    ("access_key", "sealed_secret"),
    ("attempt", "state"),
    ("campaign", "status"),
    ("event", "what"),
    ("outstanding", "id"),
    ("outstanding", "kind"),
    ("outstanding", "state"),
    ("reservation", "kind"),
    ("reservation", "state"),
    ("role", "kind"),
}
# Those that hold nothing else: the database itself sees to it.
_CHECKED = {"reservation", "role"}
_READ_IN_JSON = {"kind"}


class Stored(NamedTuple):
    """A server, what it has stored, and the ids that are asked for."""

    house: House
    rung: str
    waiting: str
    filed: str

    @property
    def file(self) -> Path:
        """Its database."""
        return self.house.settings.data_dir / DATABASE_FILE


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    """A row of everything, and a dispatcher that stands, with trouble."""
    with House(tmp_path / "data") as house:
        house.has_campaign(
            TASK, name="Call backs", description="of May", dial_settings=DIAL_SETTINGS
        )
        define(house)
        issue(house.store, house.seal, house.clock, VDN, "CRM")
        assert at_data(house, "agent", "name", "ann", "Ann", "--vdn", str(VDN)).status == 0
        bob = ["bob", "--name", "Bob Li", "--role", "agent", "--agent", "1001"]
        assert at_data(house, "person", "add", *bob, "--vdn", str(VDN)).status == 0
        rung = reserve(house, "66660002")
        with dialed("--line", "rehearsal", "--data-dir", str(house.settings.data_dir)):
            until(lambda: has_result(house))
        data = json.dumps({"a b": "x", "date": "y"})
        waiting = house.reserve(callType=2, taskId=str(TASK), callData=data, remark="asked for")
        filed = house.reserve(remark="rings back", userAccount="ann")
        file_everything(house, filed)
        stored = Stored(house, rung, waiting, filed)
        with closing(sqlite3.connect(stored.file)) as file, file:
            file.execute("UPDATE dispatcher SET trouble = 'no trunk'")
            due = "UPDATE reservation SET due_at = ?1, look_at = ?1 WHERE id = ?2"
            file.execute(due, [house.now() - HOUR // 4, waiting])
        yield stored


DIAL_SETTINGS = '{"time_zone":"Europe/Berlin","calls_max":3}'


def define(house: House) -> None:
    now = house.now()
    sold = BusinessResult(VDN, "", "sold", "Sold", "", now)
    phone = BusinessResult(VDN, "sold", "phone", "Phone", "", now)
    with house.store.transaction():
        house.store.business_results.define([Definition(sold, (phone,), "operator")])


def file_everything(house: House, id_: str) -> None:
    result = ["--business-result", "sold", "--business-sub-result", "phone", "--agent", "ann"]
    call = ["--fail-code", "00537", "--call-id", "1-2", "--caller", "10086"]
    assert at_house(house, "move", id_, "--remark", "later", "--agent", "bob").status == 0
    assert at_house(house, "result", id_, *result, *call).status == 0


def spoil(file: Path, read: set[tuple[str, str]], read_in_json: set[str]) -> set[tuple[str, str]]:
    """Put the nasty text behind every text that is stored; return the columns where it stands."""
    found = set()
    with closing(sqlite3.connect(file)) as database, database:
        database.create_function("spoiled", 1, lambda text: spoiled(text, read_in_json))
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        for (table,) in database.execute(tables).fetchall():
            for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
                if kind == "TEXT" and (table, column) not in read:
                    change = f"UPDATE {table} SET {column} = spoiled({column})"  # noqa: S608
                    database.execute(f"{change} WHERE {column} IS NOT NULL")
                    found.add((table, column))
    return found


def spoiled(text: str, read_in_json: set[str]) -> str:
    """Return a text with the nasty one behind it; of JSON, with it behind each text in it."""
    if text[:1] not in ("{", "["):
        return text + NASTY
    return json.dumps(_spoiled(json.loads(text), read_in_json), ensure_ascii=False)


def _spoiled(value: Any, read_in_json: set[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: each if name in read_in_json else _spoiled(each, read_in_json)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_spoiled(each, read_in_json) for each in value]
    return spoiled(value, read_in_json) if isinstance(value, str) else value


def renew(stored: Stored) -> None:
    """Let the dispatcher stand, as if it were at work."""
    with closing(sqlite3.connect(stored.file)) as file, file:
        file.execute("UPDATE dispatcher SET lease_until = ?", [stored.house.now() + LEASE_MS])


def shown_by_every_command(stored: Stored) -> Iterator[tuple[list[str], Ended]]:
    """Run what shows anything that is stored, for people and as JSON."""
    house, now = stored.house, str(stored.house.now())
    ids = [f"{each}{NASTY}" for each in stored[1:]]
    commands: list[tuple[Callable[..., Ended], list[str]]] = [
        (at_data, ["why", id_]) for id_ in ids
    ]
    commands += [
        (at_data, command)
        for command in (
            ["why", ids[0], "--show-numbers"],
            ["attempts", ids[0]],
            ["lines"],
            ["settle", "--before", now],
            ["settle", "--before", now, "--yes"],
            ["key", "list"],
            ["person", "list"],
            ["campaign", "dialing", str(TASK), "--vdn", str(VDN)],
        )
    ]
    commands += [(at_house, ["list"]), (at_house, ["list", "--all"])]
    for run, command in commands:
        for flags in ((), ("--json",)):
            renew(stored)
            yield command, run(house, *command, *flags)


@pytest.mark.parametrize("also", [set(), {"what", "kind"}], ids=["texts", "words too"])
def test_no_text_of_any_table_steers_a_command_that_shows_it(
    stored: Stored, also: set[str]
) -> None:
    read = {each for each in _READ if each[1] not in also or each[0] in _CHECKED}
    spoil(stored.file, read, _READ_IN_JSON - also)
    for command, ended in shown_by_every_command(stored):
        check_harmless(command, ended)


def test_nor_does_it_steer_the_doctor(stored: Stored) -> None:
    spoil(stored.file, _READ | {("dispatcher", "line")}, _READ_IN_JSON)
    command = ["doctor", "--line", "rehearsal", "--port", "0"]
    for flags in ((), ("--json",)):
        renew(stored)
        check_harmless(command, at_data(stored.house, *command, *flags))


def check_harmless(command: list[str], ended: Ended) -> None:
    assert "Traceback" not in ended.err, (command, ended.err)
    assert r"\u202e" in ended.out + ended.err, command
    for text in (ended.out, ended.err):
        assert not set(text) & set(STEERS + "\t\r"), command
        assert not any(line.startswith("forged") for line in text.split("\n")), command
