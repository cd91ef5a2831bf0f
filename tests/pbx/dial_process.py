"""``callkeeper dial`` in a process of its own, that is killed and started again on one database."""

from pathlib import Path
from types import TracebackType
from typing import Self

from tests.private_asterisk import PrivateAsterisk
from tests.processes import Process
from tests.warm import start_warm


class DialProcess:
    """A dispatcher over a real Asterisk. Killing it leaves everything as it was at that moment."""

    def __init__(self, home: Path, database: str, asterisk: PrivateAsterisk, **more: str) -> None:
        self._home = home
        home.mkdir(parents=True, exist_ok=True)
        (home / "log").touch()
        settings = {
            "DATABASE": database,
            "LINE": "asterisk",
            "ARI_URL": asterisk.url,
            "ARI_USER": asterisk.user,
            "ARI_PASSWORD": asterisk.password,
            "DESTINATION": "answered,brief",
        } | more
        self._given = {f"CALLKEEPER_{name}": value for name, value in settings.items()}
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it; it dials when it is ready."""
        with (self._home / "log").open("ab") as log:
            self._process = start_warm(["dial"], self._home, log, **self._given)

    def kill(self) -> None:
        """Kill it as ``kill -9`` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def check(self) -> None:
        """Insist that it has not ended by itself."""
        assert self._process is not None
        assert self._process.poll() is None, self.log()[-3000:]

    def log(self) -> str:
        """Return what it logged."""
        return (self._home / "log").read_text("utf-8", "replace")
