"""What every case can be asked for."""

import argparse
import sys
from pathlib import Path

ENGINES = ("sqlite", "postgres")


def parser(case: str, says: str | None, rounds: int) -> argparse.ArgumentParser:
    """Return a parser of the options that all cases share; ``rounds`` is the case's default."""
    made = argparse.ArgumentParser(
        prog=f"make bench ARGS='--only {case} ...'",
        description=says,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    made.add_argument("--rounds", type=int, default=rounds, help="turns of each in each case")
    made.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    made.add_argument("--folder", type=Path, help="where to put the databases, for a while")
    made.add_argument("--quick", action="store_true", help="a trial: small, and no files")
    made.add_argument(
        "--write",
        action=argparse.BooleanOptionalAction,
        help="write the figures, the page and the plots; without it a quick run does not",
    )
    return made


def read(of: argparse.ArgumentParser, **quick: object) -> argparse.Namespace:
    """Return what was asked for; a quick run has the ``quick`` values for what was not."""
    if of.parse_known_args()[0].quick:
        of.set_defaults(**quick)
    how = of.parse_args()
    if how.write is None:
        how.write = not how.quick
    return how


def say(words: str) -> None:
    """Tell whoever waits what is going on."""
    print(words, file=sys.stderr, flush=True)
