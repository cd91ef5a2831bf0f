"""The results of the writes, as people read them."""

from typing import Any

from bench.report import section_of
from bench.server import OURS

_ABOUT = """\
## Filing results and reserving calls, beside the usual way of writing them

Made by `make bench ARGS='--only writes'`. Machine-readable: [writes.json](writes.json).

**callkeeper** is `callkeeper serve`: signature checked, one durable change with its row of history
and its tallies, one log line; also with two workers, for whom one process writes. **usual** is
[usual.py](usual.py): FastAPI, pydantic, a SQLAlchemy session for each request, uvicorn with one
worker; no signature, no history, no tallies, no log line. It is there in two forms, `def` on
FastAPI's threads and `async def` on the event loop. **expert** is what somebody who knows would
write by hand for these two requests ([expert.py](expert.py)): Starlette, uvloop, httptools,
msgspec; the same signature checked, the same row and the same row of history in one transaction;
nothing that was sent twice is known, no tallies, no log line. On PostgreSQL it has asyncpg, a pool,
and one prepared statement for both rows; on SQLite a thread that commits together what waits, and
beside it, **one by one**, the same with a commit for each request. **pgbench** updates one row of
the same table by its key, prepared, and knows no HTTP; **both rows** is the same with the row of
history, in one statement. **empty handler** ([empty.py](empty.py)) is our HTTP with nothing behind
it, in as many processes. All that store hold the same rows in the same table with the same indexes,
and all are as durable: SQLite in WAL with `synchronous=FULL`, PostgreSQL with
`synchronous_commit=on`. Every request that was answered was then found in the database; requests of
the usual server that failed, because SQLite was locked, are not counted.

{rounds} turns of {seconds} s each, one server after another, on the machine that the load generator
(wrk, with requests signed beforehand) and PostgreSQL share. **times** is how many times as many
requests a second callkeeper, with one worker, answers. CPU is microseconds a request; wrk's is in
cores, 1.00 being one of them all the time."""

_HEAD = (
    "| connections | server | requests/s, median (range) | times | 50 % | 99 % | 99.9 %, ms | CPU "
    "| PostgreSQL | wrk |\n|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def tables(results: dict[str, Any]) -> str:
    """Return the tables: one for each engine and interface."""
    parts = []
    for engine, found in results["engines"].items():
        for interface in ("updateResult", "create"):
            parts.append(f"### {interface}, {engine} {found['version']}")
            parts.append(_table(found[interface]))
    return "\n\n".join(parts)


def section(results: dict[str, Any]) -> str:
    """Return the section of RESULTS.md."""
    return section_of(_ABOUT, tables(results), results)


def rate(of: dict[str, Any]) -> float:
    """Return the median of a server's requests a second."""
    return float(of["requests_per_second"]["median"])


def _table(by_connections: dict[str, Any]) -> str:
    lines = [_HEAD]
    for connections, servers in by_connections.items():
        for name, of in servers.items():
            spread = of["requests_per_second"]
            cells = [
                f"{rate(of):,.0f} ({spread['least']:,.0f} to {spread['most']:,.0f})",
                f"{rate(servers[OURS]) / rate(of):.2f}",
                *(f"{of[each]['median']:.1f}" for each in ("p50_ms", "p99_ms", "p999_ms")),
                *(f"{of[each]['median']:.0f}" for each in ("server_cpu_us", "database_cpu_us")),
                f"{of['generator_cpu_cores']['median']:.2f}",
            ]
            lines.append(f"| {connections} | {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
