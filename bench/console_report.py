"""What the console costs, as people read it."""

from collections.abc import Iterator
from typing import Any

from bench.report import section_of

_ABOUT = """\
## What the console costs

Made by `make bench ARGS='--only console --sizes SIZES --rounds {rounds} --seconds {seconds}'`.
Machine-readable: [console.json](console.json).

A VDN of 30 agents has 330 outstanding calls, among as many reservations as the table says, of which
all others are done. **Time** is what the server's log tells of {looks} looks at each page, by many
people in turn, while nothing else goes on. **Bytes** are the page and all that it loads: as they
are, as gzip makes them, and as the server sends them; and what is sent where a page renews itself.

{pages} pages are open, boards of 15 supervisors and lists of so many agents, while {results}
results a second are filed of calls that they show, of one agent after the other. A list that has
moved is fetched whole, of a board its parts are. The server is one process for all, or has another
one for pages (`--console-port`). **Shown**: the memory of the server's
processes with all of that going on, and how long it takes from the answer to a result until the
open list of its agent shows it. **At that pace**: how long those results take with the pages open,
and without, in turns of {seconds} s, filed by a process that does nothing else. **At full speed**:
besides them results are filed in another VDN over {connections} connections, as fast as they are
answered, for {rounds} turns with the pages open, and as many without; what is left of the rate,
and how many times as long the 99 % takes, are medians of turns that stand side by side. Below them
is how long a page takes meanwhile until it is fetched. All of it is on the cores of this one
machine, also what opens the pages ([onlookers.py](onlookers.py)); where it only looks it takes no
core that another process wants (`SCHED_IDLE`), for browsers are elsewhere. CPU is that of the
server's processes alone."""

WAYS = {"together": "one process", "apart": "a console port"}
_KB = 1000


def tables(results: dict[str, Any]) -> str:
    """Return the tables: time, bytes, how soon a change is shown, and what the API does beside."""
    engines = results["engines"]
    return "\n\n".join(each(engines) for each in (_times, _bytes, _shown, _paced, _beside))


def section(results: dict[str, Any]) -> str:
    """Return the section of RESULTS.md."""
    sizes = " ".join(map(str, results["parameters"]["sizes"]))
    return section_of(_ABOUT.replace("SIZES", sizes), tables(results), results)


def _times(engines: dict[str, Any]) -> str:
    lines = [
        "| engine | stored | agent's list, 50 % | 99 %, ms | board, 50 % | 99 %, ms |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for engine, found in engines.items():
        for stored, pages in found["sizes"].items():
            today, board = pages["today"], pages["board"]
            lines.append(
                f"| {engine} | {int(stored):,} | {today['p50_ms']:.1f} | {today['p99_ms']:.1f} "
                f"| {board['p50_ms']:.1f} | {board['p99_ms']:.1f} |"
            )
    return "\n".join(lines)


def _bytes(engines: dict[str, Any]) -> str:
    found = next(iter(engines.values()))["bytes"]
    lines = [
        "| what | requests | kB | compressed, kB | as sent, kB | renewed, kB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, label in (("today", "agent's list"), ("board", "board")):
        each = found[name]
        lines.append(_sizes(f"{label}, first", each, str(each["requests"])))
    lines += [_sizes(name, each, "") for name, each in sorted(found["scripts"].items())]
    return "\n".join(lines)


def _sizes(name: str, each: dict[str, Any], requests: str) -> str:
    sent, renewed = (f"{each[way] / _KB:.1f}" if way in each else "" for way in ("sent", "renewed"))
    raw, packed = (f"{each[way] / _KB:.1f}" for way in ("raw", "gzip"))
    return f"| {name} | {requests} | {raw} | {packed} | {sent} | {renewed} |"


def _shown(engines: dict[str, Any]) -> str:
    lines = [
        "| pages | by | the server, MB | a result shown, 50 % | 99 %, ms |",
        "|---|---|--:|--:|--:|",
    ]
    for where, open_pages in _by_way(engines):
        alone = open_pages["alone"]
        lines.append(
            f"| {where} | {open_pages['resident_mb']:.0f} | {alone['shown_p50_ms']:,.0f} "
            f"| {alone['shown_p99_ms']:,.0f} |"
        )
    streams = (f"{each['stream_kib']:.0f} KiB on {engine}" for engine, each in engines.items())
    return f"A stream holds {' and '.join(streams)}.\n\n" + "\n".join(lines)


def _paced(engines: dict[str, Any]) -> str:
    lines = [
        "| at that pace | by | pages | results/s | 50 % | 99 %, ms |",
        "|---|---|---|--:|--:|--:|",
    ]
    for where, open_pages in _by_way(engines):
        for name, each in open_pages["paced"].items():
            lines.append(
                f"| {where} | {name} | {each['a_second']:.1f} "
                f"| {each['p50_ms']:.1f} | {each['p99_ms']:.1f} |"
            )
    return "\n".join(lines)


def _beside(engines: dict[str, Any]) -> str:
    lines = [
        "| full speed | by | pages | results/s | 50 % | 99 %, ms | CPU, µs | rate | 99 % |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for where, open_pages in _by_way(engines):
        lines += _turns(where, open_pages["beside"])
    return "\n".join(lines)


def _by_way(engines: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the first two columns of a row, and what open pages took there."""
    for engine, found in engines.items():
        for way, told in WAYS.items():
            yield f"{engine} | {told}", found["open"][way]


def _turns(where: str, beside: dict[str, Any]) -> list[str]:
    lines = []
    for name in ("without", "with"):
        each = beside[name]
        of = {key: each[key]["median"] for key in ("requests_per_second", "p50_ms", "p99_ms")}
        part = f"{beside['part']:.3f} | {beside['times_p99']:.2f}" if name == "with" else " | "
        lines.append(
            f"| {where} | {name} | {of['requests_per_second']:,.0f} | {of['p50_ms']:.1f} "
            f"| {of['p99_ms']:.1f} | {each['server_cpu_us']['median']:,.0f} | {part} |"
        )
    looked = beside["onlookers"]
    lines.append(
        f"| {where} | {looked['streams']:,.0f} streams | {looked['fetched']:,.0f} fetched "
        f"| {looked['page_p50_ms']:.1f} | {looked['page_p99_ms']:.1f} | "
        f"| {looked['results']:,.0f} filed | {looked['bytes'] / _KB / _KB:,.1f} MB |"
    )
    return lines
