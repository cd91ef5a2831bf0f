"""A calendar that somebody's programs subscribe to: by a secret address, one for each person.

Of the token in the address only its digest is stored. Whoever has the address may read, so it shows
no number.
"""

import msgspec

from callkeeper.core.instants import DAY_MS, Instant

BACK_MS = 7 * DAY_MS
AHEAD_MS = 60 * DAY_MS
CANCELLED_MS = 7 * DAY_MS  # for so long a call that was cancelled is told as such
EVENTS_MAX = 500


class Feed(msgspec.Struct, frozen=True):
    """A calendar's address, by the digest of its token."""

    digest: str
    login: str
    made_at: Instant

    def __repr__(self) -> str:
        """Leave the digest out: a value finds its way into a log."""
        return f"Feed({self.login!r}, {self.made_at})"
