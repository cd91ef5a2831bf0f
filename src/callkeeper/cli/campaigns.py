"""``campaign add``: the operator's way to a campaign, without a server.

It alone can give an id, for reservations of another system name the ids that they had there.
"""

import re
from typing import Annotated, Any

import typer

from callkeeper.cli.dial_settings import CampaignZone
from callkeeper.cli.installation import ask_campaigns
from callkeeper.cli.instants import LIKE, instant_option
from callkeeper.cli.options import Database, DataDir, Json, Vdn, read_text, show
from callkeeper.cli.sentence import say
from callkeeper.cli.time_zone import local_times
from callkeeper.core.campaigns.campaign import (
    DAY_MINUTES,
    DEVICE_TYPES,
    GOES_TO,
    ID_MAX,
    PREVIEW,
    CallerNumber,
    Campaign,
    Window,
)
from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.campaigns.plan import (
    CALLER_NUMBER_MAX,
    RINGING_SECONDS_MAX,
    WINDOWS_MAX,
    Plan,
    ringing_seconds_min,
)
from callkeeper.core.characters import PHONE
from callkeeper.core.instants import SECOND_MS
from callkeeper.core.refusal import ParameterWrong
from callkeeper.usecases.campaigns import Campaigns

_HOUR_MINUTES = 60
_WINDOW = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")

# The option behind each field that may be at fault.
_SAID_BY = {
    "name": "--name",
    "alerting_seconds_max": "--alerting-seconds",
    "workday_windows": "--window",
    "special_day_windows": "--window",
    "caller_numbers": "--caller",
}
# Those that another day, or another option, makes right: a refusal, and no wrong command.
_DATED_BY = {"begin_at": "--begin", "end_at": "--end"}


def read_window(text: str) -> Window:
    """Return a stretch of the day as a person writes it."""
    if not (match := _WINDOW.fullmatch(text)):
        raise typer.BadParameter(f"{text!r} must read HH:MM-HH:MM")
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    return Window(begin_hour * _HOUR_MINUTES + begin_minute, end_hour * _HOUR_MINUTES + end_minute)


def read_number(text: str) -> CallerNumber:
    """Return a number to show to the customer."""
    if not 0 < len(text) <= CALLER_NUMBER_MAX or PHONE.wrong.search(text):
        raise typer.BadParameter(
            f"{text!r} must be at most {CALLER_NUMBER_MAX} of {PHONE.words.told()}"
        )
    return CallerNumber(text)


Name = Annotated[
    str,
    typer.Option(
        parser=read_text, metavar="TEXT", help="Its name, unique in the VDN.", show_default=False
    ),
]
End = Annotated[int, instant_option(f"When it ends: {LIKE}.")]
Begin = Annotated[int | None, instant_option("When it begins; now if absent.")]
Id = Annotated[
    int | None,
    typer.Option(
        help="The id that a CRM already holds; the next one if absent.",
        min=1,
        max=ID_MAX,
        show_default=False,
    ),
]
Callers = Annotated[
    list[Any] | None,
    typer.Option(
        parser=read_number,
        metavar="NUMBER",
        help="A number to show to the customer; repeat for several.",
        show_default=False,
    ),
]
Windows = Annotated[
    list[Any] | None,
    typer.Option(
        parser=read_window,
        metavar="HH:MM-HH:MM",
        help=f"When it may dial, up to {WINDOWS_MAX}; all day if absent.",
        show_default=False,
    ),
]


def read_goes_to(text: str) -> str:
    """Return what answered calls go to, as the setting `destinations` names it."""
    if not GOES_TO.fullmatch(read_text(text)):
        raise typer.BadParameter(f"{text!r} must read 'ivr CODE' or 'skill ID'")
    return read_text(text)


GoesTo = Annotated[
    str | None,
    typer.Option(
        parser=read_goes_to,
        metavar="TEXT",
        help="'ivr CODE' or 'skill ID': which of the destinations answered calls go to.",
        show_default=False,
    ),
]


def add_campaign(
    *,
    vdn: Vdn,
    name: Name,
    end: End,
    begin: Begin = None,
    id: Id = None,  # noqa: A002 - the word for it
    caller: Callers = None,
    window: Windows = None,
    device_type: Annotated[
        int, typer.Option(help="1 intelligent, 2 predictive, 3 automatic, 5 preview, 6 preempted.")
    ] = PREVIEW,
    alerting_seconds: Annotated[
        int,
        typer.Option(
            help=f"Seconds to ring; at least {ringing_seconds_min(PREVIEW)} in a preview campaign.",
            min=min(map(ringing_seconds_min, DEVICE_TYPES)),
            max=RINGING_SECONDS_MAX,
        ),
    ] = 30,
    goes_to: GoesTo = None,
    time_zone: CampaignZone = None,
    paused: Annotated[
        bool, typer.Option("--paused", help="Do not start it yet; a resume does.")
    ] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Add a campaign, with the id that it had elsewhere if need be.

    $ callkeeper campaign add --vdn 25 --name Spring --end +30d
    $ callkeeper campaign add --vdn 25 --name Old --id 11 --end +30d
    """
    if device_type not in DEVICE_TYPES:
        allowed = ", ".join(map(str, DEVICE_TYPES))
        raise typer.BadParameter(f"--device-type {device_type} is none of {allowed}")
    plan = Plan(
        name=name,
        device_type=device_type,
        alerting_seconds_max=alerting_seconds,
        workday_windows=placed(window or [Window(0, DAY_MINUTES)]),
        special_day_windows=(),
        caller_numbers=tuple(caller or ()),
        goes_to=goes_to,
    )
    dates = (None if begin is None else _whole_seconds(begin), _whole_seconds(end))

    async def add(use_cases: Campaigns) -> Campaign:
        return await use_cases.add(
            vdn,
            plan,
            dates,
            "paused" if paused else "started",
            "operator",
            id=id,
            dial_settings=DialSettings(time_zone=time_zone.key if time_zone else None),
        )

    try:
        added = ask_campaigns(data_dir, database, add)
    except ParameterWrong as fault:
        raise in_options(fault) from None
    show({"id": added.id}, str(added.id), as_json=json)
    if not json:
        ends = local_times(time_zone).in_full(added.end_at)
        say(f"campaign {added.id} ends {ends}", err=True)


def in_options(fault: ParameterWrong) -> Exception:
    """Return a fault as it is told of the option that it is about."""
    fault.within((_SAID_BY | _DATED_BY).get(fault.about, ""))
    return typer.BadParameter(fault.sentence) if fault.about in _SAID_BY else fault


def _whole_seconds(instant: int) -> int:
    """Cut what the wire, which writes seconds, could not give back as it was."""
    return instant - instant % SECOND_MS


def placed(windows: list[Window]) -> tuple[Window, ...]:
    """Return windows in the order of the day, each with its place."""
    ordered = sorted(windows, key=lambda each: each.begin)
    return tuple(Window(w.begin, w.end, place) for place, w in enumerate(ordered, 1))
