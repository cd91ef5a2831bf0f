"""Asterisk's files, and our settings beside it, as docs/operating.md has them."""

import re
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
# What is there, and what it is here: the tests' carrier is also the agent's phone.
_HERE = {
    "bindport = 8088": "bindport = {http}",
    "bind = 0.0.0.0:5060": "bind = 127.0.0.1:{sip}",
    "sip:192.0.2.10:5060": "sip:127.0.0.1:{far_end}",
    "sip:1001@192.0.2.20:5060": "sip:{agent}@127.0.0.1:{far_end}",
    "password = CHANGE-ME": "password = {password}",
}
_BLOCK = re.compile(r"(?:^ {7}.*\n|^\n(?= {7}))+", re.MULTILINE)


def files() -> dict[str, str]:
    """Return each file by its name, to be filled in like those of ``PrivateAsterisk``."""
    found = {}
    for step in _steps():
        if name := re.match(r"\d\. `/etc/asterisk/(\w+\.conf)`", step):
            found[name[1]] = _text(step)
    found["extensions.conf"] += _contexts()
    template = "\0".join(found.values()).replace("{", "{{").replace("}", "}}")
    for there, here in _HERE.items():
        assert template.count(there) == 1, there
        template = template.replace(there, here)
    return dict(zip(found, template.split("\0"), strict=True))


def settings() -> dict[str, Any]:
    """Return the settings, of which the address and the password are those of nobody's Asterisk."""
    (step,) = (each for each in _steps() if "callkeeper.toml" in each)
    return tomllib.loads(_text(step))


def _steps() -> list[str]:
    (part,) = re.findall(
        r"^### From an empty Asterisk.*?(?=^### )", OPERATING, re.MULTILINE | re.DOTALL
    )
    return re.split(r"^(?=\d\. )", part, flags=re.MULTILINE)[1:]


def _text(step: str) -> str:
    return "\n".join(map(dedent, _BLOCK.findall(step)))


def _contexts() -> str:
    """Return those that stand by themselves, for an ``ari_endpoint`` that leads there."""
    blocks = re.findall(r"^ {4}\[\w+\]\n {4}exten (?:.*\n {4})+.*\n", OPERATING, re.MULTILINE)
    return "".join(f"\n{dedent(block)}" for block in blocks)
