"""``demo``: the published examples, played."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from callkeeper.cli.time_zone import reader_zone
from callkeeper.operations.demo import play

_PIPE_WIDTH = 200


class _Output(Console):
    """Output that ends as that of every command does when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Leave it to the program, where rich would end with a status of its own."""
        raise  # noqa: PLE0704 - what rich is just handling


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
    """Run the published examples, then stay up for you to try.

    They go over signed HTTPS to a server of its own, whose line rings nobody. What stays up has
    a console in it, with a day of calls, and a link to it for each role.

        $ callkeeper demo
        $ callkeeper demo --once
    """
    # A pipe is given room enough for a table.
    console = _Output() if sys.stdout.isatty() else _Output(width=_PIPE_WIDTH)
    zone = getattr(reader_zone(os.environ.get("TZ")), "key", None) or "UTC"
    if not play(console, data_dir, port=port, once=once, zone=zone):
        raise typer.Exit(1)
