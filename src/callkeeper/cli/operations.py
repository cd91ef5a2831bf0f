"""The commands that keep an installation: migrate, backup."""

from pathlib import Path
from typing import Annotated

import typer

from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    read_settings,
    show,
)
from callkeeper.installation.backup import back_up
from callkeeper.installation.database import begin_seal, open_store


def migrate(*, data_dir: DataDir = None, database: Database = None, json: Json = False) -> None:
    """Bring the database schema up to date.

    It creates the database if need be, and the sealing key; `serve` does so too.
    """
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
    """Copy a SQLite installation while it runs.

    What is copied is the database, the sealing key and the certificate. To restore: callkeeper
    serve --no-dialer --data-dir TARGET, and `callkeeper settle` what was due since; then dial.
    """
    notes = back_up(read_settings(data_dir, database), target)
    show({"target": str(target), "notes": notes}, f"copied to {target}", *notes, as_json=json)
