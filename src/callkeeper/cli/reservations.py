"""The five interfaces from the shell, signed: reserve, move, result, cancel, list."""

from typing import Annotated

import msgspec
import typer

from callkeeper.cli.options import (
    INSTANT_WORDS,
    InstantOption,
    Json,
    connect,
    read_instant,
    show,
    written,
)
from callkeeper.cli.table import print_table
from callkeeper.client import Filters, Page

Id = Annotated[str, typer.Argument(metavar="APPOINT_ID", show_default=False)]
Agent = Annotated[
    str | None, typer.Option(help="The agent's business account.", show_default=False)
]
WorkNo = Annotated[
    str | None,
    typer.Option(help="The agent's id, where the deployment is op.", show_default=False),
]
Text = Annotated[str | None, typer.Option(show_default=False)]

_SHOWS = "`callkeeper why APPOINT_ID` shows what is on record"


def reserve(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number to be called.")],
    *,
    at: Annotated[
        int,
        typer.Option(
            parser=read_instant,
            metavar="INSTANT",
            help=f"When: {INSTANT_WORDS}.",
            show_default=False,
        ),
    ],
    campaign: Annotated[str, typer.Option(help="The campaign's id.", show_default=False)],
    agent: Agent = None,
    work_no: WorkNo = None,
    automatic: Annotated[
        bool, typer.Option("--automatic", help="The system dials, 5 minutes early by default.")
    ] = False,
    call_data: Annotated[
        str | None, typer.Option(help="A JSON object for the flow of an automatic call.")
    ] = None,
    remark: Text = None,
    json: Json = False,
) -> None:
    """Reserve a call."""
    with connect() as client:
        id_ = client.reserve(
            number,
            at=at,
            campaign=campaign,
            agent=agent,
            work_no=work_no,
            automatic=automatic,
            call_data=call_data,
            remark=remark,
        )
    show({"id": id_}, id_, as_json=json)


def move(
    id: Id,  # noqa: A002 - the word for it
    *,
    at: InstantOption = None,
    agent: Agent = None,
    work_no: WorkNo = None,
    remark: Text = None,
    json: Json = False,
) -> None:
    """Give a reservation another time, agent or note.

    Only a manual one, whose call an agent makes, can be moved.
    """
    if (at, agent, work_no, remark) == (None,) * 4:
        raise typer.BadParameter(
            f"say what changes: --at, --agent, --work-no or --remark; {_SHOWS}"
        )
    with connect() as client:
        client.move(id, at=at, agent=agent, work_no=work_no, remark=remark)
    show({"id": id, "did": "moved"}, f"moved {id}", as_json=json)


def result(
    id: Id,  # noqa: A002
    *,
    fail_code: Annotated[
        str | None, typer.Option(help="CTI result code; 00000 is success.", show_default=False)
    ] = None,
    call_id: Text = None,
    caller: Annotated[
        str | None, typer.Option(help="The calling number.", show_default=False)
    ] = None,
    business_result: Text = None,
    business_sub_result: Text = None,
    begin: InstantOption = None,
    end: InstantOption = None,
    agent: Agent = None,
    work_no: WorkNo = None,
    json: Json = False,
) -> None:
    """File how the call of a reservation ended.

    An agent alone is noted, and ends nothing.
    """
    told = (fail_code, call_id, caller, business_result, business_sub_result, begin, end)
    tells_of_a_call = any(each is not None for each in told)
    if not tells_of_a_call and agent is None and work_no is None:
        raise typer.BadParameter(
            "say how the call ended: --fail-code (00000 is success), --call-id, --caller, "
            "--business-result, --business-sub-result, --begin, --end, or who rang: "
            f"--agent, --work-no; {_SHOWS}"
        )
    with connect() as client:
        client.record_result(
            id,
            fail_code=fail_code,
            call_id=call_id,
            caller=caller,
            business_result=business_result,
            business_sub_result=business_sub_result,
            begin=begin,
            end=end,
            agent=agent,
            work_no=work_no,
        )
    sentence = f"filed the result of {id}" if tells_of_a_call else f"noted the agent of {id}"
    show({"id": id, "did": "filed"}, sentence, as_json=json)


def cancel(id: Id, *, json: Json = False) -> None:  # noqa: A002
    """Delete a reservation whose call was not made."""
    with connect() as client:
        client.cancel(id)
    show({"id": id, "did": "cancelled"}, f"cancelled {id}", as_json=json)


def list_(
    *,
    called: Text = None,
    agent: Annotated[
        list[str] | None, typer.Option(help="An agent; repeat for several.", show_default=False)
    ] = None,
    begin: InstantOption = None,
    end: InstantOption = None,
    campaign: Text = None,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 100,
    everything: Annotated[bool, typer.Option("--all", help="Every page, from the first.")] = False,
    json: Json = False,
) -> None:
    """List reservations by appointed time.

    Those between --begin and --end, if these are given.
    """
    given = {
        "called": called,
        "agents": agent or None,
        "begin": begin,
        "end": end,
        "campaign": campaign,
    }
    filters = msgspec.convert({k: v for k, v in given.items() if v is not None}, Filters)
    with connect() as client:
        if everything:
            found = tuple(client.iterate(**filters))
            page = Page(len(found), found)
        else:
            page = client.list(offset=offset, limit=limit, **filters)
    if json:
        show(page, as_json=True)
    else:
        _print(page)


def _print(page: Page) -> None:
    columns = ("id", "at", "number", "kind", "campaign", "agent", "result", "remark")
    rows = [
        (
            each.id,
            written(each.at) + (" (overdue)" if each.overdue else ""),
            each.called,
            each.kind,
            each.campaign,
            each.agent or "",
            each.fail_code or "",
            each.remark or "",
        )
        for each in page.reservations
    ]
    print_table(columns, rows, "no reservations")
    typer.echo(f"{len(page.reservations)} of {page.total}")
