"""Lines from the shell: what they bear, how their calls ended, and what to do of a lost one."""

from typing import Any

import msgspec

from callkeeper.core.dialing.lease import LEASE_MS, Lease
from callkeeper.core.instants import in_iso
from tests.house import House
from tests.test_cli_dialer import at_data


def test_lines_say_their_bounds_how_calls_ended_and_that_one_is_down(house: House) -> None:
    now = house.now()
    busy: dict[str, Any] = {
        "calls_max": 25,
        "calls_per_second_max": 4.5,
        "outcomes": {"no_answer": 7, "busy": 9},
    }
    lost: dict[str, Any] = {
        "down_at": now - 60_000,
        "down_why": "no connection to Asterisk at http://pbx",
    }
    leases = [
        Lease("anna", "a", now, now, now + LEASE_MS, is_up=True, per_second=1.5, **busy),
        Lease("bert", "b-b", now, now, now + LEASE_MS, is_up=False, per_second=0.0, **lost),
    ]
    with house.store.transaction():
        house.store.leases.renew(leases)
    anna, bert = at_data(house, "lines", "--json").value["dispatchers"]
    assert {name: anna[name] for name in busy} == busy
    assert (anna["calls_per_second"], anna["down_at"], anna["down_why"]) == (1.5, None, None)
    assert (bert["down_at"], bert["down_why"]) == (in_iso(now - 60_000), lost["down_why"])
    assert (bert["state"], bert["outcomes"], bert["calls_max"]) == ("line down", None, None)
    _, first, second, note, remedy = at_data(house, "lines").out.splitlines()
    assert first.split()[:8] == ["a", "0", "of", "25", "1.5", "of", "4.5", "anna"]
    assert first.endswith("busy 9, no answer 7")
    assert "line down since " in second
    assert ": no connection to Asterisk at http://pbx" in second
    assert note == "times are in UTC"
    doctor = "callkeeper doctor --line asterisk --line-name b-b"
    assert remedy == f"where a dispatcher of line b-b runs, `{doctor}` finds out why"


def test_the_doctor_says_of_a_line_that_is_well_that_its_dispatcher_has_lost_it(
    house: House,
) -> None:
    def told(*, lost_ago: int, **fields: Any) -> str:
        now = house.now()
        lease = Lease("anna", "b-b", now, now, now + LEASE_MS, is_up=False, per_second=0.0)
        lost = msgspec.structs.replace(lease, down_at=now - lost_ago, **fields)
        with house.store.transaction():
            house.store.leases.renew([lost])
        options = ["--line", "rehearsal", "--line-name", "b-b", "--port", "0"]
        return " ".join(at_data(house, "doctor", *options).out.split())

    why = "no connection to Asterisk at http://pbx"
    assert f"but dispatcher anna finds: {why}" in told(lost_ago=60_000, down_why=why)
    assert "but dispatcher anna finds: its line cannot be asked" in told(lost_ago=60_000)
    assert "1 dispatcher at work" in told(lost_ago=1_000, down_why=why)
