"""Guessing: whoever tries one login after another password waits longer for each answer.

Nobody is locked out: the right password is taken whenever it comes, after the same wait.
"""

from callkeeper.core.instants import SECOND_MS

FREE_GUESSES = 5
FORGOTTEN_MS = 15 * 60 * SECOND_MS  # without a guess, all before are forgotten
WAIT_MOST_MS = 30 * SECOND_MS  # less than a proxy waits for an answer, which is often 60 s

_DOUBLINGS_MOST = 5  # 32 s, which is beyond the most


def wait_ms(guesses: int) -> int:
    """Return how long the answer to the last of so many guesses waits: 0, then 1, 2, 4 … 30 s."""
    beyond = guesses - FREE_GUESSES
    if beyond <= 0:
        return 0
    return min(WAIT_MOST_MS, SECOND_MS << min(beyond - 1, _DOUBLINGS_MOST))
