"""Lines as operators see them: who dials over which, and what a line says."""

import pytest

from callkeeper.core.dialing.lease import LEASE_MS, Lease
from tests.console.visitor import ADMINISTRATOR, OPERATOR, Visitor, at_work
from tests.house import House

LINES = "/console/lines"


@pytest.fixture(scope="module")
def operator(house: House) -> Visitor:
    return at_work(house, "root", OPERATOR)


def dials(house: House, name: str, line: str, *, is_up: bool = True, ago: int = 0) -> None:
    """Let a dispatcher dial over a line, or have done so a while ago."""
    said_at = house.now() - ago
    lease = Lease(name, line, said_at - 60_000, said_at, said_at + LEASE_MS, is_up, 1.25)
    with house.store.transaction():
        house.store.leases.renew([lease])


def test_without_a_dialer_the_command_that_starts_one_is_told(operator: Visitor) -> None:
    page = operator.look(LINES)
    assert "No dialer is running" in page.text
    assert "callkeeper dial" in page.text


def test_lines_are_shown_with_who_dials_over_them(house: House, operator: Visitor) -> None:
    dials(house, "host1-4711", "asterisk")
    dials(house, "host2-815", "asterisk", is_up=False)
    dials(house, "host3-1", "line-b", is_up=False)
    dials(house, "host4-9", "line-c", ago=LEASE_MS)
    page = operator.look(LINES).text
    assert "No dialer is running" not in page
    assert "asterisk up · calls in progress: 0 · 2.5 a second host1-4711 · began" in page
    assert "lease: 15 s left" in page
    assert "line-b down" in page
    assert "Gone since yesterday (1) host4-9 · line-c" in page
    with house.store.transaction():
        refusing = Lease(
            name="host1-4711",
            line="asterisk",
            begun_at=1,
            said_at=house.now(),
            lease_until=house.now() + LEASE_MS,
            is_up=True,
            per_second=0,
            trouble="<b>503</b>",
        )
        house.store.leases.renew([refusing])
    assert "asterisk refuses every call <b>503</b>" in operator.look(LINES).text


def test_lines_are_for_operators(house: House) -> None:
    assert at_work(house, "keeper", ADMINISTRATOR).look(LINES).status == 403
