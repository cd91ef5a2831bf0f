"""How a command ends that did not do what was asked: in one line, and with a status."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from callkeeper.client.errors import CallkeeperError
from callkeeper.core.refusal import Refusal, told_in_full
from callkeeper.installation.sealing import SealBroken
from callkeeper.settings import SettingsWrong, unknown
from callkeeper.signing import SigningError
from callkeeper.terminal import harmless

_EXPECTED = (Refusal, CallkeeperError, SettingsWrong, SealBroken, SigningError, OSError)


@contextmanager
def told() -> Iterator[None]:
    """Tell what is set and is no setting; then what was to be expected, and no bug."""
    for sentence in unknown():
        typer.echo(f"callkeeper: {harmless(sentence)}", err=True)
    try:
        yield
    except _EXPECTED as error:
        typer.echo(f"callkeeper: {harmless(told_in_full(error))}", err=True)
        raise typer.Exit(1) from error
