"""``serve``: the server, with its dialer."""

from collections.abc import Callable
from typing import Annotated

import typer

from callkeeper import __version__, log
from callkeeper.cli.installation import read_settings, warn_of_exposure
from callkeeper.cli.options import Database, DataDir, LineKind
from callkeeper.cli.sentence import say
from callkeeper.installation.database import is_anybody_there
from callkeeper.processes.workers import serve as serve_until_stopped
from callkeeper.settings import Settings

_NOBODY = (
    "nobody can sign in to the console yet; "
    "`callkeeper person add LOGIN --operator` prints a link for the first operator"
)
_NO_LINE = (
    "no line is set, so automatic reservations are not dialed from here; "
    "choose --line asterisk or --line rehearsal, or pass --no-dialer if this is intended"
)


def serve(
    *,
    data_dir: DataDir = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; default 127.0.0.1.", show_default=False),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port; default 28443, 0 for any free one.", show_default=False),
    ] = None,
    database: Database = None,
    tls: Annotated[
        str | None,
        typer.Option(
            help="auto, off or CERT:KEY; default auto, but off on loopback.", show_default=False
        ),
    ] = None,
    deployment: Annotated[
        str | None,
        typer.Option(help="integrated: agents by userAccount; op: by workNo.", show_default=False),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Number of server processes; default 1. One more writes for all.",
            min=1,
            show_default=False,
        ),
    ] = None,
    console_port: Annotated[
        int | None,
        typer.Option(
            help="Port for a process that serves the console alone; default: with the API.",
            show_default=False,
        ),
    ] = None,
    line: LineKind = None,
    no_dialer: Annotated[
        bool,
        typer.Option("--no-dialer", help="Serve the API without dialing; `callkeeper dial` dials."),
    ] = False,
) -> None:
    """Serve the API and dial until stopped.

    It creates the data directory if it is missing, and brings the schema up to date.

        $ callkeeper serve --data-dir /var/lib/callkeeper
        $ callkeeper serve --host 0.0.0.0 --line asterisk
        $ callkeeper serve --database postgresql:///callkeeper --workers 4 --no-dialer
        $ callkeeper serve --console-port 28445
    """
    settings = read_settings(
        data_dir,
        database,
        host=host,
        port=port,
        tls=tls,
        deployment=deployment,
        workers=workers,
        console_port=console_port,
        line=line,
        dialer=False if no_dialer else None,
    )
    log.configure(settings)
    warn_of_exposure(settings)
    serve_until_stopped(settings, ready=_saying_ready(settings))


def _saying_ready(settings: Settings) -> Callable[[str], None]:
    """Return what is told the URL once it serves, and says what is lacking."""
    # Asked now, for what is said when it is ready is said by the loop that serves.
    nobody = settings.console and not is_anybody_there(settings)

    def say_ready(url: str) -> None:
        say(f"callkeeper {__version__} serves {url}", err=True)
        if settings.console_port is not None:
            say(f"callkeeper: its console is at {settings.console_address}/console/", err=True)
        if settings.line is None and settings.dialer:
            say(f"callkeeper: {_NO_LINE}", err=True)
        if nobody:
            say(f"callkeeper: {_NOBODY}", err=True)

    return say_ready
