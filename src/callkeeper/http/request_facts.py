"""What the log line and the metrics of a request need to know, filled in on its way."""

from dataclasses import dataclass

from starlette.types import Scope

_KEY = "callkeeper.trace"


@dataclass(slots=True)
class Trace:
    """One request, as far as it got."""

    interface: str = "-"
    ak: str | None = None
    vdn: int | None = None
    code: str = "-"
    sentence: str | None = None
    status: int = 500

    @classmethod
    def of(cls, scope: Scope) -> "Trace":
        """Return the trace of a request; the first call begins it."""
        trace: Trace | None = scope.get(_KEY)
        if trace is None:
            trace = scope[_KEY] = cls()
        return trace
