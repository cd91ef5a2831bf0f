"""The far end of a trunk: SIPp, which answers as the last three digits of a called number say."""

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import until

RINGS = "180"  # until it is cancelled
ANSWERS = "200"  # and holds until the other side hangs up
ANSWERS_BRIEFLY = "201"  # and hangs up after 0.3 s
ANSWERS_LATE = "202"  # after 1.5 s, and holds
# What it ends a call with after it rang; the digits are the SIP status.
REFUSALS = ("403", "404", "408", "410", "480", "484", "486", "488", "500", "503", "603", "604")


def _sends(status: str, cseq: str = "[last_CSeq:]", tag: str = "", body: str = "") -> str:
    again = 'retrans="500"' if tag and not status.startswith("180") else ""
    kind = "Content-Type: application/sdp\n" if body else ""
    return f"""
<send {again}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
{cseq}
Contact: <sip:[local_ip]:[local_port]>
{kind}Content-Length: [len]

{body}]]></send>"""


_TAG = ";tag=far[call_number]"
_SDP = """v=0
o=far 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
_BYE = """
<send retrans="500"><![CDATA[
BYE [$back] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: [$to];tag=far[call_number]
To: [$from]
[last_Call-ID:]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>"""


def _reads(header: str, pattern: str, names: str, *, must: bool = True) -> str:
    return (
        f'<ereg regexp="{pattern}" search_in="hdr" header="{header}"'
        f' check_it="{str(must).lower()}" assign_to="{names}"/>'
    )


def _is(code: str) -> str:
    return _reads("To:", f"{code}@", f"is{code}", must=False)


def _goes(to: str, code: str) -> str:
    return f'<nop next="{to}" test="is{code}"/>'


def _refuses(code: str) -> str:
    said = _sends(f"{code} Refused", tag=_TAG)
    return f'<label id="{code}"/>{said}<recv request="ACK" next="end"/>'


# SIPp knows a message that comes again by its bytes, and neither logs nor answers it anew.
_SCENARIO = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="far end">
<recv request="INVITE"><action>
{_reads("To:", "sip:([^@]+)@", "whole,number")}
{_reads("To:", "&lt;.*&gt;", "to")}
{_reads("From:", "&lt;.*", "from")}
{_reads("Contact:", "sip:[^&gt;]*", "back")}
{_reads("CSeq:", "[0-9]+", "cseq")}
{"".join(map(_is, (RINGS, ANSWERS, ANSWERS_BRIEFLY, ANSWERS_LATE, *REFUSALS)))}
<log message="INVITE [$number] [call_id]"/>
</action></recv>
<Reference variables="whole"/>
{_sends("180 Ringing", tag=_TAG)}
{_goes("ring", RINGS)}{_goes("late", ANSWERS_LATE)}
{_goes("answer", ANSWERS)}{_goes("answer", ANSWERS_BRIEFLY)}
{"".join(_goes(code, code) for code in REFUSALS)}
<nop next="end"/>
{"".join(map(_refuses, REFUSALS))}

<label id="late"/>
<recv request="CANCEL" timeout="1500" ontimeout="answer" next="cancelled"/>

<label id="ring"/>
<recv request="CANCEL"/>
<label id="cancelled"/>
{_sends("200 OK")}
{_sends("487 Request Terminated", cseq="CSeq: [$cseq] INVITE", tag=_TAG)}
<recv request="ACK" next="end"/>

<label id="answer"/>
{_sends("200 OK", tag=_TAG, body=_SDP)}
<recv request="ACK"/>
{_goes("brief", ANSWERS_BRIEFLY)}
<recv request="BYE"/>
{_sends("200 OK")}
<nop next="end"/>

<label id="brief"/>
<pause milliseconds="300"/>
{_BYE}

<label id="end"/>
<timewait milliseconds="1000"/>
</scenario>
"""


class FarEnd:
    """A SIPp on a port of the loopback, in a folder of its own, removed in the end.

    FileNotFoundError when there is no SIPp.
    """

    def __init__(self, port: int) -> None:
        program = shutil.which("sipp")
        if program is None:
            raise FileNotFoundError("no sipp here; apt-get install sip-tester")
        self.port = port
        self._home = Path(tempfile.mkdtemp(prefix="callkeeper-far-end-"))
        self._log = self._home / "log"
        scenario = self._home / "scenario.xml"
        scenario.write_text(_SCENARIO, "utf-8")
        here = ["-i", "127.0.0.1", "-p", str(port), "-ci", "127.0.0.1"]
        log = ["-trace_logs", "-log_file", str(self._log), "-trace_err"]
        log += ["-error_file", str(self._home / "errors")]
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

    def errors(self) -> str:
        """Return what SIPp complained of."""
        file = self._home / "errors"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"sipp ended: {self.errors()}"
        table = Path("/proc/net/udp").read_text("utf-8")
        return f"0100007F:{self.port:04X}" in table
