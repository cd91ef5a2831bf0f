"""Settle from the shell: after a restore, close what may have been called already."""

from typing import Annotated

import typer

from callkeeper.cli.consent import end_without
from callkeeper.cli.installation import existing_store, read_settings
from callkeeper.cli.instants import instant_option
from callkeeper.cli.options import Database, DataDir, Json, show
from callkeeper.cli.sentence import say
from callkeeper.cli.table import print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.instants import LocalTimes
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
        instant_option(
            "When the old installation made its last call at the latest, like 15:00, the last one.",
            "last",
        ),
    ],
    vdn: Annotated[
        int | None,
        typer.Option(help="Of this VDN only.", min=1, max=VDN_MAX, show_default="all"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it is only shown.")] = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """After a restore, close calls that may have been made.

    These are the automatic ones that were due since the backup. Their outcome becomes unknown, and
    they are never dialed again. Without --yes nothing changes.

        $ callkeeper settle --before "2026-01-31 15:00"
        $ callkeeper settle --before "2026-01-31 15:00" --yes
    """
    times = local_times(time_zone)
    codes = FailCodes(read_settings(data_dir, database).fail_codes)
    with existing_store(data_dir, database) as store:
        settling = Settling(store, before, vdn, times.now, codes)
        found, first = settling.count(), settling.first(_SHOWN_MAX)
        settled = settling.carry_out() if yes else 0
    if json:
        rows = [{name: getattr(each, name) for name in _SHOWN} for each in first]
        value = {"before": before, "settled": settled, "found": found, "reservations": rows}
        show(value, as_json=True)
    else:
        _print(found, times)
    waiting = sum(each.waiting for each in found)
    if yes and not json:
        say(f"settled {settled}: their outcome is unknown, and they are not dialed again")
    elif not yes and not json:
        _print_first(first, waiting, times)
    bound = times.in_full(before)
    if not yes and waiting:
        end_without(f"--yes settles {waiting}, due before {bound}", as_json=json)
    elif not yes and not json:
        say(f"nothing is to be settled that was due before {bound}")


def _print(found: list[Unsettled], times: LocalTimes) -> None:
    columns = ("vdn", "to settle", "calling", "manual, overdue", "last change")
    rows = [
        (
            *(str(getattr(each, name)) for name in ("vdn", "waiting", "calling", "manual")),
            times.to_minute(each.changed_at),
        )
        for each in found
    ]
    if print_table(columns, rows, "there is no reservation"):
        say(times.note)


def _print_first(first: list[Reservation], waiting: int, times: LocalTimes) -> None:
    if first:
        say("")
        columns = ("due", "reservation", "vdn", "campaign", "tries")
        print_table(columns, (_row(each, times) for each in first), "")
    if waiting > len(first):
        say(f"and {waiting - len(first)} more")


def _row(each: Reservation, times: LocalTimes) -> tuple[str, ...]:
    due = "" if each.due_at is None else times.to_minute(each.due_at)
    return (due, each.id, str(each.vdn), str(each.campaign_id), str(each.tries))
