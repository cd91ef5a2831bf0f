"""What a campaign is to be, and what one may be.

Whoever takes a plan from people reads the bounds here and says in its own words what is wrong;
what comes past it is refused when the campaign is added or revised.
"""

from collections.abc import Collection, Sequence
from itertools import combinations

import msgspec

from callkeeper.core.campaigns.campaign import PREVIEW, CallerNumber, Campaign, Window
from callkeeper.core.campaigns.policies import Policies
from callkeeper.core.refusal import (
    DoNotGoTogether,
    NoSuchSkillQueue,
    OutOfRange,
    ParameterWrong,
    TooLong,
    TooMany,
)

NAME_MAX = 100
DESCRIPTION_MAX = 200
CALLER_NUMBERS_MAX = 100
CALLER_NUMBER_MAX = 24
WINDOWS_MAX = 3  # of a kind
RINGING_SECONDS_MAX = 120
_RINGING_SECONDS_MIN = 5
_PREVIEW_RINGING_SECONDS_MIN = 9


class Plan(msgspec.Struct, frozen=True):
    """What a campaign is to be, but for its dates.

    ``caller_numbers`` None: its maker knows of one number only, ``shown_number``, and does not
    mean to take the others away.
    """

    name: str
    device_type: int
    alerting_seconds_max: int
    workday_windows: tuple[Window, ...]
    special_day_windows: tuple[Window, ...]
    policies: Policies = Policies()
    description: str | None = None
    caller_numbers: tuple[CallerNumber, ...] | None = None
    shown_number: str | None = None
    goes_to: str | None = None

    @property
    def skill_queue(self) -> int | None:
        """The skill queue that answered calls are handed to; None: to something else."""
        kind, _, id_ = (self.goes_to or "").partition(" ")
        return int(id_) if kind == "skill" and id_.isascii() and id_.isdecimal() else None

    def numbers(self, old: Campaign | None = None) -> tuple[CallerNumber, ...]:
        """Return the caller numbers that a campaign has under this plan."""
        if self.caller_numbers is not None:
            return self.caller_numbers
        if old is not None and self.shown_number in (None, old.shown_number):
            return old.caller_numbers
        return (CallerNumber(self.shown_number),) if self.shown_number else ()

    def check(self) -> None:
        """Refuse what no campaign may be."""
        _check_length(self.name, NAME_MAX, "name")
        _check_length(self.description or "", DESCRIPTION_MAX, "description")
        least = ringing_seconds_min(self.device_type)
        if not least <= self.alerting_seconds_max <= RINGING_SECONDS_MAX:
            raise OutOfRange(
                "must lie in {least}..{most}",
                about="alerting_seconds_max",
                least=least,
                most=RINGING_SECONDS_MAX,
            )
        check_numbers(self.caller_numbers or ())
        check_windows(self.workday_windows, "workday_windows")
        check_windows(self.special_day_windows, "special_day_windows")

    def check_skill_queue(self, known: Collection[int] | None) -> None:
        """Refuse a skill queue that there is not; None: there is any."""
        queue = self.skill_queue
        if known is not None and queue is not None and queue not in known:
            raise NoSuchSkillQueue(
                "there is no skill queue {queue}", about="skill_queue", queue=queue
            )


def ringing_seconds_min(device_type: int) -> int:
    """Return how long a campaign lets a call ring at least; in a preview an agent looks first."""
    return _PREVIEW_RINGING_SECONDS_MIN if device_type == PREVIEW else _RINGING_SECONDS_MIN


def check_numbers(numbers: Sequence[CallerNumber]) -> None:
    """Refuse a number that is there twice, and more numbers than may be."""
    _check_count(numbers, CALLER_NUMBERS_MAX, "caller_numbers")
    seen: set[str] = set()
    for each in numbers:
        if each.number in seen:
            raise ParameterWrong(
                "{number!r} is there more than once", about="caller_numbers", number=each.number
            )
        seen.add(each.number)


def check_windows(windows: Sequence[Window], about: str) -> None:
    """Refuse windows that go backwards or overlap, and more than may be."""
    _check_count(windows, WINDOWS_MAX, about)
    for each in windows:
        if not each.is_forward:
            raise DoNotGoTogether(
                "{window} must begin before it ends, and end by 24:00",
                about=about,
                window=each.hours,
            )
    for one, other in combinations(windows, 2):
        if one.overlaps(other):
            raise DoNotGoTogether(
                "{window} and {other} overlap", about=about, window=one.hours, other=other.hours
            )


def _check_length(text: str, most: int, about: str) -> None:
    if len(text) > most:
        raise TooLong(
            "has {count} characters, at most {most} fit", about=about, count=len(text), most=most
        )


def _check_count(elements: Sequence[object], most: int, about: str) -> None:
    if len(elements) > most:
        raise TooMany(
            "has {count} elements, at most {most} fit", about=about, count=len(elements), most=most
        )
