"""``dial``: the dialer alone, without a server."""

from typing import Annotated

import typer

from callkeeper import log
from callkeeper.cli.installation import read_settings, warn_of_exposure
from callkeeper.cli.options import Database, DataDir, LineKind
from callkeeper.cli.sentence import say
from callkeeper.processes.dial import dial as dial_until_stopped
from callkeeper.processes.metrics import new_registry
from callkeeper.terminal import harmless


def dial(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    line: LineKind = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(help="Port for metrics, on `host`; none by default.", show_default=False),
    ] = None,
) -> None:
    """Dial what is due until stopped; serves no API.

    Any number may share one PostgreSQL.

        $ callkeeper dial --line asterisk --database postgresql:///callkeeper
        $ callkeeper dial --line rehearsal --metrics-port 9101
    """
    settings = read_settings(data_dir, database, line=line, metrics_port=metrics_port)
    log.configure(settings)
    warn_of_exposure(settings)
    if settings.line is None:
        raise typer.BadParameter(
            "--line: say which, asterisk or rehearsal, or set `line` in callkeeper.toml"
        )
    dial_until_stopped(settings, new_registry(), ready=_say_ready)


def _say_ready(name: str) -> None:
    say(f"callkeeper dials as {harmless(name)}", err=True)
