"""Turns among VDNs, over HTTP: whatever becomes of a request, its turn is given back."""

from callkeeper.core.allowance import Limit
from callkeeper.http.fairness import WRITES
from callkeeper.usecases.keys import OpenKey, limit
from tests.house import VDN, House

OTHER = 26
RESULT = {"appointId": "none", "failCode": "00000"}
PAGE = {"offset": 0, "limit": 10}


def test_no_refusal_keeps_its_turn(house: House) -> None:
    other = house.issue(OTHER)
    limited = house.issue(OTHER)
    limit(house.store, house.clock, limited.ak, Limit(0.01, 1))
    forged = OpenKey(other.ak, "not the secret", OTHER)
    for _ in range(2 * WRITES):
        assert house.post("list", PAGE).status_code == 200  # so that there are several
        assert house.post("updateResult", RESULT, vdn=OTHER, key=forged).status_code == 401
        assert house.post("updateResult", RESULT, vdn=VDN, key=other).status_code == 401
        assert house.post("updateResult", b"no JSON", vdn=OTHER, key=other).status_code == 200
        house.post("updateResult", RESULT, vdn=OTHER, key=limited)
        answer = house.post("updateResult", RESULT, vdn=OTHER, key=other)
        assert answer.json()["resultCode"] == "04000004"
        assert house.post("list", PAGE, vdn=OTHER, key=other).json()["totalCount"] == 0
