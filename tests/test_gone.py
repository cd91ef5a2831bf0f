"""A VDN that was moved to another installation: what requests and people are told here."""

from pathlib import Path

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.transfer import Transfer, gone, leaving
from callkeeper.usecases.transfers import KNOWN_MS
from tests.console.visitor import at_work
from tests.house import TASK, VDN, House
from tests.test_cli import opened, run, started

NOON = 1_795_867_200_000


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


def test_a_vdn_that_is_gone_is_refused_and_another_one_is_not(
    tmp_path: Path, clock: HandClock
) -> None:
    with House(tmp_path, clock=clock) as house:
        id_ = house.reserve()
        ann = at_work(house, "ann")
        other = house.issue(26)
        house.has_campaign(int(TASK), vdn=26)
        assert house.listed()
        moved = leaving(None, VDN, "x", NOON)
        put(house, moved)
        assert result(house, id_) == (200, "0200000")  # it is only leaving
        put(house, gone(moved))
        # The server does not know yet; its database does.
        assert result(house, id_) == (200, "0200006")
        clock.move(KNOWN_MS)
        told = house.post("list", {"limit": 10, "offset": 0}).json()
        assert told["resultCode"] == "0200006"
        assert told["resultDesc"].startswith("The VDN is moving to another installation")
        page = ann.look(f"/console/{VDN}/today")
        assert (page.status, "moved" in page.text) == (503, True)
        assert ann.look("/console/me").status == 200
        asked = house.post("list", {"limit": 10, "offset": 0}, vdn=26, key=other)
        assert asked.json()["resultCode"] != "0200006"
        with house.store.transaction():
            house.store.transfers.end(VDN)
        clock.move(KNOWN_MS)
        assert result(house, id_) == (200, "0200000")
        assert ann.look(f"/console/{VDN}/today").status == 200


def put(house: House, transfer: Transfer) -> None:
    with house.store.transaction():
        house.store.transfers.put(transfer)


def result(house: House, id_: str) -> tuple[int, str]:
    answer = house.post("updateResult", {"appointId": id_, "failCode": "0"})
    return answer.status_code, answer.json()["resultCode"]


def test_a_vdn_is_moved_by_commands_and_comes_back(tmp_path: Path) -> None:
    here, there = started(tmp_path / "here"), started(tmp_path / "there")
    file = str(tmp_path / "vdn")
    key = run("key", "create", "--vdn", "25", "--json", *here).value
    assert run("vdn", "export", "26", file, *here).status == 1
    exported = run("vdn", "export", "25", file, "--json", *here).value
    assert exported["rows"]["access_key"] == 1
    assert run("vdn", "export", "25", file, *here).status == 1
    assert key["sk"] not in Path(file).read_text("utf-8")
    assert "gone" in run("vdn", "list", *here).out
    assert "was moved" in run("key", "create", "--vdn", "25", *here).err
    assert "--sealed-with" in run("vdn", "import", file, *there).err
    sealed = ["--sealed-with", str(tmp_path / "here" / "sealing.key")]
    assert run("vdn", "import", file, *sealed, "--json", *there).value["again"] is False
    assert run("vdn", "import", file, *sealed, "--json", *there).value["again"] is True
    assert opened(there, key["ak"]) == key["sk"]
    assert run("vdn", "forget", "25", *here).status == 1
    assert "is served here" in run("vdn", "forget", "25", "--yes", *there).err
    assert run("vdn", "forget", "25", "--yes", "--json", *here).value["did"] == "forgotten"
    assert run("key", "list", "--json", *here).value["keys"] == []
    # It moves back, into the installation that it once left.
    back = str(tmp_path / "back")
    assert run("vdn", "export", "25", back, *there).status == 0
    sealed = ["--sealed-with", str(tmp_path / "there" / "sealing.key")]
    assert run("vdn", "import", back, *sealed, *here).status == 0
    assert opened(here, key["ak"]) == key["sk"]
    states = [run("vdn", "list", "--json", *each).value["vdns"] for each in (here, there)]
    assert [[each["state"] for each in found] for found in states] == [["here"], ["gone"]]
    assert run("vdn", "return", "25", *there).status == 1
    assert run("vdn", "return", "25", "--yes", "--json", *there).value["did"] == "returned"
