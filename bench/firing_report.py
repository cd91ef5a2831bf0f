"""What was measured of firing, as people and programs read it."""

from collections.abc import Sequence
from typing import Any

from bench.report import machine_words, median_and_range
from bench.volley import Fired

_OURS = "callkeeper"
_DOCUMENTED = ("procrastinate", "apscheduler, as documented")

_ABOUT = """\
## Firing what is due, beside other schedulers

Made by `make firing`. Machine-readable: [firing.json](firing.json).

Each is a program of its own that has stored its jobs beforehand and runs when they fall due.
Lateness is from a job's instant to the moment at which it begins; for Callkeeper, at which the line
is asked. The rate is that of all jobs until the last one began. {cpu}

**callkeeper** is a whole dialer ([callkeeper_dialer.py](callkeeper_dialer.py)): for each job a
claim, a commit before the line is asked, the line's words, and the call's result, with two rows of
history. Its line is the rehearsal line as it is, without a cap: each call rings at once, is
answered after 1.5 s and ends after 4 more, so most results come after the last call has begun.
**apscheduler** ([apscheduler_peer.py](apscheduler_peer.py)) deletes a job's row when it hands the
job to a thread, and keeps no more; as documented, on a faster SQLite (WAL, as durable), and with
jobs that put a result on record. **procrastinate** ([procrastinate_peer.py](procrastinate_peer.py))
marks a job as being done and as succeeded, with a row of history each; four workers of five jobs
at once in one process were the fastest of what was tried. The jobs of both do nothing else. All
take turns on the same machine.
"""

_CPU = """\
The CPU time is that of all
processes, from the instant until the last job was over and on record: the program with all that it
started, and PostgreSQL's."""
# The first figures counted fewer.
_CPU_OF_ONE = """\
The CPU time is that of the
program itself, from the instant until the last job was over and on record: without PostgreSQL's
processes, and without the one that writes for Callkeeper."""

_AT_ONCE = "### {reservations} due at one instant\n"
_STEADY = "### {per_second} due a second, for {seconds} s\n"
_ASTERISK = """\
### {calls} due at one instant, through Asterisk {version}

Calls a second, until Asterisk confirmed the last one. It dials SIPp, which answers and hangs up
after 0.3 s. **bare loop** ([bare_ari.py](bare_ari.py)) sends the same originates over as many
connections, keeps nothing, and hears nothing. Every call arrived at SIPp once.
"""


def summary(turns: Sequence[Fired]) -> dict[str, Any]:
    """Return what is told of one contender on one engine."""
    return {
        "fired_per_second": median_and_range(turns, lambda turn: turn.per_second),
        "p50_ms": median_and_range(turns, lambda turn: turn.percentile(50)),
        "p99_ms": median_and_range(turns, lambda turn: turn.percentile(99)),
        "last_ms": median_and_range(turns, lambda turn: max(turn.late_ms)),
        "done_ms": median_and_range(turns, lambda turn: turn.done_ms),
        "cpu_seconds": median_and_range(turns, _cpu_seconds),
        "jobs": sum(len(turn.late_ms) for turn in turns),
        "turns": len(turns),
    }


def _cpu_seconds(turn: Fired) -> float:
    return turn.cpu_seconds + turn.database_cpu_seconds


def tables(results: dict[str, Any]) -> str:
    """Return the results as Markdown that can be read as it is."""
    how, engines = results["parameters"], results["engines"]
    parts = []
    if found := results.get("at-once"):
        rows = [
            (engines[engine], name, of) for engine in found for name, of in found[engine].items()
        ]
        parts += [_AT_ONCE.format(**how), _rates(rows, "fired/s"), _ratios(found)]
    if found := results.get("steady"):
        parts += [_STEADY.format(**how), _stream(found, engines)]
    if found := results.get("asterisk"):
        rows = [("", name, of) for name, of in found.items() if name != "version"]
        parts += [_ASTERISK.format(**how, version=found["version"]), _rates(rows, "calls/s")]
    return "\n\n".join(part.rstrip() for part in parts)


def section(results: dict[str, Any]) -> str:
    """Return the section of RESULTS.md."""
    rounds = f"Each took {results['parameters']['rounds']} turns; a median, and its range."
    about = _ABOUT.format(cpu=_CPU if results.get("counts_all_cpu") else _CPU_OF_ONE)
    parts = [about, tables(results), rounds, machine_words(results["machine"])]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _rates(rows: list[tuple[str, str, dict[str, Any]]], unit: str) -> str:
    lines = [
        f"| engine | who | {unit}, median (range) | 50 % | last, ms late | all done, ms | CPU, s |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for engine, name, of in rows:
        rate = of["fired_per_second"]
        spread = f"{rate['median']:,.0f} ({rate['least']:,.0f} to {rate['most']:,.0f})"
        cells = [f"{of[key]['median']:,.0f}" for key in ("p50_ms", "last_ms", "done_ms")]
        cpu = f"{of['cpu_seconds']['median']:.1f}"
        lines.append(f"| {engine} | {name} | {spread} | {' | '.join(cells)} | {cpu} |")
    return "\n".join(lines)


def _ratios(found: dict[str, Any]) -> str:
    """Return how Callkeeper on each engine compares with the best of the others on any."""
    others = _others(found)
    if not others:
        return ""
    best, best_rate = max(others, key=lambda each: each[1])
    known, known_rate = max(
        (each for each in others if each[0] in _DOCUMENTED), key=lambda each: each[1]
    )
    told = [
        f"on {engine} {_rate(each[_OURS]) / known_rate:.1f} and"
        f" {_rate(each[_OURS]) / best_rate:.1f} times"
        for engine, each in found.items()
    ]
    return (
        f"Callkeeper fires {', '.join(told)} as many a second as the best of the others as"
        f" documented, on any engine ({known}, {known_rate:,.0f}), and as the best in any form"
        f" ({best}, {best_rate:,.0f})."
    )


def times_the_best(found: dict[str, Any]) -> dict[str, float]:
    """Return, by engine, how many times as many as the best form of any other we fire."""
    best = max((each for _, each in _others(found)), default=0.0)
    return {engine: _rate(each[_OURS]) / best for engine, each in found.items()} if best else {}


def _others(found: dict[str, Any]) -> list[tuple[str, float]]:
    rates = [(name, _rate(of)) for each in found.values() for name, of in each.items()]
    return [each for each in rates if each[0] != _OURS]


def _rate(of: dict[str, Any]) -> float:
    rate: float = of["fired_per_second"]["median"]
    return rate


def _stream(found: dict[str, Any], engines: dict[str, str]) -> str:
    promised = f"99 % in {found['promised_ms']} ms"
    lines = [
        f"| engine | 50 %, ms late | 99 %, median (range) | last | {promised} | CPU, s |",
        "|---|--:|--:|--:|---|--:|",
    ]
    for engine, each in found.items():
        if engine == "promised_ms":
            continue
        of = each[_OURS]
        p99 = of["p99_ms"]
        cells = [
            engines[engine],
            f"{of['p50_ms']['median']:,.0f}",
            f"{p99['median']:,.0f} ({p99['least']:,.0f} to {p99['most']:,.0f})",
            f"{of['last_ms']['median']:,.0f}",
            "yes, in every turn" if of["is_within"] else "**no**",
            f"{of['cpu_seconds']['median']:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
