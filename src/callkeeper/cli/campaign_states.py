"""``campaign pause``, ``resume``, ``end`` and ``special``: what each says it does, and to what."""

from typing import Annotated, Any

import typer

from callkeeper.cli.campaign_list import Told, campaign_facts, state_of, told_of
from callkeeper.cli.campaigns import in_options, placed, read_window
from callkeeper.cli.consent import Yes, agreed, end_without
from callkeeper.cli.installation import ask_campaigns, campaign_of, read_settings
from callkeeper.cli.options import CampaignMeant, Database, DataDir, Json, Vdn, show
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.changes import (
    CampaignChange,
    End,
    Pause,
    Resume,
    SetSpecialHours,
)
from callkeeper.core.campaigns.plan import WINDOWS_MAX
from callkeeper.core.instants import LocalTimes, span
from callkeeper.core.refusal import ParameterWrong
from callkeeper.usecases.campaigns import Campaigns, counted

_AGENTS_ONES = "agents ring its manual reservations as before"
_NONE = "no automatic call is to come"


def pause_campaign(
    campaign: CampaignMeant,
    *,
    vdn: Vdn,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Stop dialing for a campaign until it is resumed.

    Automatic reservations wait, and expire once they are later than the grace. Calls that are being
    made go on, and agents ring manual reservations as before.

    $ callkeeper campaign pause 7 --vdn 25
    """
    times = local_times(time_zone)
    grace = span(read_settings(data_dir, database).grace_seconds * 1000)
    told = _changed(data_dir, database, (vdn, campaign), Pause())
    waits = f"each waits until it is resumed, and expires when it is more than {grace} late"
    waiting = f"{_awaited(told)}: {waits}" if told.awaited.all else _NONE
    _show(told, f"paused; {waiting}; {_AGENTS_ONES}", times, as_json=json)


def resume_campaign(
    campaign: CampaignMeant,
    *,
    vdn: Vdn,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Go on dialing for a campaign, or begin: a draft is started the same way.

    $ callkeeper campaign resume 7 --vdn 25
    """
    times = local_times(time_zone)
    told = _changed(data_dir, database, (vdn, campaign), Resume())
    begins = told.campaign.begin_at
    due = (
        f"it begins {times.in_full(begins)}"
        if begins > times.now
        else f"{_awaited(told)}, dialed within its hours"
        if told.awaited.all
        else _NONE
    )
    _show(told, f"started; {due}", times, as_json=json)


def end_campaign(
    campaign: CampaignMeant,
    *,
    vdn: Vdn,
    yes: Yes = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """End a campaign now, for good.

    An ended one is neither changed nor resumed. Its automatic reservations are not dialed any more:
    each expires when it is due, and `callkeeper why` says that the campaign ended. Without --yes it
    is shown, and asked for at a terminal.

    $ callkeeper campaign end 7 --vdn 25 --yes
    """
    times = local_times(time_zone)
    before = told_of(data_dir, database, vdn, campaign)
    will_not = f"its {calls(before.awaited.all)} to come will not be made"
    waiting = f"{will_not if before.awaited.all else _NONE}; {_AGENTS_ONES}"
    End().apply(before.campaign, times.now)  # what is refused is not asked for
    question = f"end campaign {before.campaign.id} {before.campaign.name!r} for good? {waiting}"
    if not agreed(question, yes=yes, as_json=json):
        state = state_of(before.campaign, times.now)
        _show(before, f"is {state}; once it ends, {waiting}", times, as_json=json)
        end_without("--yes ends it", as_json=json)
    told = _changed(data_dir, database, (vdn, campaign), End())
    _show(told, f"ended; {waiting}", times, as_json=json)


def special_hours(
    campaign: CampaignMeant,
    *,
    vdn: Vdn,
    window: Annotated[
        list[Any] | None,
        typer.Option(
            parser=read_window,
            metavar="HH:MM-HH:MM",
            help=f"When it may dial on special days, up to {WINDOWS_MAX}; in place of all before.",
            show_default=False,
        ),
    ] = None,
    no_window: Annotated[
        bool, typer.Option("--no-window", help="Take away all that there are.")
    ] = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show or change the hours of a campaign on special days.

    They are kept and shown. The dialer does not use them yet: no day is special to it, and it goes
    by the campaign's own windows every day.

    $ callkeeper campaign special 7 --vdn 25 --window 10:00-16:00
    """
    if window and no_window:
        raise typer.BadParameter("give either --window or --no-window")
    times = local_times(time_zone)
    if window or no_window:
        change = SetSpecialHours(placed(window or []))
        try:
            told = _changed(data_dir, database, (vdn, campaign), change)
        except ParameterWrong as fault:
            raise in_options(fault) from None
    else:
        told = told_of(data_dir, database, vdn, campaign)
    hours = ", ".join(each.hours for each in told.campaign.special_day_windows) or "none"
    says = f"special days: {hours}; kept and shown, but the dialer does not use them yet"
    _show(told, says, times, as_json=json)


def calls(count: int) -> str:
    """Return a number of calls in words."""
    return f"{counted(count)} automatic call{'s' * (count != 1)}"


def _awaited(told: Told) -> str:
    """Return how many calls it has to make: what is due now, and what comes later."""
    awaited = told.awaited
    if not awaited.due:
        return f"no automatic call is due now, {awaited.later_told} to come"
    later = f", {awaited.later_told} to come" if awaited.later else ""
    return f"{calls(awaited.due)} due now{later}"


def _changed(
    data_dir: DataDir, database: Database, which: tuple[int, str], change: CampaignChange
) -> Told:
    vdn, meant = which
    campaign_id = campaign_of(data_dir, database, vdn, meant)

    async def carry_out(use_cases: Campaigns) -> Told:
        campaign: Campaign = await use_cases.change(vdn, campaign_id, change, "operator")
        return Told(campaign, await use_cases.awaited(vdn, campaign_id))

    return ask_campaigns(data_dir, database, carry_out)


def _show(told: Told, says: str, times: LocalTimes, *, as_json: bool) -> None:
    campaign = told.campaign
    now = max(times.now, campaign.changed_at)  # it was changed after the command had begun
    value = {**campaign_facts(told, now), "says": says}
    show(value, f"campaign {campaign.id} {campaign.name!r}: {says}", as_json=as_json)
