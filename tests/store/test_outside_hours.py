"""Calls outside the hours of a campaign, on both engines: agents' alone, and by whose word."""

from typing import Any

import msgspec
import pytest

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Begun, Withdrawn
from callkeeper.core.dialing.desk_call import CallRefused, OutsideHours
from callkeeper.core.people.house_rules import HoursRule, HouseRules, RulesOrder
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import as_it_is, begin, claim, due, standing
from tests.store.orders import HOUR, NOW, Opened, has_campaign
from tests.store.test_desk_calls import BY, ask, asking, promised, take

MINUTE = 60_000
# NOW is 08:00 UTC.
SHUT, CLOSES_SOON = '[{"begin":540,"end":600}]', '[{"begin":480,"end":481}]'
CLOSED = NOW + MINUTE  # of what closes soon


def asks(opened: Opened, windows: str, **fields: Any) -> Attempt | CallRefused:
    """Ask for the call of a campaign with these hours."""
    has_campaign(opened.session, 1, 8, workday_windows=windows)
    reservation = promised(opened.store, campaign_id="8")
    (outcome,) = ask(opened.store, asking(reservation, **fields))
    assert isinstance(outcome, Attempt | CallRefused), outcome
    return outcome


def answers(store: SqlStore, attempt: Attempt, at: int = NOW) -> Begun | Withdrawn:
    """Have the agent answer their phone."""
    (taken,) = take(store).taken
    assert taken.id == attempt.id
    return begin(store, taken, at=at)


def told(store: SqlStore, attempt: Attempt) -> tuple[str, str, Any]:
    """Return what the history tells last: what, by whom, and by whose word at that hour."""
    event = store.history.of(1, attempt.reservation_id)[-1]
    detail = msgspec.json.decode(event.detail)
    return event.what, event.by_whom, detail.get("outside_hours")


@pytest.mark.parametrize(
    ("rule", "anyway", "kind"),
    [("refuse", False, CallRefused), ("refuse", True, CallRefused), ("ask", False, OutsideHours)],
)
def test_outside_the_hours_an_agents_call_is_refused_or_asked_about(
    opened: Opened, rule: HoursRule, *, anyway: bool, kind: type[CallRefused]
) -> None:
    refused = asks(opened, SHUT, hours_rule=rule, anyway=anyway)
    assert type(refused) is kind
    assert "outside the hours of campaign 8; it opens" in str(refused)


@pytest.mark.parametrize(
    ("rule", "anyway", "by"), [("ask", True, "person"), ("allow", False, "rule")]
)
def test_it_is_made_by_the_word_of_the_agent_or_of_the_rule_which_the_history_tells(
    opened: Opened, rule: HoursRule, *, anyway: bool, by: str
) -> None:
    attempt = asks(opened, SHUT, hours_rule=rule, anyway=anyway)
    assert isinstance(attempt, Attempt)
    assert attempt == as_it_is(opened.store, attempt)
    assert attempt.any_hour_by == by
    assert isinstance(answers(opened.store, attempt), Begun)
    assert told(opened.store, attempt) == ("dialed", BY, by)


@pytest.mark.parametrize("rule", ["refuse", "ask"])
def test_an_agent_who_answers_when_the_hours_are_over_rings_nobody_unless_that_was_said(
    opened: Opened, rule: HoursRule
) -> None:
    attempt = asks(opened, CLOSES_SOON, hours_rule=rule)
    assert isinstance(attempt, Attempt)
    outcome = answers(opened.store, attempt, CLOSED)
    assert isinstance(outcome, Withdrawn)
    assert "outside the hours of campaign 8; it opens" in outcome.why
    ended = as_it_is(opened.store, attempt)
    assert (ended.outcome, ended.cause_text) == ("withdrawn", outcome.why)
    assert standing(opened.store, attempt).tries == 0


@pytest.mark.parametrize(
    ("rule", "anyway", "by"), [("ask", True, "person"), ("allow", False, "rule")]
)
def test_what_was_allowed_when_it_was_asked_for_holds_when_the_agent_answers(
    opened: Opened, rule: HoursRule, *, anyway: bool, by: str
) -> None:
    attempt = asks(opened, CLOSES_SOON, hours_rule=rule, anyway=anyway)
    assert isinstance(attempt, Attempt)
    assert isinstance(answers(opened.store, attempt, CLOSED), Begun)
    assert told(opened.store, attempt) == ("dialed", BY, by)


def test_within_the_hours_nothing_is_said_of_them(opened: Opened) -> None:
    attempt = asks(opened, CLOSES_SOON, hours_rule="allow")
    assert isinstance(attempt, Attempt)
    assert isinstance(answers(opened.store, attempt, CLOSED - 1), Begun)
    assert told(opened.store, attempt) == ("dialed", BY, None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"begin_at": NOW + HOUR}, "campaign 8 begins to dial"),
        ({"end_at": NOW}, "campaign 8 ended"),
        ({"status": "paused"}, "campaign 8 is paused"),
    ],
)
def test_no_word_on_the_hours_stands_above_dates_and_state(
    opened: Opened, fields: dict[str, Any], says: str
) -> None:
    has_campaign(opened.session, 1, 8, workday_windows=SHUT, **fields)
    reservation = promised(opened.store, campaign_id="8")
    (refused,) = ask(opened.store, asking(reservation, hours_rule="allow", anyway=True))
    assert type(refused) is CallRefused
    assert says in refused.sentence


def test_what_the_system_dials_is_within_the_hours_whatever_the_rule(opened: Opened) -> None:
    store = opened.store
    has_campaign(opened.session, 1, 8, workday_windows=SHUT)
    has_campaign(opened.session, 1, 9, workday_windows=CLOSES_SOON)
    with store.transaction():
        store.rules.change([RulesOrder(1, HouseRules(outside_hours="allow"), 0, BY, NOW)])
    (shut,) = due(store, 1, campaign_id="8")
    (closes,) = due(store, 2, campaign_id="9")
    claimed = claim(store)
    (attempt,) = claimed.attempts
    assert (attempt.reservation_id, claimed.held) == (closes.id, 1)
    assert isinstance(begin(store, attempt, at=CLOSED), Withdrawn)
    for each, opens_at in ((shut, NOW + HOUR), (closes, NOW + 24 * HOUR)):
        (held,) = store.reservations.with_id(each.id)
        assert (held.state, held.held_by, held.look_at) == ("waiting", "hours", opens_at)
