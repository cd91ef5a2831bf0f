"""What the judges of a simulation have in common."""

Key = tuple[int, str]


class BrokenError(AssertionError):
    """A promise was not kept."""
