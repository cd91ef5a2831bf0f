"""How numbers are masked; and which may be dialed: by what they begin with and how long they are.

A VDN may have a rule of its own. It reads "allow 0 110; deny 00 0900; length 3-15", any part of
which may be left out. What is denied is denied, whatever allows it. A number that holds * or # may
be a service code and another number behind it (*31#0900...), which no rule for beginnings sees:
where there is a rule, it is dialed only if an allowed beginning holds one of these as well.
"""

import msgspec

from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import NumberWrong

_LONGEST = 24
_SHOWN = 4  # digits of a number that is masked


def masked(number: str, mask: str = "•") -> str:
    """Return a number that only its end is to be seen of: four digits of a long one.

    Of one of up to eight digits it is two, and of none more than half.
    """
    shown = _SHOWN if len(number) > 2 * _SHOWN else min(_SHOWN // 2, len(number) // 2)
    hidden = len(number) - shown
    return mask * hidden + number[hidden:]


class NumberRule(msgspec.Struct, frozen=True):
    """What numbers there may be. ``allowed`` and ``denied`` are beginnings."""

    allowed: tuple[str, ...] = ()  # none: any
    denied: tuple[str, ...] = ()
    least: int = 1
    most: int = _LONGEST

    @classmethod
    def parse(cls, text: str) -> "NumberRule":
        """Return the rule that a text states, of which ``bounds`` has seen that it is one."""
        rule = cls()
        for part in text.split(";"):
            word, *values = part.split()
            if word == "length":
                least, _, most = values[0].partition("-")
                rule = msgspec.structs.replace(rule, least=int(least), most=int(most))
            else:
                which = {"allow": "allowed", "deny": "denied"}[word]
                rule = msgspec.structs.replace(rule, **{which: tuple(values)})
        return rule

    def objection(self, number: str) -> Phrase | None:
        """Return what stands against a number; it names no more of it than a beginning."""
        for prefix in self.denied:
            if number.startswith(prefix):
                return Phrase("numbers that begin with {prefix} are not dialed here", prefix=prefix)
        if self.allowed and not number.startswith(self.allowed):
            allowed = ", ".join(self.allowed)
            return Phrase("only numbers that begin with {allowed} are dialed here", allowed=allowed)
        if not number.isdecimal() and self != _NO_RULE and not self._allows_codes(number):
            return Phrase("numbers with * or # are not dialed here")
        if not self.least <= len(number) <= self.most:
            return Phrase(
                "only numbers of {least} to {most} digits are dialed here",
                least=self.least,
                most=self.most,
            )
        return None

    def _allows_codes(self, number: str) -> bool:
        return any(number.startswith(each) for each in self.allowed if not each.isdecimal())

    def check(self, number: str) -> None:
        """Refuse a number that may not be dialed."""
        objection = self.objection(number)
        if objection is not None:
            refusal = NumberWrong.saying(objection)
            refusal.about = "called_no"
            raise refusal


_NO_RULE = NumberRule()


class NumberPolicy(msgspec.Struct, frozen=True):
    """The rules of all VDNs: a VDN's own stands in place of the general one."""

    general: NumberRule = NumberRule()
    own: dict[int, NumberRule] = {}

    def of(self, vdn: int) -> NumberRule:
        """Return the rule of a VDN."""
        return self.own.get(vdn, self.general)
