"""HAProxy's configuration as the documents have it, but for the addresses."""

import re
from collections.abc import Sequence
from pathlib import Path

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
_SERVERS = 3  # that the documents name


def configuration(entrance: int, servers: Sequence[tuple[int, int]]) -> str:
    """Return it for a port of its own and for each server's two: for requests, and for checks."""
    (text,) = re.findall(r"```haproxy\n(.*?)```", OPERATING.read_text("utf-8"), re.DOTALL)
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
