"""What a note and a result code may be: refused by the core, whichever way they come in."""

import pytest

from callkeeper.core.campaigns.business_result import DefinedResults
from callkeeper.core.refusal import CharactersWrong, ParameterWrong, TooLong
from callkeeper.core.reservations.changes import Change, Move, Result

NOTHING_DEFINED = DefinedResults()


@pytest.mark.parametrize(
    ("change", "refusal", "about"),
    [
        (Move(remark="x" * 501), TooLong, "remark"),
        (Move(remark="\0"), CharactersWrong, "remark"),
        (Result(fail_code="0" * 11), TooLong, "fail_code"),
        (Result(fail_code="00 537"), CharactersWrong, "fail_code"),
    ],
    ids=str,
)
def test_what_no_field_of_the_api_takes_is_no_change(
    change: Change, refusal: type[ParameterWrong], about: str
) -> None:
    with pytest.raises(refusal) as caught:
        change.check(None, NOTHING_DEFINED, 0)
    assert caught.value.about == about


@pytest.mark.parametrize(
    "change",
    [Move(remark="x" * 499 + "\n"), Move(remark=""), Result(fail_code="Code000001")],
    ids=str,
)
def test_what_they_take_is_one(change: Change) -> None:
    change.check(None, NOTHING_DEFINED, 0)
