"""Which numbers may be dialed, and what is said of those that may not."""

import pytest

from callkeeper.core.dialing.policy import Dial, GiveUp, Limits
from callkeeper.core.refusal import NumberWrong
from callkeeper.core.reservations.number_policy import NumberPolicy, NumberRule, masked
from callkeeper.terminal import shortened
from tests.core.dialing.test_policy import GRACE, due, verdict

RULE = NumberRule.parse("allow 0 110; deny 00 0900;length  3-12")


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("030123456", None),
        ("110", None),
        ("0049301234", "numbers that begin with 00 are not dialed here"),
        ("0900123456", "numbers that begin with 0900 are not dialed here"),
        ("112", "only numbers that begin with 0, 110 are dialed here"),
        ("*0301", "only numbers that begin with 0, 110 are dialed here"),
        ("03", "only numbers of 3 to 12 digits are dialed here"),
        ("0301234567890", "only numbers of 3 to 12 digits are dialed here"),
    ],
)
def test_a_number_is_dialed_or_one_sentence_says_why_not(number: str, says: str | None) -> None:
    objection = RULE.objection(number)
    assert (objection and objection.told()) == says
    if says is not None:
        with pytest.raises(NumberWrong, match=says):
            RULE.check(number)


@pytest.mark.parametrize(
    ("number", "shown", "short"),
    [
        ("4930123456", "••••••3456", "…3456"),
        ("30123456", "••••••56", "…56"),
        ("1234", "••34", "…34"),
        ("911", "••1", "…1"),
        ("12", "•2", "…2"),
        ("7", "•", "…"),
        ("", "", "…"),
    ],
)
def test_of_a_masked_number_no_more_than_half_is_seen(number: str, shown: str, short: str) -> None:
    assert masked(number) == shown
    assert masked(number, "*") == shown.replace("•", "*")
    assert shortened(number) == short


@pytest.mark.parametrize("number", ["*31#0900123", "#31#0301234", "0*900123", "03#1", "*#"])
@pytest.mark.parametrize("text", ["deny 0900", "length 1-20", "allow 0 1", "allow 0 # *; deny 09"])
def test_a_number_that_may_hide_another_is_dialed_only_as_it_is_allowed(
    text: str, number: str
) -> None:
    is_allowed = "*" in text and number[0] in "*#"
    assert (NumberRule.parse(text).objection(number) is None) == is_allowed
    assert NumberRule().objection(number) is None


def test_a_service_code_is_allowed_with_what_may_stand_behind_it() -> None:
    rule = NumberRule.parse("allow 0 *21#0; deny 00 *21#00")
    assert rule.objection("*21#0301") is None
    assert rule.objection("*21#1301") is not None
    assert rule.objection("*21#0049") is not None


def test_without_a_rule_any_number_may_be_dialed() -> None:
    assert NumberRule().objection("0" * 24) is None


def test_a_vdns_own_rule_stands_in_place_of_the_general_one() -> None:
    policy = NumberPolicy(NumberRule.parse("deny 00"), {25: NumberRule.parse("allow 0049")})
    assert policy.of(25).objection("00491") is None
    assert policy.of(26).objection("00491") is not None
    assert policy.of(26).objection("031") is None


def test_a_number_stored_before_there_was_a_rule_is_given_up_when_it_is_due() -> None:
    number = due().called_no
    denied = Limits(GRACE, numbers=NumberPolicy(NumberRule(denied=(number[:2],))))
    assert verdict() == Dial()
    assert verdict(limits=denied) == GiveUp(
        "number", f"numbers that begin with {number[:2]} are not dialed here"
    )
