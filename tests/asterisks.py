"""The Asterisks that the tests may start: the machine's own, and a newer one in its own root."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[1]
# What scripts/setup.sh makes; the number is that of the Asterisk in it.
NEWER_ROOT = CHECKOUT / ".cache" / "asterisk-22"
# Where an instance in a root finds its own folder; each has a mount namespace of its own.
_HOME_WITHIN = Path("/mnt")
# A shell that becomes a chroot that becomes the program: the process keeps its id, so that it can
# be waited for and killed like any other, and its mounts end with it.
_ENTER = """
mount --bind "$2" "$1/mnt"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
root=$1
shift 2
exec chroot "$root" "$@"
"""


class Asterisk(NamedTuple):
    """An Asterisk, perhaps not installed. ``version`` is the first part of its number.

    ``root`` is a folder with all that it needs, None for the machine's own.
    """

    version: str
    program: str
    root: Path | None = None

    @property
    def is_there(self) -> bool:
        """Whether it can be started; a root is entered by root only."""
        if self.root is None:
            return Path(self.program).exists()
        return os.geteuid() == 0 and (self.root / self.program.lstrip("/")).exists()

    @property
    def missing(self) -> str:
        """What to say when it is not there."""
        if self.root is None:
            return "no asterisk here; see docs/operating.md, Asterisk"
        return f"none in {self.root.relative_to(CHECKOUT)}, or not root; scripts/setup.sh makes it"

    def home(self, folder: Path) -> Path:
        """Return where it finds an instance's folder."""
        return folder if self.root is None else _HOME_WITHIN

    def etc(self) -> Path:
        """Return where its package keeps its configuration, for us to read."""
        return (self.root or Path("/")) / "etc" / "asterisk"

    def command(self, folder: Path, *arguments: str) -> list[str]:
        """Return what starts it with an instance's folder."""
        if self.root is None:
            return [self.program, *arguments]
        enter = ["unshare", "--mount", "sh", "-ec", _ENTER, "sh", str(self.root), str(folder)]
        return [*enter, self.program, *arguments]


def _machines() -> Asterisk:
    program = shutil.which("asterisk", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        return Asterisk("16", "/usr/sbin/asterisk")
    said = subprocess.run([program, "-V"], capture_output=True, check=False, text=True).stdout
    version = re.match(r"Asterisk (\d+)", said)
    return Asterisk(version[1] if version else "own", program)


MACHINES = _machines()
NEWER = Asterisk("22", "/usr/sbin/asterisk", NEWER_ROOT)
ASTERISKS = (MACHINES, NEWER)
