"""A writing verb of the store, as the async side calls it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from callkeeper.asyncstore.writer import Writer
from callkeeper.core.refusal import Refusal

T = TypeVar("T")
R = TypeVar("R")


class Grouped(Generic[T, R]):
    """A writing verb of the store, for one item or for many.

    One that goes first is written before all that waits for its turn.
    """

    def __init__(
        self,
        writer: Writer,
        verb: Callable[[Sequence[T]], Sequence[R | Refusal]],
        *,
        goes_first: bool = False,
    ) -> None:
        self._writer = writer
        self.verb = verb
        self._goes_first = goes_first

    async def __call__(self, item: T) -> R:
        """Return what became of the item, once that is durable; raise its refusal."""
        (answer,) = self._writer.write(self.verb, [item], goes_first=self._goes_first)
        outcome: R = await answer
        return outcome

    async def many(self, items: Sequence[T]) -> list[R | Refusal]:
        """Return what became of each item, or its refusal, once that is durable."""
        answers = self._writer.write(self.verb, items, goes_first=self._goes_first)
        outcomes: list[R | Refusal] = []
        for outcome in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
                raise outcome
            outcomes.append(outcome)
        return outcomes
