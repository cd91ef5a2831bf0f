"""The metrics of a process itself, to which those of what it does are added."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from callkeeper import log


def new_registry() -> CollectorRegistry:
    """Return a new registry with the process's own metrics."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    dropped = Counter(
        "callkeeper_log_lines_dropped",
        "Log lines dropped because nobody reads standard error.",
        registry=registry,
    )
    log.count_dropped(dropped.inc)
    return registry
