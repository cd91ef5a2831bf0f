"""What a campaign is made of on the wire: the bodies of cec_07_0721 to cec_07_0724.

``terms`` are the parts that no decision of ours reads; they keep the wire's names, and are given
back as they came.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from callkeeper.api.contract.characters import ANYTHING, BLANKS, PHONE, PLAIN
from callkeeper.api.contract.fields import Choice, Field, Form, Integer, Text, Values
from callkeeper.api.contract.interface import Dialect, InitStatus
from callkeeper.api.contract.objects import Object, Objects
from callkeeper.api.contract.times import DateTime, Hours, Schedule
from callkeeper.core.campaigns.campaign import IVR_DEVICES, SKILL_DEVICES, CallerNumber
from callkeeper.core.campaigns.changes import Plan
from callkeeper.core.refusal import ParameterWrong

PREVIEW = 5
_ALERTING_MAX = 120  # seconds: V1's, and that of a preview in either version
_POLICY_MAX = 10_000

TERMS = (
    "ivrParam",
    "skillParam",
    "callBackUrl",
    "priority",
    "callOrder",
    "retryPolicy",
    "callPolicy",
)


def _count(name: str, says: str) -> Integer:
    return Integer(name=name, ours=name, says=says, least=0, most=2**31 - 1)


IVR = Form(
    Text(name="deviceSign", ours="deviceSign", says="access code of the IVR flow", longest=100),
    _count("callCount", "calls placed per round; kept, not used yet"),
    _count("callInterval", "interval between rounds; kept, not used yet"),
)
_EMPIRICAL = Form(
    _count("maxAvgCallTime", "longest average call"),
    _count("minAvgCallTime", "shortest average call"),
    _count("outBoundRate", "rate of dialing"),
)
_OFF_HOOK = Form(
    Integer(
        name="offHookRate", ours="offHookRate", says="share answered", least=0, most=100, unit="%"
    )
)
PREDICTION = Form(
    Integer(
        name="predictMethod",
        ours="predictMethod",
        says="1 empirical, 5 off-hook rate",
        least=1,
        most=5,
    ),
    Object(name="expPredictParam", ours="expPredictParam", says="empirical", form=_EMPIRICAL),
    Object(name="agentPredictParam", ours="agentPredictParam", says="agent usage"),
    Object(name="connectPredictParam", ours="connectPredictParam", says="connection rate"),
    Object(
        name="offhookPredictParam", ours="offhookPredictParam", says="off-hook rate", form=_OFF_HOOK
    ),
)
SKILL = Form(
    Integer(
        name="skillId", ours="skillId", says="skill queue", mandatory=True, least=0, most=2**31 - 1
    ),
    Text(name="skillName", ours="skillName", says="its name", longest=100),
    _count("outBoundType", "2 predictive"),
    Object(
        name="predictParam", ours="predictParam", says="pacing; kept, not used yet", form=PREDICTION
    ),
    Object(name="previewParam", ours="previewParam", says="preview settings; kept, not used yet"),
)
_RETRY = Form(
    Integer(
        name="policyType",
        ours="policyType",
        says="0 global, 1 by number type",
        least=0,
        most=1,
    ),
    Text(
        name="policyJson",
        ours="policyJson",
        says="JSON as a string",
        longest=_POLICY_MAX,
        characters=ANYTHING,
    ),
)
_CALL = Form(
    _count("callType", "kind of rounds"),
    _count("chooseType", "how a number is chosen"),
)
_CALLER = Form(
    Text(
        name="accessCode",
        ours="number",
        says="number shown to the customer",
        mandatory=True,
        longest=24,
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


class CallerNumbers(Objects, frozen=True, kw_only=True):
    """A List of caller numbers, each with its priority, none of them twice."""

    def take(self, value: Any) -> tuple[CallerNumber, ...]:  # noqa: ANN401 - JSON comes in
        """Return the numbers, in their order."""
        numbers = tuple(CallerNumber(**each) for each in super().take(value))
        seen: set[str] = set()
        for each in numbers:
            if each.number in seen:
                raise ParameterWrong("{number!r} is there more than once", number=each.number)
            seen.add(each.number)
        return numbers


_DEVICE_TYPE = Choice(
    name="deviceType",
    ours="device_type",
    says="1 intelligent, 2 predictive, 3 automatic, 5 preview, 6 preempted",
    mandatory=True,
    choices={number: number for number in sorted(IVR_DEVICES | SKILL_DEVICES)},
)
_CALLER_NO = Text(
    name="callerNo",
    ours="shown_number",
    says="number shown to the customer",
    mandatory=True,
    longest=24,
    characters=PHONE,
)
_CALLER_NOS = CallerNumbers(
    name="callerNo",
    ours="caller_numbers",
    says="numbers shown to the customer",
    mandatory=True,
    each=_CALLER,
    most=100,
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
    _count("callOrder", "order of dialing; kept, not used yet"),
    Object(
        name="retryPolicy",
        ours="retryPolicy",
        says="when to call again; kept, not used yet",
        form=_RETRY,
    ),
    Object(
        name="callPolicy",
        ours="callPolicy",
        says="which number to call; kept, not used yet",
        form=_CALL,
    ),
)


class CampaignForm(Form):
    """The body of adding or modifying a campaign.

    What is mandatory and how long it may ring hang on the device type: there is a form for each.
    """

    def __init__(self, *fields: Field, alerting_seconds_max: int) -> None:
        super().__init__(*fields, _alerting(5, max(alerting_seconds_max, _ALERTING_MAX)), *_PARTS)
        self._forms = {
            number: Form(
                *fields,
                _alerting(9, _ALERTING_MAX)
                if number == PREVIEW
                else _alerting(5, alerting_seconds_max),
                _mandatory(_IVR_PART if number in IVR_DEVICES else _SKILL_PART),
            )
            for number in _DEVICE_TYPE.choices
        }

    def read(self, body: Mapping[str, Any]) -> Values:
        """Return the values that are there; a part that is not for this device type is ignored."""
        try:
            device_type = _DEVICE_TYPE.take(body.get(_DEVICE_TYPE.name))
        except ParameterWrong:
            return super().read(body)  # where this fault takes its place among the others
        return self._forms[device_type].read(body)

    def names(self) -> dict[str, str]:
        """Return the wire's name for each of ours."""
        return {**super().names(), "skill_queue": "skillParam.skillId"}


def add_form_v1(dialect: Dialect) -> CampaignForm:
    """Return the body of adding one with V1, cec_07_0721: one caller number."""
    return _form_v1(_INIT_STATUSES[dialect.init_status], dates=True)


def add_form_v2(dialect: Dialect) -> CampaignForm:
    """Return the body of adding one with V2, cec_07_0722: caller numbers, and the policies."""
    return _form_v2(dialect, _INIT_STATUSES[dialect.init_status])


def modify_form_v2(dialect: Dialect) -> CampaignForm:
    """Return the body of modifying one with V2, cec_07_0724."""
    return _form_v2(dialect, clears=True)


def plan(values: Values) -> Plan:
    """Return the campaign's plan from a form's values."""
    hours: Hours = values["schedule"]
    terms = {name: values[name] for name in TERMS if name in values}
    if hours.unknown:
        terms["scheduleParam"] = hours.unknown
    return Plan(
        name=values["name"],
        device_type=values["device_type"],
        alerting_seconds_max=values["alerting_seconds_max"],
        workday_windows=hours.workday,
        special_day_windows=hours.special_day,
        terms=terms,
        description=values.get("description"),
        caller_numbers=values.get("caller_numbers"),
        shown_number=values.get("shown_number"),
        skill_queue=values.get("skillParam", {}).get("skillId"),
        goes_to=_goes_to(values),
    )


def _goes_to(values: Values) -> str | None:
    """Return what an answered call is handed to, as the dialer's settings name it."""
    if values["device_type"] in IVR_DEVICES:
        code = values.get("ivrParam", {}).get("deviceSign")
        return f"ivr {code.strip(BLANKS)}" if code else None
    return f"skill {values['skillParam']['skillId']}"


def _form_v1(*more: Field, dates: bool = False, clears: bool = False) -> CampaignForm:
    return CampaignForm(
        *_common(dates=dates, clears=clears),
        _CALLER_NO,
        *more,
        alerting_seconds_max=_ALERTING_MAX,
    )


def _form_v2(dialect: Dialect, *more: Field, clears: bool = False) -> CampaignForm:
    return CampaignForm(
        *_common(dates=True, clears=clears),
        _CALLER_NOS,
        *_POLICIES,
        *more,
        alerting_seconds_max=dialect.alerting_seconds_max,
    )


def _common(*, dates: bool, clears: bool) -> tuple[Field, ...]:
    return (
        Text(name="name", ours="name", says="unique in the VDN", mandatory=True, longest=100),
        Text(
            name="description",
            ours="description",
            says="description",
            clears=clears,
            longest=200,
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
            ours="callBackUrl",
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


_IVR_PART = Object(name="ivrParam", ours="ivrParam", says="device types 1 and 3", form=IVR)
_SKILL_PART = Object(
    name="skillParam", ours="skillParam", says="device types 2, 5 and 6", form=SKILL
)
_PARTS = (_IVR_PART, _SKILL_PART)


def _mandatory(part: Object) -> Object:
    return msgspec.structs.replace(part, mandatory=True)


# The body of modifying one with V1, cec_07_0723; the dates are optional.
MODIFY_FORM_V1 = _form_v1(clears=True)
