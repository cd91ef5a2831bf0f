"""Result codes in words."""

import pytest

from callkeeper.core.dialing.outcomes import FINDINGS
from callkeeper.core.reservations.result_codes import WORDS, in_words


@pytest.mark.parametrize(
    ("code", "words"),
    [("00537", "busy (00537)"), ("00000", "answered (00000)"), ("99999", "99999"), ("", "")],
)
def test_a_code_is_told_in_words_and_one_that_is_not_listed_as_it_is(code: str, words: str) -> None:
    assert in_words(code) == words


def test_every_result_of_our_own_has_words() -> None:
    assert {each.fail_code for each in FINDINGS.values()} <= WORDS.keys()
