"""One request of an interface and its answer, as they are shown and sent."""

from collections.abc import Mapping
from typing import Any, NamedTuple

VDN = 25
CAMPAIGN_ID = 46


class Example(NamedTuple):
    """A body, or what stands in the query instead, and the answer to it.

    ``varies`` are members of the answer that are others each time it is sent, like ids.
    """

    request: Mapping[str, Any]
    answer: Mapping[str, Any]
    varies: tuple[str, ...] = ()
