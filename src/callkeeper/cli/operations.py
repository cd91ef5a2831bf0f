"""The commands that keep an installation: migrate, spread, backup."""

from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal

from callkeeper.cli.endings import warn
from callkeeper.cli.installation import read_settings
from callkeeper.cli.options import Database, DataDir, Json, show
from callkeeper.cli.progress import progress
from callkeeper.clock import monotonic
from callkeeper.core.instants import SECOND_MS, span
from callkeeper.installation.backup import back_up, left_over
from callkeeper.installation.database import begin_seal, begin_store, check_schema, find_store
from callkeeper.signals import interrupting

_LEFT_OVER = "{} is left of a copy that was killed; remove it, unless another machine works on it"


def migrate(*, data_dir: DataDir = None, database: Database = None, json: Json = False) -> None:
    """Bring the database schema up to date.

    It creates the database if need be, and the sealing key; `serve` does so too.

        $ callkeeper migrate --data-dir /var/lib/callkeeper
        $ callkeeper migrate --database postgresql:///callkeeper
    """
    settings = read_settings(data_dir, database)
    begun = monotonic()
    store = begin_store(settings)
    try:
        with progress("migrating", is_wanted=not json) as tell:
            ran = store.migrate(tell)
        begin_seal(settings, store)
        version = store.schema_version()
    finally:
        store.close()
    did = f"{len(ran)} migrations ran{_took(begun)}" if ran else "nothing was to be done"
    show({"schema": version, "ran": ran}, f"the schema is at {version}; {did}", as_json=json)


def spread(*, data_dir: DataDir = None, database: Database = None, json: Json = False) -> None:
    """Spread the tables over the machines of a Citus.

    All that a VDN has is on one of them. Stop all servers before, and back up. Once the tables
    are spread, run it again when a machine was added; `migrate` spreads what it adds.

        $ callkeeper spread --database postgresql://callkeeper@coordinator/callkeeper
    """
    settings = read_settings(data_dir, database)
    begun = monotonic()
    store = find_store(settings)
    try:
        check_schema(store)
        tables = store.spread()
    finally:
        store.close()
    did = f"{len(tables)} tables were spread{_took(begun)}" if tables else "all tables are spread"
    show({"spread": tables}, did, as_json=json)


def backup(
    target: Annotated[Path, typer.Argument(help="A directory that does not exist yet.")],
    *,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Copy a SQLite installation while it runs.

    What is copied is the database, the sealing key and the certificate. To restore: callkeeper
    serve --no-dialer --data-dir TARGET, and `callkeeper settle` what was due since; then dial.

        $ callkeeper backup /backups/2026-01-31 --data-dir /var/lib/callkeeper
        $ callkeeper serve --no-dialer --data-dir /backups/2026-01-31
    """
    settings = read_settings(data_dir, database)
    for each in left_over(target):
        warn(_LEFT_OVER.format(each), as_json=json)
    begun = monotonic()
    try:
        with interrupting(), progress("copying", in_bytes=True, is_wanted=not json) as tell:
            size, notes = back_up(settings, target, tell)
    except (KeyboardInterrupt, SystemExit):
        left = f"{target} is whole" if target.exists() else "nothing is left of the copy"
        warn(f"interrupted; {left}", as_json=json)
        raise
    value = {"target": str(target), "bytes": size, "notes": notes}
    copied = f"copied {decimal(size)} to {target}{_took(begun)}"
    show(value, copied, *notes, as_json=json)


def _took(begun: float) -> str:
    """Return how long it took since an instant of the monotonic clock, if anybody noticed."""
    told = span(int((monotonic() - begun) * SECOND_MS))
    return "" if told == "0 s" else f" in {told}"
