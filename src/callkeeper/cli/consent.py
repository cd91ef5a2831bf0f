"""Consent: what cannot be undone is asked for at a terminal, and wants ``--yes`` elsewhere."""

import sys
from typing import Annotated

import typer

from callkeeper.terminal import harmless

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
        return typer.confirm(harmless(question), err=True)
    except typer.Abort as stop:
        typer.echo(err=True)  # the question's line has no end yet
        if isinstance(stop.__context__, EOFError):
            return False
        raise KeyboardInterrupt from stop
