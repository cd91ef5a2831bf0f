"""What a template always says, put into its language when the template is compiled.

A page of twenty calls says *Result* and *Open* twenty times. Pages of a language have templates of
their own, so what has no values in it is a part of them, and costs nothing when a page is rendered.
"""

from collections.abc import Callable, Iterator
from typing import cast

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

# ``_("…")``, as Jinja reads it.
_TELLS = ("name", "lparen", "string", "rparen")


class FixedWords(Extension):
    """Has ``_`` of an environment, which tells a sentence, tell those that stand in a template."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens of a template, each telling of a sentence replaced by what is told."""
        tell = cast("Callable[[str], str]", self.environment.globals["_"])
        tokens = list(stream)
        place = 0
        while place < len(tokens):
            said = _said(tokens, place)
            if said is None:
                yield tokens[place]
                place += 1
            else:
                yield Token(tokens[place].lineno, "string", tell(said))
                place += len(_TELLS)


def _said(tokens: list[Token], place: int) -> str | None:
    """Return what is told from a place on, if a sentence without values is."""
    found = tokens[place : place + len(_TELLS)]
    if tuple(each.type for each in found) != _TELLS or found[0].value != "_":
        return None
    is_attribute = place > 0 and tokens[place - 1].type == "dot"
    return None if is_attribute else str(found[2].value)
