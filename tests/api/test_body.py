"""A body that is no JSON is told what is wrong with it, in words for whoever wrote the client."""

import json

import pytest

from callkeeper.api.contract.json_text import read_json
from callkeeper.core.refusal import ParameterWrong
from tests.house import VDN, House

BOM = b"\xef\xbb\xbf"


def said(raw: bytes) -> str:
    with pytest.raises(ParameterWrong) as refused:
        read_json(raw)
    return refused.value.sentence


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (
            '{"remark":"你好"}'.encode("gbk"),
            "is not UTF-8: byte 0xc4 at byte 12 looks like GBK; encode it as UTF-8",
        ),
        (
            '{"remark":"café 1"}'.encode("latin-1"),
            "is not UTF-8: byte 0xe9 at byte 15",
        ),
        (
            '{"remark":"é"}'.encode("latin-1"),
            "is not UTF-8: byte 0xe9 at byte 12; encode it as UTF-8",
        ),
        ('{"a":1}'.encode("utf-16"), "is not UTF-8 but, it seems, UTF-16"),
        ('{"a":1}'.encode("utf-16-be"), "is not UTF-8 but, it seems, UTF-16"),
        ('{"a":"安"}'.encode()[:-3], "ends in the middle of a character, after 8 bytes"),
        (rb'{"a":"x \ud83d"}', r"holds half a character, \ud83d at position 9"),
        (rb'{"a":"\ude00\ud83d"}', r"holds half a character, \ude00 at position 7"),
        (b'{"a":"\xed\xa0\xbd"}', "half a character is encoded at byte 7"),
        (b'{"a":"x\x00"}', "is no JSON: a NUL stands at position 8"),
        (b'{"a":1}\x00', "is no JSON: a NUL stands at position 8, where it may not"),
        (
            b'{"a":"x\ny"}',
            r"a line break stands at position 8, where it may not; inside a String it",
        ),
        (b'{"a":"x\ty"}', r"inside a String it is written \t"),
        (b'{"a":"x\x1b[1m"}', "a control character stands at position 8"),
        (b"{'a':1}", "names and Strings stand in double quotes, not in ' as at position 2"),
        (b"{\"a\":'b'}", "names and Strings stand in double quotes, not in ' as at position 6"),
        ("{“a”:1}".encode(), "names and Strings stand in double quotes, not in “ as at position 2"),
        (b"{a:1}", "the name at position 2 must stand in double quotes"),
        (b'{"a":1,}', "the comma before } at position 8 is one too many"),
        (b'{"a":[1,\n]}', "the comma before ] at position 10 is one too many"),
        (b'{"a":1', "it ends in the middle, after 6 characters; send all of it"),
        (b'{"a":"b', "it ends inside the String that begins at position 6; was it cut"),
        (b'{"a":NaN}', "NaN is no value there; leave the field out, or send null"),
        (b'{"a":[1,-Infinity]}', "-Infinity is no value there"),
        (b'{"a":None}', "a value is due at position 6, where 'None' stands"),
        (b'{"a":undefined}', "a value is due at position 6, where 'undefined' stands"),
        (b'{"a":.5}', "a value is due at position 6, where '.' stands"),
        (b'{"a":01}', "a comma or colon is due at position 7, where '1' stands"),
        (b'{"a" 1}', "a comma or colon is due at position 6, where '1' stands"),
        (b'{"a":1 "b":2}', "a comma or colon is due at position 8"),
        (rb'{"a":"C:\x"}', r"\x at position 9 is no escape; a backslash itself is written twice"),
        (b'{"a":1}{}', "more follows after its end, at position 8"),
        (b"a=1&b=2", "it begins with 'a', and a JSON object begins with {"),
        (b" <a/>", "it begins with '<', and a JSON object begins with {"),
        (b'{"a":1e400}', "holds a number that is too large"),
        (b'{"a":' + b"1" * 5000 + b"}", "holds a number that is too large"),
        (b'{"a":' * 50_000, "is nested too deeply"),
        (b'{"a":1,"b":2,"a":1}', "names 'a' more than once; send it once"),
        (b'{"a":"b:c","a":"b:c"}', "names 'a' more than once; send it once"),
        (b'{"x":{"a":1,"\\u0061":2}}', "names 'a' more than once; send it once"),
        (b'{"x":[{"a":1},{"b":1,"b":1}]}', "names 'b' more than once; send it once"),
    ],
    ids=lambda each: repr(each[:24]),
)
def test_a_fault_is_named_with_its_place_and_what_to_do(raw: bytes, sentence: str) -> None:
    assert sentence in said(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"a":"b:c"}',
        b'{"a":{"a":[{"a":1},{"a":2}]}}',
        rb'{"a":"\ud83d\ude00","b":"\\ud83d"}',
        '{"备注":"安:"}'.encode(),
        b'{"a":1.5e3}',
    ],
)
def test_json_is_read_as_any_parser_reads_it(raw: bytes) -> None:
    assert read_json(raw) == json.loads(raw)


def test_a_byte_order_mark_is_passed_over_and_still_signed(house: House) -> None:
    body = BOM + b'{"offset":0,"limit":1}'
    assert house.post("list", body).json()["resultCode"] == "0200000"
    assert said(BOM * 9_000 + b"{}").startswith("is no JSON: it begins with '\\ufeff'")
    for nothing in (BOM, BOM + b"\r\n"):
        answer = house.send("PUT", f"/v1/openapi/campaigns/{VDN}/1106025109/pause", nothing).json()
        assert answer["resultCode"] in ("0200000", "0200011"), answer


def test_the_sentence_goes_out_with_its_code(house: House) -> None:
    answer = house.post("create", b'{"callType":1,"callType":2}').json()
    assert (answer["resultCode"], answer["resultDesc"]) == (
        "0200001",
        "the body names 'callType' more than once; send it once",
    )


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_an_absent_body_has_no_type(house: House, content_type: str) -> None:
    path = f"/v1/openapi/campaigns/{VDN}/1106025109/pause"
    headers = {"content-type": content_type, "content-length": "0"}
    answer = house.send("PUT", path, b"", headers=headers).json()
    assert answer["resultCode"] == "0200000", answer
    answer = house.send("PUT", path, b"{}", headers={"content-type": "text/plain"}).json()
    assert answer["resultDesc"].startswith("Content-Type: must be application/json")
