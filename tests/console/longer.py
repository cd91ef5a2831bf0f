"""A language that is longer than English: what each message would be in it, and a server with it.

``python -m tests.console.longer FOLDER INSTANT`` serves a data directory whose clock stands, says
its address, and ends when its input does. It speaks what the catalog of the package has that it
finds first, and ``served`` gives it a package of its own.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import ceil
from pathlib import Path
from shutil import copytree
from typing import NamedTuple

from babel.messages.pofile import read_po, write_po

from callkeeper.clock import HandClock
from callkeeper.processes.serve import prepare_server
from callkeeper.settings import Settings
from tests.house import House
from tests.surface import ROOT, SOURCE

MORE = 0.4  # of each word
_ACCENTS = str.maketrans("aeiouyAEIOUY", "àéîôüýÀÉÎÔÜÝ")
_PLACES_OR_WORDS = re.compile(r"\{[^}]*\}|[^\W\d_]+")
_VOWELS = re.compile("[àéîôüýÀÉÎÔÜÝ]")


class Longer(NamedTuple):
    """Where the server is that speaks so."""

    url: str


def longer(message: str) -> str:
    """Return a message with accents, and each of its words longer; its places stay."""
    return _PLACES_OR_WORDS.sub(_stretched, message)


def _stretched(found: re.Match[str]) -> str:
    word = found[0]
    if word.startswith("{"):
        return word
    wanted = ceil(len(word) * (1 + MORE))
    word = word.translate(_ACCENTS)
    while len(word) < wanted:
        missing = wanted - len(word)
        doubled = _VOWELS.sub(lambda vowel: vowel[0] * 2, word, count=missing)
        word = doubled if doubled != word else word + word[-1] * missing
    return word


@contextmanager
def served(house: House, folder: Path) -> Iterator[Longer]:
    """Serve the data of a house in this language, for whoever asks for Chinese."""
    package = folder / "callkeeper"
    copytree(SOURCE, package, ignore=lambda _, names: {*names} & {"__pycache__"})
    (catalog,) = (package / "catalogs").iterdir()
    messages = read_po(BytesIO(catalog.read_bytes()), locale=catalog.stem)
    for each in messages:
        each.string = each.id and longer(str(each.id))
    with catalog.open("wb") as file:
        write_po(file, messages)
    given = [str(house.settings.data_dir), str(house.now())]
    paths = os.pathsep.join(map(str, (folder, ROOT)))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.console.longer", *given],
        env=os.environ | {"PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        yield Longer(process.stderr.readline().strip())
        process.communicate()
    assert process.returncode == 0


def main(data_dir: str, now: str) -> None:
    """Serve until the input ends."""
    settings = Settings(data_dir=Path(data_dir), port=0, tls="off")
    server = prepare_server(
        settings,
        clock=HandClock(int(now)),
        ready=lambda url: print(url, file=sys.stderr),  # noqa: T201 - who started us reads it
    )

    def end() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end).start()
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
