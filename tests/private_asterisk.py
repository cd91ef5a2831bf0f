"""An Asterisk of the tests' own: started, stopped, killed and started again at will."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.asterisks import MACHINES, Asterisk
from tests.ports import call_ports, free_port
from tests.waiting import until

USER = "callkeeper"
PASSWORD = "not-for-the-log"
TRUNK = "PJSIP/{number}@trunk"
DEAD_TRUNK = "PJSIP/{number}@dead"  # nobody listens there
FOLLOWING_TRUNK = "PJSIP/{number}@following"  # to the far end, and it follows redirections
DEAD_TCP_TRUNK = "PJSIP/{number}@dead-tcp"
AGENT = "PJSIP/1001"  # the far end's too: it answers, and holds
AGENT_NUMBER = "1001200"
# Another one's, whose phone is told more: of whom it talks to, and when that changes.
TOLD_AGENT = "PJSIP/1002"
TOLD_NUMBER = "1077200"

# The package's folders that an instance only reads; all others it gets for itself.
_READ = {"astmoddir", "astvarlibdir", "astdatadir", "astkeydir", "astagidir"}
_OWN = ("astetcdir", "astdbdir", "astspooldir", "astrundir", "astlogdir", "astcachedir")
# What the packaged Asterisk would bind other ports for, or miss a server of.
_NOT_LOADED = (
    "chan_sip chan_iax2 chan_mgcp chan_skinny chan_unistim chan_motif chan_mobile chan_console"
    " chan_oss chan_alsa chan_dahdi res_xmpp res_phoneprov pbx_dundi res_config_pgsql"
    " res_config_ldap res_config_odbc res_odbc res_odbc_transaction func_odbc cdr_odbc"
    " cdr_adaptive_odbc cel_odbc cdr_pgsql cel_pgsql cdr_mysql app_mysql res_config_mysql cdr_tds"
    " cel_tds cdr_radius cel_radius res_snmp res_corosync"
)

_CONFIGURATION = {
    "http.conf": """
[general]
enabled = yes
bindaddr = 127.0.0.1
bindport = {http}
""",
    "ari.conf": """
[general]
enabled = yes

[{user}]
type = user
password = {password}
""",
    # SIP tries again every 100 ms and gives up after 6.4 s, not after 500 ms and 32 s.
    "pjsip.conf": """
[system]
type = system
timer_t1 = 100
timer_b = 6400

[transport]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}

[phone](!)
type = endpoint
transport = transport
context = nowhere
disallow = all
allow = ulaw
direct_media = no
media_address = 127.0.0.1
bind_rtp_to_media_address = yes

[trunk](phone)
aors = trunk

[trunk]
type = aor
contact = sip:127.0.0.1:{far_end}

[following](phone)
context = redirected
aors = trunk

[dead](phone)
aors = dead

[dead]
type = aor
contact = sip:127.0.0.1:{nobody}

[transport-tcp]
type = transport
protocol = tcp
bind = 127.0.0.1:{sip}

[dead-tcp](phone)
transport = transport-tcp
aors = dead-tcp

[dead-tcp]
type = aor
contact = sip:127.0.0.1:{nobody}\\;transport=tcp

[1001](phone)
aors = 1001

[1001]
type = aor
contact = sip:{agent}@127.0.0.1:{far_end}

[1002](phone)
aors = 1002
send_pai = yes
send_rpid = yes

[1002]
type = aor
contact = sip:{told}@127.0.0.1:{far_end}
""",
    # What reached the dialplan is kept in a global variable, to be asked for with `seen`.
    "extensions.conf": """
[answered]
exten => hold,1,Set(GLOBAL(SEEN_${{CHANNEL(uniqueid)}})=${{CALLERID(num)}} ${{CALLDATA_name}})
 same => n,Wait(600)
exten => brief,1,Wait(0.2)
 same => n,Hangup()

[redirected]
exten => _X.,1,Dial(PJSIP/${{EXTEN}}@trunk)

[callkeeper-agent]
exten => s,1,Dial(${{CALLKEEPER_AGENT}})
 same => n,Hangup()

[callkeeper-desk]
exten => s,1,Playtones(425/1000,0/4000)
 same => n,Wait(180)
 same => n,Hangup()

[callkeeper-join]
exten => s,1,Bridge(${{CALLKEEPER_DESK}},x)
 same => n,Hangup()
""",
    "rtp.conf": "[general]\nrtpstart = {rtp}\nrtpend = {rtp_end}\n",
    "logger.conf": "[general]\n\n[logfiles]\nmessages => notice,warning,error\n",
    "modules.conf": "[modules]\nautoload = yes\n{not_loaded}\n",
    "asterisk.conf": "[directories]\n{directories}\n",
}


class PrivateAsterisk:
    """An Asterisk on free ports of the loopback, in a folder of its own, removed in the end.

    Its trunk leads to the far end's port. FileNotFoundError when there is no such Asterisk.
    """

    user = USER
    password = PASSWORD

    def __init__(
        self,
        far_end_port: int,
        kind: Asterisk = MACHINES,
        *,
        files: Mapping[str, str] = {},
    ) -> None:
        """``files``: in place of those of the same names above, and written like them."""
        if not kind.is_there:
            raise FileNotFoundError(kind.missing)
        self.version = kind.version
        self._kind = kind
        self._home = Path(tempfile.mkdtemp(prefix="callkeeper-asterisk-"))
        self._process: subprocess.Popen[bytes] | None = None
        http, sip, nobody = (free_port() for _ in range(3))
        self.url = f"http://127.0.0.1:{http}/ari"
        self.http_port = http
        rtp, rtp_end = call_ports()
        for own in _OWN:
            (self._home / own).mkdir()
        values = {
            "http": http,
            "sip": sip,
            "nobody": nobody,
            "far_end": far_end_port,
            "agent": AGENT_NUMBER,
            "told": TOLD_NUMBER,
            "user": USER,
            "password": PASSWORD,
            "rtp": rtp,
            "rtp_end": rtp_end,
            "not_loaded": "\n".join(f"noload => {name}.so" for name in _NOT_LOADED.split()),
            "directories": "\n".join(self._directories()),
        }
        for name, text in {**_CONFIGURATION, **files}.items():
            (self._home / "astetcdir" / name).write_text(text.format(**values), "utf-8")

    @property
    def tells_status(self) -> bool:
        """Whether it tells the SIP status: from 20.17, 22.7 and 23.1 on; between, nobody tried."""
        return int(self.version) >= 22

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()  # to stop with calls that are up takes it a quarter of a minute
        shutil.rmtree(self._home)

    def start(self) -> None:
        """Start it and wait until it answers."""
        conf = self._kind.home(self._home) / "astetcdir" / "asterisk.conf"
        self._process = subprocess.Popen(
            self._kind.command(self._home, "-C", str(conf), "-f"),
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._is_ready)

    def stop(self) -> None:
        """Stop it in good order; its calls are hung up."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def kill(self) -> None:
        """Kill it: a crash, of which the far end hears nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def reconfigure(self, name: str, old: str, new: str, module: str) -> None:
        """Replace words of a configuration file once, and have a module read it again."""
        file = self._home / "astetcdir" / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
        assert "reloaded" in self.command(f"module reload {module}")

    def command(self, words: str) -> str:
        """Give a command as at its console, and return what it says."""
        conf = self._kind.home(self._home) / "astetcdir" / "asterisk.conf"
        arguments = self._kind.command(self._home, "-C", str(conf), "-rx", words)
        done = subprocess.run(arguments, capture_output=True, check=True, text=True, timeout=30)
        return done.stdout

    def ask(self, method: str, path: str, **query: str) -> Any:
        """Return what ARI answers, or None for 404."""
        with httpx2.Client(auth=(USER, PASSWORD), trust_env=False, timeout=5) as http:
            answer = http.request(method, f"{self.url}{path}", params=query)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def seen(self, channel_id: str) -> str | None:
        """Return what the context ``answered`` saw of a call: caller number and CALLDATA_name."""
        answer = self.ask("GET", "/asterisk/variable", variable=f"SEEN_{channel_id}")
        return answer["value"] if answer else None

    def channels(self) -> dict[str, str]:
        """Return the state of every living channel by its id."""
        return {each["id"]: each["state"] for each in self.ask("GET", "/channels")}

    def hang_up(self, channel_id: str) -> None:
        """End a call, as the dialplan may."""
        self.ask("DELETE", f"/channels/{channel_id}")

    def log(self) -> str:
        """Return what it logged."""
        log = self._home / "astlogdir" / "messages"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"asterisk ended: {self.log()[-2000:]}"
        try:
            # The endpoints are there last of all.
            return self.ask("GET", "/endpoints/PJSIP/trunk") is not None
        except httpx2.HTTPError:
            return False

    def _directories(self) -> list[str]:
        package = (self._kind.etc() / "asterisk.conf").read_text("utf-8", "replace")
        given = re.findall(r"^(ast\w+)\s*=>?\s*(\S+)", package, re.MULTILINE)
        lines = [f"{key} => {value}" for key, value in given if key in _READ]
        home = self._kind.home(self._home)
        return lines + [f"{own} => {home / own}" for own in _OWN]
