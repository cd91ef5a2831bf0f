"""How the system makes a campaign's automatic calls, beyond what the wire can say of it."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from callkeeper.core.outcome import Outcome
from callkeeper.core.refusal import ParameterWrong

# An unknown outcome is no ground to dial again: the customer may have been reached.
Retriable = Literal["busy", "no_answer", "congestion", "refused"]
RETRIABLE: tuple[Retriable, ...] = ("busy", "no_answer", "congestion", "refused")

CALLS_MAX = 10_000  # at once, as the settings that bound them
RETRIES_MAX = 20
SPACING_SECONDS_MAX = 7 * 24 * 60 * 60


class Retry(msgspec.Struct, frozen=True):
    """After this outcome try again, as long as there were at most ``times`` tries more than one."""

    outcome: Retriable
    times: int
    spacing_seconds: int


class DialSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """None: as the settings have it. Without retries, one try is all there is."""

    time_zone: str | None = None
    calls_max: int | None = None
    retries: tuple[Retry, ...] = ()

    def retry_after(self, outcome: Outcome | None, tries: int) -> Retry | None:
        """Return how to try again after the last of so many tries; None: not at all."""
        fitting = (each for each in self.retries if each.outcome == outcome)
        return next((each for each in fitting if tries <= each.times), None)


def check(settings: DialSettings) -> None:
    """Refuse what no dialer could do."""
    if settings.calls_max is not None and not 1 <= settings.calls_max <= CALLS_MAX:
        raise ParameterWrong(
            "a campaign may have 1 to {most} calls at once", about="calls_max", most=CALLS_MAX
        )
    _check_retries(settings.retries)


def _check_retries(retries: Sequence[Retry]) -> None:
    outcomes = [each.outcome for each in retries]
    if len(set(outcomes)) < len(outcomes):
        raise ParameterWrong("there is one retry for an outcome", about="retries")
    for each in retries:
        if not 1 <= each.times <= RETRIES_MAX:
            raise ParameterWrong("try again 1 to {most} times", about="retries", most=RETRIES_MAX)
        if not 1 <= each.spacing_seconds <= SPACING_SECONDS_MAX:
            raise ParameterWrong(
                "try again after 1 to {most} seconds", about="retries", most=SPACING_SECONDS_MAX
            )
