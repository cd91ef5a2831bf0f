"""Every way we say no."""

import pickle
import re

import pytest

from callkeeper.core import refusal as no
from callkeeper.core.refusal import Refusal

_LEAF = re.compile(r"^(?P<stem>[ │]*)[├└]─ (?P<name>\w+)")


def kinds(of: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Return all of the core's refusals below one, depth first."""
    ours = [child for child in of.__subclasses__() if child.__module__ == no.__name__]
    return [each for child in ours for each in (child, *kinds(child))]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_a_refusal_without_words_says_what_its_docstring_says(kind: type[Refusal]) -> None:
    assert kind.__doc__ is not None
    assert kind().sentence == " ".join(kind.__doc__.split())
    assert kind().sentence.endswith((".", "again"))


def test_a_refusal_with_words_says_them_and_names_what_is_to_blame() -> None:
    refusal = no.TimeWrong("lies in the past", about="appoint_at")
    assert (refusal.sentence, refusal.about) == ("lies in the past", "appoint_at")


def test_a_refusal_shows_what_it_says_wherever_its_words_come_from() -> None:
    told = no.DatabaseFailed.saying(no.TimeWrong("lies in the {past}", past="past").said)
    assert repr(told) == "DatabaseFailed('lies in the past')"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = []
    parents = ["Refusal"]
    for line in (no.__doc__ or "").splitlines():
        if leaf := _LEAF.match(line.removeprefix("    ")):
            depth = len(leaf["stem"]) // 3
            parents[depth + 1 :] = [leaf["name"]]
            drawn.append((parents[depth], leaf["name"]))
    assert sorted(drawn) == sorted((kind.__bases__[0].__name__, kind.__name__) for kind in kinds())


def test_a_refusal_is_told_from_its_template_and_values() -> None:
    refusal = no.TooLong("has {count} characters, at most {most} fit", count=9, most=5)
    assert refusal.sentence == str(refusal) == "has 9 characters, at most 5 fit"
    assert refusal.phrase.told(lambda _: "{most} < {count}") == "5 < 9"


def test_a_fault_in_a_fault_names_the_whole_place() -> None:
    refusal = no.TypeWrong("must be an Object")
    places = [refusal.within(place).place for place in ("policy", "[2]", "turns", "plan")]
    assert places == ["policy", "[2].policy", "turns[2].policy", "plan.turns[2].policy"]
    assert refusal.sentence == "plan.turns[2].policy: must be an Object"


def test_a_refusal_of_another_kind_says_the_same() -> None:
    fault = no.TooLong("has {count} characters", count=9).within("calledNo")
    assert no.NumberWrong.saying(fault.said).sentence == "has 9 characters"


@pytest.mark.parametrize(
    "refusal",
    [
        no.TimeWrong("lies {seconds} s in the past", about="appoint_at", seconds=3).within("wish"),
        no.TooManyRequests("wait {wait_seconds} s", wait_seconds=3),
        no.NumberWrong.saying(no.TooLong("has {count}", count=9).said),
        no.DatabaseFailed(),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
def test_a_refusal_travels_between_processes(refusal: Refusal) -> None:
    arrived = pickle.loads(pickle.dumps(refusal))  # noqa: S301 - our own
    assert type(arrived) is type(refusal)
    assert arrived.sentence == refusal.sentence
    assert (arrived.about, arrived.place) == (refusal.about, refusal.place)
    assert vars(arrived).keys() == vars(refusal).keys()
