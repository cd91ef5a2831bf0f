"""What the client takes and gives: instants, reservations, campaigns, and their wire form.

Reading is liberal, for the vendor's product may leave out what it does not know, and write a
number as text: a field that is absent is None.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

import msgspec

Instant = datetime | int  # an aware datetime, or UTC milliseconds

# The core has it too; the client stands alone.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE_TIME = "%Y-%m-%d %H:%M:%S"
_KINDS = {"1": "manual", "2": "automatic"}
_STATUS = {"1": "draft", "2": "started", "3": "paused", "4": "ended"}
_WINDOWS = 3
_COUNT_MAX = 2**53  # beyond which JSON's readers differ on what a number is


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation as the server lists it, cec_07_0781."""

    id: str
    kind: str  # manual or automatic
    at: datetime | None
    called: str
    campaign: str
    campaign_name: str | None
    campaign_status: str | None  # draft, started, paused or ended
    overdue: bool
    agent: str | None
    agent_name: str | None
    begin: datetime | None
    end: datetime | None
    caller: str | None
    fail_code: str | None
    call_id: str | None
    business_result: str | None
    business_sub_result: str | None
    call_data: str | None
    remark: str | None

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "Reservation":
        """Return a row of the list."""
        return cls(
            id=_id(row["appointId"]),
            kind=_named(_KINDS, row.get("callType")) or "",
            at=instant(row.get("appointTime")),
            called=str(row.get("calledNo") or ""),
            campaign=str(row.get("taskId") or ""),
            campaign_name=_text(row.get("taskName")),
            campaign_status=_named(_STATUS, row.get("taskStatus")),
            overdue=row.get("timeout") in (True, "true"),
            agent=_text(row.get("userAccount") or row.get("workNo")),
            agent_name=_text(row.get("userName")),
            begin=instant(row.get("beginTime")),
            end=instant(row.get("endTime")),
            caller=_text(row.get("callerNo")),
            fail_code=_text(row.get("failCode")),
            call_id=_text(row.get("callId")),
            business_result=_text(row.get("busiResult")),
            business_sub_result=_text(row.get("busiSubStatus")),
            call_data=_text(row.get("callData")),
            remark=_text(row.get("remark")),
        )


class Filters(TypedDict, total=False):
    """Which reservations to list; what is not given does not filter. All hold at once.

    ``begin`` and ``end`` bound the appointed time, both included; ``called`` matches in full.
    """

    called: str
    agents: Sequence[str]
    begin: Instant
    end: Instant
    campaign: int | str


class Page(msgspec.Struct, frozen=True):
    """Reservations of a page, and how many there are in all."""

    total: int
    reservations: tuple[Reservation, ...]

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Page":
        """Return a page of the list as it was answered."""
        found = tuple(Reservation.read(each) for each in fields.get("data") or ())
        return cls(_count(fields.get("totalCount")), found)


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign, cec_07_0726 and cec_07_0727; ``details`` is all of it in the wire's words."""

    id: int
    name: str
    status: str | None  # draft, started, paused or ended
    begin: datetime | None
    end: datetime | None
    device_type: int
    details: dict[str, Any]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "Campaign":
        """Return a campaign as it was answered."""
        return cls(
            id=int(row["id"]),
            name=str(row["name"]),
            status=_named(_STATUS, row.get("status")),
            begin=_read_date_time(row.get("strBeginTime")),
            end=_read_date_time(row.get("strEndTime")),
            device_type=int(row.get("deviceType") or 0),
            details=dict(row),
        )


class CampaignPage(msgspec.Struct, frozen=True):
    """Campaigns of a page, and how many there are in all."""

    total: int
    campaigns: tuple[Campaign, ...]

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "CampaignPage":
        """Return a page of campaigns as it was answered."""
        found = tuple(Campaign.read(each) for each in fields.get("data") or ())
        return cls(_count(fields.get("totalSize")), found)


class BusinessResult(msgspec.Struct, frozen=True):
    """A business result that agents may file, with its sub-results, cec_07_0733."""

    name: str
    code: str
    children: tuple["BusinessResult", ...] = ()

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "BusinessResult":
        """Return a definition as it was answered."""
        children = tuple(cls.read(each) for each in row.get("children") or ())
        return cls(str(row["name"]), str(row.get("code") or ""), children)


def results_page(fields: Mapping[str, Any]) -> tuple[int, tuple[BusinessResult, ...]]:
    """Return how many there are in all, and those of a page as it was answered."""
    found = tuple(BusinessResult.read(each) for each in fields.get("data") or ())
    return _count(fields.get("totalCount")), found


def made_id(fields: Mapping[str, Any]) -> str:
    """Return the id of a reservation that was made."""
    made = fields["returnObject"]  # the page's table says appointId, its example id
    return _id(made.get("appointId") or made["id"])


class CampaignFields(TypedDict, total=False):
    """What a campaign is made of, cec_07_0721 to cec_07_0724.

    Windows are pairs of "HH:MM", up to three of a kind; ``caller`` is V1's one number, ``callers``
    V2's pairs of number and priority, smaller first. ``ivr`` (device types 1, 3), ``skill`` (2,
    5, 6) and the policies go out as they are given, in the wire's words. The last five fields but
    ``callback_url`` are V2's alone.
    """

    name: str
    begin: Instant
    end: Instant
    device_type: int
    alerting_seconds_max: int
    workday_windows: Sequence[tuple[str, str]]
    special_day_windows: Sequence[tuple[str, str]]
    caller: str
    callers: Sequence[tuple[str, int]]
    ivr: Mapping[str, Any]
    skill: Mapping[str, Any]
    description: str
    start: bool  # False: add it paused, and resume starts it (if the server reads 1 as paused)
    callback_url: str
    priority: int
    retry_policy: Mapping[str, Any]
    call_policy: Mapping[str, Any]
    call_order: int


def to_wire(fields: CampaignFields, version: str) -> dict[str, Any]:
    """Return a campaign's fields as a body of V1 or V2; raise ValueError for the other's."""
    _check_version(fields, version)
    workday = _windows("workday", fields.get("workday_windows", ()))
    special = _windows("holiday", fields.get("special_day_windows", ()))
    callers = [
        {"accessCode": number, "priority": priority}
        for number, priority in fields.get("callers", ())
    ]
    start = fields.get("start")
    return {
        "name": fields.get("name"),
        "description": fields.get("description"),
        "strBeginTime": date_time(fields.get("begin")),
        "strEndTime": date_time(fields.get("end")),
        "deviceType": fields.get("device_type"),
        "callerNo": callers if version == "v2" else fields.get("caller"),
        "maxAlertingTime": fields.get("alerting_seconds_max"),
        "scheduleParam": workday | special,
        "ivrParam": fields.get("ivr"),
        "skillParam": fields.get("skill"),
        # What is absent starts it, however the server reads the numbers.
        "initStatus": 1 if start is False else None,
        "callBackUrl": fields.get("callback_url"),
        "priority": fields.get("priority"),
        "retryPolicy": fields.get("retry_policy"),
        "callPolicy": fields.get("call_policy"),
        "callOrder": fields.get("call_order"),
    }


def milliseconds(given: Instant | None) -> int | None:
    """Return an instant in UTC milliseconds; raise ValueError for a datetime without a zone."""
    if given is None:
        return None
    if isinstance(given, datetime):
        if given.utcoffset() is None:
            raise ValueError(
                f"{given.isoformat()} has no time zone; give an aware datetime, "
                "such as datetime.now(UTC)"
            )
        return (given - _EPOCH) // timedelta(milliseconds=1)
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"an instant is an aware datetime or UTC milliseconds, not {given!r}")
    return given


def instant(given: int | str | None) -> datetime | None:
    """Return UTC milliseconds, or their digits, as an aware datetime."""
    if given in (None, ""):
        return None
    return _EPOCH + timedelta(milliseconds=int(given or 0))


def date_time(given: Instant | None) -> str | None:
    """Return an instant as a campaign's dates are written: UTC, to the second."""
    moment = instant(milliseconds(given))
    return None if moment is None else moment.strftime(_DATE_TIME)


def _read_date_time(text: str | None) -> datetime | None:
    if not text:
        return None
    # One edition of the page shows dates without a time.
    shape = _DATE_TIME if " " in text else "%Y-%m-%d"
    return datetime.strptime(text, shape).replace(tzinfo=UTC)


def _check_version(fields: CampaignFields, version: str) -> None:
    others = {"caller"} if version == "v2" else _OF_V2
    if wrong := sorted(others & fields.keys()):
        raise ValueError(f"{', '.join(wrong)}: not in a campaign of {version.upper()}")


_OF_V2 = {"callers", "priority", "retry_policy", "call_policy", "call_order"}


def _windows(kind: str, windows: Sequence[tuple[str, str]]) -> dict[str, str]:
    if len(windows) > _WINDOWS:
        raise ValueError(f"a campaign has at most {_WINDOWS} windows of a kind")
    found = {}
    for number, (begin, end) in enumerate(windows, 1):
        found[f"{kind}BeginTime{number}"] = begin
        found[f"{kind}EndTime{number}"] = end
    return found


def _count(given: Any) -> int:  # noqa: ANN401 - JSON came in
    """Return how many there are in all: none where nothing is said, and never fewer."""
    count = int(given or 0)
    if not 0 <= count <= _COUNT_MAX:
        raise ValueError("the total is no count")
    return count


def _text(given: object) -> str | None:
    """Return a text that may be absent; of a number, or anything else, its JSON."""
    return given if given is None or isinstance(given, str) else msgspec.json.encode(given).decode()


def _id(given: object) -> str:
    """Return an id, which is never empty."""
    if not (found := _text(given)):
        raise ValueError("the id is empty")
    return found


def _named(names: Mapping[str, str], code: object) -> str | None:
    return None if code is None else names.get(str(code), str(code))
