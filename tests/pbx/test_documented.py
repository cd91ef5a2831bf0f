"""What docs/operating.md has an operator write, from an empty Asterisk to the first call."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.far_end import FarEnd
from tests.far_end_scenario import ANSWERS, ANSWERS_BRIEFLY, RINGS
from tests.house import VDN, House
from tests.pbx.documented import OPERATING, settings
from tests.private_asterisk import PASSWORD, PrivateAsterisk
from tests.waiting import until

MINUTE = 60_000
GREETING = 1_000  # and longer, unless the file is not there
PLACE, AGENT = 77, 78  # campaigns: to the default destination, and to the agent's phone


def test_calls_go_on_where_the_documented_files_say(
    tmp_path: Path, documented_asterisk: PrivateAsterisk
) -> None:
    with _dials_over(documented_asterisk, tmp_path) as house:
        announced = _reserve(house, f"0139{_fresh(house)}{ANSWERS}", PLACE)
        assert _lasted(house, announced) > GREETING
        talked = _reserve(house, f"0138{_fresh(house)}{ANSWERS}", AGENT)
        until(lambda: {"Up"} == {each["state"] for each in _legs(documented_asterisk)}, 20)
        _hang_up(house, documented_asterisk, talked)
        busy = _reserve(house, f"0137{_fresh(house)}486", PLACE)
        assert _codes(house, announced, talked, busy) == ["00000", "00000", "00537"]


def test_a_context_of_ours_that_decides_where_a_number_goes_hands_on_how_the_call_ended(
    tmp_path: Path, documented_asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    over = {"ari_endpoint": "Local/{number}@outbound"}
    with _dials_over(documented_asterisk, tmp_path, over) as house:
        busy = _reserve(house, f"0139{_fresh(house)}486", PLACE)
        rings = _reserve(house, f"0138{_fresh(house)}{RINGS}", PLACE)
        abroad = f"0043{_fresh(house)}{ANSWERS}"
        denied = _reserve(house, abroad, PLACE)
        assert _codes(house, busy, rings, denied) == ["00537", "01040", "00605"]
    assert far_end.rung()[abroad] == 0


@pytest.mark.parametrize(
    ("endpoint", "sent", "shown"),
    [
        ("PJSIP/+{number}@trunk", "4930", "030400800"),
        ("Local/{number}@e164", "004930", "+4930400800"),
        ("Local/{number}@e164", "030", "+4930400800"),
    ],
)
def test_a_number_reaches_the_carrier_with_the_plus_that_no_crm_sends(
    tmp_path: Path,
    documented_asterisk: PrivateAsterisk,
    far_end: FarEnd,
    *,
    endpoint: str,
    sent: str,
    shown: str,
) -> None:
    assert f"| `{endpoint}` |" in OPERATING
    with _dials_over(documented_asterisk, tmp_path, {"ari_endpoint": endpoint}) as house:
        house.has_campaign(79, caller_numbers='[{"number":"030400800","priority":1}]')
        rest = f"{_fresh(house)}{ANSWERS_BRIEFLY}"
        assert _codes(house, _reserve(house, sent + rest, 79)) == ["00000"]
    dialed = f"+4930{rest}"
    assert (far_end.rung()[dialed], far_end.shown(dialed)) == (1, {shown})


@contextmanager
def _dials_over(
    asterisk: PrivateAsterisk, folder: Path, other: Mapping[str, Any] | None = None
) -> Iterator[House]:
    here = {"ari_url": asterisk.url, "ari_password": PASSWORD}
    handed = {"destinations": {"ivr agent": "PJSIP/1001"}}
    with House(folder / "data", **settings() | here | handed | dict(other or {})) as house:
        house.has_campaign(PLACE, alerting_seconds_max=5)
        house.has_campaign(AGENT, goes_to="ivr agent")
        yield house


def _fresh(house: House) -> str:
    return f"{house.now() % 10**7:07d}"


def _reserve(house: House, number: str, campaign: int) -> str:
    return house.reserve(
        callType=2, calledNo=number, taskId=str(campaign), appointTime=house.now() + MINUTE
    )


def _lasted(house: House, reservation: str) -> int:
    """Wait until the dialplan has ended a call, and return for how long it was answered."""
    until(lambda: any(each.ended_at for each in house.store.attempts.of(VDN, reservation)), 30)
    (attempt,) = house.store.attempts.of(VDN, reservation)
    assert attempt.answered_at
    assert attempt.ended_at
    return attempt.ended_at - attempt.answered_at


def _hang_up(house: House, asterisk: PrivateAsterisk, reservation: str) -> None:
    attempt = until(lambda: house.store.attempts.of(VDN, reservation))[-1]
    asterisk.hang_up(attempt.id)
    until(lambda: not asterisk.channels())


def _legs(asterisk: PrivateAsterisk) -> list[dict[str, Any]]:
    legs: list[dict[str, Any]] = asterisk.ask("GET", "/channels")
    return legs if any(each["name"].startswith("PJSIP/1001-") for each in legs) else []


def _codes(house: House, *reservations: str) -> list[str | None]:
    def known() -> dict[str, str | None]:
        found = {row["appointId"]: row["failCode"] for row in house.listed()}
        return found if all(found[each] for each in reservations) else {}

    found = until(known, 30)
    return [found[each] for each in reservations]
