"""The head of a request: its fields by name, read once for all who ask."""

from collections.abc import Collection, Sequence

from starlette.types import Scope

_KEY = "callkeeper.head"


class Head(dict[bytes, bytes]):
    """Header fields by their names in lower case; of one that was sent twice the first value."""

    twice: Collection[bytes] = ()  # the names that were sent more than once

    def __init__(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        super().__init__(fields)
        if len(self) < len(fields):
            self.update(reversed(fields))
            names = [name for name, _ in fields]
            self.twice = {name for name in names if names.count(name) > 1}

    @classmethod
    def of(cls, scope: Scope) -> "Head":
        """Return the head of a request; the first call reads it."""
        head: Head | None = scope.get(_KEY)
        if head is None:
            head = scope[_KEY] = cls(scope["headers"])
        return head
