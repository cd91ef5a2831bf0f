"""The form of a result: what an agent says of a call."""

from collections.abc import Mapping

from callkeeper.core.instants import Instant, LocalTimes, by_clock
from callkeeper.core.outcome import ANSWERED_CODE
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.changes import Result
from callkeeper.core.wall_time import read_wall_time

# How a call ends that a person makes, by the platform's codes; the first is the common one.
ENDS = (ANSWERED_CODE, "00537", "00603", "00604", "00538", "00208")


def read_result(form: Mapping[str, str], times: LocalTimes, agent: str | None) -> Result:
    """Return the result that was typed; of today, for a call is filed on its day.

    Raise ParameterWrong.
    """
    business, _, sub = form.get("business", "").partition("/")
    return Result(
        agent=agent,
        fail_code=form.get("end") or None,
        business_result=business or None,
        business_sub_result=sub or None,
        begin_at=_began(form, times),
    )


def _began(form: Mapping[str, str], times: LocalTimes) -> Instant | None:
    at = form.get("at", "")
    if not at:
        return None
    today = by_clock(times.now, times.zone).date().isoformat()
    began = read_wall_time(today, at, times.zone, form.get("which", ""))
    if began > times.now:
        raise ParameterWrong(
            "{at} is still to come; say when the call began, today", about="at", at=at
        )
    return began
