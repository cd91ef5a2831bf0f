"""Run many seeds: ``python -m tests.sim.run --seeds 10000``; one that fails is printed."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from time import monotonic

from tests.sim.arena import Arena
from tests.sim.world import FailedError, simulate

_CHUNK = 25
_SHOWN_MAX = 5

Ran = tuple[Counter[str], list[str]]


def run_seeds(first: int, end: int) -> Ran:
    """Run some seeds on a database of their own; return what happened, and what failed."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    with Arena() as arena:
        for seed in range(first, end):
            try:
                counts += simulate(seed, arena)
            except FailedError as failed:
                failures.append(str(failed))
    return counts, failures


def main() -> int:
    """Run the seeds that the command line names; return the status to end with."""
    options = _options()
    first, end = options.first, options.first + options.seeds
    begun_at, done = monotonic(), 0
    counts: Counter[str] = Counter()
    failures: list[str] = []
    for seeds, (counted, failed) in _all(first, end, options.workers):
        counts += counted
        for failure in failed[: max(0, _SHOWN_MAX - len(failures))]:
            _say(f"\n{failure}\n")
        failures += failed
        done += seeds
        rate = done / (monotonic() - begun_at)
        _say(f"\r{done} of {end - first} seeds, {rate:.1f}/s, {len(failures)} failed")
    _say("\n")
    for what, times in sorted(counts.items()):
        _say(f"  {times:9} {what}\n")
    _say("".join(f"failed: {failure.splitlines()[0]}\n" for failure in failures))
    return 1 if failures else 0


def _all(first: int, end: int, workers: int) -> Iterator[tuple[int, Ran]]:
    with ProcessPoolExecutor(workers) as pool:
        chunks = {
            pool.submit(run_seeds, begin, min(begin + _CHUNK, end)): min(_CHUNK, end - begin)
            for begin in range(first, end, _CHUNK)
        }
        for chunk in as_completed(chunks):
            yield chunks[chunk], chunk.result()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sim.run", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first of them")
    parser.add_argument("--workers", type=int, default=2, help="processes to run them in")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
