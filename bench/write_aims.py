"""The aims of the writes: by how much, and beside whom."""

from typing import Any

from bench import pgbench
from bench.server import EMPTY, EXPERT, OURS, of_processes, processes_of
from bench.writes_report import rate

Row = tuple[str, str, bool | None]  # the aim, what was measured, and whether it is met

_MOST = "256"
_MANY = "64"
_ONE = "1"
_LATE_MS = 50.0
_PARTS_OF_PGBENCH = ((_MANY, pgbench.BARE, 0.6), (_MOST, pgbench.BARE, 1), (_MANY, pgbench.BOTH, 1))
_PART_OF_EMPTY = 0.5
_TIMES_EXPERT = 3
_TIMES_USUAL = 10
_TIMES_LOOP = {"sqlite": 12, "postgres": _TIMES_USUAL}
_TIMES_ALONE = 2


def rows(results: dict[str, Any]) -> list[Row]:
    """Return the rows of what was measured; where one beside us is missing, they say so."""
    found: list[Row] = []
    for engine, of in results["engines"].items():
        by_connections = of["updateResult"]
        if servers := by_connections.get(_MANY):
            found += _of_many(engine, servers)
        if engine == "postgres":
            found += [
                _part(f"{engine}, {each} connections", by_connections[each], beside, aim)
                for each, beside, aim in _PARTS_OF_PGBENCH
                if each in by_connections
            ]
        if servers := by_connections.get(_ONE):
            # Of one connection only one process has anything to do.
            servers = {name: servers[name] for name in servers if processes_of(name) == 1}
            alone = f"{engine}, one connection"
            found.append(_times(alone, servers, "usual, loop", "the usual (loop)", _TIMES_ALONE))
    return found


def _of_many(engine: str, servers: dict[str, Any]) -> list[Row]:
    ours = _best(servers, OURS)
    late = servers[ours]["p99_ms"]["median"]
    by_hand = _best(servers, EXPERT) if EXPERT in servers else EXPERT
    found = [
        _times(engine, servers, "usual, threads", "the usual (threads)", _TIMES_USUAL),
        _times(engine, servers, "usual, loop", "the usual (loop)", _TIMES_LOOP[engine]),
        _times(engine, servers, by_hand, f"the best by hand ({by_hand})", _TIMES_EXPERT),
        (f"updateResult, {engine}: 99 % under 50 ms", f"{late:.1f} ms", late < _LATE_MS),
    ]
    if engine == "sqlite":
        as_many = of_processes(EMPTY, processes_of(ours))
        told = f"{as_many}, with as many processes"
        found.append(_part(engine, servers, as_many, _PART_OF_EMPTY, told))
    return found


def _best(servers: dict[str, Any], kind: str) -> str:
    """Return the fastest of the forms of one server."""
    return max(
        (each for each in servers if each.startswith(kind)), key=lambda each: rate(servers[each])
    )


def _times(where: str, servers: dict[str, Any], beside: str, told: str, aim: float) -> Row:
    return _ratio(f"updateResult, {where}: {aim:g} times {told}", servers, beside, aim, "{:.1f}")


def _part(
    where: str, servers: dict[str, Any], beside: str, aim: float, told: str | None = None
) -> Row:
    said = f"updateResult, {where}: {aim:.1f} of {told or beside}"
    return _ratio(said, servers, beside, aim, "{:.2f}")


def _ratio(said: str, servers: dict[str, Any], beside: str, aim: float, shown: str) -> Row:
    if beside not in servers:
        return said, "not measured", None
    ratio = rate(servers[_best(servers, OURS)]) / rate(servers[beside])
    return said, shown.format(ratio), ratio >= aim
