"""``campaign add`` and ``practice``: the operator's way to a campaign, straight at the database.

It alone can give an id, for reservations of another system name the ids that they had there.
"""

import re
from itertools import pairwise
from typing import Annotated, Any

import typer

from callkeeper.cli.dial_settings import TimeZone, practice
from callkeeper.cli.options import (
    INSTANT_WORDS,
    Database,
    DataDir,
    InstantOption,
    Json,
    Vdn,
    existing_store,
    read_instant,
    read_settings,
    read_text,
    show,
)
from callkeeper.clock import SystemClock
from callkeeper.core.campaigns.campaign import IVR_DEVICES, SKILL_DEVICES, CallerNumber, Window
from callkeeper.core.campaigns.changes import NewCampaign, Plan
from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.refusal import Refusal

campaigns = typer.Typer(no_args_is_help=True)
campaigns.command("practice")(practice)

_PREVIEW = 5
_PREVIEW_ALERTING_MIN = 9  # seconds; less is refused on the wire too
_SECOND_MS = 1000
_NAME_MAX = 100
_WINDOWS_MAX = 3
_HOUR_MINUTES = 60
_DAY_MINUTES = 24 * _HOUR_MINUTES
_WINDOW = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")
_NUMBER = re.compile(r"[0-9*#]{1,24}")


@campaigns.callback()
def _group() -> None:
    """Campaigns: the tasks that calls belong to."""


def read_window(text: str) -> Window:
    """Return a stretch of the day as a person writes it."""
    if not (match := _WINDOW.fullmatch(text)):
        raise typer.BadParameter(f"{text!r} must read HH:MM-HH:MM")
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    begin = begin_hour * _HOUR_MINUTES + begin_minute
    end = end_hour * _HOUR_MINUTES + end_minute
    if not begin < end <= _DAY_MINUTES:
        raise typer.BadParameter(f"{text!r} must begin before it ends, and end by 24:00")
    return Window(begin, end)


def read_number(text: str) -> CallerNumber:
    """Return a number to show to the customer."""
    if not _NUMBER.fullmatch(text):
        raise typer.BadParameter(f"{text!r} must be at most 24 of digits, * and #")
    return CallerNumber(text)


End = Annotated[
    int,
    typer.Option(
        parser=read_instant,
        metavar="INSTANT",
        help=f"When it ends: {INSTANT_WORDS}.",
        show_default=False,
    ),
]
Id = Annotated[
    int | None,
    typer.Option(
        help="The id that a CRM already holds; the next one if absent.", min=1, show_default=False
    ),
]
Callers = Annotated[
    list[Any] | None,
    typer.Option(
        parser=read_number,
        metavar="NUMBER",
        help="A number to show to the customer; repeat it.",
        show_default=False,
    ),
]
Windows = Annotated[
    list[Any] | None,
    typer.Option(
        parser=read_window,
        metavar="HH:MM-HH:MM",
        help="When it may dial, up to three; all day if absent.",
        show_default=False,
    ),
]


GoesTo = Annotated[
    str | None,
    typer.Option(
        parser=read_text,
        metavar="TEXT",
        help="'ivr CODE' or 'skill ID': which of the destinations answered calls go to.",
        show_default=False,
    ),
]


@campaigns.command("add")
def add_campaign(
    *,
    vdn: Vdn,
    name: Annotated[
        str,
        typer.Option(
            parser=read_text,
            metavar="TEXT",
            help="Its name, unique in the VDN.",
            show_default=False,
        ),
    ],
    end: End,
    begin: InstantOption = None,
    id: Id = None,  # noqa: A002 - the word for it
    caller: Callers = None,
    window: Windows = None,
    device_type: Annotated[
        int, typer.Option(help="1 intelligent, 2 predictive, 3 automatic, 5 preview, 6 preempted.")
    ] = _PREVIEW,
    alerting_seconds: Annotated[int, typer.Option(help="How long to ring.", min=5, max=120)] = 30,
    goes_to: GoesTo = None,
    time_zone: TimeZone = None,
    paused: Annotated[
        bool, typer.Option("--paused", help="Do not start it yet; a resume does.")
    ] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Add a campaign, with an id of your own if you come from another system."""
    if device_type not in IVR_DEVICES | SKILL_DEVICES:
        raise typer.BadParameter(f"--device-type {device_type} is none of 1, 2, 3, 5, 6")
    if len(name) > _NAME_MAX:
        raise typer.BadParameter(f"--name has {len(name)} characters, {_NAME_MAX} fit")
    _check_ringing(device_type, alerting_seconds)
    now = SystemClock().now()
    plan = Plan(
        name=name,
        device_type=device_type,
        alerting_seconds_max=alerting_seconds,
        workday_windows=_placed(window or [Window(0, _DAY_MINUTES)]),
        special_day_windows=(),
        caller_numbers=_different(caller or []),
        goes_to=goes_to,
    )
    opening = NewCampaign(
        vdn=vdn,
        plan=plan,
        begin_at=_whole_seconds(begin or now),
        end_at=_whole_seconds(end),
        status="paused" if paused else "started",
        by="operator",
        at=now,
        active_max=read_settings(data_dir, database).active_campaigns_max,
        id=id,
        practice=DialSettings(time_zone=time_zone),
    )
    with existing_store(data_dir, database) as store:
        with store.transaction():
            outcome = store.campaigns.add([opening])[0]
        if isinstance(outcome, Refusal):
            raise outcome
    show({"id": outcome.id}, str(outcome.id), as_json=json)


def _whole_seconds(instant: int) -> int:
    """Cut what the wire, which writes seconds, could not give back as it was."""
    return instant - instant % _SECOND_MS


def _check_ringing(device_type: int, seconds: int) -> None:
    if device_type == _PREVIEW and seconds < _PREVIEW_ALERTING_MIN:
        raise typer.BadParameter(
            f"--alerting-seconds {seconds} is too short for a preview campaign; "
            f"{_PREVIEW_ALERTING_MIN} is the least"
        )


def _different(numbers: list[CallerNumber]) -> tuple[CallerNumber, ...]:
    if len(set(numbers)) < len(numbers):
        raise typer.BadParameter("a --caller is given twice")
    return tuple(numbers)


def _placed(windows: list[Window]) -> tuple[Window, ...]:
    if len(windows) > _WINDOWS_MAX:
        raise typer.BadParameter(f"give at most {_WINDOWS_MAX} --window")
    ordered = sorted(windows, key=lambda each: each.begin)
    if any(after.begin < before.end for before, after in pairwise(ordered)):
        raise typer.BadParameter("each --window must end before the next one begins")
    return tuple(Window(w.begin, w.end, place) for place, w in enumerate(ordered, 1))
