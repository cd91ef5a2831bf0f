"""What tests of the ledger are made of: something due, and an attempt at it in any of its states.

Each function is a transaction of its own.
"""

from itertools import count
from typing import Any

from callkeeper.core.campaigns.changes import CampaignChange, CampaignOrder
from callkeeper.core.campaigns.dial_settings import DialSettings, Retry
from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.attempt_changes import (
    Adoption,
    Begun,
    Ending,
    Evidence,
    HandBack,
    Placing,
    Progress,
    Withdrawn,
)
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Claim, Claimed
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import CAMPAIGN, NOW, booked, booking

LEAD = 300_000
GRACE = 1_800_000
LIMITS = Limits(grace_ms=GRACE)
BUSY = Hangup(17, "User busy", 486)
RETRIES = DialSettings(retries=(Retry("busy", 1, 60),))

_numbers = count(1)


def due(store: SqlStore, *numbers: int, **fields: Any) -> list[Reservation]:
    """Book automatic reservations that are due at once, in this order."""
    given: dict[str, Any] = {"kind": "automatic", "appoint_at": NOW + LEAD} | fields
    return booked(store, *(booking(number, **given) for number in numbers))


def wish(**fields: Any) -> Claim:
    """Return a claim with little to hold it back, for at most ``ids`` attempts."""
    ids = fields.pop("ids", 10)
    given: dict[str, Any] = {
        "line": "rehearsal",
        "holder": "dora",
        "at": NOW,
        "ids": tuple(f"{NOW // 1000}-{next(_numbers):015d}" for _ in range(ids)),
        "calls_max": 1_000,
        "per_second": 10_000.0,
        "limits": LIMITS,
    }
    return Claim(**given | fields)


def claim(store: SqlStore, **fields: Any) -> Claimed:
    """Claim what is due."""
    with store.transaction():
        (claimed,) = store.due.claim([wish(**fields)])
    assert isinstance(claimed, Claimed)
    return claimed


def claimed(store: SqlStore, number: int = 1, **fields: Any) -> Attempt:
    """Return the attempt at a new reservation, as it is claimed."""
    due(store, number, **fields)
    (attempt,) = claim(store).attempts
    return attempt


def placing(attempt: Attempt, **fields: Any) -> Placing:
    """Return that an attempt is about to be placed by its holder, now."""
    given: dict[str, Any] = {
        "vdn": attempt.vdn,
        "reservation_id": attempt.reservation_id,
        "attempt_id": attempt.id,
        "holder": attempt.holder,
        "at": NOW,
        "limits": LIMITS,
    }
    return Placing(**given | fields)


def begin(store: SqlStore, attempt: Attempt, **fields: Any) -> Begun | Withdrawn:
    """Begin an attempt, if it may be begun."""
    with store.transaction():
        (outcome,) = store.attempts.begin([placing(attempt, **fields)])
    assert not isinstance(outcome, Refusal)
    return outcome


def begun(store: SqlStore, number: int = 1, **fields: Any) -> Attempt:
    """Return the attempt at a new reservation, as it is being placed."""
    outcome = begin(store, claimed(store, number, **fields))
    assert isinstance(outcome, Begun), outcome
    return outcome.attempt


def word(attempt: Attempt, **instants: int) -> Progress:
    """Return what the line told of an attempt."""
    return Progress(attempt.vdn, attempt.reservation_id, attempt.id, **instants)


def note(store: SqlStore, *words: Progress) -> list[Any]:
    """Put down what the line told."""
    with store.transaction():
        return list(store.attempts.note_progress(words))


def ending(attempt: Attempt, evidence: Evidence = BUSY, **fields: Any) -> Ending:
    """Return that an attempt is over."""
    given: dict[str, Any] = {
        "vdn": attempt.vdn,
        "reservation_id": attempt.reservation_id,
        "attempt_id": attempt.id,
        "by": "dora",
        "at": NOW + 3_000,
        "evidence": evidence,
        "codes": FailCodes(),
    }
    return Ending(**given | fields)


def end(store: SqlStore, *endings: Ending) -> list[Any]:
    """End attempts."""
    with store.transaction():
        return list(store.attempts.end(endings))


def give_back(store: SqlStore, *attempts: Attempt, at: int = NOW) -> list[Any]:
    """Hand claims back."""
    with store.transaction():
        return list(
            store.attempts.hand_back(
                [HandBack(each.vdn, each.reservation_id, each.id, at) for each in attempts]
            )
        )


def adopt(store: SqlStore, holder: str, *attempts: Attempt) -> list[Any]:
    """Take over attempts from whoever had them when they were read."""
    adoptions = [
        Adoption(each.vdn, each.reservation_id, each.id, each.holder, holder) for each in attempts
    ]
    with store.transaction():
        return list(store.attempts.adopt(adoptions))


def renew(store: SqlStore, name: str, until: int, **fields: Any) -> Lease:
    """Say that a dispatcher lives."""
    given: dict[str, Any] = {
        "line": "rehearsal",
        "begun_at": NOW,
        "said_at": NOW,
        "is_up": True,
        "per_second": 0.5,
    }
    lease = Lease(name=name, lease_until=until, **given | fields)
    with store.transaction():
        store.leases.renew([lease])
    return lease


def rearrange(
    store: SqlStore,
    change: CampaignChange,
    *,
    at: int = NOW,
    vdn: int = 1,
    campaign_id: int = CAMPAIGN,
) -> None:
    """Change a campaign."""
    with store.transaction():
        orders = [CampaignOrder(vdn, campaign_id, change, "key K", at)]
        (outcome,) = store.campaigns.change(orders)
    assert not isinstance(outcome, Refusal), outcome


def standing(store: SqlStore, subject: Reservation | Attempt) -> Reservation:
    """Return a reservation, or that of an attempt, as it is now."""
    id_ = subject.id if isinstance(subject, Reservation) else subject.reservation_id
    (found,) = [each for each in store.reservations.with_id(id_) if each.vdn == subject.vdn]
    return found


def as_it_is(store: SqlStore, attempt: Attempt) -> Attempt:
    """Return an attempt as it is now."""
    attempts = store.attempts.of(attempt.vdn, attempt.reservation_id)
    (found,) = [each for each in attempts if each.id == attempt.id]
    return found
