"""Refusal → HTTP status and result code."""

import re

import msgspec
import pytest

from callkeeper.core import refusal as no
from callkeeper.core.refusal import Refusal
from callkeeper.http.answer import CODES, Answer, refused

# What only people meet, in pages of the console, where there are no codes.
IN_PAGES = {no.NoRight, no.Overtaken}
AT_TERMINALS = {no.CannotSpread}


def _kinds(of: type[Refusal] = Refusal) -> set[type[Refusal]]:
    ours = [child for child in of.__subclasses__() if child.__module__ == no.__name__]
    return {each for child in ours for each in (child, *_kinds(child))}


def test_every_refusal_has_a_status_and_a_code_and_no_stranger_has() -> None:
    assert set(CODES) == _kinds() - IN_PAGES - AT_TERMINALS


def test_codes_are_seven_or_eight_digits_and_none_is_success() -> None:
    for status, code in CODES.values():
        assert status in (200, 401, 404, 405, 413, 429)
        assert re.fullmatch(r"0200\d{3,4}|04\d{6}", code)
        assert code != "0200000"


@pytest.mark.parametrize(
    "kind", sorted(_kinds(no.ParameterWrong), key=str), ids=lambda kind: kind.__name__
)
def test_a_parameter_fault_without_a_documented_code_is_the_general_one(
    kind: type[Refusal],
) -> None:
    own = CODES[kind][1]
    assert refused(kind(), frozenset()).code == "0200001"
    assert refused(kind(), frozenset({own})).code == own
    assert refused(kind(), frozenset()).sentence == kind().sentence


def test_a_refusal_names_the_field_as_the_wire_does() -> None:
    answer = refused(no.TimeWrong("lies in the past", "at"), frozenset(), {"at": "appointTime"})
    assert answer.sentence == "appointTime: lies in the past"


def test_every_answer_has_the_four_fields_in_two_equal_pairs() -> None:
    response = refused(no.NoSuchReservation(), frozenset()).response()
    said = no.NoSuchReservation().sentence
    assert msgspec.json.decode(response.body) == {
        "returnCode": "04000004",
        "resultCode": "04000004",
        "resultDesc": said,
        "returnDesc": said,
    }
    assert response.headers["content-type"] == "application/json; charset=UTF-8"


def test_a_payload_stands_beside_the_four_fields() -> None:
    body = msgspec.json.decode(Answer(payload={"totalCount": 0, "data": []}).response().body)
    assert (body["resultCode"], body["resultDesc"], body["data"]) == ("0200000", "success", [])


def test_only_a_failed_authentication_asks_for_one() -> None:
    assert refused(no.NotAuthenticated(), frozenset()).headers == {"www-authenticate": "auth-v2"}
    assert refused(no.NoSuchPath(), frozenset()).headers == {}


def test_too_many_requests_says_when_to_come_again() -> None:
    answer = refused(no.TooManyRequests("slower", wait_seconds=7), frozenset())
    assert (answer.status, answer.code) == (429, "0200006")
    assert answer.headers == {"retry-after": "7"}
