"""What is counted and measured of the console."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


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
