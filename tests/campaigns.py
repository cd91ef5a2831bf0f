"""What campaign tests are made of: the published bodies, and a house that stands at one instant."""

from copy import deepcopy
from typing import Any

import httpx2

from callkeeper.api.examples import PUBLISHED_V1, PUBLISHED_V2
from callkeeper.clock import HandClock
from tests.house import ABSENT, VDN, House

NOW = 1_800_000_000_000  # 2027-01-15 08:00:00 UTC
DAY = 24 * 3_600_000
BEGIN = "2027-01-15 00:00:00"  # today
END = "2027-02-15 23:59:59"

DATED = {"strBeginTime": BEGIN, "strEndTime": END}
IVR = {"deviceType": 3, "ivrParam": {"deviceSign": "8801", "callCount": 10, "callInterval": 5}}
STARTED = {"initStatus": 0}
PAUSED = {"initStatus": 1}

VDN_WITHOUT = 7  # a VDN that a house has no campaign in
SUCCESS = {
    "resultCode": "0200000",
    "resultDesc": "",
    "returnCode": "0200000",
    "returnDesc": "",
}


class Campaigning:
    """Campaign requests against a house, as one or the other version has them."""

    def __init__(self, house: House, version: int = 1, vdn: int = VDN) -> None:
        self.house = house
        self.version = version
        self.vdn = vdn

    @property
    def clock(self) -> HandClock:
        """The clock that the house was built with."""
        clock = self.house.clock
        assert isinstance(clock, HandClock)
        return clock

    def body(self, **fields: Any) -> dict[str, Any]:
        """Return the version's published body with dates to come, changed at will."""
        printed = PUBLISHED_V1 if self.version == 1 else PUBLISHED_V2
        body = deepcopy(printed) | DATED | fields
        return {name: value for name, value in body.items() if value is not ABSENT}

    def send(self, method: str, rest: str = "", body: Any = None, **how: Any) -> httpx2.Response:
        """Send a request below the VDN, in this version."""
        path = f"/v{how.pop('version', self.version)}/openapi/campaigns/{self.vdn}{rest}"
        return self.house.send(method, path, body, **how)

    def code(self, method: str, rest: str = "", body: Any = None, **how: Any) -> str:
        """Send a request and return the result code, once all four fields agree."""
        response = self.send(method, rest, body, **how)
        assert response.status_code == 200
        answer = response.json()
        assert answer["resultCode"] == answer["returnCode"]
        assert answer["resultDesc"] == answer["returnDesc"]
        if answer["resultCode"] != "0200000":
            assert len(answer["resultDesc"]) > 10, answer
        return str(answer["resultCode"])

    def adding(self, **fields: Any) -> str:
        """Return the result code of adding a campaign."""
        return self.code("POST", "", self.body(**fields))

    def add(self, **fields: Any) -> int:
        """Add a campaign and return its id."""
        answer = self.send("POST", "", self.body(**fields)).json()
        assert answer["resultCode"] == "0200000", answer
        return int(answer["returnObject"]["id"])

    def modifying(self, id_: int, **fields: Any) -> str:
        """Return the result code of modifying a campaign."""
        return self.code("PUT", f"/{id_}", self.body(**fields))

    def one(self, id_: int) -> dict[str, Any]:
        """Return a campaign's detail."""
        answer = self.send("GET", f"/{id_}", version=1).json()
        assert answer["resultCode"] == "0200000", answer
        found: dict[str, Any] = answer["returnObject"]
        return found

    def query(self, **filters: Any) -> dict[str, Any]:
        """Return the answer to querying all."""
        given = {"status": 0, "deviceType": 0, "curPage": 1, "rowsPerPage": 10} | filters
        query = str(httpx2.QueryParams({k: v for k, v in given.items() if v is not ABSENT}))
        answer: dict[str, Any] = self.send("GET", "", query=query, version=1).json()
        return answer

    def listed(self, **filters: Any) -> list[int]:
        """Return the ids that querying all answers with."""
        answer = self.query(**filters)
        assert answer["resultCode"] == "0200000", answer
        return [row["id"] for row in answer["data"]]
