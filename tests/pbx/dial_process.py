"""``callkeeper dial`` in a process of its own, that is killed and started again on one database."""

from pathlib import Path
from typing import IO

from tests.private_asterisk import PrivateAsterisk
from tests.processes import LoggedProcess, Process
from tests.warm import start_warm


class DialProcess(LoggedProcess):
    """A dispatcher over a real Asterisk; it dials when it is ready."""

    def __init__(self, home: Path, database: str, asterisk: PrivateAsterisk, **more: str) -> None:
        super().__init__(home)
        settings = {
            "DATABASE": database,
            "LINE": "asterisk",
            "ARI_URL": asterisk.url,
            "ARI_USER": asterisk.user,
            "ARI_PASSWORD": asterisk.password,
            "DESTINATION": "answered,brief",
        } | more
        self._given = {f"CALLKEEPER_{name}": value for name, value in settings.items()}

    def _run(self, log: IO[bytes]) -> Process:
        return start_warm(["dial"], self._home, log, **self._given)
