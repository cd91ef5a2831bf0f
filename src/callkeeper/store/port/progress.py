"""How far a task is that may take long, for whoever waits for it."""

from collections.abc import Callable

Tell = Callable[[int, int, str], None]  # so much is done, of so much, and what is next


def tell_nobody(done: int, of: int, what: str) -> None:
    """Take it that nobody waits."""
