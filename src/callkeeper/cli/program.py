"""The command line, thin: parse, call the client or the server, print.

A refusal is one line on standard error and exit status 1; a command given wrongly exits with 2.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from callkeeper import __version__, log
from callkeeper.cli import campaigns, operations
from callkeeper.cli import dialer as dialing
from callkeeper.cli import reservations as calls
from callkeeper.cli.options import (
    Database,
    DataDir,
    LineKind,
    is_text,
    read_settings,
    warn_of_exposure,
)
from callkeeper.cli.settle import settle
from callkeeper.cli.sign import sign
from callkeeper.cli.table import console
from callkeeper.client import CallkeeperError
from callkeeper.core.refusal import Refusal, told_in_full
from callkeeper.installation.sealing import SealBroken
from callkeeper.operations.demo import play
from callkeeper.processes.workers import serve as serve_until_stopped
from callkeeper.settings import SettingsWrong, unknown
from callkeeper.signing import SigningError
from callkeeper.terminal import harmless, harmless_lines

_EXPECTED = (Refusal, CallkeeperError, SettingsWrong, SealBroken, SigningError, OSError)


_NO_LINE = (
    "no line is set, so automatic reservations are not dialed from here; "
    "choose --line asterisk or --line rehearsal, or pass --no-dialer if this is intended"
)


@contextmanager
def _harmless_usage() -> Iterator[None]:
    """Let no argument that is repeated in what is wrong with it steer the terminal."""
    try:
        yield
    except TyperException as error:
        error.message = harmless_lines(error.message)
        raise


def _tell_of_bug(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Tell of a bug as Python does; what it says may repeat what others have stored."""
    sys.stderr.write(harmless_lines("".join(traceback.format_exception(kind, error, at))))


class OneLineErrors(TyperGroup):
    """The program: what was to be expected is told in one line, and a bug in full."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Refuse an argument that is no text, before any command takes it for one."""
        for number, each in enumerate(args, 1):
            if not is_text(each):  # and is not repeated: it may be a URL with a password
                raise typer.BadParameter(f"argument {number} is not valid UTF-8")
        with _harmless_usage():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps the type to itself
        """Run a command."""
        sys.excepthook = _tell_of_bug  # typer has set its own, which prints what it is given
        for sentence in unknown():
            typer.echo(f"callkeeper: {harmless(sentence)}", err=True)
        try:
            with _harmless_usage():
                return super().invoke(ctx)
        except _EXPECTED as error:
            typer.echo(f"callkeeper: {harmless(told_in_full(error))}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    name="callkeeper",
    cls=OneLineErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Callkeeper keeps the calls you promised: a server for reserved outbound calls.",
    epilog="Settings: callkeeper.toml, then CALLKEEPER_... in the environment, then options.",
)


@app.callback(invoke_without_command=True)
def _program(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command(rich_help_panel="Run it")
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
            help="Number of server processes; default 1. More need PostgreSQL.",
            min=1,
            show_default=False,
        ),
    ] = None,
    line: LineKind = None,
    no_dialer: Annotated[
        bool,
        typer.Option("--no-dialer", help="Serve the API without dialing; `callkeeper dial` dials."),
    ] = False,
) -> None:
    """Serve the API and dial until stopped; creates the data directory if it is missing."""
    settings = read_settings(
        data_dir,
        database,
        host=host,
        port=port,
        tls=tls,
        deployment=deployment,
        workers=workers,
        line=line,
        dialer=False if no_dialer else None,
    )
    log.configure(show_numbers=settings.show_phone_numbers)
    warn_of_exposure(settings)

    def say_ready(url: str) -> None:
        typer.echo(f"callkeeper {__version__} serves {url}", err=True)
        if settings.line is None and settings.dialer:
            typer.echo(f"callkeeper: {_NO_LINE}", err=True)

    serve_until_stopped(settings, ready=say_ready)


@app.command(rich_help_panel="Find out")
def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End afterwards; status 0 if all was as expected.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="A new data directory; a temporary one if absent.", show_default=False),
    ] = None,
    port: Annotated[int, typer.Option(help="0 is any free port.")] = 0,
) -> None:
    """Run the published examples over signed HTTPS, then stay up for you to try."""
    log.configure()
    if not play(console(), data_dir, port=port, once=once):
        raise typer.Exit(1)


calls.add_to(app)
dialing.add_to(app)
operations.add_to(app)
app.add_typer(campaigns.campaigns, name="campaign", rich_help_panel="Keys, agents and campaigns")
app.command(rich_help_panel="Run it")(settle)
app.command(rich_help_panel="Find out")(sign)
