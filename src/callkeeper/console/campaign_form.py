"""The form of a campaign: all that one is to be, as people type it and as it is on record."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from callkeeper.console.fields import Form
from callkeeper.core.campaigns.campaign import (
    DAY_MINUTES,
    DEVICE_TYPES,
    GOES_TO,
    CallerNumber,
    Campaign,
    Window,
    clock_time,
)
from callkeeper.core.campaigns.dial_settings import RETRIABLE, DialSettings, Retry
from callkeeper.core.campaigns.plan import (
    CALLER_NUMBER_MAX,
    DESCRIPTION_MAX,
    NAME_MAX,
    WINDOWS_MAX,
    Plan,
)
from callkeeper.core.campaigns.policies import IvrFlow, Policies, SkillQueue
from callkeeper.core.characters import ANY, PHONE, PLAIN, TextBounds
from callkeeper.core.instants import Instant, by_clock
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.wall_time import FIRST, read_wall_time
from callkeeper.usecases.campaign_keeping import CampaignWish
from callkeeper.usecases.people import check_zone

# The windows of a day, and of a special one, by the letter of their fields.
_KINDS = {"w": "workday_windows", "s": "special_day_windows"}
_NAME = TextBounds(NAME_MAX, ANY)
_DESCRIPTION = TextBounds(DESCRIPTION_MAX, PLAIN)
_NUMBER = TextBounds(CALLER_NUMBER_MAX, PHONE)
_PRIORITY = re.compile("[1-5]")
_TIME = re.compile("([01][0-9]|2[0-4]):([0-5][0-9])")
_COUNT = re.compile("[0-9]{1,7}")
_DEFAULT_RINGING = 30
_OF_A_MOMENT = 2  # fields: a day and a time
# What the form calls its parts, and their fields; a part of a part has two labels.
_PARTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("Name of the campaign",): ("name",),
    ("Description",): ("description",),
    ("Begins on",): ("begin_day", "begin_time"),
    ("Ends on",): ("end_day", "end_time"),
    ("Time zone of its dates and hours",): ("zone",),
    ("It dials",): tuple(f"w{n}_{end}" for n in (1, 2, 3) for end in ("begin", "end")),
    ("On special days",): tuple(f"s{n}_{end}" for n in (1, 2, 3) for end in ("begin", "end")),
    ("Numbers that the customer sees",): ("numbers",),
    ("Seconds to let it ring",): ("ringing",),
    ("Answered calls go to",): ("goes_to",),
    ("Calls at once",): ("calls_max",),
    ("Busy", "times"): ("busy_times",),
    ("Busy", "seconds apart"): ("busy_seconds",),
    ("No answer", "times"): ("no_answer_times",),
    ("No answer", "seconds apart"): ("no_answer_seconds",),
    ("Congestion", "times"): ("congestion_times",),
    ("Congestion", "seconds apart"): ("congestion_seconds",),
    ("Refused by the line", "times"): ("refused_times",),
    ("Refused by the line", "seconds apart"): ("refused_seconds",),
}


def blank(now: Instant, zone: ZoneInfo) -> dict[str, str]:
    """Return what the form of a new campaign shows before anything is typed."""
    shown = dict.fromkeys(_names(), "")
    shown |= _moment("begin", now, zone) | {"end_time": "20:00", "w1_begin": "09:00"}
    shown |= {"w1_end": "20:00", "device": str(DEVICE_TYPES[0]), "ringing": str(_DEFAULT_RINGING)}
    return shown


def on_record(campaign: Campaign, zone: ZoneInfo) -> dict[str, str]:
    """Return what the form shows of a campaign; ``zone`` is the one of its hours."""
    settings = campaign.dial_settings
    shown = dict.fromkeys(_names(), "") | {
        "name": campaign.name,
        "description": campaign.description or "",
        "device": str(campaign.device_type),
        "ringing": str(campaign.alerting_seconds_max),
        "goes_to": campaign.goes_to or "",
        "zone": settings.time_zone or "",
        "calls_max": "" if settings.calls_max is None else str(settings.calls_max),
        "numbers": "\n".join(
            f"{each.number} {each.priority}" if each.priority != 1 else each.number
            for each in campaign.caller_numbers
        ),
    }
    shown |= _moment("begin", campaign.begin_at, zone) | _moment("end", campaign.end_at, zone)
    for letter, kind in _KINDS.items():
        for each in getattr(campaign, kind):
            shown[f"{letter}{each.place}_begin"] = clock_time(each.begin)
            shown[f"{letter}{each.place}_end"] = clock_time(each.end % DAY_MINUTES)
    for retry in settings.retries:
        shown[f"{retry.outcome}_times"] = str(retry.times)
        shown[f"{retry.outcome}_seconds"] = str(retry.spacing_seconds)
    return shown


def differing(recorded: Form, typed: Form) -> list[tuple[tuple[str, ...], str]]:
    """Return what is on record of each part that is typed otherwise, behind the part's labels."""
    found = []
    for labels, names in _PARTS.items():
        now, then = _told(recorded, names), _told(typed, names)
        if now != then:
            found.append((labels, now))
    return found


def _told(form: Form, names: Sequence[str]) -> str:
    """Return what stands in fields, in a line; a window's two are told as one."""
    texts = [", ".join(form.get(each, "").split("\n")).replace("\r", "") for each in names]
    if len(texts) > _OF_A_MOMENT:
        texts = [f"{a}-{b}" for a, b in zip(texts[::2], texts[1::2], strict=True) if a or b]
        return ", ".join(texts)
    return " ".join(filter(None, texts))


def read_wish(form: Form, default_zone: str, old: Campaign | None = None) -> CampaignWish:
    """Return what was typed. Raise ParameterWrong."""
    name, description = form.get("name", ""), form.get("description", "")
    if not name:
        raise ParameterWrong("the name is empty", about="name")
    _NAME.check(name, "name")
    _DESCRIPTION.check(description, "description")
    zone = form.get("zone", "")
    if zone:
        check_zone(zone)
    of_hours = ZoneInfo(zone or default_zone)
    device = old.device_type if old is not None else _device(form)
    goes_to = _goes_to(form)
    plan = Plan(
        name=name,
        device_type=device,
        alerting_seconds_max=_count(form, "ringing"),
        workday_windows=_windows(form, "w"),
        special_day_windows=_windows(form, "s"),
        policies=_policies(goes_to, None if old is None else old.policies),
        description=description,
        caller_numbers=_numbers(form),
        goes_to=goes_to,
    )
    begin_at, end_at = (_instant(form, each, of_hours) for each in ("begin", "end"))
    calls_max = _count(form, "calls_max") if form.get("calls_max") else None
    return CampaignWish(
        plan, begin_at, end_at, DialSettings(zone or None, calls_max, _retries(form))
    )


def _names() -> list[str]:
    windows = [
        f"{letter}{place}_{end}"
        for letter in _KINDS
        for place in range(1, WINDOWS_MAX + 1)
        for end in ("begin", "end")
    ]
    retries = [f"{outcome}_{part}" for outcome in RETRIABLE for part in ("times", "seconds")]
    moments = [f"{each}_{part}" for each in ("begin", "end") for part in ("day", "time")]
    texts = ["name", "description", "device", "ringing", "goes_to", "zone", "calls_max", "numbers"]
    return [*texts, *moments, *windows, *retries]


def _moment(which: str, instant: Instant, zone: ZoneInfo) -> dict[str, str]:
    local = by_clock(instant, zone)
    return {f"{which}_day": local.date().isoformat(), f"{which}_time": local.strftime("%H:%M")}


def _instant(form: Form, which: str, zone: ZoneInfo) -> Instant:
    """Return a typed date and time; of an hour that comes twice the first is meant."""
    try:
        return read_wall_time(
            form.get(f"{which}_day", ""), form.get(f"{which}_time", ""), zone, FIRST
        )
    except ParameterWrong as fault:
        fault.about = f"{which}_{'day' if fault.about == 'day' else 'time'}"
        raise


def _device(form: Form) -> int:
    text = form.get("device", "")
    if text not in map(str, DEVICE_TYPES):
        raise ParameterWrong("choose how it dials", about="device")
    return int(text)


def _goes_to(form: Form) -> str | None:
    text = form.get("goes_to", "")
    if text and not GOES_TO.fullmatch(text):
        raise ParameterWrong(
            "{text!r} must read ivr CODE or skill ID", about="goes_to", text=text[:120]
        )
    return text or None


def _policies(goes_to: str | None, old: Policies | None) -> Policies:
    """Return what the wire tells of where answered calls go, as the form has it."""
    kind, _, name = (goes_to or "").partition(" ")
    old = old or Policies()
    if kind == "skill":
        queue = msgspec.structs.replace(old.skill_queue or SkillQueue(), id=int(name))
        return Policies(skill_queue=queue)
    if kind == "ivr":
        return Policies(ivr_flow=msgspec.structs.replace(old.ivr_flow or IvrFlow(), code=name))
    return Policies()


def _windows(form: Form, letter: str) -> tuple[Window, ...]:
    """Return the windows that were typed; one that is left empty is none."""
    found = []
    for place in range(1, WINDOWS_MAX + 1):
        begin, end = (form.get(f"{letter}{place}_{part}", "") for part in ("begin", "end"))
        if begin or end:
            minutes = [_minutes(each, _KINDS[letter]) for each in (begin, end)]
            # A field for times knows no 24:00: a day ends where the next one begins.
            found.append(Window(minutes[0], minutes[1] or DAY_MINUTES, place))
    return tuple(found)


def _minutes(text: str, about: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ParameterWrong("{at!r} is no time; write 15:00", about=about, at=text[:20])
    return int(found[1]) * 60 + int(found[2])


def _numbers(form: Form) -> tuple[CallerNumber, ...]:
    """Return the numbers that were typed, one a line, each with its priority if that is not 1."""
    found = []
    for line in form.get("numbers", "").splitlines():
        number, _, priority = line.strip().partition(" ")
        if not number:
            continue
        _NUMBER.check(number, "numbers")
        if priority and not _PRIORITY.fullmatch(priority.strip()):
            raise ParameterWrong(
                "{line!r} must read NUMBER, or NUMBER and 1 to 5", about="numbers", line=line[:60]
            )
        found.append(CallerNumber(number, int(priority or 1)))
    return tuple(found)


def _retries(form: Form) -> tuple[Retry, ...]:
    return tuple(
        Retry(outcome, _count(form, f"{outcome}_times"), _count(form, f"{outcome}_seconds"))
        for outcome in RETRIABLE
        if form.get(f"{outcome}_times") or form.get(f"{outcome}_seconds")
    )


def _count(form: Form, name: str) -> int:
    text = form.get(name, "")
    if not _COUNT.fullmatch(text):
        raise ParameterWrong("{text!r} is no whole number", about=name, text=text[:20])
    return int(text)
