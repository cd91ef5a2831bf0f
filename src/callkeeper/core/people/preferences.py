"""How a person wants pages to be: their colors, their keys, and how they are reminded."""

from typing import Literal, get_args

import msgspec

from callkeeper.core.refusal import OutOfRange, ParameterWrong

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
WARNING_MOST = 60  # minutes
WARNING_MINUTES = 5  # where neither a person nor their house has chosen


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody has chosen of it; who has chosen nothing has these.

    ``warning_minutes``: how long before its time a call is announced; 0: not at all; None: as the
    house says. ``has_sound``: whether that is heard as well.
    """

    theme: Theme | None = None  # None: as the device has it
    has_shortcuts: bool = True
    warning_minutes: int | None = None
    has_sound: bool = True

    def check(self) -> None:
        """Refuse what nobody can choose."""
        if self.theme is not None and self.theme not in THEMES:
            raise ParameterWrong(
                "{theme!r} is no theme; choose light or dark", about="theme", theme=self.theme
            )
        check_warning(self.warning_minutes)


def check_warning(minutes: int | None) -> None:
    """Refuse minutes of warning that nobody can choose, for themselves or for a house."""
    if minutes is not None and not 0 <= minutes <= WARNING_MOST:
        raise OutOfRange(
            "a call is announced 0 to {most} minutes before its time",
            about="warning_minutes",
            most=WARNING_MOST,
        )
