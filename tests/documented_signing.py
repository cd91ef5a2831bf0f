"""The requests of docs/api.md, "To check a signer", and what it says of each."""

import re
from typing import NamedTuple

from tests.surface import ROOT

LINE_END = "⏎"
_API = (ROOT / "docs" / "api.md").read_text("utf-8")
(_SECTION,) = re.findall(r"^### To check a signer\n(.*?)^###? ", _API, re.MULTILINE | re.DOTALL)
_KEY = re.compile(r"^export CALLKEEPER_AK=(\S+) CALLKEEPER_SK=(\S+)$", re.MULTILINE)
_ASKED = re.compile(r"```sh\ncallkeeper (.*?)\n```\n```text\n(.*?)```\n", re.DOTALL)
_LABEL = re.compile(
    r"^(its SHA-256|prefix|signing key|signature|Authorization):? +(\S+)", re.MULTILINE
)


class Told(NamedTuple):
    """One request: the command that shows its steps, and the text that it shows."""

    command: str
    text: str

    @property
    def canonical(self) -> str:
        """The canonical request that the text spells out."""
        lines = self.text.split("\n\n")[0].splitlines()[1:]
        end = "" if lines[-1].endswith(LINE_END) else lines.pop()
        assert all(line.endswith(LINE_END) for line in lines)
        return "".join(line.removesuffix(LINE_END) + "\n" for line in lines) + end

    @property
    def steps(self) -> dict[str, str]:
        """What follows the canonical request, by its label."""
        return dict(_LABEL.findall(self.text))


((AK, SK),) = _KEY.findall(_SECTION)
REQUESTS = [Told(*each) for each in _ASKED.findall(_SECTION)]
(WITH_EMPTY_QUERY_LINE,) = re.findall(r"^signature `(\w+)`\.$", _SECTION, re.MULTILINE)
