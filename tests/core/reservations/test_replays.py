"""Which requests may have been carried out before, so that the history is asked for them."""

import pytest

from callkeeper.core.reservations.changes import Order, Result
from tests.core.reservations.test_reservation import FREE, LATER, standing


def filed(signed_at: int | None, request: str | None = "r") -> Order:
    """Return a result that was signed at an instant, by some request."""
    change = Result(call_id="c")
    return Order(25, "r1", change, "key AK", LATER, request=request, signed_at=signed_at)


@pytest.mark.parametrize(
    ("order", "version", "newest"),
    [
        (filed(5), 1, None),  # nothing was changed yet
        (filed(5), 2, 4),
        (filed(5, request=None), 2, 6),
    ],
)
def test_a_request_signed_later_than_every_change_is_no_replay(
    order: Order, version: int, newest: int | None
) -> None:
    assert not order.may_be_a_replay(standing(version=version, signed_at=newest))


@pytest.mark.parametrize(
    ("order", "newest"),
    [
        (filed(5), 5),
        (filed(5), 6),
        (filed(5), None),  # changed by no request, or by one of which this was not kept
        (filed(None), 4),
    ],
)
def test_all_else_may_be_a_replay(order: Order, newest: int | None) -> None:
    assert order.may_be_a_replay(standing(version=2, signed_at=newest))


def test_a_reservation_keeps_when_the_newest_of_its_requests_was_signed() -> None:
    changed = standing()
    kept = []
    for signed_at in (5, 3, None, 9):
        changed = filed(signed_at).carry_out(changed, FREE)
        kept.append(changed.signed_at)
    assert kept == [5, 5, 5, 9]
