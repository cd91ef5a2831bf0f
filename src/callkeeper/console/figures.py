"""What is counted and measured of the console."""

from collections import deque
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


# How far back the slowest pages are remembered, a minute at a time.
SLOWEST_MINUTES = 15


class Slowest:
    """How long each page took at most, in seconds, within the last minutes."""

    def __init__(self) -> None:
        self._by_minute: deque[tuple[int, dict[str, float]]] = deque()

    def note(self, page: str, seconds: float, at: float) -> None:
        """Note that a page was made in so many seconds; ``at`` is in seconds that only grow."""
        minute = int(at // 60)
        if not self._by_minute or self._by_minute[-1][0] != minute:
            self._by_minute.append((minute, {}))
        self._forget(minute)
        longest = self._by_minute[-1][1]
        longest[page] = max(seconds, longest.get(page, 0.0))

    def first(self, most: int, at: float) -> Mapping[str, float]:
        """Return the slowest pages, the slowest first."""
        self._forget(int(at // 60))
        longest: dict[str, float] = {}
        for _, pages in self._by_minute:
            for page, seconds in pages.items():
                longest[page] = max(seconds, longest.get(page, 0.0))
        ordered = sorted(longest.items(), key=lambda each: (-each[1], each[0]))
        return dict(ordered[:most])

    def _forget(self, minute: int) -> None:
        while self._by_minute and self._by_minute[0][0] <= minute - SLOWEST_MINUTES:
            self._by_minute.popleft()


class ConsoleFigures:
    """Its streams, its pages, and what it costs to watch over a VDN."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.streams = Gauge(
            "callkeeper_console_streams",
            "Open streams, one for each browser that shows pages that change by themselves.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.pulse = Histogram(
            "callkeeper_console_pulse_seconds",
            "How long it took to find out whether something has moved in a VDN.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self.pages = Counter(
            "callkeeper_console_pages",
            "Requests of browsers, by page.",
            ["page"],
            registry=registry,
        )
        self.slowest = Slowest()

    @property
    def open_streams(self) -> int:
        """How many streams this process has open."""
        (gauge,) = self.streams.collect()
        return int(sum(each.value for each in gauge.samples))
