"""Guesses: rows ↔ values."""

from collections.abc import Sequence

from callkeeper.core.people.guessing import FORGOTTEN_MS
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.port.people import Guess

_FORGOTTEN_AT_ONCE = 1_000


class GuessRows:
    """The verbs about tries at signing in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, guesses: Sequence[Guess]) -> list[int | Refusal]:
        """Count tries, and clear away some that are old."""
        outcomes: dict[int, int | Refusal] = {}
        # In the order of the key, so that two processes never wait for each other.
        for place, each in sorted(enumerate(guesses), key=lambda placed: placed[1].digest):
            outcomes[place] = self._noted(each)
        if guesses:
            # Last, for it takes rows in any order: whoever waits for them is waited for no more.
            forgotten_at = max(each.at for each in guesses) - FORGOTTEN_MS
            self._session.rows(
                "forget_old_guesses", forgotten_at=forgotten_at, limit=_FORGOTTEN_AT_ONCE
            )
        return [outcomes[place] for place in range(len(guesses))]

    def _noted(self, guess: Guess) -> int:
        rows = self._session.rows(
            "note_guess",
            digest=guess.digest,
            guessed_at=guess.at,
            forgotten_at=guess.at - FORGOTTEN_MS,
        )
        return int(rows[0][0])

    def forget(self, digests: Sequence[str]) -> list[None]:
        """Forget the tries of those who have signed in."""
        for each in sorted(digests):
            self._session.rows("forget_guesses", digest=each)
        return [None] * len(digests)
