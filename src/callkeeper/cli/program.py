"""The command line, thin: parse, call the client or the server, print.

A refusal is one line on standard error and exit status 1; a command given wrongly exits with 2.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from callkeeper import __version__
from callkeeper.cli.group import Group, listed
from callkeeper.terminal import harmless_lines, is_text


class Program(Group):
    """The program, which no argument steers."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401 - typer keeps the types to itself
        super().__init__(**{**more, "commands": listed()})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Refuse an argument that is no text, before any command takes it for one."""
        for number, each in enumerate(args, 1):
            if not is_text(each):  # and is not repeated: it may be a URL with a password
                raise typer.BadParameter(f"argument {number} is not valid UTF-8")
        with _harmless_usage():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run a command."""
        with _harmless_usage():
            return super().invoke(ctx)


_app = typer.Typer(
    cls=Program,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,  # rich takes longer to import than most commands run
    help="Callkeeper keeps the calls you promised: a server for reserved outbound calls.",
    epilog="Settings: callkeeper.toml, then CALLKEEPER_... in the environment, then options.",
)


def _tell_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@_app.callback(invoke_without_command=True)
def _program(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    """Take what is for no command alone."""


program = get_command(_app)


def main() -> None:
    """Run the command that the arguments are."""
    sys.excepthook = _tell_of_bug
    program(prog_name="callkeeper")


app = main  # as installed scripts call it


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
