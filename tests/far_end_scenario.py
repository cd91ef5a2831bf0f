"""What the far end says, as SIPp wants to be told: one scenario, whose course the number chooses.

A called number ends with the three digits of the call's end, and may have, before them, a star and
three digits for what comes first instead of 180 Ringing: 139000*183486 hears early media, and busy.
"""

from collections.abc import Mapping
from typing import NamedTuple

# What comes first.
PROGRESS = "*183"  # with early media
BARE_PROGRESS = "*193"  # 183 without media
PROGRESS_THEN_RINGING = "*283"  # early media, and then 180
FORWARDED = "*181"
QUEUED = "*182"
TRYING = "*100"  # and nothing else
NOTHING = "*000"  # not even that

RINGS = "180"  # until it is cancelled
ANSWERS = "200"  # and holds until the other side hangs up
ANSWERS_BRIEFLY = "201"  # and hangs up after 0.3 s
ANSWERS_LATE = "202"  # after 1.5 s, and holds
ANSWERS_ANEW = "203"  # and sends a re-INVITE, then hangs up after 0.3 s
ANSWERS_AND_GOES = "204"  # and hangs up at once, before there was an ACK, which never reaches it
ANSWERS_WITH_REASON = "205"  # and hangs up after 0.3 s, with a Reason header that says "busy"
REDIRECTS = "302"  # to REDIRECTED
REDIRECTED = "1390000200"  # which answers, and holds

# What a call is refused with; the digits are the SIP status.
STATUSES = (
    *("403", "404", "408", "410", "480", "484", "486", "487", "488"),
    *("500", "502", "503", "504", "600", "603", "604", "606", "607", "608"),
)


class Reason(NamedTuple):
    """A refusal that says why, in a header of RFC 3326's."""

    status: str
    reason: str


REASONS: Mapping[str, Reason] = {
    "917": Reason("480", "Q.850;cause=17"),
    "919": Reason("487", "Q.850;cause=19"),
    "921": Reason("503", "Q.850;cause=21"),
    "934": Reason("480", 'Q.850;cause=34;text="no circuit"'),
    "987": Reason("487", 'SIP;cause=200;text="Call completed elsewhere"'),
}

_AGAIN = 'retrans="500"'  # and SIPp says nothing more before it is acknowledged
_TAG = ";tag=far[call_number]"
_SDP = """v=0
o=far 1 {version} IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""


def _more(body: str, headers: Mapping[str, str]) -> str:
    kind = "Content-Type: application/sdp\n" if body else ""
    return "".join(f"{name}: {value}\n" for name, value in headers.items()) + kind


def _message(
    status: str, cseq: str = "[last_CSeq:]", tag: str = "", body: str = "", **headers: str
) -> str:
    again = _AGAIN if tag and not status.startswith("1") else ""
    contact = headers.pop("Contact", "<sip:[local_ip]:[local_port]>")
    return f"""
<send {again}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
{cseq}
Contact: {contact}
{_more(body, headers)}Content-Length: [len]

{body}]]></send>"""


def _asks(method: str, cseq: int, body: str = "", **headers: str) -> str:
    """Return a request of the far end's own within the call."""
    again = "" if method == "ACK" else _AGAIN
    return f"""
<send {again}><![CDATA[
{method} [$back] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: [$to];tag=far[call_number]
To: [$from]
[last_Call-ID:]
CSeq: {cseq} {method}
Contact: <sip:[local_ip]:[local_port]>
Max-Forwards: 70
{_more(body, headers)}Content-Length: [len]

{body}]]></send>"""


def _reads(header: str, pattern: str, names: str, *, must: bool = True) -> str:
    return (
        f'<ereg regexp="{pattern}" search_in="hdr" header="{header}"'
        f' check_it="{str(must).lower()}" assign_to="{names}"/>'
    )


def _name(course: str) -> str:
    return "is" + course.replace("*", "first")


def _is(course: str) -> str:
    pattern = f"[*]{course[1:]}[0-9]{{3}}@" if course.startswith("*") else f"{course}@"
    return _reads("To:", pattern, _name(course), must=False)


def _goes(to: str, course: str) -> str:
    return f'<nop next="{to}" test="{_name(course)}"/>'


def _label(name: str) -> str:
    return f'<label id="{name}"/>'


def _says_first(course: str, *messages: str) -> str:
    return _label(_name(course)) + "".join(messages) + '<nop next="then"/>'


def _refuses(course: str, message: str) -> str:
    return f'{_label(course)}{message}<recv request="ACK" next="end"/>'


_MEDIA = _SDP.format(version=1)
_RINGING = _message("180 Ringing", tag=_TAG)
_PROGRESS = _message("183 Session Progress", tag=_TAG, body=_MEDIA)
_FIRST: Mapping[str, tuple[str, ...]] = {
    PROGRESS: (_PROGRESS,),
    BARE_PROGRESS: (_message("183 Session Progress", tag=_TAG),),
    PROGRESS_THEN_RINGING: (_PROGRESS, _RINGING),
    FORWARDED: (_message("181 Call Is Being Forwarded", tag=_TAG),),
    QUEUED: (_message("182 Queued", tag=_TAG),),
    TRYING: (_message("100 Trying"),),
    NOTHING: (),
}
_REFUSED: Mapping[str, str] = {
    **{status: _message(f"{status} Refused", tag=_TAG) for status in STATUSES},
    **{
        course: _message(f"{said.status} Refused", tag=_TAG, Reason=said.reason)
        for course, said in REASONS.items()
    },
    REDIRECTS: _message(
        "302 Moved Temporarily", tag=_TAG, Contact=f"<sip:{REDIRECTED}@[local_ip]:[local_port]>"
    ),
}
_ANSWERED = {
    ANSWERS: "hold",
    ANSWERS_BRIEFLY: "brief",
    ANSWERS_LATE: "hold",
    ANSWERS_ANEW: "anew",
    ANSWERS_WITH_REASON: "reason",
}

# SIPp knows a message that comes again by its bytes, and neither logs nor answers it anew.
SCENARIO = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="far end">
<recv request="INVITE"><action>
{_reads("To:", "sip:([^@]+)@", "whole,number")}
{_reads("To:", "&lt;.*&gt;", "to")}
{_reads("From:", "&lt;.*", "from")}
{_reads("Contact:", "sip:[^&gt;]*", "back")}
{_reads("CSeq:", "[0-9]+", "cseq")}
{"".join(map(_is, (RINGS, *_ANSWERED, ANSWERS_AND_GOES, *_FIRST, *_REFUSED)))}
<log message="INVITE [$number] [call_id]"/>
<log message="FROM [$number] [$from]"/>
</action></recv>
<Reference variables="whole"/>
{"".join(_goes(_name(course), course) for course in _FIRST)}
{_RINGING}
<nop next="then"/>
{"".join(_says_first(course, *messages) for course, messages in _FIRST.items())}

{_label("then")}
{_goes("ring", RINGS)}{_goes("late", ANSWERS_LATE)}
{_goes("go", ANSWERS_AND_GOES)}
{"".join(_goes("answer", course) for course in _ANSWERED)}
{"".join(_goes(course, course) for course in _REFUSED)}
<nop next="end"/>
{"".join(_refuses(course, message) for course, message in _REFUSED.items())}

{_label("late")}
<recv request="CANCEL" timeout="1500" ontimeout="answer" next="cancelled"/>

{_label("ring")}
<recv request="CANCEL"/>
{_label("cancelled")}
{_message("200 OK")}
{_message("487 Request Terminated", cseq="CSeq: [$cseq] INVITE", tag=_TAG)}
<recv request="ACK" next="end"/>

{_label("answer")}
{_message("200 OK", tag=_TAG, body=_MEDIA)}
<recv request="ACK"/>
{"".join(_goes(label, course) for course, label in _ANSWERED.items())}

{_label("hold")}
<recv request="BYE"/>
{_message("200 OK")}
<nop next="end"/>

{_label("anew")}
{_asks("INVITE", 1, _SDP.format(version=2))}
<recv response="100" optional="true"/>
<recv response="200"/>
{_asks("ACK", 1)}
<pause milliseconds="300"/>
{_asks("BYE", 2)}
<recv response="200" next="end"/>

{_label("brief")}
<pause milliseconds="300"/>
{_asks("BYE", 1)}
<recv response="200" next="end"/>

{_label("reason")}
<pause milliseconds="300"/>
{_asks("BYE", 1, Reason="Q.850;cause=17")}
<recv response="200" next="end"/>

{_label("go")}
{_message("200 OK", tag=_TAG, body=_MEDIA, Contact="<sip:[local_ip]:9>").replace(_AGAIN, "")}
{_asks("BYE", 1)}
<recv response="200"/>

{_label("end")}
<timewait milliseconds="1000"/>
</scenario>
"""
