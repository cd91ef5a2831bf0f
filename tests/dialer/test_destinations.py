"""Where an answered call goes, and what it takes along: nothing that could do anything else."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.reservations.call_data import PREFIX
from callkeeper.dialer.line.destinations import (
    Destinations,
    DestinationsWrong,
    destination,
    variables,
)
from callkeeper.dialer.line.line import DialplanTarget
from tests.dialer.faults import Exchange, act, enter
from tests.dialer.stage import Stage
from tests.store.orders import has_campaign


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("callkeeper,s", DialplanTarget("callkeeper", "s", 1)),
        ("from-internal,100,3", DialplanTarget("from-internal", "100", 3)),
        ("ivr.de,*98#", DialplanTarget("ivr.de", "*98#", 1)),
        ("PJSIP/1001", "PJSIP/1001"),
        ("Local/100@from-internal", "Local/100@from-internal"),
        ("SIP/trunk:5060", "SIP/trunk:5060"),
    ],
)
def test_a_destination_is_a_place_in_the_dialplan_or_an_endpoint(
    text: str, target: DialplanTarget | str
) -> None:
    assert destination(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "callkeeper",
        "callkeeper,",
        ",s",
        "callkeeper,s,0",
        "callkeeper,s,n",
        "callkeeper, s",
        "callkeeper,s,1,2",
        "PJSIP/",
        "/1001",
        "PJSIP/1001&PJSIP/1002",
        "PJSIP/1001\n",
        "PJSIP/${EXTEN}",
        "System(ls)/x",
    ],
)
def test_a_destination_of_no_kind_is_refused_and_named(text: str) -> None:
    with pytest.raises(DestinationsWrong) as raised:
        destination(text)
    assert repr(text) in str(raised.value)


def test_a_campaigns_calls_go_where_its_name_says_and_the_rest_to_the_default() -> None:
    destinations = Destinations("rest,s", {"ivr 66001": "ivr,1", "skill 12": "PJSIP/1001"})
    assert destinations.of("ivr 66001") == DialplanTarget("ivr", "1")
    assert destinations.of("skill 12") == "PJSIP/1001"
    for other in (None, "", "ivr 12", "skill 66001"):
        assert destinations.of(other) == DialplanTarget("rest", "s")


def test_a_wrong_destination_is_found_before_anything_is_dialed() -> None:
    with pytest.raises(DestinationsWrong):
        Destinations("rest,s", {"ivr 66001": "nowhere"})
    with pytest.raises(DestinationsWrong):
        Destinations("nowhere", {})


def test_without_call_data_there_are_no_variables() -> None:
    assert variables(None) == variables("") == variables("{}") == {}


def test_members_become_variables_with_a_prefix_of_ours() -> None:
    data = '{"name":"Ann","order_2":12,"paid":true,"none":null,"list":[1,"a"],"deep":{"b":"ä"}}'
    assert variables(data) == {
        "CALLDATA": data,
        "CALLDATA_name": "Ann",
        "CALLDATA_order_2": "12",
        "CALLDATA_paid": "true",
        "CALLDATA_none": "null",
        "CALLDATA_list": '[1,"a"]',
        "CALLDATA_deep": '{"b":"ä"}',
    }


@pytest.mark.parametrize(
    "name",
    [
        "",
        "SHELL(reboot)",
        "__INHERITED",
        "1st",
        "a b",
        "a-b",
        "a=b",
        "a,b",
        "a\nb",
        "a\n",
        "ä",
        "x" * 61,
        "CHANNEL(accountcode)",
        "${EXTEN}",
    ],
)
def test_a_name_that_could_be_more_than_a_name_is_in_the_json_alone(name: str) -> None:
    data = msgspec.json.encode({name: "evil", "good": "1"}).decode()
    found = variables(data)
    assert json.loads(found.pop("CALLDATA")) == {name: "evil", "good": "1"}
    assert found == {"CALLDATA_good": "1"}


def test_control_characters_in_a_value_become_blanks() -> None:
    data = msgspec.json.encode({"note": "a\r\nVariable: b\x00\x7f\tc"}).decode()
    assert variables(data)["CALLDATA_note"] == "a  Variable: b   c"


def test_a_character_that_steers_a_terminal_or_turns_a_text_becomes_a_blank_too() -> None:
    data = msgspec.json.encode({"note": "a\x9b1m\u202eb\u2066"}).decode()
    assert variables(data)["CALLDATA_note"] == "a 1m b "


@pytest.mark.parametrize(
    "data",
    [
        '{"first-name":"Ann","客户":"安","1st":1.0,"a":"$[1+1] ${EXTEN}"}',
        '{\n\t"a": "b\\nc",\r\n "n": null}',
        '{"a":"\u202e\x9b31m \u00a0\u3000 🙂"}',
        '{"big":123456789012345678901234567890.10}',
    ],
)
def test_all_call_data_goes_along_as_one_line_of_the_same_json(data: str) -> None:
    whole = variables(data)["CALLDATA"]
    assert json.loads(whole) == json.loads(data)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e$]", whole)


@given(some.dictionaries(some.text(), some.text() | some.integers() | some.booleans()))
def test_no_variable_is_anything_but_ours_whatever_a_crm_sends(
    members: dict[str, str | int | bool],
) -> None:
    data = msgspec.json.encode(members).decode()
    for name, value in variables(data).items():
        assert name == "CALLDATA" or name.startswith(PREFIX)
        assert name.isascii()
        assert name.replace("_", "").isalnum()
        assert not any(ord(each) < 32 or ord(each) == 127 for each in value)


def test_the_line_is_asked_with_all_that_the_campaign_and_the_wish_say(stage: Stage) -> None:
    has_campaign(
        stage.session,
        1,
        8,
        goes_to="ivr 66001",
        alerting_seconds_max=45,
        caller_numbers='[{"number":"10087","priority":2},{"number":"10086","priority":1}]',
    )
    reservation = stage.due(1, "1234", campaign_id="8", call_data='{"a":1,"b(c)":2}')
    exchange = Exchange(stage)
    destinations = Destinations("rest,s", {"ivr 66001": "ivr,100"})
    act(stage, enter(stage, exchange, destinations=destinations))
    (asked,) = exchange.asked
    (attempt,) = stage.attempts(reservation)
    assert asked.attempt_id == attempt.id
    assert (asked.called_no, asked.caller_no, asked.alerting_seconds) == ("1234", "10086", 45)
    assert asked.goes_to == DialplanTarget("ivr", "100")
    assert asked.variables == {"CALLDATA": '{"a":1,"b(c)":2}', "CALLDATA_a": "1"}


@pytest.mark.parametrize("call_data", ["[1]", '"x"', "{", '{"a":1e999}', '{"a":"\\ud800"}'])
def test_call_data_that_is_no_object_hands_nothing_over_and_stops_nobody(call_data: str) -> None:
    assert variables(call_data) == {}
