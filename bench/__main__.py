"""Run the benchmarks one after another; `make bench` does so.

Writes, size, firing, invite, abuse, console:

make bench                                   all of them, two hours or more
make bench ARGS='--only writes'              one
make bench ARGS='--only size --quick'        a trial of it; `--help` after a case tells its options
"""

import os
import subprocess
import sys
from threading import Event

from bench.options import say
from bench.report import BUSY
from callkeeper.clock import monotonic

_QUIET_SECONDS_MAX = 300
CASES = ("writes", "size", "firing", "invite", "abuse", "console")


def main() -> int:
    """Run what was asked for, each as a program of its own; stop where one fails."""
    given = sys.argv[1:]
    if given[:1] == ["--help"] or (given and given[0] != "--only"):
        print(__doc__)
        return 0 if given[:1] == ["--help"] else 2
    only, options = (given[1:2], given[2:]) if given else (list(CASES), [])
    if not only or only[0] not in CASES:
        print(f"--only takes one of {', '.join(CASES)}", file=sys.stderr)
        return 2
    for case in only:
        begun = monotonic()
        ended = subprocess.run([sys.executable, "-m", f"bench.{case}", *options], check=False)
        if ended.returncode:
            return ended.returncode
        say(f"{case}: {monotonic() - begun:.0f} s")
        if case != only[-1]:
            _wait_for_quiet()
    return 0


def _wait_for_quiet() -> None:
    """Let the load of one case fade, so that it is not taken for another program's."""
    begun = monotonic()
    while os.getloadavg()[0] > BUSY and monotonic() - begun < _QUIET_SECONDS_MAX:
        Event().wait(1)


if __name__ == "__main__":
    sys.exit(main())
