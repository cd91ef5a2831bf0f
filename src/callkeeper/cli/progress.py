"""Progress at a terminal: what is done, how far it is, how long it has taken and will take."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from callkeeper.signals import held_back
from callkeeper.store.port.progress import Tell, tell_nobody


@contextmanager
def progress(says: str, *, in_bytes: bool = False, is_wanted: bool = True) -> Iterator[Tell]:
    """Yield whom to tell how far it is: a line at a terminal on standard error, or nobody."""
    if not is_wanted or not sys.stderr.isatty():
        yield tell_nobody
        return
    shown = Progress(*_columns(in_bytes=in_bytes), console=Console(stderr=True), transient=True)
    task = shown.add_task(says, total=None)

    def tell(done: int, of: int, what: str) -> None:
        said = f"{says} {what}".rstrip()
        shown.update(task, completed=done, total=of, description=said, refresh=True)

    try:
        with held_back():  # its thread is not to take what ends the process
            shown.start()
        yield tell
    finally:
        shown.stop()


def _columns(*, in_bytes: bool) -> list[ProgressColumn]:
    if not in_bytes:  # how long one migration takes says nothing of the next
        return [*_SAID, MofNCompleteColumn(), TimeElapsedColumn()]
    to_go = [TextColumn("to go"), TimeRemainingColumn()]
    return [*_SAID, DownloadColumn(), TimeElapsedColumn(), *to_go]


_SAID = (TextColumn("{task.description}"), BarColumn(bar_width=20))
