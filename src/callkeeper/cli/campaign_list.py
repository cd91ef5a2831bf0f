"""``campaign list`` and ``show``: campaigns with what they wait with."""

from collections.abc import Iterator
from datetime import UTC
from typing import Annotated, Any, Literal, NamedTuple

import typer

from callkeeper.cli.dial_settings import dialing_in_words
from callkeeper.cli.installation import ask_campaigns, campaign_of, read_settings
from callkeeper.cli.options import CampaignMeant, Database, DataDir, Json, Vdn, show
from callkeeper.cli.sentence import say
from callkeeper.cli.table import Column, labelled, print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.campaigns.campaign import DAY_MINUTES, PREVIEW, Campaign, Window
from callkeeper.core.instants import Instant, LocalTimes, by_clock
from callkeeper.store.port.campaigns import CampaignsWanted
from callkeeper.store.zones import zone_name
from callkeeper.usecases.campaigns import Awaited, Campaigns, counted

_PAGE = 100

CampaignState = Literal["draft", "started", "paused", "ended"]

_DEVICES = {1: "intelligent", 2: "predictive", 3: "automatic", PREVIEW: "preview", 6: "preempted"}


class Told(NamedTuple):
    """A campaign, and how many automatic calls it has to make."""

    campaign: Campaign
    awaited: Awaited


def list_campaigns(
    *,
    vdn: Vdn,
    state: Annotated[
        CampaignState | None,
        typer.Option(help="draft, started, paused or ended only.", show_default=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="A part of the name.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """List the campaigns of a VDN.

    Each has the automatic calls that are due, and those that are to come.

    $ callkeeper campaign list --vdn 25
    $ callkeeper campaign list --vdn 25 --state paused
    """
    times = local_times(time_zone)

    async def look(use_cases: Campaigns) -> list[Told]:
        found: list[Told] = []
        while True:
            wanted = CampaignsWanted(
                vdn=vdn,
                offset=len(found),
                limit=_PAGE,
                now=times.now,
                name=name,
                status=None if state == "ended" else state,
                ended=True if state == "ended" else None,
            )
            page = await use_cases.find(wanted)
            found += [Told(each, await use_cases.awaited(vdn, each.id)) for each in page.campaigns]
            if len(page.campaigns) < _PAGE:
                return found

    found = ask_campaigns(data_dir, database, look)
    if json:
        rows = [campaign_facts(each, times.now) for each in found]
        show({"campaigns": rows}, as_json=True)
        return
    columns = (
        "id",
        Column("name", is_cut=True),
        "state",
        "calls due",
        "to come",
        "ends",
        Column("hours", is_left_out=True),
        Column("begins", is_left_out=True),
    )
    nothing = f"no campaigns in VDN {vdn}; `callkeeper campaign add` makes one"
    if print_table(columns, _rows(found, times), nothing):
        say(times.note)


def show_campaign(
    campaign: CampaignMeant,
    *,
    vdn: Vdn,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show all of one campaign.

    That is its state, dates, hours and numbers, and the calls that it has to make.

    $ callkeeper campaign show 7 --vdn 25
    """
    times = local_times(time_zone)
    zone = read_settings(data_dir, database).time_zone
    told = told_of(data_dir, database, vdn, campaign)
    show(campaign_facts(told, times.now), *_lines(told, zone, times), as_json=json)


def told_of(data_dir: DataDir, database: Database, vdn: int, meant: str) -> Told:
    """Return a campaign, with what it waits with. Raise NoSuchCampaign."""
    campaign_id = campaign_of(data_dir, database, vdn, meant)

    async def look(use_cases: Campaigns) -> Told:
        campaign = await use_cases.one(vdn, campaign_id)
        return Told(campaign, await use_cases.awaited(vdn, campaign_id))

    return ask_campaigns(data_dir, database, look)


def state_of(campaign: Campaign, now: Instant) -> CampaignState:
    """Return the state of a campaign by now."""
    return "ended" if campaign.has_ended(now) else campaign.status


def campaign_facts(told: Told, now: Instant) -> dict[str, Any]:
    """Return what JSON says of a campaign."""
    campaign, awaited = told
    return {
        "id": campaign.id,
        "vdn": campaign.vdn,
        "name": campaign.name,
        "description": campaign.description,
        "state": state_of(campaign, now),
        "begins": by_clock(campaign.begin_at, UTC),
        "ends": by_clock(campaign.end_at, UTC),
        "device_type": campaign.device_type,
        "numbers": [each.number for each in campaign.caller_numbers],
        "ringing_seconds": campaign.alerting_seconds_max,
        "windows": [each.hours for each in campaign.workday_windows],
        "special_windows": [each.hours for each in campaign.special_day_windows],
        "goes_to": campaign.goes_to,
        "dialing": campaign.dial_settings,
        "calls_due": awaited.due,
        "calls_to_come": awaited.later,
    }


def _rows(found: list[Told], times: LocalTimes) -> Iterator[tuple[str, ...]]:
    for campaign, awaited in found:
        yield (
            str(campaign.id),
            campaign.name,
            state_of(campaign, times.now),
            counted(awaited.due),
            awaited.later_told,
            times.to_minute(campaign.end_at),
            _hours(campaign.workday_windows),
            times.to_minute(campaign.begin_at),
        )


def _lines(told: Told, zone: str, times: LocalTimes) -> list[str]:
    campaign, awaited = told
    said = {
        "state": state_of(campaign, times.now),
        "begins": times.in_full(campaign.begin_at),
        "ends": times.in_full(campaign.end_at),
        "dials": f"{_hours(campaign.workday_windows)} ({zone_name(campaign, zone)})",
        "special days": _hours(campaign.special_day_windows) + "; the dialer does not use them yet"
        if campaign.special_day_windows
        else "",
        "device": f"{_DEVICES[campaign.device_type]} ({campaign.device_type})",
        "numbers": ", ".join(each.number for each in campaign.caller_numbers),
        "rings": f"{campaign.alerting_seconds_max} s",
        "goes to": campaign.goes_to or "",
        "dialing": dialing_in_words(campaign.dial_settings),
        "automatic": f"{counted(awaited.due)} due, {awaited.later_told} to come",
        "description": campaign.description or "",
    }
    head = f"campaign {campaign.id} {campaign.name!r} of VDN {campaign.vdn}"
    return [head, *labelled(said)]


def _hours(windows: tuple[Window, ...]) -> str:
    is_all_day = not windows or (windows[0].begin, windows[0].end) == (0, DAY_MINUTES)
    return "all day" if is_all_day else ", ".join(each.hours for each in windows)
