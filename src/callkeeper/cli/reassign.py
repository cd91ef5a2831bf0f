"""``reassign``: what one agent promised, another one keeps."""

from typing import Annotated

import typer

from callkeeper.cli.consent import Yes, agreed, end_without
from callkeeper.cli.days import Day, day_option
from callkeeper.cli.installation import existing_store
from callkeeper.cli.options import Database, DataDir, Json, Vdn, show
from callkeeper.cli.promise_rows import utc
from callkeeper.cli.sentence import say
from callkeeper.cli.table import Column, print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.instants import LocalTimes
from callkeeper.core.refusal import ParameterWrong
from callkeeper.store.port.access import Agent
from callkeeper.store.port.reservations import Listed
from callkeeper.usecases.promises import FIRST, LAST, Whose
from callkeeper.usecases.reassigning import COUNTED_MAX, Reassigning
from callkeeper.usecases.short_ids import short_id

_SHOWN = 20
_COLUMNS = (
    "when",
    "id",
    "how",
    Column("campaign", is_cut=True),
    Column("note", is_cut=True, is_left_out=True),
)
# The option behind each agent that may be at fault.
_SAID_BY = {"from_agent": "--from", "agent": "--to"}


def reassign(
    *,
    vdn: Vdn,
    from_: Annotated[
        str, typer.Option("--from", metavar="AGENT", help="Whose they are.", show_default=False)
    ],
    to: Annotated[
        str, typer.Option("--to", metavar="AGENT", help="Who keeps them.", show_default=False)
    ],
    day: Annotated[Day | None, day_option("Those for this day only", "today")] = None,
    yes: Yes = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Give the reservations of one agent to another one.

    Those are manual ones that wait, overdue ones too; times and notes stay. With --day what is
    overdue from earlier days stays, and is told of. Without --yes it is shown, and asked for at a
    terminal. A second time there is nothing left to do.

    $ callkeeper reassign --vdn 25 --from ann --to bob
    $ callkeeper reassign --vdn 25 --from ann --to bob --day today --yes
    """
    times = local_times(time_zone)
    begin_at, end_at = (FIRST, LAST) if day is None else day.span
    with existing_store(data_dir, database) as store:
        sought = Whose(vdn, from_).within(begin_at, end_at)
        try:
            moving = Reassigning(store, sought, to, times.now)
        except ParameterWrong as fault:
            raise fault.within(_SAID_BY[fault.about]) from None
        found = moving.first(COUNTED_MAX)
        automatic, overdue = moving.automatic(), moving.overdue_before()
        told = f"{_counted(found)} from {_named(moving.giver)} to {_named(moving.taker)}"
        if found and not json:
            print_table(_COLUMNS, [_row(each, times) for each in found[:_SHOWN]], "")
            if len(found) > _SHOWN:
                say(f"and {len(found) - _SHOWN} more")
            say(times.note)
        is_agreed = bool(found) and agreed(f"give {told}?", yes=yes, as_json=json)
        given = moving.carry_out() if is_agreed else 0
    says = f"no reservation waits for {_named(moving.giver)}"
    says += "" if day is None else f" on {day.date}"
    if found:
        count = _counted(found) if given == len(found) else given
        says = f"gave {count} to {_named(moving.taker)}" if is_agreed else ""
    stays = _staying(automatic, overdue)
    value = {
        "from": moving.giver.account,
        "to": moving.taker.account,
        "automatic": automatic,
        "overdue_before": overdue,
        "found": len(found),
        "reassigned": given,
        "reservations": [_facts(each) for each in found],
    }
    show(value, "; ".join(filter(None, (says, *stays))), as_json=json)
    if found and not is_agreed:
        end_without(f"--yes gives {told}", as_json=json)


def _staying(automatic: int, overdue: int) -> list[str]:
    """Return what is said of what stays with the first agent."""
    said = []
    if automatic:
        stay = "1 automatic one stays" if automatic == 1 else f"{automatic} automatic ones stay"
        said.append(f"{stay}, which the system dials")
    if overdue:
        stay = "1 overdue one" if overdue == 1 else f"{overdue} overdue ones"
        them = "stays; without --day it goes" if overdue == 1 else "stay; without --day they go"
        said.append(f"{stay} of earlier days {them} too")
    return said


def _counted(found: list[Listed]) -> str:
    more = " or more" if len(found) == COUNTED_MAX else ""
    return f"{len(found)}{more} reservation{'s' * (len(found) != 1)}"


def _named(agent: Agent) -> str:
    return f"{agent.account} ({agent.user_name})" if agent.user_name else agent.account


def _row(each: Listed, times: LocalTimes) -> tuple[str, ...]:
    reservation = each.reservation
    return (
        times.to_minute(reservation.appoint_at),
        short_id(reservation.id),
        times.from_now(reservation.appoint_at),
        each.campaign_name or str(reservation.campaign_id),
        reservation.remark or "",
    )


def _facts(each: Listed) -> dict[str, object]:
    return {"id": each.reservation.id, "at": utc(each.reservation.appoint_at)}
