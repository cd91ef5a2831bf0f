"""The statements of .sql files, chosen for one engine.

aiosql, the kept library for this, knows neither engine-specific lines nor optional ones; see
docs/decisions/0003.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Literal

Engine = Literal["sqlite", "postgres"]

FILES = (
    "queries.sql",
    "listing.sql",
    "outstanding.sql",
    "people.sql",
    "ledger.sql",
    "transfers.sql",
)

_HEAD = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_SLOT = re.compile(r"\{(\w+)\}")
_ITEMS = re.compile(r"\{items of (\w+)\}")
_ITEM_COLUMN = re.compile(r"\bitem\.(\w+)")
_MARK = re.compile(r"\s*-- (?:(?P<engine>sqlite|postgres)|(?P<when>if|unless) (?P<parameter>\w+))$")
_ANSWERS = re.compile(r"\A\s*SELECT\b|\bRETURNING\b")
_VDN = re.compile(r"%\(vdn\)s|(?<![:\w]):vdn\b")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


class Statements:
    """Named SQL, ready for one engine. Asking for a name that is not there raises KeyError."""

    def __init__(self, text: str, engine: Engine) -> None:
        self._texts: dict[str, str] = {}
        self._engine: Engine = engine
        self.add(text)
        self.get = cache(self._get)

    def add(self, text: str) -> None:
        """Take in more statements, none of a name that is there."""
        pieces = _HEAD.split(text)[1:]
        self._texts |= dict(zip(pieces[::2], pieces[1::2], strict=True))

    @property
    def names(self) -> list[str]:
        """The names of all statements, in the order of the file."""
        return list(self._texts)

    def _get(self, name: str, given: frozenset[str] = frozenset()) -> str:
        text = self._with_items("\n".join(self._lines(name, given)))
        return _PARAMETER.sub(r"%(\1)s", text) if self._engine == "postgres" else text

    def _with_items(self, text: str) -> str:
        if self._engine == "postgres":
            return _ITEMS.sub(r"json_populate_recordset(NULL::\1, :items)", text)
        names = dict.fromkeys(_ITEM_COLUMN.findall(text))
        if not answers(text):  # it is run for each item: a value that is bound is no JSON to search
            return _ITEMS.sub(f"(SELECT {', '.join(f':{name} AS {name}' for name in names)})", text)
        columns = ", ".join(f"value ->> '{name}' AS {name}" for name in names)
        return _ITEMS.sub(f"(SELECT {columns} FROM json_each(:items))", text)  # noqa: S608 - ours

    def _lines(self, name: str, given: frozenset[str]) -> list[str]:
        text = choose(self._texts[name], self._engine, given)
        filled = _SLOT.sub(lambda slot: "\n".join(self._lines(slot[1], given)), text)
        return [line for line in filled.splitlines() if line.strip()]


def choose(text: str, engine: Engine, given: frozenset[str] = frozenset()) -> str:
    """Return the lines that are for this engine and these parameters, without comments."""
    kept = []
    for line in text.splitlines():
        mark = _MARK.search(line)
        if mark and mark["engine"] not in (None, engine):
            continue
        if mark and mark["when"] and (mark["parameter"] in given) != (mark["when"] == "if"):
            continue
        kept.append(re.sub(r"\s*--.*", "", line))
    return "\n".join(kept)


def answers(text: str) -> bool:
    """Whether a statement has rows to answer with."""
    return _ANSWERS.search(text) is not None


@cache
def is_of_one_vdn(text: str) -> bool:
    """Whether a statement is about the rows of one VDN, which a parameter names."""
    return _VDN.search(text) is not None


def queries(engine: Engine) -> Statements:
    """Return the product's own statements."""
    here = files(__package__)
    return Statements("".join(here.joinpath(each).read_text("utf-8") for each in FILES), engine)
