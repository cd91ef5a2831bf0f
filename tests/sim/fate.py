"""What goes wrong, and how often; every seed has its own mixture, and some have calm days."""

from collections import Counter
from random import Random
from typing import Literal, get_args

Fault = Literal[
    # a dispatcher
    "killed_before_write",
    "killed_after_write",
    "killed_before_place",
    "killed_after_place",
    "stalls",
    "stops",
    "clock_leaps",
    # its database
    "read_fails",
    "write_fails",
    "answer_lost",
    "write_slow",
    "write_stuck",
    # people, just then
    "meddles",
    # its line
    "down",
    "silent_not_made",
    "silent_made",
    "silent_late",
    "place_slow",
    "find_silent",
    "events_cut",
    "all_cut",
    "pbx_restarts",
    "refuses_all",
    # a word of the line
    "mute",
    "overflow",
    "delay",
    "double",
    "swap",
]

FAULTS = get_args(Fault)

_USUAL: dict[Fault, float] = {
    "killed_before_write": 0.004,
    "killed_after_write": 0.006,
    "killed_before_place": 0.02,
    "killed_after_place": 0.03,
    "stalls": 0.01,
    "stops": 0.002,
    "clock_leaps": 0.02,
    "read_fails": 0.002,
    "write_fails": 0.01,
    "answer_lost": 0.01,
    "write_slow": 0.05,
    "write_stuck": 0.004,
    "meddles": 0.04,
    "down": 0.04,
    "silent_not_made": 0.03,
    "silent_made": 0.03,
    "silent_late": 0.03,
    "place_slow": 0.05,
    "find_silent": 0.05,
    "events_cut": 0.005,
    "all_cut": 0.005,
    "pbx_restarts": 0.002,
    "refuses_all": 0.004,
    "mute": 0.02,
    "overflow": 0.02,
    "delay": 0.1,
    "double": 0.1,
    "swap": 0.03,
}
# A fault does not occur, or as usual, or often.
_SEVERITIES = (0.0, 1.0, 1.0, 4.0)
_QUIET = (0.0,)
_QUIET_SHARE = 0.1


class Fate:
    """Throws the dice. Once ``calm``, nothing goes wrong any more."""

    def __init__(self, random: Random) -> None:
        self.random = random
        # Some seeds have nothing but people in them, and there nothing may stay unknown.
        self.is_quiet = random.random() < _QUIET_SHARE
        severities = _QUIET if self.is_quiet else _SEVERITIES
        self._rates = {fault: rate * random.choice(severities) for fault, rate in _USUAL.items()}
        self._rates["meddles"] = _USUAL["meddles"]
        self._is_calm = False
        self.struck: Counter[Fault] = Counter()

    def strikes(self, fault: Fault) -> bool:
        """Whether it happens now."""
        if self._is_calm or self.random.random() >= self._rates[fault]:
            return False
        self.struck[fault] += 1
        return True

    def calm(self) -> None:
        """Let nothing happen any more."""
        self._is_calm = True
