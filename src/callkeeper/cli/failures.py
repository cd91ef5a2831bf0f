"""Which failures were to be expected, and with which status each of them ends a command."""

from callkeeper.cli.endings import NOT_ALLOWED, REFUSED, UNREACHABLE, Ending
from callkeeper.cli.time_zone import retold_locally
from callkeeper.client import errors as client
from callkeeper.core.refusal import (
    CannotSpread,
    DatabaseFailed,
    DatabaseForbids,
    Refusal,
    told_in_full,
)
from callkeeper.installation.sealing import SealBroken
from callkeeper.settings import SettingsWrong
from callkeeper.signing import SigningError

# The first that fits counts.
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (client.NotAuthenticated, NOT_ALLOWED),
    (client.Unreachable, UNREACHABLE),
    (client.AnswerUnreadable, UNREACHABLE),
    (client.DatabaseFailed, UNREACHABLE),
    (client.CallkeeperError, REFUSED),
    (CannotSpread, REFUSED),
    (DatabaseForbids, NOT_ALLOWED),
    (DatabaseFailed, UNREACHABLE),
    (Refusal, REFUSED),
    (SettingsWrong, REFUSED),
    (SealBroken, REFUSED),
    (SigningError, REFUSED),
    (OSError, REFUSED),
)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


def ending(error: Exception, *, as_json: bool) -> Ending | None:
    """Return how a command ends after this error; None if it is a bug.

    Instants in what it says are those of the reader's clock, but in JSON.
    """
    told = str if as_json else retold_locally
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), None)
    if status is None:
        return None
    if isinstance(error, PermissionError) or isinstance(error.__cause__, PermissionError):
        status = NOT_ALLOWED
    if isinstance(error, client.Refused):
        if error.status == _TOO_MANY_REQUESTS:
            status = REFUSED
        elif error.status >= _SERVER_ERROR:  # of a proxy, say, that finds no server
            status = UNREACHABLE
        return Ending(status, told(error.fault), error.code, error.field)
    return Ending.about(status, told(told_in_full(error)))
