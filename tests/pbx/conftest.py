"""A real Asterisk, and the far end of its trunk; left out, with a line, where there is none."""

from collections.abc import Iterator

import pytest

from tests.conftest import leave_out
from tests.far_end import FarEnd
from tests.private_asterisk import PrivateAsterisk, free_port


@pytest.fixture(scope="session")
def far_end() -> Iterator[FarEnd]:
    """A SIPp that answers as the number says."""
    with _far_end() as running:
        yield running


@pytest.fixture(scope="session")
def asterisk(far_end: FarEnd) -> Iterator[PrivateAsterisk]:
    """An Asterisk whose trunk leads to the far end."""
    with _asterisk(far_end) as running:
        yield running


@pytest.fixture
def own_asterisk(far_end: FarEnd) -> Iterator[PrivateAsterisk]:
    """An Asterisk of one test's own, for that test to stop and to crash."""
    with _asterisk(far_end) as running:
        yield running


def _far_end() -> FarEnd:
    try:
        return FarEnd(free_port())
    except FileNotFoundError as missing:
        leave_out(f"Asterisk: {missing}")
        raise


def _asterisk(far_end: FarEnd) -> PrivateAsterisk:
    try:
        return PrivateAsterisk(far_end.port)
    except FileNotFoundError as missing:
        leave_out(f"Asterisk: {missing}")
        raise
