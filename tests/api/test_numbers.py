"""Which numbers may be dialed, asked from outside: a create of another is refused."""

from pathlib import Path
from typing import Any

import pytest

from tests.house import HOUR, TASK, House
from tests.test_cli import run


def create(house: House, number: str, **more: Any) -> dict[str, Any]:
    body = {
        "callType": 2,
        "calledNo": number,
        "userAccount": "anna",
        "taskId": TASK,
        "appointTime": house.now() + HOUR,
    }
    answer: dict[str, Any] = house.post("create", body | more).json()
    return answer


@pytest.mark.parametrize("kind", [1, 2])
def test_a_number_that_may_not_be_dialed_is_refused(tmp_path: Path, kind: int) -> None:
    with House(tmp_path, numbers="allow 0; deny 00") as house:
        assert create(house, "0301234", callType=kind)["resultCode"] == "0200000"
        for number, said in (("00491", "numbers that begin with 00"), ("66660001", "only numbers")):
            answer = create(house, number, callType=kind)
            assert answer["resultCode"] == "04000002"
            assert answer["resultDesc"].startswith(f"calledNo: {said}")
        assert len(house.listed()) == 1


def test_a_number_behind_a_service_code_is_refused(tmp_path: Path) -> None:
    with House(tmp_path, numbers="deny 00 0900") as house:
        for number in ("*31#0900123", "0*900123", "#0049301"):
            answer = create(house, number)
            assert answer["resultCode"] == "04000002"
            assert answer["resultDesc"] == "calledNo: numbers with * or # are not dialed here"


def test_a_vdns_own_rule_counts_for_it(tmp_path: Path) -> None:
    with House(tmp_path, numbers="deny 0", numbers_of_vdns={"25": "allow 00"}) as house:
        assert create(house, "00491")["resultCode"] == "0200000"
        assert create(house, "66660001")["resultCode"] == "04000002"


def test_why_tells_of_one_that_was_stored_before(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        id_ = str(create(house, "00491")["returnObject"]["appointId"])
        where = ["--data-dir", str(house.settings.data_dir)]
        told = run("why", id_, *where, CALLKEEPER_NUMBERS="deny 00").out
        assert "numbers that begin with 00 are not dialed here; it will not be dialed" in told
        assert "will not be dialed" not in run("why", id_, *where).out
