"""What a well-behaved client felt of each abuse, as people read it."""

from statistics import median
from typing import Any

from bench.report import machine_words

_HEAD = (
    "| engine | beside it | 50 %, ms | 99 %, ms | longest, ms | memory, MiB more |\n"
    "|---|---|--:|--:|--:|--:|\n"
)

_FLOODS_HEAD = (
    "| where | beside it | 50 %, ms | 99 %, ms | longest, ms | latest call, ms late | taken for "
    "down | memory, MiB more |\n|---|---|--:|--:|--:|--:|--:|--:|\n"
)

_ABOUT_FLOODS = """\
The same client beside floods of what is not admitted: thousands of connections of wrk's, and with
each request a body of 16,000 random bytes, in the name of a key of another VDN with signatures that
are nobody's, or in names that are no keys. Two automatic calls a second fall due meanwhile; the
latest of all turns, and how often HAProxy took a server for down in all turns, must stay small."""

_ABOUT = """\
## A client beside those that abuse the server

Made by `make abuse`. Machine-readable: [abuse.json](abuse.json).

A client of one VDN files {per_second} results a second over one connection, each signed, durable
and with its history, while the abuse runs beside it from a program of its own on the same machine:
{rounds} turns of {seconds} s each, medians. Floods are wrk's, over 64 connections; the others keep
as many connections as they can get. Every request of the client was answered. Memory is how much
more the server's processes together held at their peaks than when the turn began."""


def table(engines: dict[str, Any]) -> str:
    """Return the results as a Markdown table: medians over the turns."""
    rows = (
        f"| {engine} | {name if name != 'none' else 'nothing'} | {median_of(turns, 'p50'):.1f} "
        f"| {median_of(turns, 'p99'):.1f} | {median_of(turns, 'most'):.1f} "
        f"| {median_of(turns, 'memory_growth_mib'):.0f} |"
        for engine, abuses in engines.items()
        for name, turns in abuses.items()
    )
    return _HEAD + "\n".join(rows)


def floods_table(floods: dict[str, Any]) -> str:
    """Return what was felt of floods, as a Markdown table: medians, and the worst of all turns."""
    rows = (
        f"| {where} | {name if name != 'none' else 'nothing'} | {median_of(turns, 'p50'):.1f} "
        f"| {median_of(turns, 'p99'):.1f} | {median_of(turns, 'most'):.1f} "
        f"| {max(each['call_late_ms'] for each in turns):,} "
        f"| {sum(each['downs'] for each in turns)} | {median_of(turns, 'memory_growth_mib'):.0f} |"
        for where, found in floods.items()
        for name, turns in found.items()
    )
    return _FLOODS_HEAD + "\n".join(rows)


def section(results: dict[str, Any]) -> str:
    """Return the section of RESULTS.md."""
    about = _ABOUT.format(**results["parameters"])
    parts = [about, table(results["engines"])]
    if results.get("floods"):
        parts += [_ABOUT_FLOODS, floods_table(results["floods"])]
    parts.append(machine_words(results["machine"]))
    return "\n\n".join(parts) + "\n"


def median_of(turns: list[dict[str, Any]], what: str) -> float:
    """Return the median of a figure over the turns of an abuse."""
    return float(median(each[what] for each in turns))
