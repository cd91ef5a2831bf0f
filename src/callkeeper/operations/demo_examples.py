"""The vendor's published examples, and what of this product's must be there for them."""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

import msgspec

from callkeeper.api.examples import (
    DELETE_ID,
    MOVE_ID,
    PUBLISHED_BUSINESS_RESULT,
    PUBLISHED_CREATE,
    PUBLISHED_RESULT,
    PUBLISHED_V1,
    RESULT_ID,
    UPDATE,
)
from callkeeper.core.campaigns.campaign import DAY_MINUTES, PREVIEW, CallerNumber, Window
from callkeeper.core.campaigns.changes import NewCampaign
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.instants import DAY_MS, HOUR_MS, by_clock
from callkeeper.core.reservations.reservation import Booking, Wish

CAMPAIGN_ID = int(PUBLISHED_CREATE["taskId"])
RESERVATION_IDS = (RESULT_ID, MOVE_ID, DELETE_ID)

AUTOMATIC_NO = "66660011"

_LISTED = 3
_LEAD_MS = 300_000
_DAYS = 28

# Character for character as in section 1 to 4 of the contract, cec_07_0777 to cec_07_0780.
CREATE = msgspec.json.encode(PUBLISHED_CREATE)
RESULT = msgspec.json.encode(PUBLISHED_RESULT)
DELETE = msgspec.json.encode({"appointId": DELETE_ID})
DELETE_CALLED = msgspec.json.encode({"appointId": RESULT_ID})
LIST = msgspec.json.encode({"taskId": PUBLISHED_CREATE["taskId"], "offset": 0, "limit": 100})

BUSINESS_RESULT = msgspec.json.encode(PUBLISHED_BUSINESS_RESULT)


def create_at(instant: int) -> bytes:
    """Return the published create for another time."""
    return msgspec.json.encode(PUBLISHED_CREATE | {"appointTime": instant})


def move_at(instant: int) -> bytes:
    """Return the published modify with another new time."""
    return msgspec.json.encode({**UPDATE.request, "appointTime": instant, "workNo": "125"})


def campaign_from(now: int) -> bytes:
    """Return the published campaign, beginning tomorrow and as long as it was."""
    begins = by_clock(now, UTC).date() + timedelta(days=1)
    ends = begins + timedelta(days=_DAYS - 1)
    dates = {"strBeginTime": f"{begins} 00:00:00", "strEndTime": f"{ends} 23:59:59"}
    return msgspec.json.encode(PUBLISHED_V1 | dates)


def automatic_at(instant: int) -> bytes:
    """Return the published create for a call that the system makes by itself."""
    wish = {"callType": "2", "calledNo": AUTOMATIC_NO, "appointTime": instant}
    return msgspec.json.encode(PUBLISHED_CREATE | wish)


def list_of(called_no: str) -> bytes:
    """Return the list of the calls to a number."""
    return msgspec.json.encode({"calledNo": called_no, "offset": 0, "limit": 100})


def is_dialed(fields: Mapping[str, Any], reservation_id: str) -> bool:
    """Whether the list has a call with all that the system writes of one that was answered."""
    (row,) = fields["data"]
    written = (row["callId"], row["callerNo"], row["beginTime"], row["endTime"])
    return row["appointId"] == reservation_id and row["failCode"] == "00000" and all(written)


def is_expected_list(fields: Mapping[str, Any]) -> bool:
    """Whether the list shows what the examples before it have done."""
    rows = {row["appointId"]: row for row in fields["data"]}
    return (
        fields["totalCount"] == len(rows) == _LISTED
        and DELETE_ID not in rows
        and rows[RESULT_ID]["failCode"] == "00000"
        and rows[MOVE_ID]["remark"] == "备注更新0516"
    )


def booking(
    reservation_id: str, vdn: int, *, campaign_id: int = CAMPAIGN_ID, appoint_at: int | None = None
) -> Booking:
    """Return a published reservation; its id begins with the instant at which it was made."""
    made_at = int(reservation_id[:13])
    wish = Wish(
        kind="manual",
        called_no="66660001",
        campaign_id=str(campaign_id),
        appoint_at=appoint_at or made_at + HOUR_MS,
        agent="testName",
    )
    return Booking(
        vdn=vdn,
        id=reservation_id,
        wish=wish,
        request=f"migrated {reservation_id}",
        by="migration",
        at=made_at,
        lead_ms=_LEAD_MS,
    )


def opening(vdn: int, now: int) -> NewCampaign:
    """Return the campaign of the published reservations, with the id that they name."""
    plan = Plan(
        name="demo",
        device_type=PREVIEW,
        alerting_seconds_max=20,
        workday_windows=(Window(0, DAY_MINUTES),),
        special_day_windows=(),
        caller_numbers=(CallerNumber("10086"),),
    )
    return NewCampaign(
        vdn=vdn,
        plan=plan,
        begin_at=now,
        end_at=now + 365 * DAY_MS,
        status="started",
        by="migration",
        at=now,
        active_max=1,
        id=CAMPAIGN_ID,
    )
