"""An operator's way from a package's own files to an answered call, gone as it is documented.

It has a network of its own, in which every port is free and nothing leads outside, and copies of
the package's folders. All that it starts ends with it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.asterisks import Asterisk
from tests.pbx.documented import SETTINGS, Block

_SECONDS_MAX = 120
_ISOLATED = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]

# What an operator's machine has that is not here: terminals, an init system, the network.
_MACHINE = r"""
root=$1 home=$2
ip link set lo up
for folder in etc/asterisk var/lib/asterisk var/log/asterisk var/spool/asterisk var/cache/asterisk
do
  mkdir -p "$home/$folder"
  if [ -d "$root/$folder" ]; then
    cp -a "$root/$folder/." "$home/$folder"
    mount --bind "$home/$folder" "$root/$folder"
  fi
done
mkdir -p "$home/run/asterisk"
chroot "$root" getent passwd asterisk | { IFS=: read -r _ _ user group _
  chown -R "$user:$group" "$home/run/asterisk"; }
mount --bind "$home/run" "$root/run"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mkdir "$home/work" && cd "$home/work"

comes() { for _ in $(seq 300); do if "$@" >"$home/said" 2>&1; then return; fi; sleep 0.1; done
  echo "in vain: $*"; cat "$home/said"; exit 1; }
sed() { chroot "$root" sed "$@"; }
systemctl() { # as the package's unit does, but for the priority
  chroot "$root" asterisk -g -f -U asterisk -G asterisk >"$home/asterisk" 2>&1 &
  comes chroot "$root" asterisk -rx 'core waitfullybooted'
}
sipp() { command sipp "$@" -nostdin >"$home/sipp" 2>&1 & }
serves() { cat "$home/serve"; grep -q ' serves ' "$home/serve"; }
is_over() { command callkeeper attempts "$1" --json | grep -q '"state":"ended"'; }
callkeeper() {
  case $1 in
    serve) command callkeeper "$@" 2>"$home/serve" & comes serves ;;
    reserve) APPOINT_ID=$(command callkeeper "$@") ;;
    attempts) comes is_over "$2"; command callkeeper "$@" ;;
    *) command callkeeper "$@" ;;
  esac
}
"""


class Ended(NamedTuple):
    """How the walk ended, and what the commands said on the way."""

    status: int
    said: str


def missing() -> str | None:
    """Say what this machine lacks for a walk; None when it has all."""
    for program, package in (("sipp", "sip-tester"), ("ip", "iproute2")):
        if not shutil.which(program):
            return f"no {program} here; apt-get install {package}"
    done = subprocess.run([*_ISOLATED, "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip() or None


def walk(kind: Asterisk, blocks: list[Block]) -> Ended:
    """Write the files and give the commands, in order, until one fails."""
    home = Path(tempfile.mkdtemp(prefix="callkeeper-walk-"))
    script = "\n".join(["set -eu", _MACHINE, *map(_step, blocks)])
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CALLKEEPER_")}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    try:
        done = subprocess.run(
            [*_ISOLATED, "bash", "-c", script, "bash", str(kind.root or "/"), str(home)],
            env=kept | {"PATH": path, "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS_MAX,
        )
    finally:
        shutil.rmtree(home)
    return Ended(done.returncode, done.stdout)


def _step(block: Block) -> str:
    if block.file is None:
        return block.text.replace("APPOINT_ID", '"$APPOINT_ID"')
    place = block.file if block.file == SETTINGS else f'"$root/etc/asterisk/{block.file}"'
    return f"cat >{place} <<'END'\n{block.text}END\n"
