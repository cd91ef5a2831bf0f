"""Two cells: each VDN is served by its own, and one that is lost stops nobody else's."""

from http.client import HTTPConnection
from pathlib import Path

import pytest

from callkeeper.client import Client, DatabaseFailed
from callkeeper.installation.database import open_seal, open_session
from callkeeper.settings import Settings
from callkeeper.usecases.keys import OpenKey, issue
from tests.conftest import leave_out
from tests.fleet.cells import Cell, Cells
from tests.private_postgres import PrivatePostgres
from tests.store.orders import HOUR, has_campaign
from tests.test_cli import run

SOUTHERN, RANGED, NORTHERN = 25, 5000, 26  # as the documents' HAProxy has it


@pytest.fixture(autouse=True)
def _haproxy() -> None:
    if not Path("/usr/sbin/haproxy").exists():
        leave_out("there is no haproxy; apt-get install haproxy")


def test_each_vdn_is_served_by_its_cell_and_a_lost_cell_stops_no_other(
    postgres: PrivatePostgres, own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    north = cell_of(tmp_path / "north", postgres)
    south = cell_of(tmp_path / "south", own_postgres)
    key = issue(north.store, open_seal(settings_of(north)), north.clock, None)
    into = [each.replace("--", "--into-") if each[:2] == "--" else each for each in south.where]
    for changed in (True, False):  # a second time there is nothing to do
        (copied,) = run("key", "copy", *into, *north.where, "--json").value["keys"]
        assert (copied["ak"], copied["changed"]) == (key.ak, changed)
    with Cells(tmp_path, north, south) as cells:
        for vdn, there, other in (
            (NORTHERN, north, south),
            (SOUTHERN, south, north),
            (RANGED, south, north),
        ):
            id_ = reserve(cells, key, vdn)
            assert [each.vdn for each in there.store.reservations.with_id(id_)] == [vdn]
            assert not other.store.reservations.with_id(id_)
        for cell, own, foreign in (
            (north, "north.example.com", "south.example.com"),
            (south, "south.example.com", "north.example.com"),
        ):
            arguments = ("--operator", "--url", f"https://{own}", "--json")
            link = run("person", "add", "olga", *arguments, *cell.where).value["link"]
            page = link.removeprefix(f"https://{own}")
            assert "olga" in shown(cells, own, page)
            assert "olga" not in shown(cells, foreign, page)
        own_postgres.stop("immediate")
        with pytest.raises(DatabaseFailed):
            reserve(cells, key, SOUTHERN)
        reserve(cells, key, NORTHERN)
        own_postgres.start()


def cell_of(home: Path, server: PrivatePostgres) -> Cell:
    """Return a cell with campaign 1 in each of the VDNs."""
    home.mkdir()
    cell = Cell(home, server.new_database())
    session = open_session(settings_of(cell))
    now = cell.clock.now()
    for vdn in (SOUTHERN, RANGED, NORTHERN):
        has_campaign(session, vdn, 1, begin_at=now, end_at=now + 1000 * HOUR)
    session.close()
    return cell


def settings_of(cell: Cell) -> Settings:
    return Settings(data_dir=cell.home / "data", database=cell.where[-1])


def reserve(cells: Cells, key: OpenKey, vdn: int) -> str:
    with Client(f"http://127.0.0.1:{cells.port}", key.ak, key.secret, vdn) as client:
        return client.reserve("13700000001", at=2_000_000_000_000, campaign=1, agent="ann")


def shown(cells: Cells, host: str, page: str) -> str:
    """Return what a page says under the name of a host."""
    connection = HTTPConnection("127.0.0.1", cells.port, timeout=10)
    connection.request("GET", page, headers={"Host": f"{host}:{cells.port}"})
    told = connection.getresponse().read().decode()
    connection.close()
    return told
