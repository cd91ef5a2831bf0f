"""This machine once more, booted: with systemd as its first process, and a network of its own.

Its files are this machine's until it changes them, which this machine does not see. Its address is
the loopback's alone. All of it is gone in the end.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.checkouts import copied
from tests.conftest import leave_out
from tests.processes import are_gone, children, told
from tests.waiting import until

CHECKOUT = "/srv/callkeeper"
PACKAGES = "/srv/packages"

_SYSTEMD = Path("/lib/systemd/systemd")
_PYTHON = Path("/usr/bin/python3")
_GROUP = "mount -t cgroup2 none"

# In a control group of its own, lest systemd take this machine's for its own to arrange. It is one
# of version 2, where systemd hears when a service's last process is gone.
_JOIN = f"""
set -e
{_GROUP} "$1"
mkdir "$1/$2"
echo 0 >"$1/$2/cgroup.procs"
umount "$1"
shift 2
exec unshare --pid --cgroup --uts --ipc --net --fork --kill-child sh -euc "$@"
"""
# The kernel ends all that ran there when its first process ends, but not in the same instant.
_LEAVE = f"""
{_GROUP} "$1"
while grep -q "populated 1" "$1/$2/cgroup.events"; do sleep 0.05; done
find "$1/$2" -depth -type d -exec rmdir {{}} +
"""
# /proc/sys and /sys are this machine's own: what boots there may read them. What is bound, "$@",
# is a place here and a place there, in turn.
_BOOT = """
scratch=$1 root=$1/root
shift
mkdir "$scratch/upper" "$scratch/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
while [ $# -gt 0 ]; do
  mkdir -p "$root$2"
  mount --rbind "$1" "$root$2"
  shift 2
done
for device in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 0666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 0666 "$root/dev/tty" c 5 0
ln -s /proc/self/fd "$root/dev/fd"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,ro,bind "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mkdir "$root/.outside"
ip link set lo up
cd "$root"
pivot_root . .outside
umount -l /.outside
exec setpriv --bounding-set=-sys_boot,-sys_module,-sys_time \
  env -i container=callkeeper PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=basic.target --show-status=no
"""


class Machine:
    """A machine that is booted for a block. ``bound`` puts folders of ours at places there.

    FileNotFoundError where there is no systemd, PermissionError for whoever is not root.
    """

    def __init__(self, scratch: Path, bound: Mapping[Path, str]) -> None:
        if not _SYSTEMD.exists():
            raise FileNotFoundError("there is no systemd here")
        if os.geteuid() != 0:
            raise PermissionError("only root can boot one")
        self._scratch = scratch
        self._group = f"callkeeper-{os.getpid()}-{scratch.name}"
        self._bound = [str(each) for pair in bound.items() for each in pair]
        self._outside: subprocess.Popen[bytes] | None = None
        self._first = 0

    def __enter__(self) -> Self:
        place, files = self._scratch / "group", self._scratch / "files"
        place.mkdir()
        files.mkdir()
        given = [str(place), self._group, _BOOT, "boot", str(files), *self._bound]
        mounted = f'mount -t tmpfs tmpfs "{files}"; {_JOIN}'
        with (self._scratch / "log").open("wb") as log:
            self._outside = subprocess.Popen(
                ["/usr/bin/unshare", "--mount", "/bin/sh", "-euc", mounted, "join", *given],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._is_booted)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._outside is not None
        inside = children(self._outside.pid)
        self._outside.kill()  # and with it the first process, with which go all the others
        self._outside.wait(20)
        until(lambda: are_gone(inside))
        place = str(self._scratch / "group")
        leaving = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", _LEAVE, "leave"]
        subprocess.run([*leaving, place, self._group], check=True, timeout=20)
        shutil.rmtree(self._scratch)

    def run(self, command: str, *, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command of a shell there, as root; what it says is text."""
        ended = subprocess.run(
            [*self._entering(), "/bin/sh", "-c", command],
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert not check or ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
        return ended

    def says(self, command: str) -> str:
        """Return what a command says there, whatever it thinks of it."""
        return self.run(command, check=False).stdout.strip()

    def _entering(self) -> Iterable[str]:
        what = ("--mount", "--pid", "--cgroup", "--uts", "--ipc", "--net")
        return ("/usr/bin/nsenter", f"--target={self._first}", *what)

    def _is_booted(self) -> bool:
        assert self._outside is not None
        assert self._outside.poll() is None, (self._scratch / "log").read_text("utf-8")
        first = children(self._outside.pid)
        if not first or told(first[0], "comm").strip() != "systemd":
            return False
        self._first = first[0]
        return self.says("systemctl is-active basic.target") == "active"


@contextmanager
def booted(folders: pytest.TempPathFactory) -> Iterator[Machine]:
    """Boot a machine that has a copy of this checkout, and the packages of our environment."""
    ours = f"python3.{sys.version_info[1]}"
    if _PYTHON.resolve().name != ours:
        leave_out(f"a booted machine: its own Python is not {ours}, which has our packages")
    bound = {
        copied(folders.mktemp("checkout") / "callkeeper"): CHECKOUT,
        Path(sysconfig.get_path("purelib")): PACKAGES,
    }
    try:
        machine = Machine(folders.mktemp("machine"), bound)
    except (FileNotFoundError, PermissionError) as missing:
        leave_out(f"a booted machine: {missing}")
        raise
    with machine:
        yield machine


def make_venv(machine: Machine, command: str) -> None:
    """Make a .venv there by a command of the documents, and let it find our packages.

    It is as if pip had downloaded them, setuptools too, which it takes in place of an older one.
    """
    machine.run(command)
    site = f"{command.rsplit(maxsplit=1)[-1]}/lib/python3.{sys.version_info[1]}/site-packages"
    machine.run(f"cd {site} && rm -r setuptools* && echo {PACKAGES} >ours.pth")
