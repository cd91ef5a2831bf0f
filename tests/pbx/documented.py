"""Asterisk's files, our settings beside it, and the commands, as docs/operating.md has them."""

import re
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
SETTINGS = "callkeeper.toml"
# What is there, and what it is here: the tests' carrier is also the agent's phone.
_HERE = {
    "bindport = 8088": "bindport = {http}",
    "bind = 0.0.0.0:5060": "bind = 127.0.0.1:{sip}",
    "sip:192.0.2.10:5060": "sip:127.0.0.1:{far_end}",
    "sip:1001@192.0.2.20:5060": "sip:{agent}@127.0.0.1:{far_end}",
    "password = CHANGE-ME": "password = {password}",
}
_BLOCK = re.compile(r"(?:^ {7}.*\n|^\n(?= {7}))+", re.MULTILINE)
_FILE = re.compile(r"\d\. `/etc/asterisk/(\w+\.conf)`")


class Block(NamedTuple):
    """What an operator writes into a file, or types where ``file`` is None."""

    file: str | None
    text: str


def blocks() -> list[Block]:
    """Return what is written and typed once Asterisk is installed, in order."""
    (part,) = re.findall(
        r"^### From an empty Asterisk.*?(?=^### )", OPERATING, re.MULTILINE | re.DOTALL
    )
    _, installing, *steps = re.split(r"^(?=\d\. )", part, flags=re.MULTILINE)
    assert "apt-get install" in installing
    return [block for step in steps for block in _blocks_of(step)]


def files() -> dict[str, str]:
    """Return each file by its name, to be filled in like those of ``PrivateAsterisk``."""
    found = {name: text for name, text in blocks() if name and name != SETTINGS}
    found["extensions.conf"] += _contexts()
    template = "\0".join(found.values()).replace("{", "{{").replace("}", "}}")
    for there, here in _HERE.items():
        assert template.count(there) == 1, there
        template = template.replace(there, here)
    return dict(zip(found, template.split("\0"), strict=True))


def settings() -> dict[str, Any]:
    """Return the settings, of which the address and the password are those of nobody's Asterisk."""
    return tomllib.loads(dict(blocks())[SETTINGS])


def _blocks_of(step: str) -> list[Block]:
    name = _FILE.match(step)
    texts = [dedent(text) for text in _BLOCK.findall(step)]
    files = [Block(name[1], texts.pop(0))] if name else []
    return files + [
        Block(SETTINGS if text.startswith(f"\n# {SETTINGS}\n") else None, text) for text in texts
    ]


def _contexts() -> str:
    """Return those that stand by themselves, for an ``ari_endpoint`` that leads there."""
    texts = re.findall(r"^ {4}\[\w+\]\n {4}exten (?:.*\n {4})+.*\n", OPERATING, re.MULTILINE)
    return "".join(f"\n{dedent(text)}" for text in texts)
