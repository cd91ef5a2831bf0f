"""What grows with what is stored, as people read it."""

from typing import Any

from bench.report import section_of

_ABOUT = """\
## What grows with what is stored

Made by `make bench ARGS='--only size'`. Machine-readable: [size.json](size.json).

All reservations are automatic, wait, and have their row of history; they are spread over 100 VDNs
([mass.py](mass.py)). An agent has ten on each of its days, however many there are in all. Lists are
signed requests, for another VDN, agent, campaign and day each time, over {connections}
connections, a page of ten: medians of {rounds} turns of {seconds} s. A VDN of the smallest size has
ten pages, and a campaign twenty reservations. While it idles, for {idle_seconds} s, the server also
looks for what is due. CPU and memory are those of all its processes, and of PostgreSQL's where it
says so; memory that processes share is counted once there."""


def tables(results: dict[str, Any]) -> str:
    """Return the tables: lists, and the rest."""
    return f"{_lists(results['engines'])}\n\n{_rest(results['engines'])}"


def section(results: dict[str, Any]) -> str:
    """Return the section of RESULTS.md."""
    return section_of(_ABOUT, tables(results), results)


def _lists(engines: dict[str, Any]) -> str:
    lines = [
        "| engine | list | stored | lists/s | 50 % | 99 %, ms | 99 %, times the smallest |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for engine, found in engines.items():
        sizes = list(found["sizes"].values())
        for name, least in sizes[0]["lists"].items():
            for each in sizes:
                of = each["lists"][name]
                growth = of["p99_ms"] / least["p99_ms"]
                lines.append(
                    f"| {engine} | {name} | {each['stored']:,} | {of['requests_per_second']:,.0f} "
                    f"| {of['p50_ms']:.1f} | {of['p99_ms']:.1f} | {growth:.1f} |"
                )
    return "\n".join(lines)


def _rest(engines: dict[str, Any]) -> str:
    lines = [
        "| engine | stored | bytes each | start, s | memory, MB | PostgreSQL, MB | idle, ms/s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for engine, found in engines.items():
        for each in found["sizes"].values():
            idle = each["idle"]
            database = f"{idle['database_mb']:.0f}" if idle["database_mb"] else "-"
            lines.append(
                f"| {engine} | {each['stored']:,} | {each['bytes_per_reservation']:,.0f} "
                f"| {each['start_seconds']:.1f} | {idle['resident_mb']:.0f} | {database} "
                f"| {idle['cpu_ms_a_second']:.1f} |"
            )
    return "\n".join(lines)
