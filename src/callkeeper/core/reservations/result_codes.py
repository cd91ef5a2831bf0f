"""Result codes of calls in words: the platform's, as the contract lists them.

The words are ours; a code that is not listed is stored, and told, as it is.
"""

from collections.abc import Mapping

# cec_07_1139, and those of 346xx from cec_07_0788.
WORDS: Mapping[str, str] = {
    "00000": "answered",
    "00003": "no resource",
    "00004": "diverted",
    "00005": "call waiting",
    "00006": "busy, diverted",
    "00007": "no answer, diverted",
    "00008": "diverted",
    "00009": "takes no calls",
    "00010": "ringing, diverted",
    "00011": "diverted at once",
    "00012": "mobile not reachable",
    "00013": "terminal state invalid",
    "00014": "terminal diverted",
    "00015": "diverted by hook flash",
    "00018": "announcement played",
    "00129": "vacant number",
    "00132": "special tone",
    "00145": "busy",
    "00146": "no answer",
    "00147": "no answer",
    "00149": "rejected",
    "00150": "number changed",
    "00155": "line fault",
    "00160": "music",
    "00162": "automatic device",
    "00180": "ring-back tone",
    "00181": "busy tone",
    "00182": "special tone",
    "00184": "modem",
    "00185": "fax",
    "00186": "modem or fax",
    "00187": "undefined tone",
    "00190": "text telephone",
    "00191": "text telephone",
    "00192": "text telephone",
    "00193": "text telephone",
    "00194": "text telephone",
    "00195": "text telephone",
    "00196": "text telephone",
    "00197": "text telephone",
    "00208": "powered off",
    "00209": "out of service",
    "00259": "no resource",
    "00260": "modem",
    "00261": "fax",
    "00262": "fax or modem",
    "00263": "answering machine",
    "00441": "fax",
    "00531": "customer hung up",
    "00537": "busy",
    "00538": "wrong number",
    "00548": "powered off",
    "00549": "out of coverage",
    "00551": "not reached",
    "00601": "hung up before the answer",
    "00602": "no queue resource",
    "00603": "no answer",
    "00604": "rejected",
    "00605": "congestion",
    "00606": "queue timed out",
    "00701": "hung up in the queue",
    "00702": "queuing timed out",
    "00703": "call data timed out",
    "01040": "ringing timed out",
    "01041": "agent's device timed out",
    "01043": "no result in time",
    "01046": "agent not occupied",
    "01048": "call limit reached",
    "01049": "detection timed out",
    "01056": "speech not joined",
    "01281": "agent released the call",
    "01288": "agent released the call",
    "34601": "no such outbound task",
    "34605": "number is empty",
    "34606": "not dialed, the line refused",
    "34608": "outcome unknown",
    "34611": "system fault",
}


def is_success(code: str) -> bool:
    """Whether a code says that the call was answered: it consists of zeros, however many."""
    return set(code) == {"0"}


def in_a_word(code: str) -> str:
    """Return what a code means, without the code; one that is not listed as it is."""
    return WORDS.get(code, code)


def in_words(code: str) -> str:
    """Return what a code means, with the code; one that is not listed alone."""
    words = WORDS.get(code)
    return f"{words} ({code})" if words else code
