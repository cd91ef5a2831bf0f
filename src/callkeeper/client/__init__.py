"""The client: reserved calls and campaigns from Python, against Callkeeper or the vendor's product.

    from callkeeper.client.client import Client

    with Client("https://pbx.example.com:28443", ak, sk, vdn=25) as calls:
        id = calls.reserve("66660001", at=tomorrow, campaign=1106025109, agent="testName")
        calls.record_result(id, fail_code="00000")

Instants are given as an aware datetime or as UTC milliseconds, and come back as aware datetimes in
UTC. A refusal is an exception, ``Refused`` with a code and a sentence, or one of its kinds; so
is having no answer. Each method says what it sends again after a failure, which is no answer or
0200006; what is "sent once only" is sent again when no connection was made.

    CallkeeperError
    ├─ Refused                 the server said no: ``code``, ``sentence``, ``status``
    │  ├─ NotAuthenticated     401: the key, the signature or the clock
    │  ├─ ParameterRefused     0200001, 02000001 to 02000011: a field is wrong
    │  │  ├─ TimeRefused       04000001
    │  │  └─ NumberRefused     04000002
    │  ├─ NoSuchReservation    04000004
    │  ├─ AlreadyCalled        04000005
    │  ├─ NoSuchCampaign       0200007
    │  ├─ StateForbids         0200009, 0200011, 0200016
    │  └─ DatabaseFailed       0200006
    ├─ Unreachable             no answer came; ``maybe_done`` says whether the request may have run
    └─ AnswerUnreadable        what answered is not this API, perhaps a proxy
"""

from callkeeper.client.client import Client
from callkeeper.client.errors import (
    AlreadyCalled,
    AnswerUnreadable,
    CallkeeperError,
    DatabaseFailed,
    NoSuchCampaign,
    NoSuchReservation,
    NotAuthenticated,
    NumberRefused,
    ParameterRefused,
    Refused,
    StateForbids,
    TimeRefused,
    Unreachable,
)
from callkeeper.client.records import (
    BusinessResult,
    Campaign,
    CampaignFields,
    CampaignPage,
    Filters,
    Instant,
    Page,
    Reservation,
)
from callkeeper.client.sending import Patience, Style

__all__ = [
    "AlreadyCalled",
    "AnswerUnreadable",
    "BusinessResult",
    "CallkeeperError",
    "Campaign",
    "CampaignFields",
    "CampaignPage",
    "Client",
    "DatabaseFailed",
    "Filters",
    "Instant",
    "NoSuchCampaign",
    "NoSuchReservation",
    "NotAuthenticated",
    "NumberRefused",
    "Page",
    "ParameterRefused",
    "Patience",
    "Refused",
    "Reservation",
    "StateForbids",
    "Style",
    "TimeRefused",
    "Unreachable",
]
