"""Every way we say no."""

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


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = []
    parents = ["Refusal"]
    for line in (no.__doc__ or "").splitlines():
        if leaf := _LEAF.match(line.removeprefix("    ")):
            depth = len(leaf["stem"]) // 3
            parents[depth + 1 :] = [leaf["name"]]
            drawn.append((parents[depth], leaf["name"]))
    assert sorted(drawn) == sorted((kind.__bases__[0].__name__, kind.__name__) for kind in kinds())
