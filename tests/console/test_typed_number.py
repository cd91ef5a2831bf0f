"""Numbers as people type them: what is dialed of them, and what they are told to type instead."""

import pytest

from tests.console.test_book import BOOK, booked, form
from tests.console.visitor import Visitor, at_work
from tests.house import House


@pytest.fixture(scope="module")
def ann(house: House) -> Visitor:
    return at_work(house, "ann")


@pytest.mark.parametrize("look", [{}, {"look": "yes"}], ids=["book", "look"])
@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("+44 20 7946 0958", "type it as you would dial it here, without the +"),
        ("+44-20", "type it as you would dial it here, without the +"),
        ("0044 x", "&#39;x&#39; at position 5 is not allowed"),
    ],
)
def test_a_number_that_cannot_be_dialed_is_refused_once_at_its_field(
    ann: Visitor, look: dict[str, str], number: str, says: str
) -> None:
    sent = form(ann, number=number) | look
    assert "Digits as you would dial them here" in ann.text
    page = ann.send(BOOK, sent)
    assert page.status == 422
    assert page.seen.text.count(says) == 1
    assert f'<span class="fault" id="number-fault">{says}' in page.seen.text
    assert "No other call to this number" not in page.text


def test_what_stands_between_the_groups_of_a_number_is_left_out(house: House, ann: Visitor) -> None:
    sent = form(ann, number="(0044) 20-7946.09 58")
    assert booked(house, ann.send(BOOK, sent)).called_no == "00442079460958"
