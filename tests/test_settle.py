"""After a restore: what was called since the backup is not rung again, once it is settled."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.durability.server import TASK, VDN, ServerProcess, send
from tests.house import House
from tests.private_postgres import PrivatePostgres
from tests.store.calls import renew
from tests.store.orders import HOUR
from tests.test_cli import Ended, run
from tests.test_cli_dialer import at_data, dialed, reserve, reserve_by_hand
from tests.waiting import until

BUSY = "66660002"  # on the line that rings nobody, and soon over


class Installation:
    """A real server that serves only, on either engine, with its backup."""

    def __init__(self, home: Path, server: ServerProcess, postgres: PrivatePostgres | None) -> None:
        self.server = server
        self._data = home / "data"
        self._copy = home / "copy"
        self._postgres = postgres

    @property
    def where(self) -> list[str]:
        if self._postgres is None:
            return ["--data-dir", str(self._data)]
        return ["--data-dir", str(self._data), "--database", self.server.database]

    def run(self, *arguments: str) -> Ended:
        return run(*arguments, *self.where)

    def back_up(self) -> None:
        if self._postgres is None:
            assert self.run("backup", str(self._copy)).status == 0
        else:
            self._copy = self._postgres.dump(self.server.database)

    def restore(self) -> None:
        """Lose all that there is, and serve the backup."""
        self.server.kill()
        if self._postgres is None:
            shutil.rmtree(self._data)
            shutil.copytree(self._copy, self._data)
        else:
            self.server.move(self._postgres.restore(self._copy))
        self.server.start()

    def reserve(self, number: str = BUSY) -> str:
        """Make an automatic reservation that is due at once."""
        fields = {
            "callType": 2,
            "calledNo": number,
            "userAccount": "ann",
            "taskId": TASK,
            "appointTime": self.server.clock.now() + 60_000,
        }
        return str(self._ask("create", fields)["returnObject"]["appointId"])

    def listed(self, id_: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self._ask("list", {"offset": 0, "limit": 100})["data"]
        return {row["appointId"]: row for row in found}[id_]

    def dial_until_called(self, id_: str) -> None:
        """Dial with a process of its own, until a call has been made and has its result."""
        with dialed("--line", "rehearsal", *self.where):
            until(lambda: self.listed(id_)["failCode"] == "00537")

    def attempts(self, id_: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.run("attempts", id_, "--json").value["attempts"]
        return found

    def _ask(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        connection = self.server.connect()
        try:
            return send(connection, self.server.sign(name, fields))
        finally:
            connection.close()


@pytest.fixture
def installation(
    tmp_path: Path, database: str | None, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """A server without a dialer, on each engine in turn."""
    postgres = None if database is None else request.getfixturevalue("postgres")
    with ServerProcess(tmp_path, database, "--no-dialer") as server:
        server.start()
        yield Installation(tmp_path, server, postgres)


@pytest.fixture
def restored(installation: Installation) -> tuple[Installation, str]:
    """An installation as its backup has it, and a reservation that was called since."""
    id_ = installation.reserve()
    installation.back_up()
    installation.dial_until_called(id_)
    installation.restore()
    assert installation.listed(id_)["failCode"] is None
    return installation, id_


def test_a_call_made_after_the_backup_is_rung_again_if_nobody_settles_it(
    restored: tuple[Installation, str],
) -> None:
    installation, id_ = restored
    installation.dial_until_called(id_)
    assert [each["outcome"] for each in installation.attempts(id_)] == ["busy"]


def test_a_call_made_after_the_backup_is_not_rung_again_once_it_is_settled(
    restored: tuple[Installation, str],
) -> None:
    installation, id_ = restored
    before = str(installation.server.clock.now())
    previewed = installation.run("settle", "--before", before, "--json")
    assert previewed.status == 1
    shown = json.loads(previewed.out)
    assert [each["id"] for each in shown["reservations"]] == [id_]
    assert shown["settled"] == 0
    assert installation.run("settle", "--before", before, "--yes", "--json").value["settled"] == 1
    assert installation.run("settle", "--before", before, "--yes", "--json").value["settled"] == 0

    installation.dial_until_called(installation.reserve())
    assert installation.attempts(id_) == []
    row = installation.listed(id_)
    assert (row["failCode"], row["timeout"], row["callId"]) == ("34608", False, None)
    told = installation.run("why", id_).out
    assert "settled: it was due before " in told
    assert "(by operator)" in told
    assert "now: done: its outcome is unknown (34608): it was due before " in told


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[House]:
    """A server on which nobody dials."""
    with House(tmp_path / "data") as house:
        yield house


def settle(house: House, before: int | str, *more: str) -> Ended:
    return at_data(house, "settle", "--before", str(before), *more)


def test_it_shows_what_it_would_settle_and_changes_nothing_until_it_is_told_to(
    idle: House,
) -> None:
    id_ = reserve_due(idle)
    overdue = idle.reserve(appointTime=idle.now() + 1_000)
    until(lambda: idle.now() > idle.listed(calledNo="66660001")[0]["appointTime"])
    shown = settle(idle, idle.now())
    assert (shown.status, shown.err.count("\n")) == (1, 1)
    assert [line.split()[:4] for line in shown.out.splitlines()[1:2]] == [["25", "1", "0", "1"]]
    assert id_ in shown.out
    assert overdue not in shown.out
    assert "nothing was changed; --yes settles 1, due before " in shown.err
    assert [each.state for each in idle.store.reservations.with_id(id_)] == ["waiting"]
    done = settle(idle, idle.now(), "--yes")
    assert done.out.endswith("settled 1: their outcome is unknown, and they are not dialed again\n")
    (kept,) = idle.store.reservations.with_id(overdue)
    assert (kept.state, kept.version) == ("waiting", 1)


def reserve_due(house: House) -> str:
    house.has_campaign(7)
    return reserve(house, "66660002")


def test_a_call_due_later_stays(idle: House) -> None:
    id_ = reserve_by_hand(idle)
    assert settle(idle, idle.now(), "--yes", "--json").value["settled"] == 0
    (kept,) = idle.store.reservations.with_id(id_)
    assert (kept.state, kept.version) == ("waiting", 1)


def test_another_vdns_stay_when_one_is_named(idle: House) -> None:
    reserve_due(idle)
    other = settle(idle, idle.now(), "--vdn", str(VDN + 1), "--yes", "--json").value
    assert (other["settled"], other["found"]) == (0, [])
    own = settle(idle, idle.now(), "--vdn", str(VDN), "--yes", "--json").value
    assert own["settled"] == 1


def test_an_instant_to_come_is_refused(idle: House) -> None:
    reserve_due(idle)
    for more in ([], ["--yes"]):
        ended = settle(idle, "+5m", *more)
        assert (ended.status, ended.out) == (1, "")
        assert ended.err == "callkeeper: only what was due until now can be settled\n"


def test_it_is_refused_while_a_dispatcher_dials(idle: House) -> None:
    reserve_due(idle)
    renew(idle.store, "dora", idle.now() + HOUR, said_at=idle.now())
    assert "--yes settles 1" in settle(idle, idle.now()).err
    ended = settle(idle, idle.now(), "--yes")
    assert (ended.status, ended.out) == (1, "")
    assert (
        "dispatcher dora dials over line rehearsal; stop it (serve with --no-dialer)" in ended.err
    )
    renew(idle.store, "dora", idle.now(), said_at=idle.now())
    assert settle(idle, idle.now(), "--yes").status == 0


def test_the_operators_own_code_for_silence_is_what_they_get(idle: House) -> None:
    id_ = reserve_due(idle)
    codes = '{"silence":"00999"}'
    ended = at_data(
        idle, "settle", "--before", str(idle.now()), "--yes", CALLKEEPER_FAIL_CODES=codes
    )
    assert ended.status == 0
    assert [row["failCode"] for row in idle.listed(calledNo="66660002")] == ["00999"]
    assert "settled: it was due before" in at_data(idle, "why", id_).out
