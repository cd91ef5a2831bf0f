"""A command of ours that goes on until the end of a block, and what it says meanwhile."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.warm import Copy, Order


class Running:
    """A command that runs. ``status`` is how it ended, once it has."""

    def __init__(self, process: Copy, errors: IO[str]) -> None:
        self._process = process
        self._errors = errors
        self.status: int | None = None

    def line(self, words: str) -> str:
        """Return the next line of its errors that has these words; fail if it ends before."""
        while words not in (said := self._errors.readline()):
            assert said, "it ended"
        return said.strip()

    def end(self) -> str:
        """Tell it to end, and return what it says until then; nothing the second time."""
        if self.status is not None:
            return ""
        self._process.terminate()
        rest = self._errors.read()
        self.status = self._process.wait(30)
        return rest


@contextmanager
def running(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[Running]:
    """Run a command, and end it in the end as ``kill`` does."""
    ours, theirs = os.pipe()
    with open(ours, encoding="utf-8") as errors:  # noqa: PTH123 - it has no path
        with Path(os.devnull).open("r+b") as nothing:
            files = [nothing.fileno(), nothing.fileno(), theirs]
            process = Copy(Order(arguments, "", environment, Path.cwd(), 0), files)
        os.close(theirs)
        command = Running(process, errors)
        try:
            yield command
        finally:
            command.end()
