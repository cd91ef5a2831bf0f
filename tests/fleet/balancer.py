"""HAProxy's configuration as the documents have it, but for the addresses."""

import re
from collections.abc import Sequence
from pathlib import Path

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
_SERVERS = 3  # that the documents name


def configuration(entrance: int, servers: Sequence[tuple[int, int]], chapter: str) -> str:
    """Return a chapter's for a port of its own and each server's two: for requests, for checks."""
    told = OPERATING.read_text("utf-8").split(f"\n## {chapter}\n")[1].split("\n## ")[0]
    (text,) = re.findall(r"```haproxy\n(.*?)```", told, re.DOTALL)
    text = text.replace("192.0.2.10:28443", f"127.0.0.1:{entrance}")
    for number, (port, internal) in enumerate(servers, 1):
        text = re.sub(
            rf"192\.0\.2\.{number}:28443( check port )\d+",
            rf"127.0.0.1:{port}\g<1>{internal}",
            text,
        )
    kept = [line for line in text.splitlines() if "192.0.2." not in line]
    assert "28443" not in "\n".join(kept)
    return "\n".join(kept) + "\n"
