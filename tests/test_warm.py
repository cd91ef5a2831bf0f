"""A copy of a warm process does what a process does that begins from nothing."""

import os
import signal
from pathlib import Path

import pytest

from tests.warm import Order, run_cold, run_warm

ENVIRONMENT = {**os.environ, "COLUMNS": "200", "CALLKEEPER_LIEN": "x"}


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["nonsense"],
        ["list"],
        ["key", "list", "--data-dir", "nowhere"],
        ["migrate", "--data-dir", "/proc/nowhere"],
        ["\udcff"],
    ],
    ids=repr,
)
def test_a_command_says_the_same_warm_and_cold(command: list[str], tmp_path: Path) -> None:
    order = Order(command, "", ENVIRONMENT, tmp_path, 30)
    assert run_warm(order) == run_cold(order)


def test_a_command_that_does_not_end_is_ended(tmp_path: Path) -> None:
    serve = ["serve", "--port", "0", "--tls", "off", "--data-dir", str(tmp_path)]
    assert run_warm(Order(serve, "", ENVIRONMENT, tmp_path, 1))[0] == -signal.SIGALRM
