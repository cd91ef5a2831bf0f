"""The commands that keep an installation: migrate, backup, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from callkeeper.cli.agents import agents
from callkeeper.cli.keys import RECORDS, keys
from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    LineKind,
    read_settings,
    show,
)
from callkeeper.cli.why import why
from callkeeper.clock import SystemClock
from callkeeper.installation.backup import back_up
from callkeeper.installation.database import begin_seal, open_store
from callkeeper.operations.doctor import CheckUp

_UPKEEP = "Run it"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(keys, name="key", rich_help_panel=RECORDS)
    app.add_typer(agents, name="agent", rich_help_panel=RECORDS)
    app.command(rich_help_panel="Find out")(why)
    for command in (migrate, backup, doctor):
        app.command(rich_help_panel=_UPKEEP)(command)


def migrate(*, data_dir: DataDir = None, database: Database = None, json: Json = False) -> None:
    """Bring the database schema up to date, creating it if need be; `serve` does so too."""
    settings = read_settings(data_dir, database)
    store = open_store(settings)
    try:
        begin_seal(settings, store)
        version = store.schema_version()
    finally:
        store.close()
    show({"schema": version}, f"the schema is at {version}", as_json=json)


def backup(
    target: Annotated[Path, typer.Argument(help="A directory that does not exist yet.")],
    *,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Copy a SQLite installation while it runs: database, sealing key, certificate.

    To restore: callkeeper serve --no-dialer --data-dir TARGET, and `callkeeper settle` what was
    due since; then dial.
    """
    notes = back_up(read_settings(data_dir, database), target)
    show({"target": str(target), "notes": notes}, f"copied to {target}", *notes, as_json=json)


def doctor(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    host: Annotated[str | None, typer.Option(show_default=False)] = None,
    port: Annotated[int | None, typer.Option(show_default=False)] = None,
    tls: Annotated[str | None, typer.Option(show_default=False)] = None,
    line: LineKind = None,
    json: Json = False,
) -> None:
    """Check database, a write, clocks, keys, certificate, disk, port and line; creates nothing.

    The exit status is 0 only when everything is good.
    """
    settings = read_settings(data_dir, database, host=host, port=port, tls=tls, line=line)
    checks = CheckUp(settings, SystemClock()).run()
    good = all(each.good for each in checks)
    lines = [f"{'good' if each.good else 'BAD ':4}  {each.name}: {each.says}" for each in checks]
    show({"good": good, "checks": checks}, *lines, as_json=json)
    if not good:
        raise typer.Exit(1)
