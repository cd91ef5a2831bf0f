"""The far end of a trunk: SIPp, which answers as the last three digits of a called number say."""

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.far_end_scenario import SCENARIO
from tests.waiting import until

# As SIPp writes down what came, by the machine's own wall clock.
_INVITES = re.compile(
    r"^-{20,} (\S+ \S+)\n\S+ message received \[\d+\] bytes :\n\nINVITE sip:([^@]+)@", re.MULTILINE
)


class FarEnd:
    """A SIPp on a port of the loopback, in a folder of its own, removed in the end.

    FileNotFoundError when there is no SIPp.
    """

    def __init__(self, port: int, *, keeps_all: bool = False) -> None:
        """``keeps_all``: every message, to be asked for with ``received``."""
        program = shutil.which("sipp")
        if program is None:
            raise FileNotFoundError("no sipp here; apt-get install sip-tester")
        self.port = port
        self._home = Path(tempfile.mkdtemp(prefix="callkeeper-far-end-"))
        self._log = self._home / "log"
        scenario = self._home / "scenario.xml"
        scenario.write_text(SCENARIO, "utf-8")
        here = ["-i", "127.0.0.1", "-p", str(port), "-ci", "127.0.0.1"]
        log = ["-trace_logs", "-log_file", str(self._log), "-trace_err"]
        log += ["-error_file", str(self._home / "errors")]
        self._messages = self._home / "messages"
        if keeps_all:
            log += ["-trace_msg", "-message_file", str(self._messages)]
        self._command = [program, "-sf", str(scenario), *here, *log, "-nostdin", "-aa"]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._listens)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.kill()  # asked politely, it waits for the calls that are up
        self._process.wait(10)
        shutil.rmtree(self._home)

    def rung(self) -> Counter[str]:
        """Return how often each number was called: one for each call, however often repeated."""
        text = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        calls = set(re.findall(r"INVITE (\S+) (\S+)\n", text))
        return Counter(number for number, _ in calls)

    def invited_at(self) -> dict[str, int]:
        """Return when the first INVITE of each number came, in UTC ms; of one that keeps all."""
        text = self._messages.read_text("utf-8", "replace") if self._messages.exists() else ""
        found: dict[str, int] = {}
        for at, number in _INVITES.findall(text):
            found.setdefault(number, round(datetime.fromisoformat(at).timestamp() * 1000))
        return found

    def shown(self, number: str) -> set[str]:
        """Return which numbers those showed that called this one."""
        text = self._log.read_text("utf-8", "replace")
        return set(re.findall(rf"FROM {re.escape(number)} <sip:([^@>]*)@", text))

    def received(self, number: str) -> list[str]:
        """Return the requests that came in the calls of a number, each as it came."""
        text = self._messages.read_text("utf-8", "replace")
        came = re.findall(r"received \[\d+\] bytes :\n\n(.*?)\n(?=-{20}|\Z)", text, re.DOTALL)
        ids = {call_id for each in came if f"sip:{number}@" in each for call_id in _call_ids(each)}
        return [each for each in came if ids.intersection(_call_ids(each))]

    def errors(self) -> str:
        """Return what SIPp complained of."""
        file = self._home / "errors"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"sipp ended: {self.errors()}"
        table = Path("/proc/net/udp").read_text("utf-8")
        return f"0100007F:{self.port:04X}" in table


def _call_ids(message: str) -> list[str]:
    return re.findall(r"^Call-ID: (\S+)", message, re.MULTILINE)
