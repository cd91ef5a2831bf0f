"""What the log line and the metrics of a request need to know, filled in on its way."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Scope

TOLD_MAX = 200  # characters of what a stranger wrote
UNKNOWN = "-"  # the interface and the code of what is none of ours, or a page

_KEY = "callkeeper.trace"


@dataclass(slots=True)
class Trace:
    """One request, as far as it got."""

    interface: str = UNKNOWN
    ak: str | None = None
    vdn: int | None = None
    code: str = UNKNOWN
    sentence: str | None = None
    status: int = 500
    is_polled: bool = False  # machines ask for it all the time; that it went well is no news
    is_open_ended: bool = False  # it ends when somebody leaves: how long it took is no measure
    also: Mapping[str, object] | None = None  # what else its line tells, by name
    broken: Callable[[], Response] | None = None  # what a bug is answered with, if not JSON
    hint: Callable[[], Awaitable[str | None]] | None = None  # what more to tell, once answered

    @classmethod
    def of(cls, scope: Scope) -> "Trace":
        """Return the trace of a request; the first call begins it."""
        trace: Trace | None = scope.get(_KEY)
        if trace is None:
            trace = scope[_KEY] = cls()
        return trace
