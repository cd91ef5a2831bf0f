"""How a person wants pages to be: their colors, their keys, and how they are reminded."""

from typing import Literal, get_args

import msgspec

from callkeeper.core.refusal import OutOfRange, ParameterWrong

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
WARNING_MOST = 60  # minutes


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody has chosen of it; who has chosen nothing has these.

    ``warning_minutes``: how long before its time a call is announced; 0: not at all.
    """

    theme: Theme | None = None  # None: as the device has it
    has_shortcuts: bool = True
    warning_minutes: int = 5
    has_sound: bool = True

    def check(self) -> None:
        """Refuse what nobody can choose."""
        if self.theme is not None and self.theme not in THEMES:
            raise ParameterWrong(
                "{theme!r} is no theme; choose light or dark", about="theme", theme=self.theme
            )
        if not 0 <= self.warning_minutes <= WARNING_MOST:
            raise OutOfRange(
                "a call is announced 0 to {most} minutes before its time",
                about="warning_minutes",
                most=WARNING_MOST,
            )
