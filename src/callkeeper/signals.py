"""Signals: those that end a process, which first hands over, and those that mean nothing to it."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_ALWAYS = (signal.SIGINT, signal.SIGTERM)
_UNLESS_IGNORED = (signal.SIGHUP, signal.SIGQUIT)
_MEAN_NOTHING = (signal.SIGUSR1, signal.SIGUSR2)
_ENDED_BY = 128  # and the signal's number, as the shell says it
_ALL = (*_ALWAYS, *_UNLESS_IGNORED, *_MEAN_NOTHING)


def ending() -> list[signal.Signals]:
    """Return the signals that tell this process to end; from now on, others do not end it.

    One that whoever started it had it ignore, as nohup does with SIGHUP, stays ignored.
    """
    ignore(_MEAN_NOTHING)
    wanted = (each for each in _UNLESS_IGNORED if signal.getsignal(each) != signal.SIG_IGN)
    return [*_ALWAYS, *wanted]


def ignore_all() -> None:
    """Ignore them all: they are for the whole group, and another process says when to end."""
    ignore(_ALL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ALL)


@contextmanager
def interrupting() -> Iterator[None]:
    """Let what ends this process interrupt what it does, as Ctrl-C can, for it to clear away."""
    wanted = [signal.SIGTERM, *_UNLESS_IGNORED]
    wanted = [each for each in wanted if signal.getsignal(each) != signal.SIG_IGN]
    before = [(each, signal.signal(each, _exit)) for each in wanted]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Let them wait: until what is begun is done, or a process that is started ignores them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore(numbers: Iterable[signal.Signals]) -> None:
    """Let signals pass that would otherwise end this process on the spot."""
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def leave_interrupts_to_the_system() -> None:
    """Let Ctrl-C end this process on the spot, as long as nothing has to be put in order first."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_interrupts() -> None:
    """Let Ctrl-C be a KeyboardInterrupt, unless whoever started this process had it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_by(number: signal.Signals) -> NoReturn:
    """End this process as a signal does: a shell that runs it in a loop then ends the loop too."""
    signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    raise AssertionError(number)


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(_ENDED_BY + number)
