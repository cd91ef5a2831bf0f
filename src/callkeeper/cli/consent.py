"""Consent: what cannot be undone is asked for at a terminal, and wants ``--yes`` elsewhere."""

import sys
from typing import Annotated, NoReturn

import typer

from callkeeper.cli.endings import REFUSED, Ending
from callkeeper.cli.sentence import room, wrapped
from callkeeper.terminal import harmless

_ANSWERS = " [y/N]: y"  # what stands behind a question

Yes = Annotated[bool, typer.Option("--yes", help="Do it, and ask nothing.")]


def agreed(question: str, *, yes: bool, as_json: bool) -> bool:
    """Whether whoever types wants it done: they said so before, or say so now.

    A script that reads JSON is asked nothing, wherever it runs.
    """
    if yes:
        return True
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        wide = (room(err=True) or len(question)) - len(_ANSWERS)
        return typer.confirm("\n".join(wrapped(harmless(question), wide)), err=True)
    except typer.Abort as stop:
        typer.echo(err=True)  # the question's line has no end yet
        if isinstance(stop.__context__, EOFError):
            return False
        raise KeyboardInterrupt from stop


def end_without(says: str, *, as_json: bool) -> NoReturn:
    """End a command that was not agreed to, so that a script can tell: nothing was done."""
    Ending(REFUSED, f"nothing was changed; {says}").tell(as_json=as_json)
    raise typer.Exit(REFUSED)
