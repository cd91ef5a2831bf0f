"""What a campaign is made of on the wire: the bodies of cec_07_0721 to cec_07_0724."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from callkeeper.api.campaigns.policies import CALL, IVR, RETRY, SKILL, count
from callkeeper.api.contract.fields import Choice, Field, Form, Integer, Text
from callkeeper.api.contract.interface import Dialect, InitStatus
from callkeeper.api.contract.objects import Object, Objects
from callkeeper.api.contract.times import DateTime, Hours, Schedule
from callkeeper.core.campaigns.campaign import (
    DEVICE_TYPES,
    IVR_DEVICES,
    PREVIEW,
    CallerNumber,
    Status,
)
from callkeeper.core.campaigns.plan import (
    CALLER_NUMBER_MAX,
    CALLER_NUMBERS_MAX,
    DESCRIPTION_MAX,
    NAME_MAX,
    RINGING_SECONDS_MAX,
    Plan,
    check_numbers,
    ringing_seconds_min,
)
from callkeeper.core.campaigns.policies import (
    CallPolicy,
    IvrFlow,
    Policies,
    RetryPolicy,
    SkillQueue,
)
from callkeeper.core.characters import BLANKS, PHONE, PLAIN
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import ParameterWrong

B = TypeVar("B", bound="CampaignBody")


_CALLER = Form(
    CallerNumber,
    Text(
        name="accessCode",
        ours="number",
        says="number shown to the customer",
        mandatory=True,
        longest=CALLER_NUMBER_MAX,
        characters=PHONE,
    ),
    Integer(
        name="priority",
        ours="priority",
        says="1 to 5, smaller is higher",
        mandatory=True,
        least=1,
        most=5,
    ),
)


_DEVICE_TYPE = Choice(
    name="deviceType",
    ours="device_type",
    says="1 intelligent, 2 predictive, 3 automatic, 5 preview, 6 preempted",
    mandatory=True,
    choices={number: number for number in DEVICE_TYPES},
)
_CALLER_NO = Text(
    name="callerNo",
    ours="shown_number",
    says="number shown to the customer",
    mandatory=True,
    longest=CALLER_NUMBER_MAX,
    characters=PHONE,
)
_CALLER_NOS = Objects(
    name="callerNo",
    ours="caller_numbers",
    says="numbers shown to the customer",
    mandatory=True,
    each=_CALLER,
    most=CALLER_NUMBERS_MAX,
    check=check_numbers,
)
# cec_07_1131 says it of a copied template: 0, the default, publishes it, 1 makes it paused. The
# pages of campaigns do not say, so there is a setting for a CRM that means it the other way round.
_INIT_STATUSES: dict[InitStatus, Choice] = {
    "zero_starts": Choice(
        name="initStatus",
        ours="status",
        says="0 started (the default), 1 paused; resume starts it",
        choices={0: "started", 1: "paused"},
    ),
    "one_starts": Choice(
        name="initStatus",
        ours="status",
        says="1 started (the default), 0 a draft; resume starts it",
        choices={1: "started", 0: "draft"},
    ),
}
_POLICIES = (
    Integer(
        name="priority",
        ours="priority",
        says="1 to 5, smaller is higher; kept, not used yet",
        least=1,
        most=5,
    ),
    count("callOrder", "call_order", "order of dialing; kept, not used yet"),
    Object(
        name="retryPolicy",
        ours="retry",
        says="when to call again; kept, not used yet",
        form=RETRY,
    ),
    Object(
        name="callPolicy",
        ours="call",
        says="which number to call; kept, not used yet",
        form=CALL,
    ),
)


class CampaignBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a body says of a campaign; None: it does not say."""

    name: str
    device_type: int
    alerting_seconds_max: int
    schedule: Hours
    description: str | None = None
    begin_at: Instant | None = None
    end_at: Instant | None = None
    caller_numbers: tuple[CallerNumber, ...] | None = None
    shown_number: str | None = None
    ivr_flow: IvrFlow | None = None
    skill_queue: SkillQueue | None = None
    call_back_url: str | None = None
    priority: int | None = None
    call_order: int | None = None
    retry: RetryPolicy | None = None
    call: CallPolicy | None = None

    def plan(self) -> Plan:
        """Return the campaign's plan."""
        return Plan(
            name=self.name,
            device_type=self.device_type,
            alerting_seconds_max=self.alerting_seconds_max,
            workday_windows=self.schedule.workday,
            special_day_windows=self.schedule.special_day,
            policies=Policies(
                ivr_flow=self.ivr_flow,
                skill_queue=self.skill_queue,
                call_back_url=self.call_back_url,
                priority=self.priority,
                call_order=self.call_order,
                retry=self.retry,
                call=self.call,
                schedule=self.schedule.unknown or None,
            ),
            description=self.description,
            caller_numbers=self.caller_numbers,
            shown_number=self.shown_number,
            goes_to=self._goes_to(),
        )

    def _goes_to(self) -> str | None:
        """Return what an answered call is handed to, as the dialer's settings name it."""
        if self.skill_queue is not None:
            return f"skill {self.skill_queue.id}"
        code = self.ivr_flow and self.ivr_flow.code
        return f"ivr {code.strip(BLANKS)}" if code else None


class NewCampaignBody(CampaignBody, frozen=True, kw_only=True):
    """What a body says of a campaign that is to be added."""

    begin_at: Instant
    end_at: Instant
    status: Status = "started"


class CampaignForm(Form[B]):
    """The body of adding or modifying a campaign.

    What is mandatory and how long it may ring hang on the device type: there is a form for each.
    """

    def __init__(self, makes: type[B], *fields: Field, alerting_seconds_max: int) -> None:
        least = min(map(ringing_seconds_min, DEVICE_TYPES))
        super().__init__(makes, *fields, _alerting(least, RINGING_SECONDS_MAX), *_PARTS)
        self._forms = {
            number: Form(
                makes,
                *fields,
                _alerting(
                    ringing_seconds_min(number),
                    RINGING_SECONDS_MAX if number == PREVIEW else alerting_seconds_max,
                ),
                _mandatory(_IVR_PART if number in IVR_DEVICES else _SKILL_PART),
            )
            for number in _DEVICE_TYPE.choices
        }

    def read(self, body: Mapping[str, Any]) -> B:
        """Return what is said; a part that is not for this device type is ignored."""
        try:
            device_type = _DEVICE_TYPE.take(body.get(_DEVICE_TYPE.name))
        except ParameterWrong:
            return super().read(body)  # where this fault takes its place among the others
        return self._forms[device_type].read(body)

    def names(self) -> dict[str, str]:
        """Return the wire's name for each of ours."""
        return {**super().names(), "skill_queue": "skillParam.skillId"}


def add_form_v1(dialect: Dialect) -> CampaignForm[NewCampaignBody]:
    """Return the body of adding one with V1, cec_07_0721: one caller number."""
    return CampaignForm(
        NewCampaignBody,
        *_common(dates=True),
        _CALLER_NO,
        _INIT_STATUSES[dialect.init_status],
        alerting_seconds_max=RINGING_SECONDS_MAX,
    )


def add_form_v2(dialect: Dialect) -> CampaignForm[NewCampaignBody]:
    """Return the body of adding one with V2, cec_07_0722: caller numbers, and the policies."""
    return CampaignForm(
        NewCampaignBody,
        *_common(dates=True),
        _CALLER_NOS,
        *_POLICIES,
        _INIT_STATUSES[dialect.init_status],
        alerting_seconds_max=dialect.alerting_seconds_max,
    )


def modify_form_v1(_: Dialect) -> CampaignForm[CampaignBody]:
    """Return the body of modifying one with V1, cec_07_0723; the dates are optional."""
    return CampaignForm(
        CampaignBody,
        *_common(dates=False, clears=True),
        _CALLER_NO,
        alerting_seconds_max=RINGING_SECONDS_MAX,
    )


def modify_form_v2(dialect: Dialect) -> CampaignForm[CampaignBody]:
    """Return the body of modifying one with V2, cec_07_0724."""
    return CampaignForm(
        CampaignBody,
        *_common(dates=True, clears=True),
        _CALLER_NOS,
        *_POLICIES,
        alerting_seconds_max=dialect.alerting_seconds_max,
    )


def _common(*, dates: bool, clears: bool = False) -> tuple[Field, ...]:
    return (
        Text(name="name", ours="name", says="unique in the VDN", mandatory=True, longest=NAME_MAX),
        Text(
            name="description",
            ours="description",
            says="description",
            clears=clears,
            longest=DESCRIPTION_MAX,
            characters=PLAIN,
        ),
        DateTime(
            name="strBeginTime",
            ours="begin_at",
            says="begin, UTC, not before today 00:00",
            mandatory=dates,
        ),
        DateTime(
            name="strEndTime", ours="end_at", says="end, UTC, after the begin", mandatory=dates
        ),
        _DEVICE_TYPE,
        Schedule(
            name="scheduleParam",
            ours="schedule",
            says="when calls may be made, HH:mm",
            mandatory=True,
        ),
        Text(
            name="callBackUrl",
            ours="call_back_url",
            says="where results are to be sent; kept, not used yet",
            clears=clears,
            longest=1024,
        ),
    )


def _alerting(least: int, most: int) -> Integer:
    return Integer(
        name="maxAlertingTime",
        ours="alerting_seconds_max",
        says="seconds to let it ring; in a preview campaign 9 or more",
        mandatory=True,
        least=least,
        most=most,
        unit="s",
    )


_IVR_PART = Object(name="ivrParam", ours="ivr_flow", says="device types 1 and 3", form=IVR)
_SKILL_PART = Object(
    name="skillParam", ours="skill_queue", says="device types 2, 5 and 6", form=SKILL
)
_PARTS = (_IVR_PART, _SKILL_PART)


def _mandatory(part: Object[Any]) -> Object[Any]:
    return msgspec.structs.replace(part, mandatory=True)
