"""House rules: what a VDN decides for the people who work in it."""

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from callkeeper.core.characters import ANY, TextBounds
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import check_language
from callkeeper.core.people.preferences import check_warning
from callkeeper.core.refusal import OutOfRange, Overtaken, ParameterWrong

# Who may see a number sees it in full everywhere; masked, until they ask for it; masked alone.
Numbers = Literal["full", "on_request", "never"]
NUMBERS: tuple[Numbers, ...] = get_args(Numbers)

# Whose reservations an agent sees; they change their own in any case.
AgentsSee = Literal["own", "vdn"]
AGENTS_SEE: tuple[AgentsSee, ...] = get_args(AgentsSee)

# What becomes of a call that an agent asks for outside the hours of its campaign: it is refused,
# made if they say so once more, or made. What the system dials by itself knows nothing of this.
HoursRule = Literal["refuse", "ask", "allow"]
HOURS_RULES: tuple[HoursRule, ...] = get_args(HoursRule)
# By whose word a call may be made outside the hours of its campaign: the rule of its VDN, or the
# agent's own.
AnyHourBy = Literal["rule", "person"]


def any_hour_by(rule: HoursRule, *, anyway: bool) -> AnyHourBy | None:
    """Return by whose word a call may be made at any hour; ``anyway``: the agent says so."""
    if rule == "ask":
        return "person" if anyway else None
    return "rule" if rule == "allow" else None


SLOT_MINUTES = (5, 10, 15, 20, 30, 60)  # each divides an hour, so slots begin where hours do
SLOT_CALLS_MOST = 10_000

MEMBER = TextBounds(60, ANY)  # of call data


class HouseRules(msgspec.Struct, frozen=True):
    """The rules of a VDN; as they stand here, where it has made none.

    ``zone`` and ``language`` are those of people who have chosen none; None: the setting's, and
    what the browser asks for. ``customer_member`` is the member of call data that names the
    customer. The day is in slots of ``slot_minutes``, in each of which an agent has one call, and a
    campaign at most ``slot_calls_max``; None: any number. ``screen_pop`` is the template of an
    address, which reservations/screen_pop.py reads. ``warning_minutes`` is for whoever has chosen
    none.
    """

    zone: str | None = None
    language: str | None = None
    numbers: Numbers = "on_request"
    agents_see: AgentsSee = "own"
    customer_member: str | None = None
    slot_minutes: int = 15
    slot_calls_max: int | None = None
    screen_pop: str | None = None
    warning_minutes: int | None = None
    outside_hours: HoursRule = "refuse"

    def check(self) -> None:
        """Refuse what is no rule. Which time zones there are is for whoever knows them."""
        if self.language is not None:
            check_language(self.language)
        if self.customer_member is not None:
            MEMBER.check(self.customer_member, "customer_member")
        if self.slot_minutes not in SLOT_MINUTES:
            raise ParameterWrong(
                "a slot has {allowed} minutes",
                about="slot_minutes",
                allowed=", ".join(map(str, SLOT_MINUTES)),
            )
        if self.slot_calls_max is not None and not 1 <= self.slot_calls_max <= SLOT_CALLS_MOST:
            raise OutOfRange(
                "give a number from 1 to {most}, or none",
                about="slot_calls_max",
                most=SLOT_CALLS_MOST,
            )
        check_warning(self.warning_minutes)


class KeptRules(msgspec.Struct, frozen=True):
    """The rules of a VDN as they are kept; ``version`` counts their changes, from 0: none yet."""

    vdn: int
    version: int = 0
    rules: HouseRules = HouseRules()


class RulesOrder(msgspec.Struct, frozen=True):
    """Other rules for a VDN, by whom, and how they stood when that was decided."""

    vdn: int
    rules: HouseRules
    seen_version: int
    by: str
    at: Instant

    def carry_out(self, old: KeptRules) -> KeptRules:
        """Return the rules as they are then; the very same where nothing is another."""
        self.rules.check()
        if self.seen_version != old.version:
            raise Overtaken(
                "somebody changed the house rules meanwhile, so nothing was changed; look at them "
                "again"
            )
        if self.rules == old.rules:
            return old
        return KeptRules(self.vdn, old.version + 1, self.rules)


def changed_rules(old: HouseRules, new: HouseRules) -> dict[str, list[object]]:
    """Return which rules are others, each as it was and as it is to be."""
    return {
        name: [getattr(old, name), getattr(new, name)]
        for name in HouseRules.__struct_fields__
        if getattr(old, name) != getattr(new, name)
    }


def defaults_of(rules: Sequence[HouseRules]) -> tuple[str | None, str | None]:
    """Return the zone and the language of whoever has chosen none: of the first that have any."""
    zone = next((each.zone for each in rules if each.zone), None)
    return zone, next((each.language for each in rules if each.language), None)


def warning_of(rules: Sequence[HouseRules]) -> int | None:
    """Return the minutes of warning of whoever has chosen none: of the first that have any."""
    chosen = (each.warning_minutes for each in rules)
    return next((minutes for minutes in chosen if minutes is not None), None)
