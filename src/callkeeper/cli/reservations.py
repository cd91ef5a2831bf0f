"""The five interfaces from the shell, signed: reserve, move, result, cancel, list."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

import msgspec
import typer

from callkeeper.cli.connection import connected
from callkeeper.cli.endings import warn
from callkeeper.cli.instants import LIKE, instant_option
from callkeeper.cli.names import campaign_meant, results_meant
from callkeeper.cli.options import Json, MaybeVdn, ReservationId, show
from callkeeper.cli.sentence import room, say
from callkeeper.cli.short_ids import whole_id
from callkeeper.cli.table import Column, print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.client import Client, Filters, Page, Refused, Reservation
from callkeeper.client.records import milliseconds
from callkeeper.core.instants import LocalTimes, rounded_span
from callkeeper.usecases.short_ids import short_id

Agent = Annotated[
    str | None,
    typer.Option(help="The agent's business account, and no name.", show_default=False),
]
WorkNo = Annotated[
    str | None,
    typer.Option(help="The agent's id, where the deployment is op.", show_default=False),
]
Remark = Annotated[str | None, typer.Option(help="A note for the agent.", show_default=False)]

_NO_NAME = "that is a business account, and no name"
_SHOWS = "`callkeeper why APPOINT_ID` shows what is on record"


def reserve(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number to be called.")],
    *,
    at: Annotated[int, instant_option(f"When: {LIKE}; of 15:00 the next one.")],
    campaign: Annotated[
        str,
        typer.Option(help="The campaign's id (digits are one), or its name.", show_default=False),
    ],
    agent: Agent = None,
    work_no: WorkNo = None,
    automatic: Annotated[
        bool, typer.Option("--automatic", help="The system dials, 5 minutes early by default.")
    ] = False,
    call_data: Annotated[
        str | None, typer.Option(help="A JSON object for the flow of an automatic call.")
    ] = None,
    remark: Remark = None,
    vdn: MaybeVdn = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Reserve a call.

    Its id is printed on standard output, and on standard error when it will be.

        $ callkeeper reserve 66660001 --at "tomorrow 15:00" --campaign 11 --agent ann
        $ callkeeper reserve 66660001 --at +2h --campaign 11 --agent ann --automatic
    """
    with connected(vdn, calledNo="NUMBER") as client:
        whose = _Whose(client, agent or work_no)
        id_ = client.reserve(
            number,
            at=at,
            campaign=campaign_meant(client, campaign),
            agent=agent,
            work_no=work_no,
            automatic=automatic,
            call_data=call_data,
            remark=remark,
        )
    show({"id": id_}, id_, as_json=json)
    if not json:
        when = local_times(time_zone).in_full(at)
        say(f"reserved for {when}{whose.told}", err=True)
    mend = f"`callkeeper move {id_} --agent ACCOUNT` gives it to another"
    whose.warn_if_new("cancel it, and reserve anew" if automatic else mend, as_json=json)


def move(
    id: ReservationId,  # noqa: A002 - the word for it
    *,
    at: Annotated[int | None, instant_option(f"When instead: {LIKE}.")] = None,
    agent: Agent = None,
    work_no: WorkNo = None,
    remark: Remark = None,
    vdn: MaybeVdn = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Give a reservation another time, agent or note.

    Only a manual one, whose call an agent makes, can be moved.

        $ callkeeper move 4674595509 --at "fri 9:30"
        $ callkeeper move 4674595509 --agent bert --remark "asks for Bert"
    """
    if (at, agent, work_no, remark) == (None,) * 4:
        raise typer.BadParameter(
            f"say what changes: --at, --agent, --work-no or --remark; {_SHOWS}"
        )
    with connected(vdn) as client, whole_id(client, id) as id_:
        whose = _Whose(client, agent or work_no)
        client.move(id_, at=at, agent=agent, work_no=work_no, remark=remark)
    to = "" if at is None else f" to {local_times(time_zone).in_full(at)}"
    show({"id": id_, "did": "moved"}, f"moved {id_}{to}{whose.told}", as_json=json)
    whose.warn_if_new("the same command again gives it to another", as_json=json)


def result(
    id: ReservationId,  # noqa: A002
    *,
    fail_code: Annotated[
        str | None, typer.Option(help="CTI result code; 00000 is success.", show_default=False)
    ] = None,
    call_id: Annotated[
        str | None, typer.Option(help="The call's id in the CTI platform.", show_default=False)
    ] = None,
    caller: Annotated[
        str | None, typer.Option(help="The calling number.", show_default=False)
    ] = None,
    business_result: Annotated[
        str | None,
        typer.Option(
            help="The business result that the VDN defined: its code, or its name.",
            show_default=False,
        ),
    ] = None,
    business_sub_result: Annotated[
        str | None, typer.Option(help="Its sub-result, likewise.", show_default=False)
    ] = None,
    begin: Annotated[
        int | None, instant_option("When the call began, like 15:00, the last one.", "last")
    ] = None,
    end: Annotated[int | None, instant_option("When it ended.", "last")] = None,
    agent: Agent = None,
    work_no: WorkNo = None,
    vdn: MaybeVdn = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """File how the call of a reservation ended.

    An agent alone is noted, and ends nothing.

        $ callkeeper result 4674595509 --fail-code 00000 --begin 15:00 --end 15:04
        $ callkeeper result 4674595509 --agent bert
    """
    told = (fail_code, call_id, caller, business_result, business_sub_result, begin, end)
    tells_of_a_call = any(each is not None for each in told)
    if not tells_of_a_call and agent is None and work_no is None:
        raise typer.BadParameter(
            "say how the call ended: --fail-code (00000 is success), --call-id, --caller, "
            "--business-result, --business-sub-result, --begin, --end, or who rang: "
            f"--agent, --work-no; {_SHOWS}"
        )
    with connected(vdn) as client, whole_id(client, id) as id_:
        whose = _Whose(client, agent or work_no)
        filed, filed_below = results_meant(client, business_result, business_sub_result)
        client.record_result(
            id_,
            fail_code=fail_code,
            call_id=call_id,
            caller=caller,
            business_result=filed,
            business_sub_result=filed_below,
            begin=begin,
            end=end,
            agent=agent,
            work_no=work_no,
        )
    sentence = f"filed the result of {id_}" if tells_of_a_call else f"noted the agent of {id_}"
    if begin is not None:
        sentence += f", begun {local_times(time_zone).in_full(begin)}"
    show({"id": id_, "did": "filed"}, sentence + whose.told, as_json=json)
    mend = f"`callkeeper result {id_} --agent ACCOUNT` notes another"
    whose.warn_if_new(mend, as_json=json)


def cancel(id: ReservationId, *, vdn: MaybeVdn = None, json: Json = False) -> None:  # noqa: A002
    """Delete a reservation whose call was not made.

    $ callkeeper cancel 4674595509
    $ callkeeper cancel 4674595509 --json
    """
    with connected(vdn) as client, whole_id(client, id) as id_:
        client.cancel(id_)
    show({"id": id_, "did": "cancelled"}, f"cancelled {id_}", as_json=json)


def list_(
    *,
    called: Annotated[
        str | None, typer.Option(help="Of this number, in full.", show_default=False)
    ] = None,
    agent: Annotated[
        list[str] | None,
        typer.Option(
            help="An agent, by the business account; repeat for several.", show_default=False
        ),
    ] = None,
    begin: Annotated[
        int | None, instant_option("From when on, like today, -2h or 15:00, of today.", "today")
    ] = None,
    end: Annotated[
        int | None, instant_option("Until when, like tomorrow or fri 15:00.", "today")
    ] = None,
    campaign: Annotated[
        str | None,
        typer.Option(
            help="Of this campaign: its id (digits are one), or its name.", show_default=False
        ),
    ] = None,
    offset: Annotated[int, typer.Option(min=0, help="How many to pass over.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 100,
    everything: Annotated[bool, typer.Option("--all", help="Every page, from the first.")] = False,
    vdn: MaybeVdn = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """List reservations by appointed time, as the server does.

    Those between --begin and --end, if these are given.

        $ callkeeper list --begin today --end tomorrow --agent ann
        $ callkeeper list --all --json
    """
    given = {
        "called": called,
        "agents": agent or None,
        "begin": begin,
        "end": end,
    }
    filters = msgspec.convert({k: v for k, v in given.items() if v is not None}, Filters)
    times = local_times(time_zone)
    with connected(vdn) as client:
        if campaign is not None:
            filters["campaign"] = campaign_meant(client, campaign)
        if everything:
            rows, total = client.iterate(**filters), None
        else:
            page = client.list(offset=offset, limit=limit, **filters)
            rows, total = iter(page.reservations), page.total
        if json:
            found = tuple(rows)
            show(Page(len(found) if total is None else total, found), as_json=True)
        else:
            _print(rows, total, times)
        for each in agent or ():
            if each and not client.list(agents=[each], limit=1).total:
                warn(f"--agent: no reservation is of agent {each!r}; {_NO_NAME}", as_json=json)


class _Whose:
    """Whose a reservation becomes, as far as a server that keeps no list of agents can tell.

    It is asked before, for afterwards a slip is an agent like any other.
    """

    def __init__(self, client: Client, account: str | None) -> None:
        self._account = account
        self._is_new = False
        self.told = ""
        if not account:
            return
        with suppress(Refused):  # what is wrong is for the command's own request to be told
            found = client.list(agents=[account], limit=1).reservations
            self._is_new = not found
            if found and found[0].agent_name not in (None, account):
                self.told = f", agent {account} ({found[0].agent_name})"

    def warn_if_new(self, mend: str, *, as_json: bool) -> None:
        """Say that none was theirs, and what to do about it if that is a slip."""
        if self._is_new:
            new = f"no other reservation is of agent {self._account!r}"
            warn(f"{new}; {_NO_NAME}; if it is a slip, {mend}", as_json=as_json)


_COLUMNS = (
    "at",
    Column("late", is_left_out=True),
    "number",
    Column("agent", is_cut=True),
    "result",
    "id",
    Column("campaign", is_cut=True, is_left_out=True),
    Column("kind", is_left_out=True),
    Column("remark", is_cut=True, is_left_out=True),
)


def _print(rows: Iterator[Reservation], total: int | None, times: LocalTimes) -> None:
    is_short = room() is not None  # whoever reads a pipe may know no short ids
    told_rows = (_row(each, times, is_short=is_short) for each in rows)
    count = print_table(_COLUMNS, told_rows, "no reservations")
    told = f"{count} of {count if total is None else total}"
    say(f"{told}; {times.note}" if count else told)


def _row(each: Reservation, times: LocalTimes, *, is_short: bool) -> tuple[str, ...]:
    at = milliseconds(each.at)
    return (
        "" if at is None else times.to_minute(at),
        "" if at is None or not each.overdue else rounded_span(times.now - at),
        each.called,
        each.agent_name or each.agent or "",
        each.fail_code or "",
        short_id(each.id) if is_short else each.id,
        each.campaign_name or each.campaign,
        "" if each.kind == "manual" else each.kind,
        each.remark or "",
    )
