"""The form of a result: what an agent says of a call."""

from collections.abc import Mapping

from callkeeper.core.instants import LocalTimes, by_clock
from callkeeper.core.outcome import ANSWERED_CODE
from callkeeper.core.reservations.changes import Result
from callkeeper.core.wall_time import read_wall_time

# How a call ends that a person makes, by the platform's codes; the first is the common one.
ENDS = (ANSWERED_CODE, "00537", "00603", "00604", "00538", "00208")


def read_result(form: Mapping[str, str], times: LocalTimes, agent: str | None) -> Result:
    """Return the result that was typed; of today, for a call is filed on its day.

    Raise ParameterWrong.
    """
    began = form.get("at", "")
    today = by_clock(times.now, times.zone).date().isoformat()
    business, _, sub = form.get("business", "").partition("/")
    return Result(
        agent=agent,
        fail_code=form.get("end") or None,
        business_result=business or None,
        business_sub_result=sub or None,
        begin_at=read_wall_time(today, began, times.zone, form.get("which", "")) if began else None,
    )
