"""From a signed create to the phone network's INVITE, as people read it."""

from collections.abc import Sequence
from typing import Any

from bench.report import median_and_range, section_of

_ABOUT = """\
## From a signed create to the phone network

Made by `make bench ARGS='--only invite'`. Machine-readable: [invite.json](invite.json).

`callkeeper serve` with its dialer over a real Asterisk, whose trunk leads to SIPp. A client sends
{per_second} signed creates a second, each of an automatic call that is due at once. The time is
from before the request is sent until SIPp, which stamps what arrives, has the call's INVITE:
signature, durable row, claim, the commit before the line is asked, Asterisk's originate.
{rounds} turns of {calls} calls each; every call arrived once."""

_HEAD = (
    "| engine | 50 %, ms | 99 %, median (range) | longest | create answered, 50 %, ms |\n"
    "|---|--:|--:|--:|--:|"
)


def summary(turns: Sequence["tuple[list[int], list[int]]"]) -> dict[str, Any]:
    """Return what is told of some turns: each has the ms until INVITEs, and until answers."""
    return {
        "p50_ms": median_and_range(turns, lambda turn: _percentile(turn[0], 50)),
        "p99_ms": median_and_range(turns, lambda turn: _percentile(turn[0], 99)),
        "last_ms": median_and_range(turns, lambda turn: max(turn[0])),
        "answered_p50_ms": median_and_range(turns, lambda turn: _percentile(turn[1], 50)),
        "calls": sum(len(turn[0]) for turn in turns),
    }


def tables(results: dict[str, Any]) -> str:
    """Return the table."""
    lines = [_HEAD]
    for engine, of in results["engines"].items():
        p99 = of["p99_ms"]
        cells = [
            f"{engine} {of['version']}, Asterisk {of['asterisk']}",
            f"{of['p50_ms']['median']:,.0f}",
            f"{p99['median']:,.0f} ({p99['least']:,.0f} to {p99['most']:,.0f})",
            f"{of['last_ms']['most']:,.0f}",
            f"{of['answered_p50_ms']['median']:,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def section(results: dict[str, Any]) -> str:
    """Return the section of RESULTS.md."""
    return section_of(_ABOUT, tables(results), results)


def _percentile(values: Sequence[int], nth: int) -> int:
    ordered = sorted(values)
    return ordered[-(-len(ordered) * nth // 100) - 1]
