"""Consent: what cannot be undone is asked for at a terminal, and wants ``--yes`` elsewhere."""

import sys
from typing import Annotated

import typer

from callkeeper.terminal import harmless

Yes = Annotated[bool, typer.Option("--yes", help="Do it, and ask nothing.")]


def agreed(question: str, *, yes: bool) -> bool:
    """Whether whoever types wants it done: they said so before, or say so now."""
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return typer.confirm(harmless(question), err=True)
