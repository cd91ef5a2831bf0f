"""What Asterisk's messages mean."""

import json
from typing import Any

import pytest

from callkeeper.core.dialing.attempt import Hangup
from callkeeper.dialer.line.ari_events import ReplacedError, UnreadError, read
from callkeeper.dialer.line.line import Answered, ChannelState, Ended, Ringing

OURS = "1747316188-341779482013123"


def test_a_state_is_told_when_it_means_something() -> None:
    assert read(_state("Ringing")) == Ringing(OURS)
    assert read(_state("Up")) == Answered(OURS)
    assert read(_state("Dialing")) is None


def test_an_end_carries_its_cause() -> None:
    assert read(_message("ChannelDestroyed", cause=17, cause_txt="User busy")) == Ended(
        OURS, Hangup(17, "User busy"), "up"
    )


@pytest.mark.parametrize(
    ("state", "was"),
    [("Up", "up"), ("Ringing", "ringing"), ("Down", "there"), ("Dialing", "there")],
)
def test_an_end_tells_how_the_channel_was(state: str, was: ChannelState) -> None:
    told = read(_message("ChannelDestroyed", channel={"id": OURS, "state": state}, cause=16))
    assert told == Ended(OURS, Hangup(16), was)


def test_an_end_that_does_not_tell_how_the_channel_was_is_not_believed() -> None:
    with pytest.raises(UnreadError):
        read(_message("ChannelDestroyed", channel={"id": OURS}, cause=17))


def test_a_far_end_that_is_heard_before_it_answers_may_ring() -> None:
    peer = {"id": OURS, "state": "Down"}
    assert read(_message("Dial", dialstatus="PROGRESS", peer=peer)) == Ringing(OURS)
    for status in ("", "RINGING", "ANSWER", "BUSY", "CANCEL", "Newer"):
        assert read(_message("Dial", dialstatus=status, peer=peer)) is None
    others = {"id": "1747316188.12", "state": "Down"}
    assert read(_message("Dial", dialstatus="PROGRESS", peer=others)) is None


def test_a_dial_that_cannot_be_read_may_have_been_a_word_on_a_call() -> None:
    with pytest.raises(UnreadError):
        read(_message("Dial", dialstatus="PROGRESS", peer="a name"))


def test_an_end_carries_the_sip_status_where_asterisk_tells_it() -> None:
    told = read(_message("ChannelDestroyed", cause=17, cause_txt="User busy", tech_cause=486))
    assert told == Ended(OURS, Hangup(17, "User busy", 486), "up")
    told = read(_message("ChannelDestroyed", cause=0, cause_txt="Unknown", tech_cause=0))
    assert told == Ended(OURS, Hangup(0, "Unknown"), "up")


@pytest.mark.parametrize("other", ["1747316188.12", f"{OURS};2", f"x{OURS}", "1-2"])
def test_calls_of_others_are_passed_over(other: str) -> None:
    assert read(_message("ChannelDestroyed", channel={"id": other}, cause=16)) is None


@pytest.mark.parametrize("kind", ["Dial", "ChannelVarset", "EndpointStateChange", "Newer"])
def test_other_kinds_are_passed_over_whatever_they_hold(kind: str) -> None:
    assert read(_message(kind, channel="not even an object")) is None


def test_that_another_took_over_is_raised() -> None:
    with pytest.raises(ReplacedError):
        read(_message("ApplicationReplaced"))


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"type": "ChannelDestroyed"}', b"\xff"])
def test_a_broken_message_is_told_from_one_that_means_nothing(broken: str | bytes) -> None:
    with pytest.raises(UnreadError):
        read(broken)


def _state(state: str) -> str:
    return _message("ChannelStateChange", channel={"id": OURS, "state": state})


def _message(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "channel": {"id": OURS, "state": "Up"}, **fields})
