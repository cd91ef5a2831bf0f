"""The command line as a parser: all commands by their names, and one that is given."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from callkeeper.cli.commands import PANELS
from callkeeper.cli.program import program


@cache
def commands() -> dict[str, Any]:
    """Return every command by its full name, loaded."""
    rows = (each for rows in PANELS.values() for each in rows)
    return {each.name: _resolved(each.name.split())[0] for each in rows}


def given(words: Sequence[str]) -> Any:
    """Return the context of a command line, its values read; raise what is wrong with it."""
    command, context, rest = _resolved(words)
    return command.make_context(command.name, rest, parent=context)


def _resolved(words: Sequence[str]) -> tuple[Any, Any, list[str]]:
    command: Any = program
    context = command.context_class(command, info_name="callkeeper")
    rest = list(words)
    while hasattr(command, "commands"):
        _, command, rest = command.resolve_command(context, rest)
    return command, context, rest


def options(command: Any) -> Iterator[Any]:
    """Yield the options of a command."""
    return (each for each in command.params if each.param_type_name == "option")
