"""What files and classes are named after: words of the glossary, of the contract, or plain ones."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.sources import sources
from tests.surface import ROOT, answered, asked, interfaces

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
PLAIN = Path(__file__).with_name("plain_words.txt")


def named() -> Iterator[tuple[str, str]]:
    """Yield each word of the name of a file or class of the product, and where it stands."""
    for source in sources():
        if source.name.startswith("src/"):
            classes = [each for each in ast.walk(source.tree) if isinstance(each, ast.ClassDef)]
            path = source.name.removeprefix("src/").removesuffix(".py")
            for name in [*path.split("/"), *(each.name for each in classes)]:
                yield from ((word, f"{source.name}: {name}") for word in words(name))


def words(text: str) -> set[str]:
    """Return the words of a text, or of a name in either case."""
    return {word.lower() for word in WORD.findall(text)}


def forms(word: str) -> set[str]:
    """Return a word, and what it may be the plural of."""
    return {word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word)}


def glossary() -> set[str]:
    """Return the words that the glossary explains."""
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    return words(" ".join(row for row in rows if row != "word"))


def plain() -> list[str]:
    return PLAIN.read_text("utf-8").split()


def test_names_are_made_of_words_that_are_known(tmp_path: Path) -> None:
    contract = words(
        " ".join(n for each in interfaces(tmp_path) for n in asked(each) | answered(each))
    )
    known = glossary() | contract | set(plain())
    unknown = {f"{where}: {word}" for word, where in named() if not forms(word) & known}
    assert not unknown, "explain them in docs/glossary.md, or find the field's word: " + "\n".join(
        sorted(unknown)
    )


def test_a_plain_word_stands_once_in_its_order_and_is_used() -> None:
    used = {form for word, _ in named() for form in forms(word)}
    assert plain() == sorted(set(plain()))
    assert [word for word in plain() if word not in used] == []
    assert sorted(set(plain()) & glossary()) == []
