"""Migrations: plain SQL, numbered, forward only. Replaying all of them is how a schema is made."""

import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import msgspec

from callkeeper.store.engine.statements import Engine, choose
from callkeeper.store.port.progress import Tell, tell_nobody

# A step that the engines have too little in common for is a file for each.
_NAME = re.compile(r"(?P<number>\d{4})_\w+(?P<engine>\.sqlite|\.postgres|)\.sql")
# What is indented, or begins so, goes on with the statement before it: a trigger's body.
_BETWEEN = re.compile(r";\n+(?!\n| |BEGIN|END)")

TABLE = """
CREATE TABLE IF NOT EXISTS schema_version (
  number INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL
)
"""
# Asked before: who makes nothing needs no right to make tables.
_HAS_TABLE: dict[Engine, str] = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'schema_version'",
    "postgres": "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL",
}


class Migration(msgspec.Struct, frozen=True):
    """One step of the schema, as statements for one engine."""

    number: int
    name: str
    statements: list[str]


def migrations(engine: Engine) -> list[Migration]:
    """Return all migrations, in order."""
    found = []
    for file in files(__package__).joinpath("migrations").iterdir():
        match = _NAME.fullmatch(file.name)
        if match and match["engine"] in ("", f".{engine}"):
            text = choose(file.read_text("utf-8"), engine)
            name = file.name.replace(match["engine"] + ".sql", ".sql")
            found.append(Migration(int(match["number"]), name, pieces(text)))
    return sorted(found, key=lambda migration: migration.number)


def pieces(text: str) -> list[str]:
    """Return the statements of a text, each by itself."""
    return [each.strip() for each in _BETWEEN.split(f"{text}\n") if each.strip()]


def catch_up(
    engine: Engine,
    run: Callable[[str], list[tuple[Any, ...]]],
    steps: Sequence[Migration] | None = None,
    tell: Tell = tell_nobody,
) -> list[str]:
    """Run what is missing, inside the caller's transaction and lock; return the names.

    ``steps`` are the migrations that there are, when it is not to be all of the product's.
    A schema newer than this program is left alone: it must serve the program before it too.
    """
    if not run(_HAS_TABLE[engine]):
        run(TABLE)
    done = {row[0] for row in run("SELECT number FROM schema_version")}
    known = migrations(engine) if steps is None else steps
    missing = [each for each in known if each.number not in done]
    for number, migration in enumerate(missing):
        tell(number, len(missing), migration.name.removesuffix(".sql"))
        for statement in migration.statements:
            run(statement)
        run(f"INSERT INTO schema_version VALUES ({migration.number}, '{migration.name}')")  # noqa: S608 - our own file names
    return [migration.name for migration in missing]
