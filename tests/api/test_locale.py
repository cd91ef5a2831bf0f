"""The header ``locale``: answers in English or in Chinese, whatever they are."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from callkeeper.api.examples import PUBLISHED_V1
from callkeeper.core.allowance import Limit
from callkeeper.usecases.keys import limit
from tests.api.test_once import create
from tests.api.test_protocol import converse
from tests.house import VDN, House

CHINESE = {"locale": "zh_CN"}
PAGE = {"offset": 0, "limit": 10}


def told(answer: httpx2.Response) -> str:
    """Return what an answer says, in both of its fields."""
    body = answer.json()
    assert body["resultDesc"] == body["returnDesc"]
    return str(body["resultDesc"])


def test_a_fault_is_told_in_the_language_that_is_asked_for(shared_house: House) -> None:
    def refused(headers: dict[str, str]) -> str:
        return told(shared_house.post("list", PAGE | {"limit": 101}, headers=headers))

    assert refused(CHINESE) == "limit：必须在1到100之间"
    assert refused({"locale": "zh-cn"}) == "limit：必须在1到100之间"
    english = "limit: must lie in 1..100"
    assert [refused(each) for each in ({}, {"locale": "en_US"}, {"locale": "tlh"})] == [english] * 3


def test_the_code_and_the_status_are_the_same_in_every_language(shared_house: House) -> None:
    answers = [
        shared_house.post("delete", {"appointId": "none"}, headers=headers).json()
        for headers in ({}, CHINESE)
    ]
    assert [each["resultCode"] for each in answers] == ["04000004", "04000004"]
    assert answers[1]["resultDesc"] == "appointId：VDN 25下不存在预约外呼'none'"


Ask = Callable[[House, dict[str, str]], httpx2.Response]
AT_THE_DOOR: dict[str, tuple[Ask, int, str]] = {
    "no such path": (
        lambda house, headers: house.http.get(f"{house.url}/nowhere", headers=headers),
        404,
        "路径'/nowhere'下没有接口；请参见/docs",
    ),
    "wrong method": (
        lambda house, headers: house.http.get(
            f"{house.url}/rest/isales/v1/openapi/campaigns/25/appoint/list", headers=headers
        ),
        405,
        "该路径不支持GET，请使用POST",
    ),
    "no signature": (
        lambda house, headers: house.http.get(
            f"{house.url}/rest/isales/v1/openapi/campaigns/25", headers=headers
        ),
        401,
        "缺少请求头'authorization'",
    ),
    "no Authorization": (
        lambda house, headers: house.http.get(
            f"{house.url}/rest/isales/v1/openapi/campaigns/25",
            headers=headers | {"authorization": "Bearer x"},
        ),
        401,
        "Authorization的格式必须为auth-v2/{AK}/{timestamp}/{signedHeaders}/{signature}",
    ),
    "body too large": (
        lambda house, headers: house.post("list", b" " * (1024 * 1024 + 1), headers=headers),
        413,
        "请求体超过1 MiB。",
    ),
    "no JSON": (
        lambda house, headers: house.post("list", b"[]", headers=headers),
        200,
        "请求体必须为JSON对象",
    ),
    "foreign VDN": (
        lambda house, headers: house.post("list", PAGE, vdn=26, headers=headers),
        401,
        "访问密钥{key}不属于VDN 26",
    ),
    "no VDN": (
        lambda house, headers: house.post("list", PAGE, vdn="x", headers=headers),
        200,
        "vdnId：'x'不是1到9999之间的整数",
    ),
}


@pytest.mark.parametrize("name", AT_THE_DOOR)
def test_a_refusal_at_the_door_is_told_in_it_too(shared_house: House, name: str) -> None:
    ask, status, chinese = AT_THE_DOOR[name]
    answer = ask(shared_house, CHINESE)
    expected = chinese.replace("{key}", shared_house.key.ak)
    assert (answer.status_code, told(answer)) == (status, expected)
    assert told(ask(shared_house, {})).isascii()


def test_a_key_that_asks_too_much_is_told_so_in_it(house: House) -> None:
    assert limit(house.store, house.clock, house.key.ak, Limit(0.001, 1))
    house.post("list", PAGE)
    answer = house.post("list", PAGE, headers=CHINESE)
    assert answer.status_code == 429
    assert told(answer).startswith("该访问密钥每秒最多可发送0.001个请求；")


def test_a_head_out_of_bounds_is_told_so_in_the_language_that_it_asks_for(house: House) -> None:
    fields = b"".join(b"x-%d: 1\r\n" % number for number in range(101))
    head = b"GET / HTTP/1.1\r\nhost: a\r\nlocale: zh_CN\r\n" + fields + b"\r\n"
    ((status, body),) = converse(house, head)
    assert (status, body["resultDesc"]) == (400, "请求头字段超过100个")


def test_success_is_told_in_chinese_and_as_the_pages_print_it_otherwise(
    shared_house: House,
) -> None:
    id_ = shared_house.reserve()
    body = {"appointId": id_, "remark": "again"}
    assert told(shared_house.post("update", body, headers=CHINESE)) == "更新成功"
    assert told(shared_house.post("update", body)) == "update success"
    assert told(shared_house.post("list", PAGE, headers=CHINESE)) == "成功"


def test_a_replayed_answer_is_told_in_the_language_of_the_request_that_repeats(
    shared_house: House,
) -> None:
    sent = create(shared_house, key="once")
    url = f"{shared_house.url}/rest/isales/v1/openapi/campaigns/{VDN}/appoint/create"

    def ask(more: dict[str, str]) -> httpx2.Response:
        return shared_house.http.post(url, content=sent.body, headers=sent.headers | more)

    answers = [ask(more) for more in ({}, CHINESE, {})]
    assert [told(each) for each in answers] == ["success", "成功", "success"]
    assert len({each.json()["returnObject"]["id"] for each in answers}) == 1
    other = shared_house.post(
        "create", {"callType": 1}, headers=CHINESE | {"idempotency-key": "once"}
    )
    assert told(other).startswith("calledNo：")


def test_the_campaigns_are_told_in_it(shared_house: House) -> None:
    path = f"/v1/openapi/campaigns/{VDN}"

    def send(body: dict[str, Any]) -> str:
        return told(shared_house.send("POST", path, body, headers=CHINESE))

    dates = {"strBeginTime": "2025-05-16 00:00:00", "strEndTime": "2025-06-16 00:00:00"}
    plan = PUBLISHED_V1 | dates | {"name": "宽带续费回访"}
    assert send(plan) == ""  # as the page prints it, in any language
    assert send(plan).startswith("name：名称'宽带续费回访'已被外呼任务")
    skill = {**PUBLISHED_V1["skillParam"], "skillId": "five"}
    assert send(plan | {"name": "b", "skillParam": skill}) == (
        "skillParam.skillId：必须为整数（Integer），而不是字符串"
    )
    schedule = {"workdayBeginTime1": "08:00"}
    assert send(plan | {"name": "c", "scheduleParam": schedule}) == (
        "scheduleParam.workdayEndTime1：为必选参数，请填写"
    )
