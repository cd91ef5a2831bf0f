"""What schemathesis finds when it sends what our own OpenAPI document allows, and what it forbids.

Every request is signed for real and goes over a socket to the real server.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
)

from callkeeper import signing
from tests.house import HOUR, TASK, VDN, House

# By contract a refused request is HTTP 200 with a result code, and more is taken than documented:
# a digit string for a number, a number for a String. These checks presume a 4xx for whatever does
# not fit the schema, and that whatever fits is carried out.
PRESUME_OTHERWISE = [negative_data_rejection, positive_data_acceptance, missing_required_header]

Operation = schemathesis.APIOperation[Any, Any, Any, Any]
Case = schemathesis.Case[Any]

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
EXAMPLES = 25  # of each operation that fit, and as many that do not


class Signed(AuthBase):
    """Signs a request as it is about to be sent."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        url = urlsplit(str(request.url))
        body = request.body or b""
        assert isinstance(body, bytes | str)
        request.headers["Authorization"] = signing.authorize(
            self._house.key.ak,
            self._house.key.secret,
            at=signing.timestamp(self._house.now()),
            method=str(request.method),
            path=url.path,
            query=parse_qsl(url.query, keep_blank_values=True),
            headers={"host": url.netloc},
            body=body.encode() if isinstance(body, str) else body,
        )
        return request


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server for all examples, with a key that serves every VDN."""
    with House(tmp_path_factory.mktemp("schemathesis")) as house:
        house.key = house.issue(None)
        yield house


def test_answers_are_as_described(open_house: House) -> None:
    load_all_checks()
    document = schemathesis.openapi.from_url(f"{open_house.url}/openapi.json")
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == document.statistic.operations.total >= 5
    for operation in operations:
        # Each by itself: chance would leave out one of them when the document changes.
        codes = {code for mode in MODES for code in _try(operation, open_house, mode)}
        # Not all was turned away at the door, or refused for one and the same reason.
        assert len(codes) > 1, operation.label


def _try(operation: Operation, house: House, mode: GenerationMode) -> set[str]:
    """Send what fits the operation, or what does not; return the result codes that came back."""
    cases = operation.as_strategy(generation_mode=mode)
    signed = Signed(house)
    codes = set()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, in_this_house=strategies.booleans())
    def answer_as_described(case: Case, *, in_this_house: bool) -> None:
        if in_this_house:
            _bring_home(case, house)
        answer = case.call_and_validate(auth=signed, excluded_checks=PRESUME_OTHERWISE)
        codes.add(answer.json()["resultCode"])

    answer_as_described()
    return codes


def _bring_home(case: Case, house: House) -> None:
    """Name things that exist, where chance would never hit them."""
    if "vdnId" in case.path_parameters:
        case.path_parameters["vdnId"] = VDN
    if not isinstance(case.body, dict):
        return
    if "taskId" in case.body:
        case.body["taskId"] = TASK
    if "appointTime" in case.body:
        case.body["appointTime"] = house.now() + HOUR
    if "appointId" in case.body:
        case.body["appointId"] = house.reserve()
