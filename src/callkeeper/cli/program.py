"""The command line, thin: parse, call the client or the server, print.

Whatever was to be expected ends a command in one line and with a status of its own, which
``endings`` tells; a bug is told in full.
"""

import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from callkeeper import __version__
from callkeeper.cli.endings import Ending, usage
from callkeeper.cli.group import Group, listed
from callkeeper.signals import end_by, leave_interrupts_to_the_system
from callkeeper.terminal import (
    finish_output,
    harmless_lines,
    is_text,
    open_output,
    reader_has_gone,
)

# typer keeps the type of a context to itself.
# ruff: noqa: ANN401


class Program(Group):
    """The program, which no argument steers."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{**more, "commands": listed()})
        self._as_json = False

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Read what stands before the command."""
        self._as_json = "--json" in args
        with self._told():
            return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse an argument that is no text, before any command takes it for one."""
        for number, each in enumerate(args, 1):
            if not is_text(each):  # and is not repeated: it may be a URL with a password
                raise typer.BadParameter(f"argument {number} {_no_text()}")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with self._told():
            return super().invoke(ctx)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell why nothing came of it, unless it is a bug."""
        try:
            yield
        except typer.Exit:
            raise
        except TyperException as error:
            raise self._ended(usage(error)) from error
        except KeyboardInterrupt:
            leave_interrupts_to_the_system()  # the next one may find a pipe that nobody empties
            finish_output()
            end_by(signal.SIGINT)
        except Exception as error:
            if isinstance(error, BrokenPipeError) and reader_has_gone():
                end_by(signal.SIGPIPE)
            ending = import_module("callkeeper.cli.failures").ending(error, as_json=self._as_json)
            if ending is None:
                raise
            raise self._ended(ending) from error

    def _ended(self, ending: Ending) -> typer.Exit:
        ending.tell(as_json=self._as_json)
        return typer.Exit(ending.status)


_app = typer.Typer(
    cls=Program,
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
    open_output()
    try:
        program(prog_name="callkeeper")
    finally:
        leave_interrupts_to_the_system()  # Python would tell of one while it ends
        finish_output()


def _no_text() -> str:
    encoding = sys.getfilesystemencoding()
    if encoding == "utf-8":
        return "is not valid UTF-8"
    return f"is no text in this locale ({encoding}); set LC_ALL=C.UTF-8"


def _tell_of_bug(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Tell of a bug as Python does; what it says may repeat what others have stored."""
    sys.stderr.write(harmless_lines("".join(traceback.format_exception(kind, error, at))))
