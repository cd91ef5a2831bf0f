"""The dialer from the shell: dial alone, look at the lines, look at a reservation's attempts."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from callkeeper import log
from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    LineKind,
    console,
    existing_store,
    read_settings,
    show,
    written,
)
from callkeeper.clock import SystemClock
from callkeeper.core.refusal import NoSuchReservation
from callkeeper.dial import dial as dial_until_stopped
from callkeeper.records import instant
from callkeeper.registry import new_registry
from callkeeper.store.ledger import Lease

_PANEL = "Find out"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(rich_help_panel="Run it")(dial)
    app.command(rich_help_panel=_PANEL)(lines)
    app.command(rich_help_panel=_PANEL)(attempts)


def dial(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    line: LineKind = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(help="Where to show the metrics, on `host`; nowhere.", show_default=False),
    ] = None,
) -> None:
    """Dial what is due until stopped, without serving; any number may share one PostgreSQL."""
    settings = read_settings(data_dir, database, line=line, metrics_port=metrics_port)
    log.configure(show_numbers=settings.show_phone_numbers)
    dial_until_stopped(settings, new_registry(), ready=_say_ready)


def lines(*, data_dir: DataDir = None, database: Database = None, json: Json = False) -> None:
    """Show who dials over which line, calls in progress and calls a second."""
    now = SystemClock().now()
    with existing_store(data_dir, database) as store:
        leases, live = store.leases(), store.live_by_line()
    if json:
        rows = [
            {
                "dispatcher": each.name,
                "line": each.line,
                "state": _state(each, now),
                "begun_at": each.begun_at,
                "said_at": each.said_at,
                "calls_per_second": round(each.per_second, 3),
            }
            for each in leases
        ]
        show({"dispatchers": rows, "calls_in_progress": live}, "", as_json=True)
        return
    table = Table("line", "calls", "dispatcher", "state", "calls/s", "since", header_style="bold")
    table.box = None
    for each in leases:
        calls, rate = str(live.pop(each.line, 0)), f"{each.per_second:.1f}"
        since = written(instant(each.begun_at))
        table.add_row(each.line, calls, each.name, _state(each, now), rate, since)
    for line, calls_of_nobody in live.items():
        table.add_row(line, str(calls_of_nobody), "", "nobody dials", "", "")
    console().print(table)


def attempts(
    id: Annotated[str, typer.Argument(metavar="APPOINT_ID", show_default=False)],  # noqa: A002 - the word for it
    *,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show every try at calling a reservation, with what the line said of it."""
    with existing_store(data_dir, database) as store:
        found = store.reservations_with_id(id)
        tries = [try_ for each in found for try_ in store.attempts_of(each.vdn, each.id)]
    if not found:
        raise NoSuchReservation(f"there is no reservation {id!r} in any VDN")
    if json:
        show({"attempts": tries}, "", as_json=True)
        return
    table = Table("try", "attempt", "state", "outcome", "code", "cause", "SIP", header_style="bold")
    table.box = None
    for name in ("asked", "rang", "answered", "ended"):
        table.add_column(name)
    for each in tries:
        cause = " ".join(str(part) for part in (each.cause, each.cause_text) if part is not None)
        instants = (each.placing_at, each.ringing_at, each.answered_at, each.ended_at)
        table.add_row(
            str(each.number),
            each.id,
            each.state,
            each.outcome or "",
            each.fail_code or "",
            escape(cause),
            "" if each.sip_code is None else str(each.sip_code),
            *(written(instant(at)) for at in instants),
        )
    console().print(table)


def _state(lease: Lease, now: int) -> str:
    if lease.lease_until <= now:
        return "gone"
    return "up" if lease.is_up else "line down"


def _say_ready(name: str) -> None:
    typer.echo(f"callkeeper dials as {name}", err=True)
