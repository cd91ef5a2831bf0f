"""What may be defined, and what may be filed."""

import pytest

from callkeeper.core.campaigns.business_result import BusinessResult, DefinedResults, Definition
from callkeeper.core.refusal import ParameterWrong


def result(code: str, name: str = "", parent: str = "") -> BusinessResult:
    return BusinessResult(1, parent, code, name or f"name of {code}", "", 0)


DEFINED = DefinedResults([result("a"), result("a1", parent="a"), result("b")])


@pytest.mark.parametrize(
    ("filed", "sub"), [("a", "a1"), ("a", None), ("b", None), (None, None)], ids=str
)
def test_a_defined_pair_may_be_filed(filed: str | None, sub: str | None) -> None:
    DEFINED.check(filed, sub)


@pytest.mark.parametrize(
    ("filed", "sub"), [("a1", None), ("c", None), ("b", "a1"), ("a", "b"), (None, "a1")], ids=str
)
def test_any_other_pair_is_refused(filed: str | None, sub: str | None) -> None:
    with pytest.raises(ParameterWrong):
        DEFINED.check(filed, sub)


def test_a_sub_result_without_a_result_is_told_to_bring_it() -> None:
    with pytest.raises(ParameterWrong, match=r"'a1' is a sub-result, .*; send both"):
        DEFINED.check(None, "a1")


def test_a_vdn_that_defined_nothing_may_file_anything() -> None:
    DefinedResults().check("any", "thing")


@pytest.mark.parametrize("standing", [result("a", "other"), result("other", "name of a")], ids=str)
def test_a_code_or_name_that_stands_is_refused(standing: BusinessResult) -> None:
    with pytest.raises(ParameterWrong, match="is defined already in VDN 1"):
        Definition(result("a"), (), "key K").check([standing])


def test_sub_results_are_told_from_each_other_and_from_nothing_else() -> None:
    same = (result("a", parent="a"), result("b", parent="a"))
    Definition(result("a"), same, "key K").check([result("b")])
    with pytest.raises(ParameterWrong, match="among the sub-results of 'a'"):
        Definition(result("a"), (*same, result("b", "x", "a")), "key K").check([])
