"""Settle from the shell: after a restore, close what may have been called already."""

from typing import Annotated

import typer

from callkeeper.cli.options import (
    INSTANT_WORDS,
    Database,
    DataDir,
    Json,
    existing_store,
    read_instant,
    read_settings,
    show,
    written,
)
from callkeeper.cli.table import print_table
from callkeeper.clock import SystemClock
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.vdn import VDN_MAX
from callkeeper.store.port.reservations import Unsettled
from callkeeper.usecases.settling import Settling

_SHOWN_MAX = 100
_SHOWN = ("id", "vdn", "campaign_id", "due_at", "tries")


def settle(
    *,
    before: Annotated[
        int,
        typer.Option(
            parser=read_instant,
            metavar="INSTANT",
            help=f"When the old installation made its last call at the latest: {INSTANT_WORDS}.",
            show_default=False,
        ),
    ],
    vdn: Annotated[
        int | None,
        typer.Option(help="Of this VDN only.", min=1, max=VDN_MAX, show_default="all"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it is only shown.")] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """After a restore, close calls that may have been made.

    These are the automatic ones that were due since the backup. Their outcome becomes unknown, and
    they are never dialed again. Without --yes nothing changes.
    """
    codes = FailCodes(read_settings(data_dir, database).fail_codes)
    with existing_store(data_dir, database) as store:
        settling = Settling(store, before, vdn, SystemClock().now(), codes)
        found, first = settling.count(), settling.first(_SHOWN_MAX)
        settled = settling.carry_out() if yes else 0
    if json:
        rows = [{name: getattr(each, name) for name in _SHOWN} for each in first]
        value = {"before": before, "settled": settled, "found": found, "reservations": rows}
        show(value, as_json=True)
        return
    _print(found, first, settled=settled if yes else None)


def _print(found: list[Unsettled], first: list[Reservation], *, settled: int | None) -> None:
    columns = ("vdn", "to settle", "calling", "manual, overdue", "last change")
    rows = [
        (
            *(str(getattr(each, name)) for name in ("vdn", "waiting", "calling", "manual")),
            written(each.changed_at),
        )
        for each in found
    ]
    print_table(columns, rows, "there is no reservation")
    waiting = sum(each.waiting for each in found)
    if settled is not None:
        typer.echo(f"settled {settled}: their outcome is unknown, and they are not dialed again")
        return
    if first:
        typer.echo()
        print_table(("reservation", "vdn", "campaign", "due", "tries"), list(map(_row, first)), "")
    if waiting > len(first):
        typer.echo(f"and {waiting - len(first)} more")
    typer.echo(f"nothing was changed; --yes settles {waiting}")


def _row(each: Reservation) -> tuple[str, ...]:
    due = written(each.due_at)
    return (each.id, str(each.vdn), str(each.campaign_id), due, str(each.tries))
