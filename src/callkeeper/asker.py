"""Whether whoever asks is still there: a leaf that HTTP tells and the writer reads."""

from collections.abc import Callable
from contextvars import ContextVar

# Whoever asked for what is done now, if that is somebody who may go away: whether it has gone.
asker_has_gone: ContextVar[Callable[[], bool] | None] = ContextVar("asker_has_gone", default=None)
