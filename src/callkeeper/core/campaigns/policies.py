"""How the maker of a campaign wants its calls made, as far as nothing acts on it yet.

It is kept, and given back. ``others`` holds the members of an object of which nothing is known,
and a ``Document`` is an object of which no member is.
"""

from typing import Any

import msgspec

Document = dict[str, Any]


class IvrFlow(msgspec.Struct, frozen=True, omit_defaults=True):
    """The flow that an answered call is handed to, and how many are placed a round, how often."""

    code: str | None = None
    calls_per_round: int | None = None
    round_interval: int | None = None
    others: Document = {}


class EmpiricalPacing(msgspec.Struct, frozen=True, omit_defaults=True):
    """To dial by how long calls have taken."""

    longest_average: int | None = None
    shortest_average: int | None = None
    dial_rate: int | None = None
    others: Document = {}


class AnsweredPacing(msgspec.Struct, frozen=True, omit_defaults=True):
    """To dial by the share of calls that is answered."""

    share_percent: int | None = None
    others: Document = {}


class Pacing(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far ahead of the agents to dial: the method, and what each method goes by."""

    method: int | None = None
    empirical: EmpiricalPacing | None = None
    agent_usage: Document | None = None
    connection_rate: Document | None = None
    answered: AnsweredPacing | None = None
    others: Document = {}


class SkillQueue(msgspec.Struct, frozen=True, omit_defaults=True):
    """The queue that an answered call is handed to, and how calls for it are paced."""

    id: int | None = None
    name: str | None = None
    direction: int | None = None
    pacing: Pacing | None = None
    preview: Document | None = None
    others: Document = {}


class RetryPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """When to call again: for all numbers or for each type of them, by rules that are JSON."""

    scope: int | None = None
    rules: str | None = None
    others: Document = {}


class CallPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which of a customer's numbers to call, in rounds of which kind."""

    round_kind: int | None = None
    choice: int | None = None
    others: Document = {}


class Policies(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of it; None: its maker did not say. ``schedule`` is what came with the windows."""

    ivr_flow: IvrFlow | None = None
    skill_queue: SkillQueue | None = None
    call_back_url: str | None = None
    priority: int | None = None
    call_order: int | None = None
    retry: RetryPolicy | None = None
    call: CallPolicy | None = None
    schedule: Document | None = None
    others: Document = {}

    def revised(self, newer: "Policies") -> "Policies":
        """Return these under newer ones: what is None there stays, an empty text goes."""
        said = msgspec.structs.asdict(newer)
        said["others"] = self.others | newer.others
        changed = {name: each for name, each in said.items() if each is not None}
        return msgspec.structs.replace(
            self, **{name: None if each == "" else each for name, each in changed.items()}
        )
