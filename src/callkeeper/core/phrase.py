"""What is said to people, before it is in a language.

A phrase is a sentence, or a part of one: an English template and the values for its places. It
becomes text where somebody reads it, and only there is it known in which language.
"""

from collections.abc import Callable
from typing import TypeAlias

Translate = Callable[[str], str]  # a template, in English, to the same in another language
Value: TypeAlias = "str | int | float | Phrase"


class Phrase:
    """A template with places like ``{count}``, and a value for each; phrases may stand in phrases.

    A template without values is told as it is, braces and all.
    """

    __slots__ = ("template", "values")

    def __init__(self, template: str, **values: Value) -> None:
        self.template = template
        self.values = values

    def told(self, translate: Translate = str) -> str:
        """Return it as text: in English, or as ``translate`` has its templates."""
        template = translate(self.template)
        if not self.values:
            return template
        return template.format_map(
            {
                name: value.told(translate) if isinstance(value, Phrase) else value
                for name, value in self.values.items()
            }
        )
