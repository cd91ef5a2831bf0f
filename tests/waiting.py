"""Waiting for what must come true within a bound, where nothing announces it."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


def until(ask: Callable[[], T], seconds: float = 60) -> T:
    """Ask until the answer is true, and return it; fail after so many seconds."""
    end = monotonic() + seconds
    pause = threading.Event()
    while not (answer := ask()):
        assert monotonic() < end, f"not so within {seconds} s"
        pause.wait(0.01)
    return answer
