"""Business results at the terminal: defined and listed, judged as the API judges them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.core.reservations.changes import Result
from tests.stored import HOUR, Stored

DEFINE = ["business-result", "define"]


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    """An installation in which no business result is defined."""
    stored = Stored(tmp_path / "data")
    yield stored
    stored.store.close()


def test_a_result_is_defined_with_its_sub_results_and_listed(stored: Stored) -> None:
    subs = ["--sub", "已报价:11", "--sub", "Later"]
    defined = stored.ask(*DEFINE, "有意向", "--code", "10", "--description", "wants it", *subs)
    assert defined.status == 0
    lines = defined.out.splitlines()
    assert lines[:2] == ["defined '有意向' as 10 in VDN 25", "  '已报价' as 11"]
    made_up = lines[2].rpartition(" ")[2]
    assert made_up.isdecimal()
    assert stored.ask("business-result", "list", "--json").value == {
        "business_results": [
            {
                "code": "10",
                "name": "有意向",
                "description": "wants it",
                "sub_results": [
                    {"code": "11", "name": "已报价"},
                    {"code": made_up, "name": "Later"},
                ],
            }
        ]
    }
    shown = stored.ask("business-result", "list").out.splitlines()
    assert [line.split()[0] for line in shown] == ["code", "10", "11", made_up]


def test_more_results_than_a_page_are_listed(stored: Stored) -> None:
    for number in range(101):
        assert stored.ask(*DEFINE, f"result {number}").status == 0
    listed = stored.ask("business-result", "list", "--json").value["business_results"]
    assert len(listed) == 101


def test_what_was_filed_is_told_by_name_beside_its_code(stored: Stored) -> None:
    stored.ask(*DEFINE, "有意向", "--code", "19426167", "--sub", "已发资料:11")
    both, one = stored.promise(-HOUR), stored.promise(-HOUR)
    stored.change(both, Result("ann", business_result="19426167", business_sub_result="11"))
    stored.change(one, Result("ann", business_result="19426167"))
    for id_, shown, story in (
        (both, "有意向/已发资料 (19426167/11)", "有意向 (19426167), sub-result 已发资料 (11)"),
        (one, "有意向 (19426167)", "business result 有意向 (19426167)"),
    ):
        assert f"result    {shown}\n" in stored.ask("show", id_).out
        assert story in stored.ask("why", id_).out
    (told,) = stored.ask("show", both, "--json").value["reservations"]
    assert (told["business_result"], told["business_result_name"]) == ("19426167", "有意向")
    assert (told["business_sub_result"], told["business_sub_result_name"]) == ("11", "已发资料")
    (story,) = stored.ask("why", both, "--json").value["stories"]
    assert story["events"][-1]["detail"]["business_result"] == "19426167"
    day = stored.ask("reservations", "--state", "done").out
    assert "有意向/已发资料 " in day
    assert "19426167" not in day


def test_what_was_filed_before_any_was_defined_is_told_by_its_code(stored: Stored) -> None:
    id_ = stored.promise(-HOUR)
    stored.change(id_, Result("ann", business_result="1", business_sub_result="2"))
    assert "result    1/2\n" in stored.ask("show", id_).out
    assert "business result 1, sub-result 2, " in stored.ask("why", id_).out


def test_where_none_is_defined_it_is_said_what_that_means(stored: Stored) -> None:
    assert stored.ask("business-result", "list").out == (
        "none is defined in VDN 25, so agents may file any; `define` defines one\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x" * 51], "NAME: has 51 characters"),
        ([""], "NAME: "),
        (["a[b]"], "NAME: "),
        (["x", "--code", "a b"], "--code: "),
        (["x", "--description", "x" * 201], "--description: has 201 characters"),
        (["x", "--sub", ":12"], "--sub: "),
        (["x", "--sub", "y:!"], "--sub: "),
    ],
)
def test_what_no_result_may_be_is_refused_in_the_options_own_name(
    stored: Stored, arguments: list[str], said: str
) -> None:
    ended = stored.ask(*DEFINE, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert said in " ".join(ended.err.split())


def test_what_is_defined_already_is_refused(stored: Stored) -> None:
    stored.ask(*DEFINE, "x", "--code", "10")
    for again in (["x"], ["y", "--code", "10"]):
        ended = stored.ask(*DEFINE, *again)
        assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
        assert "is defined already in VDN 25" in ended.err
