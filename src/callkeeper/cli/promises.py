"""``reservations``, ``broken`` and ``show``: what is open, what was broken, and one of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, get_args

import typer

from callkeeper.cli.days import Day, day_option
from callkeeper.cli.installation import existing_store, read_settings
from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    MaybeVdn,
    ReservationId,
    ShowNumbers,
    Vdn,
    show,
)
from callkeeper.cli.promise_rows import (
    BROKEN_COLUMNS,
    COLUMNS,
    broken_rows,
    facts,
    found_facts,
    how,
    in_short,
    number,
    result,
    rows,
    tell_the_rest,
    utc,
)
from callkeeper.cli.sentence import say
from callkeeper.cli.table import labelled, print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.instants import LocalTimes, in_utc
from callkeeper.core.reservations.reservation import State
from callkeeper.processes.dial import limits, measure
from callkeeper.usecases import promises as usecase
from callkeeper.usecases.agents import agent_meant
from callkeeper.usecases.campaigns import campaign_meant
from callkeeper.usecases.outlook import outlook
from callkeeper.usecases.promises import Kept, Promises, Whose
from callkeeper.usecases.short_ids import reservations_of

_STATES: tuple[State, ...] = get_args(State)
_LIMIT = 20  # with what stands around them they fit a small terminal
_LIMIT_MAX = 10_000

Agent = Annotated[
    str | None,
    typer.Option(help="Of this agent only: the business account, or the name.", show_default=False),
]
Mine = Annotated[
    bool, typer.Option("--mine", help="Of the agent that CALLKEEPER_AGENT names only.")
]
InCampaign = Annotated[
    str | None,
    typer.Option(
        help="Of this campaign only: its id (digits are one), or its name.", show_default=False
    ),
]
Limit = Annotated[int, typer.Option(help="How many to show at most.", min=1, max=_LIMIT_MAX)]


def _read_state(text: str) -> State:
    for each in _STATES:
        if each == text.lower():
            return each
    raise typer.BadParameter(f"{text!r} is none of {', '.join(_STATES)}")


def list_open(
    *,
    vdn: Vdn,
    state: Annotated[
        list[Any] | None,
        typer.Option(
            parser=_read_state,
            metavar="STATE",
            help=f"In this state: {', '.join(_STATES)}; repeat it for several.",
            show_default=False,
        ),
    ] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Those that nobody called in time only.")
    ] = False,
    mine: Mine = False,
    agent: Agent = None,
    campaign: InCampaign = None,
    day: Annotated[Day | None, day_option("All for a day, with how they were kept")] = None,
    limit: Limit = _LIMIT,
    show_numbers: ShowNumbers = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show what is open, overdue ones first; with --day the report of a day.

    What expired is not: `callkeeper broken` shows that. With --day it is a report: how the
    promises of that day were kept, and each of them. An id may be typed as it is shown here, in
    every command that takes one.

    $ callkeeper reservations --vdn 25
    $ callkeeper reservations --vdn 25 --overdue
    $ callkeeper reservations --vdn 25 --day yesterday
    $ CALLKEEPER_AGENT=ann callkeeper reservations --vdn 25 --mine --show-numbers
    """
    if overdue and (state or day):
        raise typer.BadParameter("--overdue goes with neither --state nor --day")
    states: tuple[State, ...] = tuple(state or ())
    times = local_times(time_zone)
    whose = (vdn, _who(agent, mine=mine), campaign)
    with _promises(data_dir, database, whose, times) as promises:
        if day is not None:
            report = promises.of_day(day.span, limit, states or usecase.LISTED)
        elif overdue:
            found = promises.overdue(limit)
        elif states and not set(states) <= set(usecase.OPEN):
            found = promises.closed(limit, states)
        else:
            found = promises.open(limit, states or usecase.OPEN)
    if day is not None:
        _tell_day(report, day, limit, times, show_numbers=show_numbers, as_json=json)
    elif json:
        show(found_facts(found, show_numbers=show_numbers), as_json=True)
    else:
        nothing = "nothing is overdue" if overdue else _nothing(states)
        print_table(COLUMNS, rows(found.promises, times, show_numbers=show_numbers), nothing)
        shown = sum(each.is_overdue for each in found.promises)
        if late := max(found.overdue, shown):
            say(f"{late} overdue" + (f", {shown} shown" if shown < late else ""))
        tell_the_rest(found, limit, times)


def list_broken(
    *,
    vdn: Vdn,
    mine: Mine = False,
    agent: Agent = None,
    campaign: InCampaign = None,
    day: Annotated[Day | None, day_option("Of a day only")] = None,
    limit: Limit = _LIMIT,
    show_numbers: ShowNumbers = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show which promises were broken, and why.

    Broken is what nobody called within the grace after its time, and what the line refused to dial.
    Unknown is what may have been called, with no word how it ended: a person has to look. A result
    that is filed takes either off this list.

    $ callkeeper broken --vdn 25
    $ callkeeper broken --vdn 25 --day yesterday
    """
    times = local_times(time_zone)
    whose = (vdn, _who(agent, mine=mine), campaign)
    with _promises(data_dir, database, whose, times) as promises:
        found = promises.broken(limit, None if day is None else day.span)
    if json:
        show(found_facts(found, show_numbers=show_numbers), as_json=True)
        return
    told = broken_rows(found.promises, times, show_numbers=show_numbers)
    if print_table(BROKEN_COLUMNS, told, "no promise was broken"):
        say("`callkeeper why ID` tells all of one")
    tell_the_rest(found, limit, times)


def show_one(
    id: ReservationId,  # noqa: A002 - the word for it
    *,
    vdn: MaybeVdn = None,
    show_numbers: ShowNumbers = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show one reservation, and what it waits for.

    $ callkeeper show 58012345 --vdn 25
    """
    times = local_times(time_zone)
    settings = read_settings(data_dir, database)
    with existing_store(data_dir, database) as store:
        found = [
            (
                Promises(store, measure(settings), Whose(each.vdn), times.now).one(each.id),
                outlook(
                    store,
                    each,
                    limits(settings),
                    times.now,
                    written=in_utc if json else times.exactly,
                ),
            )
            for each in reservations_of(store, vdn, id, times.now)
        ]
    value = [
        {**facts(kept, show_numbers=show_numbers), "outlook": now_told} for kept, now_told in found
    ]
    lines = [
        line
        for kept, now_told in found
        for line in ("", *_lines(kept, now_told, times, show_numbers=show_numbers))
    ]
    show({"reservations": value}, *lines[1:], as_json=json)


@contextmanager
def _promises(
    data_dir: DataDir,
    database: Database,
    whose: tuple[int, str | None, str | None],
    times: LocalTimes,
) -> Iterator[Promises]:
    vdn, agent, campaign = whose
    with existing_store(data_dir, database) as store:
        campaign_id = None if campaign is None else campaign_meant(store, vdn, campaign, times.now)
        account = None if agent is None else agent_meant(store, vdn, agent, "agent").account
        judged_by = measure(read_settings(data_dir, database))
        yield Promises(store, judged_by, Whose(vdn, account, campaign_id), times.now)


def _who(agent: str | None, *, mine: bool) -> str | None:
    """Return the agent whose reservations are wanted; None: everybody's."""
    if not mine:
        return agent
    if agent is not None:
        raise typer.BadParameter("give either --mine or --agent")
    own = os.environ.get("CALLKEEPER_AGENT")
    if not own:
        raise typer.BadParameter("--mine: set CALLKEEPER_AGENT to your business account")
    return own


def _tell_day(
    report: usecase.Day,
    day: Day,
    limit: int,
    times: LocalTimes,
    *,
    show_numbers: bool,
    as_json: bool,
) -> None:
    if as_json:
        value = {
            "day": day.date,
            "counts": report.counts,
            "answers": report.answers,
            "counted_to": utc(report.counted_to),
            **found_facts(report.found, show_numbers=show_numbers),
        }
        show(value, as_json=True)
        return
    total = sum(report.counts.values())
    named = times.in_words(day.begin_at).rpartition(" ")[0]
    if not total:
        say(f"{named}: no reservation is for that day")
        return
    say(f"{named}: {total} promise{'s' * (total != 1)}: {in_short(report)}")
    if report.counted_to is not None:
        until = times.to_minute(report.counted_to)
        say(f"counted until {until} only, for it has more; --agent or --campaign narrows it")
    print_table(COLUMNS, rows(report.found.promises, times, show_numbers=show_numbers), "")
    tell_the_rest(report.found, limit, times)


def _nothing(states: tuple[State, ...]) -> str:
    return f"nothing is {' or '.join(states)}" if states else "nothing is open"


def _lines(kept: Kept, now_told: str, times: LocalTimes, *, show_numbers: bool) -> list[str]:
    reservation, listed = kept.listed.reservation, kept.listed
    name = f" ({listed.agent_name})" if listed.agent_name else ""
    campaign = f" ({listed.campaign_name})" if listed.campaign_name else ""
    said = {
        "when": times.in_full(reservation.appoint_at),
        "how": how(kept, times),
        "number": number(reservation, show_numbers=show_numbers),
        "agent": f"{reservation.agent}{name}" if reservation.agent else "nobody",
        "campaign": f"{reservation.campaign_id}{campaign}",
        "note": reservation.remark or "",
        "due": "" if reservation.due_at is None else times.in_full(reservation.due_at),
        "tries": str(reservation.tries) if reservation.tries else "",
        "call data": reservation.call_data or "",
        "result": result(kept),
        "began": "" if reservation.begin_at is None else times.in_full(reservation.begin_at),
        "ended": "" if reservation.end_at is None else times.in_full(reservation.end_at),
        "call id": reservation.call_id or "",
        "made": times.in_full(reservation.made_at),
        "changed": "" if reservation.version == 1 else times.in_full(reservation.changed_at),
        "now": now_told,
    }
    head = f"{reservation.kind} reservation {reservation.id} of VDN {reservation.vdn}"
    return [head, *labelled(said)]
