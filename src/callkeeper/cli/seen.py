"""``seen``: broken promises that nobody else has to look at."""

from typing import Annotated

import typer

from callkeeper.cli.installation import existing_store
from callkeeper.cli.options import Database, DataDir, Json, Vdn, show
from callkeeper.clock import SystemClock
from callkeeper.usecases.seen import say_seen
from callkeeper.usecases.short_ids import short_id


def say(
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="APPOINT_ID...",
            help="The reservations' ids, or some of their digits as lists show them.",
            show_default=False,
        ),
    ],
    *,
    vdn: Vdn,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Take off that list what somebody has looked into.

    The list is that of `callkeeper broken`. It is for what expired, what is unknown and what the
    line refused; the history tells of it. What still waits is called, moved or deleted instead.

    $ callkeeper seen 58012345 26047042 --vdn 25
    """
    with existing_store(data_dir, database) as store:
        seen = say_seen(store, vdn, ids, SystemClock().now())
    value = [{"id": each.id, "vdn": each.vdn, "seen_at": each.seen_at} for each in seen]
    lines = [f"seen: reservation {short_id(each.id)} of VDN {each.vdn}" for each in seen]
    show({"reservations": value}, *lines, as_json=json)
