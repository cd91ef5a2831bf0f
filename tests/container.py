"""A Containerfile, read: its instructions in their order, as far as ours uses what there is."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_CONTINUED = re.compile(r"\\\n\s*")


class Instruction(NamedTuple):
    """One instruction: its word, its flags, and the rest."""

    word: str
    flags: tuple[str, ...]
    rest: str

    def words(self) -> list[str]:
        """Return the rest as words, whether it is written as JSON or as a shell's."""
        if self.rest.startswith("["):
            found: list[str] = json.loads(self.rest)
            return found
        return shlex.split(self.rest)


def stages(file: Path) -> list[list[Instruction]]:
    """Return the instructions of each stage; the first one is its FROM."""
    found: list[list[Instruction]] = []
    for each in _instructions(file.read_text("utf-8")):
        if each.word == "FROM":
            found.append([])
        found[-1].append(each)
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    told = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in _CONTINUED.sub(" ", told).splitlines():
        if line.strip():
            word, *rest = re.split(" +", line)
            flags = []
            while rest and rest[0].startswith("--"):
                flags.append(rest.pop(0))
            yield Instruction(word, tuple(flags), " ".join(rest).strip())
