"""``campaign dialing``: how a campaign's automatic calls are made, beyond what the wire says."""

import re
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import typer

from callkeeper.cli.installation import ask_campaigns, campaign_of
from callkeeper.cli.options import CampaignMeant, Database, DataDir, Json, Vdn, show
from callkeeper.cli.time_zone import read_zone
from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.changes import Arrange
from callkeeper.core.campaigns.dial_settings import (
    CALLS_MAX,
    RETRIABLE,
    RETRIES_MAX,
    SPACING_SECONDS_MAX,
    DialSettings,
    Retry,
)
from callkeeper.usecases.campaigns import Campaigns

T = TypeVar("T")

_PARTS = 3
_TIMES = re.compile(r"[0-9]{1,3}")
_SPACING = re.compile(r"(?P<count>[0-9]{1,7})(?P<unit>[smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def read_retry(text: str) -> Retry:
    """Return a retry as a person writes it: ``busy:3:10m``."""
    parts = text.split(":")
    if len(parts) != _PARTS:
        raise typer.BadParameter(f"{text!r} must read OUTCOME:TIMES:SPACING like busy:3:10m")
    outcome, times, spacing = parts
    if outcome not in RETRIABLE:
        raise typer.BadParameter(
            f"{text!r}: the outcome {outcome!r} is none of {', '.join(RETRIABLE)}"
        )
    if not _TIMES.fullmatch(times) or not 1 <= int(times) <= RETRIES_MAX:
        raise typer.BadParameter(f"{text!r}: the times {times!r} must be 1 to {RETRIES_MAX}")
    span = _SPACING.fullmatch(spacing)
    seconds = int(span["count"]) * _UNIT_SECONDS[span["unit"]] if span else 0
    if not 1 <= seconds <= SPACING_SECONDS_MAX:
        raise typer.BadParameter(
            f"{text!r}: the spacing {spacing!r} must read like 30s, 10m, 2h or 1d,"
            f" up to {SPACING_SECONDS_MAX // _UNIT_SECONDS['d']}d"
        )
    return Retry(outcome, int(times), seconds)


# Eager, for campaign add, where it is that of the dates too.
CampaignZone = Annotated[
    ZoneInfo | None,
    typer.Option(
        "--time-zone",
        parser=read_zone,
        metavar="ZONE",
        is_eager=True,
        help="Of its windows, like Europe/Berlin; as the setting time_zone if absent.",
        show_default=False,
    ),
]


def dialing(
    campaign: CampaignMeant,
    *,
    vdn: Vdn,
    time_zone: CampaignZone = None,
    calls_max: Annotated[
        int | None,
        typer.Option(
            help="Its calls at once, in place of the setting campaign_calls_max.",
            min=1,
            max=CALLS_MAX,
            show_default=False,
        ),
    ] = None,
    retry: Annotated[
        list[Any] | None,
        typer.Option(
            parser=read_retry,
            metavar="OUTCOME:TIMES:SPACING",
            help="Try again after busy, no_answer, congestion or refused: busy:3:10m; repeat it.",
            show_default=False,
        ),
    ] = None,
    no_time_zone: Annotated[
        bool, typer.Option("--no-time-zone", help="Its windows are as the setting time_zone.")
    ] = False,
    no_calls_max: Annotated[
        bool, typer.Option("--no-calls-max", help="As the setting campaign_calls_max.")
    ] = False,
    no_retry: Annotated[
        bool, typer.Option("--no-retry", help="Take all its retries away, but those of --retry.")
    ] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show or change how automatic calls are made.

    Options that are not given change nothing; a --retry replaces the one for its outcome. Changes
    apply from the next call on.

        $ callkeeper campaign dialing 11 --vdn 25
        $ callkeeper campaign dialing 11 --vdn 25 --retry busy:3:10m --calls-max 5
    """
    arrange = Arrange(
        time_zone=_part("time-zone", time_zone.key if time_zone else None, takes_away=no_time_zone),
        calls_max=_part("calls-max", calls_max, takes_away=no_calls_max),
        retries=tuple(retry or ()),
        without_retries=no_retry,
    )

    id_ = campaign_of(data_dir, database, vdn, campaign)

    async def find_or_change(use_cases: Campaigns) -> Campaign:
        if arrange == Arrange():
            return await use_cases.one(vdn, id_)
        return await use_cases.change(vdn, id_, arrange, "operator")

    found = ask_campaigns(data_dir, database, find_or_change).dial_settings
    show({"id": id_, "dialing": found}, f"campaign {id_}: {dialing_in_words(found)}", as_json=json)


def _part(option: str, given: T | None, *, takes_away: bool) -> T | msgspec.UnsetType | None:
    """Return a part as the core has it: UNSET for one that was not named."""
    if takes_away and given is not None:
        raise typer.BadParameter(f"give either --{option} or --no-{option}")
    return msgspec.UNSET if given is None and not takes_away else given


def dialing_in_words(arranged: DialSettings) -> str:
    """Return how a campaign dials, in words."""
    told = []
    if arranged.time_zone:
        told.append(f"its windows are in {arranged.time_zone}")
    if arranged.calls_max:
        told.append(f"at most {arranged.calls_max} calls at once")
    told += [
        f"after {each.outcome} at most {each.times} times again, {each.spacing_seconds} s apart"
        for each in arranged.retries
    ]
    return "; ".join(told) or "as the settings have it"
