"""A campaign's policies ↔ the JSON of their column, which has the contract's names for them.

It had them before there were values for them, and servers of that time may work on the same rows.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from callkeeper.core.campaigns.policies import (
    AnsweredPacing,
    CallPolicy,
    Document,
    EmpiricalPacing,
    IvrFlow,
    Pacing,
    Policies,
    RetryPolicy,
    SkillQueue,
)


class _Member(NamedTuple):
    name: str
    kind: type[msgspec.Struct] | None = None


_MEMBERS: Mapping[type[msgspec.Struct], Mapping[str, _Member]] = {
    Policies: {
        "ivr_flow": _Member("ivrParam", IvrFlow),
        "skill_queue": _Member("skillParam", SkillQueue),
        "call_back_url": _Member("callBackUrl"),
        "priority": _Member("priority"),
        "call_order": _Member("callOrder"),
        "retry": _Member("retryPolicy", RetryPolicy),
        "call": _Member("callPolicy", CallPolicy),
        "schedule": _Member("scheduleParam"),
    },
    IvrFlow: {
        "code": _Member("deviceSign"),
        "calls_per_round": _Member("callCount"),
        "round_interval": _Member("callInterval"),
    },
    SkillQueue: {
        "id": _Member("skillId"),
        "name": _Member("skillName"),
        "direction": _Member("outBoundType"),
        "pacing": _Member("predictParam", Pacing),
        "preview": _Member("previewParam"),
    },
    Pacing: {
        "method": _Member("predictMethod"),
        "empirical": _Member("expPredictParam", EmpiricalPacing),
        "agent_usage": _Member("agentPredictParam"),
        "connection_rate": _Member("connectPredictParam"),
        "answered": _Member("offhookPredictParam", AnsweredPacing),
    },
    EmpiricalPacing: {
        "longest_average": _Member("maxAvgCallTime"),
        "shortest_average": _Member("minAvgCallTime"),
        "dial_rate": _Member("outBoundRate"),
    },
    AnsweredPacing: {"share_percent": _Member("offHookRate")},
    RetryPolicy: {"scope": _Member("policyType"), "rules": _Member("policyJson")},
    CallPolicy: {"round_kind": _Member("callType"), "choice": _Member("chooseType")},
}


def policies_of(column: str) -> Policies:
    """Return the policies of a column, whoever wrote it."""
    found: Policies = _read(Policies, msgspec.json.decode(column))
    return found


def column_of(policies: Policies) -> str:
    """Return what the column holds of policies."""
    return msgspec.json.encode(_written(policies)).decode()


def _read(kind: type[Any], stored: Document) -> Any:  # noqa: ANN401 - a value of that kind
    members = _MEMBERS[kind]
    known = {
        ours: _read(member.kind, stored[member.name]) if member.kind else stored[member.name]
        for ours, member in members.items()
        if stored.get(member.name) is not None
    }
    names = {member.name for member in members.values()}
    return kind(**known, others={name: each for name, each in stored.items() if name not in names})


def _written(value: Any) -> Document:  # noqa: ANN401 - one of the structs above
    known = {
        member.name: _written(each) if member.kind else each
        for ours, member in _MEMBERS[type(value)].items()
        if (each := getattr(value, ours)) is not None
    }
    return {**value.others, **known}
