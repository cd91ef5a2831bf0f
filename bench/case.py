"""A case on every engine: what is measured of each, with where and how it was measured."""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import page, report
from callkeeper.clock import Clock, SystemClock

Measure = Callable[[str, Path, argparse.Namespace, Clock], dict[str, Any]]


def run_case(
    how: argparse.Namespace,
    parameters: Sequence[str],
    of_engine: Measure,
    tables: Callable[[dict[str, Any]], str],
    file: str,
) -> int:
    """Run a case as was asked for; print its tables, and write it down if it shall be.

    ``parameters`` are what of the options tells how it was run.
    """
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="callkeeper-bench-", dir=how.folder) as name:
        folder = Path(name)
        results: dict[str, Any] = {
            "machine": report.machine(clock.now(), folder),
            "parameters": {each: getattr(how, each) for each in parameters},
            "engines": {each: of_engine(each, folder, how, clock) for each in how.engines},
        }
    print(tables(results))
    if how.write:
        page.write(file, results)
    return 0
