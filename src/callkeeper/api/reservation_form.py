"""What comes in of a reservation: the bodies of cec_07_0777 to cec_07_0781."""

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from callkeeper.api.contract.fields import (
    Account,
    CalledNumber,
    Choice,
    Field,
    Fields,
    Form,
    Integer,
    JsonText,
    Schema,
    Text,
    Texts,
    TimeStamp,
    check_fit,
)
from callkeeper.api.contract.interface import Deployment, Dialect
from callkeeper.core.campaigns.campaign import campaign_id
from callkeeper.core.characters import (
    DIGITS,
    PRINTABLE,
    WORD,
    Characters,
)
from callkeeper.core.instants import Instant
from callkeeper.core.outcome import ANSWERED_CODE
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import TimeWrong
from callkeeper.core.reservations.changes import FAIL_CODE, Cancel, Move, Result
from callkeeper.core.reservations.reservation import CALLED_NO, REMARK, Kind, Wish
from callkeeper.store.port.reservations import Wanted

C = TypeVar("C", bound=msgspec.Struct)

_CODE_DIGITS = 5

# One that begins with + is taken as people write it.
_CALLER = Characters(
    re.compile(r"[^0-9*#](?:(?<!\A\+)|(?![0-9*#]))"),
    Phrase("digits, * and #, and a + before them"),
    {"": Phrase("leave the field out when there is no number")},
)

KINDS: dict[int, Kind] = {1: "manual", 2: "automatic"}

_APPOINT_ID = Text(
    name="appointId",
    ours="id",
    says="the reservation",
    mandatory=True,
    longest=64,
    characters=WORD,
)
_REMARK = Text(
    name="remark", ours="remark", says="note", longest=REMARK.longest, characters=REMARK.characters
)


def agent_field(deployment: Deployment, *, mandatory: bool = False) -> Field:
    """Return the field that names the agent in a deployment; the other one is ignored."""
    if deployment == "op":
        return Account(
            name="workNo",
            ours="agent",
            says="agent id",
            mandatory=mandatory,
            longest=20,
            characters=DIGITS,
        )
    return Account(
        name="userAccount",
        ours="agent",
        says="business account of the agent",
        mandatory=mandatory,
        longest=100,
    )


class FailCode(Text, frozen=True, kw_only=True):
    """A CTI result code: five digits. What lost its leading zeros on its way gets them back."""

    def take(self, value: Any) -> str:  # noqa: ANN401 - JSON comes in
        """Return the code; one of nothing but zeros is a success (cti-codes.md, 1)."""
        code = super().take(value)
        if len(code) == _CODE_DIGITS or not code.isdecimal():
            return code
        return code.zfill(_CODE_DIGITS) if code.strip("0") else ANSWERED_CODE


class CallerNumber(Text, frozen=True, kw_only=True):
    """The number that a call came from: of one as E.164 writes it, the digits behind the +."""

    def take(self, value: Any) -> str:  # noqa: ANN401
        """Return the number."""
        number = super().take(value)
        return number.removeprefix("+")

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {**super().schema(), "pattern": r"^\+?[0-9*#]*$"}


class Addressed(msgspec.Struct, Generic[C], frozen=True):
    """A change, and of which reservation."""

    id: str
    change: C


class ChangeForm(Form[Addressed[C]]):
    """The body of a change: the reservation's id beside the fields that make the change."""

    def __init__(self, makes: type[C], *fields: Field) -> None:
        Fields.__init__(self, _APPOINT_ID, *fields)
        check_fit(makes, fields)
        self._change = makes

    def read(self, body: Mapping[str, Any]) -> Addressed[C]:
        """Return the change with its address; raise the fault that comes first."""
        values = self.values(body)
        return Addressed(values.pop("id"), self._change(**values))


class CampaignId(Text, frozen=True, kw_only=True):
    """A campaign's id in a filter; a text that is none matches nothing."""

    def take(self, value: Any) -> int:  # type: ignore[override] # noqa: ANN401
        """Return the id; 0, which no campaign has, for a text that is none."""
        return campaign_id(super().take(value)) or 0


class Listing(msgspec.Struct, frozen=True):
    """Which reservations to list, as Wanted has them, of whichever VDN asks."""

    offset: int
    limit: int
    called_no: str | None = None
    agents: list[str] | None = None
    begin_at: Instant | None = None
    end_at: Instant | None = None
    campaign_id: int | None = None

    def of(self, vdn: int) -> Wanted:
        """Return what is wanted of a VDN."""
        return Wanted(vdn, **msgspec.structs.asdict(self))


def create_form(dialect: Dialect) -> Form[Wish]:
    """Return the body of create, cec_07_0777."""
    return Form(
        Wish,
        Choice(
            name="callType",
            ours="kind",
            says="1 manual: an agent dials; 2 automatic: the system dials, 5 minutes early "
            "unless the operator set another time",
            mandatory=True,
            choices=KINDS,
        ),
        CalledNumber(
            name="calledNo",
            ours="called_no",
            says="number to be called",
            mandatory=True,
            longest=CALLED_NO.longest,
            characters=CALLED_NO.characters,
        ),
        agent_field(dialect.deployment, mandatory=True),
        Text(
            name="taskId",
            ours="campaign_id",
            says="campaign it belongs to",
            mandatory=True,
            longest=32,
        ),
        TimeStamp(
            name="appointTime",
            ours="appoint_at",
            says="when to call, not earlier than now",
            mandatory=True,
            fault=TimeWrong,
        ),
        JsonText(
            name="callData",
            ours="call_data",
            says="data for the flow of an automatic call: a JSON object as a string",
            longest=1024,
        ),
        _REMARK,
    )


def update_form(dialect: Dialect) -> ChangeForm[Move]:
    """Return the body of update, cec_07_0778."""
    return ChangeForm(
        Move,
        agent_field(dialect.deployment),
        TimeStamp(name="appointTime", ours="appoint_at", says="new time, not earlier than now"),
        msgspec.structs.replace(_REMARK, clears=True, says="another note; empty: none"),
    )


def result_form(dialect: Dialect) -> ChangeForm[Result]:
    """Return the body of updateResult, cec_07_0779."""
    return ChangeForm(
        Result,
        agent_field(dialect.deployment),
        CallerNumber(
            name="callerNo",
            ours="caller_no",
            clears=True,
            says="calling number; of a leading + only the digits behind it are kept",
            longest=24,
            characters=_CALLER,
        ),
        FailCode(
            name="failCode",
            ours="fail_code",
            clears=True,
            says="CTI result code; 00000: the call succeeded, any other: it failed",
            longest=FAIL_CODE.longest,
            characters=FAIL_CODE.characters,
        ),
        Text(
            name="callId",
            ours="call_id",
            clears=True,
            says="call record id",
            longest=64,
            characters=PRINTABLE,
        ),
        Text(
            name="busiResult",
            ours="business_result",
            clears=True,
            says="id of the business result",
            longest=50,
            characters=WORD,
        ),
        Text(
            name="busiSubStatus",
            ours="business_sub_result",
            clears=True,
            says="id of the business sub-result, a child of busiResult",
            longest=50,
            characters=WORD,
        ),
        TimeStamp(name="beginTime", ours="begin_at", says="when the call began"),
        TimeStamp(name="endTime", ours="end_at", says="when the call ended, not before it began"),
    )


_AGENT = Account(name="userAccountList", ours="agent", says="an agent", longest=100)
DELETE_FORM = ChangeForm(Cancel)
LIST_FORM = Form(
    Listing,
    Text(
        name="calledNo",
        ours="called_no",
        says="number to be called, in full",
        longest=CALLED_NO.longest,
        characters=CALLED_NO.characters,
    ),
    Texts(name="userAccountList", ours="agents", says="any of these agents", each=_AGENT, most=100),
    TimeStamp(name="beginTime", ours="begin_at", says="appointed at this time or later"),
    TimeStamp(name="endTime", ours="end_at", says="appointed at this time or earlier"),
    CampaignId(name="taskId", ours="campaign_id", says="campaign", longest=32),
    Integer(
        name="offset", ours="offset", says="index of the first record", mandatory=True, least=0
    ),
    Integer(name="limit", ours="limit", says="records a page", mandatory=True, least=1, most=100),
)
