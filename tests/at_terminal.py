"""A command as it looks at a terminal of so many columns."""

import os
import pty
import re
from contextlib import suppress
from pathlib import Path

from tests.test_cli import SECONDS_MAX, environment
from tests.warm import Copy, Order

BOLD = re.compile(r"\x1b\[[0-9;]*m")


def at_terminal(columns: int, *arguments: str, status: int = 0, **more: str) -> str:
    """Run a command whose output and errors are a terminal, and return what it shows there."""
    return BOLD.sub("", styled(columns, *arguments, status=status, **more))


def styled(columns: int, *arguments: str, status: int = 0, **more: str) -> str:
    """Return the same with what makes it bold."""
    ours, its = pty.openpty()
    given = {**environment(), "COLUMNS": str(columns), "TERM": "xterm", **more}
    with Path(os.devnull).open() as nothing:
        files = [nothing.fileno(), its, its]
        command = Copy(Order(arguments, "", given, Path.cwd(), SECONDS_MAX), files)
    os.close(its)
    shown = b""
    with suppress(OSError):  # Linux says so where the other end was closed
        while read := os.read(ours, 65536):
            shown += read
    os.close(ours)
    assert command.wait() == status, shown.decode()
    return shown.decode().replace("\r\n", "\n")
