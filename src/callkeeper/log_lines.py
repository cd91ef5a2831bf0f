"""Lines of the log on their way out, so that nobody waits for whoever reads them.

Whoever logs only leaves a line behind; a thread writes what has gathered. While nobody reads, lines
beyond a bound are dropped and counted, and how many they were is told as soon as somebody does.
"""

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable

LINES_MAX = 10_000
# When some lines went out, others gather for so long. A thread that wants to go on makes a busy
# event loop hand over to it again and again, so it should seldom want to.
_GATHER_SECONDS = 0.1
# How long the end of the process waits for what was said last.
_LAST_WORDS_SECONDS = 1.0


class Lines:
    """Lines that go to a file descriptor, in their order, each whole or not at all."""

    def __init__(self, descriptor: int, *, most: int = LINES_MAX) -> None:
        self._descriptor = descriptor
        self._most = most
        self._waiting: deque[str] = deque()
        self._is_some = threading.Event()
        self._is_urgent = threading.Event()
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._dropped = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.tell_dropped: Callable[[int], None] = lambda _: None

    def msg(self, line: str) -> None:
        """Leave a line behind, which is written at once or with the next ones."""
        if len(self._waiting) >= self._most:
            with self._lock:
                self._dropped += 1
            return
        self._waiting.append(line)
        if not self._is_some.is_set():
            with self._lock:  # as one step for the thread, which would say that it is idle between
                self._is_idle.clear()
                self._is_some.set()
            if self._thread is None:
                self._begin()

    debug = info = warning = error = critical = exception = msg

    def flush(self, seconds: float = _LAST_WORDS_SECONDS) -> None:
        """Wait until what was left behind is written, so long at most."""
        self._is_urgent.set()
        self._is_idle.wait(seconds)
        self._is_urgent.clear()

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                # A daemon: the process may end although nobody reads what it has to say.
                self._thread = threading.Thread(target=self._work, name="log", daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def _work(self) -> None:
        while True:
            self._is_some.wait()
            while text := self._gathered():
                self._write(text)
                self._own_up()
                self._is_urgent.wait(_GATHER_SECONDS)
            with self._lock:  # as one step for whoever leaves a line behind
                self._is_some.clear()
                if self._waiting:
                    self._is_some.set()
                else:
                    self._is_idle.set()

    def _own_up(self) -> None:
        """Tell how many lines were dropped."""
        if self._dropped:
            with self._lock:
                dropped, self._dropped = self._dropped, 0
            self.tell_dropped(dropped)

    def _gathered(self) -> bytes:
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        return "\n".join([*lines, ""]).encode(errors="backslashreplace")

    def _write(self, text: bytes) -> None:
        # Not over sys.stderr: a thread that stands still in there could not be left behind.
        rest = memoryview(text)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except OSError:  # nobody is left to read it, or there is no room
                with self._lock:
                    self._dropped += bytes(rest).count(b"\n")
                return
