"""What is said, before it is in a language."""

import pickle

from callkeeper.core.phrase import Phrase

GERMAN = {
    "must be {due}, not {kind}": "{kind} ist falsch, es muss {due} sein",
    "an Integer": "eine ganze Zahl",
}


def german(template: str) -> str:
    return GERMAN.get(template, template)


def test_a_phrase_is_told_in_english_with_its_values() -> None:
    phrase = Phrase("{name!r} has {count} characters", name="it's", count=3)
    assert phrase.told() == '"it\'s" has 3 characters'


def test_a_phrase_in_a_phrase_is_told_in_the_same_language() -> None:
    phrase = Phrase("must be {due}, not {kind}", due=Phrase("an Integer"), kind=Phrase("null"))
    assert phrase.told() == "must be an Integer, not null"
    assert phrase.told(german) == "null ist falsch, es muss eine ganze Zahl sein"


def test_values_are_never_read_as_templates() -> None:
    assert Phrase("{text!r} is wrong", text="{text}{0}{").told() == "'{text}{0}{' is wrong"
    assert Phrase("a brace { is a brace").told() == "a brace { is a brace"


def test_a_phrase_travels_between_processes() -> None:
    phrase = Phrase("must be {due}", due=Phrase("an Integer"))
    assert pickle.loads(pickle.dumps(phrase)).told(german) == "must be eine ganze Zahl"  # noqa: S301
