"""Results as people and programs read them."""

import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from bench.load import Turn
from callkeeper.clock import monotonic
from tests.private_postgres import binaries

_PACKAGES = ("uvicorn", "starlette", "msgspec", "psycopg", "fastapi", "pydantic", "SQLAlchemy")
BUSY = 0.5

T = TypeVar("T")


def median_and_range(turns: Sequence[T], of: Callable[[T], float]) -> dict[str, float]:
    """Return the median, the least and the most of a value over the turns."""
    values = [of(turn) for turn in turns]
    return {"median": median(values), "least": min(values), "most": max(values)}


def summary(turns: Sequence[Turn]) -> dict[str, Any]:
    """Return what is told of one server, with so many connections."""
    return {
        "requests_per_second": median_and_range(turns, lambda turn: turn.rate),
        "p50_ms": median_and_range(turns, lambda turn: turn.p50),
        "p99_ms": median_and_range(turns, lambda turn: turn.p99),
        "p999_ms": median_and_range(turns, lambda turn: turn.p999),
        "server_cpu_us": median_and_range(turns, lambda turn: turn.microseconds(turn.server_cpu)),
        "database_cpu_us": median_and_range(
            turns, lambda turn: turn.microseconds(turn.database_cpu)
        ),
        "generator_cpu_cores": median_and_range(
            turns, lambda turn: turn.generator_cpu / turn.seconds
        ),
        "requests": sum(turn.requests for turn in turns),
        "failed": sum(turn.failed for turn in turns),
        "turns": len(turns),
    }


def machine(now: int, folder: Path, packages: Sequence[str] = _PACKAGES) -> dict[str, Any]:
    """Return where and when this ran, and with which packages beside Callkeeper."""
    load = os.getloadavg()[0]
    return {
        "date": datetime.fromtimestamp(now // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "file_system": _file_system(folder),
        "syncs_per_second": round(_syncs_per_second(folder)),
        "load_before": round(load, 2),
        "provisional": load > BUSY,
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "postgresql": _told_by(binaries() / "postgres", "--version"),
            "wrk": _told_by(Path("wrk"), "-v"),
            **{name.lower(): version(name) for name in ("callkeeper", *packages)},
        },
    }


def section_of(about: str, tables: str, results: dict[str, Any]) -> str:
    """Return the section of RESULTS.md: what it is about, by its parameters, tables, and where."""
    said = about.format(**results["parameters"])
    return f"{said}\n\n{tables}\n\n{machine_words(results['machine'])}\n"


def machine_words(where: dict[str, Any]) -> str:
    """Return where and when something was measured, and a warning if others were busy."""
    versions = ", ".join(f"{name} {number}" for name, number in where["versions"].items())
    disk = f"{where['file_system']}, {where['syncs_per_second']} syncs/s of 4 KiB"
    words = f"{where['processor']}, {where['cores']} cores, {where['kernel']}, {disk}"
    words = f"{where['date']}. {words}. {versions}."
    if where["provisional"]:
        load = where["load_before"]
        words += f"\n\n**Provisional:** other programs were busy when it began (load {load})."
    return words


def _told_by(program: Path, option: str) -> str:
    """Return the version that a program tells of itself."""
    told = subprocess.run([program, option], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", told)
    return found[0] if found else "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    best = ("", "unknown file system")
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _, at, kind, *_ = line.split()
        if folder.resolve().is_relative_to(at) and len(at) > len(best[0]):
            best = (at, kind)
    return best[1]


def _syncs_per_second(folder: Path, count: int = 200) -> float:
    """Return how often a second this disk makes 4 KiB durable, one after another."""
    file = folder / "syncs"
    block = bytes(4096)
    with file.open("wb", buffering=0) as out:
        begun = monotonic()
        for _ in range(count):
            out.write(block)
            os.fdatasync(out.fileno())
        took = monotonic() - begun
    file.unlink()
    return count / took
