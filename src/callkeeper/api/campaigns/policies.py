"""The policies of a campaign as the wire has them: the objects within its body and its detail."""

from callkeeper.api.contract.fields import Integer, Text
from callkeeper.api.contract.objects import AnyObject, Object, ObjectForm
from callkeeper.core.campaigns.policies import (
    AnsweredPacing,
    CallPolicy,
    EmpiricalPacing,
    IvrFlow,
    Pacing,
    RetryPolicy,
    SkillQueue,
)
from callkeeper.core.characters import ANYTHING

_POLICY_MAX = 10_000


def count(name: str, ours: str, says: str) -> Integer:
    """Return the field of a whole number that is not negative."""
    return Integer(name=name, ours=ours, says=says, least=0, most=2**31 - 1)


IVR = ObjectForm(
    IvrFlow,
    Text(name="deviceSign", ours="code", says="access code of the IVR flow", longest=100),
    count("callCount", "calls_per_round", "calls placed per round; kept, not used yet"),
    count("callInterval", "round_interval", "interval between rounds; kept, not used yet"),
)
_EMPIRICAL = ObjectForm(
    EmpiricalPacing,
    count("maxAvgCallTime", "longest_average", "longest average call"),
    count("minAvgCallTime", "shortest_average", "shortest average call"),
    count("outBoundRate", "dial_rate", "rate of dialing"),
)
_OFF_HOOK = ObjectForm(
    AnsweredPacing,
    Integer(
        name="offHookRate",
        ours="share_percent",
        says="share answered",
        least=0,
        most=100,
        unit="%",
    ),
)
PREDICTION = ObjectForm(
    Pacing,
    Integer(
        name="predictMethod",
        ours="method",
        says="1 empirical, 5 off-hook rate",
        least=1,
        most=5,
    ),
    Object(name="expPredictParam", ours="empirical", says="empirical", form=_EMPIRICAL),
    AnyObject(name="agentPredictParam", ours="agent_usage", says="agent usage"),
    AnyObject(name="connectPredictParam", ours="connection_rate", says="connection rate"),
    Object(name="offhookPredictParam", ours="answered", says="off-hook rate", form=_OFF_HOOK),
)
SKILL = ObjectForm(
    SkillQueue,
    Integer(name="skillId", ours="id", says="skill queue", mandatory=True, least=0, most=2**31 - 1),
    Text(name="skillName", ours="name", says="its name", longest=100),
    count("outBoundType", "direction", "2 predictive"),
    Object(name="predictParam", ours="pacing", says="pacing; kept, not used yet", form=PREDICTION),
    AnyObject(name="previewParam", ours="preview", says="preview settings; kept, not used yet"),
)
RETRY = ObjectForm(
    RetryPolicy,
    Integer(
        name="policyType",
        ours="scope",
        says="0 global, 1 by number type",
        least=0,
        most=1,
    ),
    Text(
        name="policyJson",
        ours="rules",
        says="JSON as a string",
        longest=_POLICY_MAX,
        characters=ANYTHING,
    ),
)
CALL = ObjectForm(
    CallPolicy,
    count("callType", "round_kind", "kind of rounds"),
    count("chooseType", "choice", "how a number is chosen"),
)
