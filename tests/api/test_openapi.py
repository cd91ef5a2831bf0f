"""The OpenAPI document, and the page that shows it."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from schemathesis.core.result import Ok

from callkeeper.api.contract.docs_page import page
from callkeeper.api.contract.fields import Form, Text
from callkeeper.api.contract.openapi import document
from callkeeper.core.characters import WORD
from callkeeper.http.answer import CODES
from tests.house import House
from tests.surface import answered, asked, field_names, interfaces, shape

FAMILY = "/rest/isales/v1/openapi/campaigns/{vdnId}/appoint"
VOID = {"meta", "wbr"}


class Words(msgspec.Struct):
    """What the forms of these tests make."""

    a: str = ""
    b: str = ""


@pytest.fixture(scope="module")
def written(shared_house: House) -> dict[str, Any]:
    response = shared_house.http.get(f"{shared_house.url}/openapi.json")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = response.json()
    return found


@pytest.fixture(scope="module")
def shown(shared_house: House) -> str:
    response = shared_house.http.get(f"{shared_house.url}/docs")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response.text


def without_breaks(shown: str) -> str:
    return shown.replace("<wbr>", "")


def operations(written: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for methods in written["paths"].values() for each in methods.values()]


def test_the_document_is_openapi_3_0(written: dict[str, Any]) -> None:
    assert written["openapi"] == "3.0.3"
    schema = schemathesis.openapi.from_dict(written)
    schema.validate()
    assert all(isinstance(found, Ok) for found in schema.get_all_operations())


def test_every_interface_is_described_with_its_fields_and_codes(
    tmp_path: Path, written: dict[str, Any]
) -> None:
    described = {
        (method.upper(), shape(path)): operation
        for path, methods in written["paths"].items()
        for method, operation in methods.items()
    }
    declared = interfaces(tmp_path)
    assert len(declared) == len(described) >= 5
    for interface in declared:
        operation = described[interface.method, shape(interface.path)]
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert (operation["operationId"], operation["x-page"]) == (interface.name, interface.page)
        assert operation["x-result-codes"].keys() == interface.codes
        assert set(answer["properties"]["resultCode"]["enum"]) == interface.codes
        assert answered(interface) <= set(field_names(answer))
        assert asked(interface) <= _given(operation)


def test_operations_have_names_of_their_own(written: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(written)]
    assert len(names) == len(set(names))


def test_every_code_has_a_meaning(written: dict[str, Any]) -> None:
    meanings = operations(written)[0]["x-result-codes"]
    assert meanings["0200000"] == "Success."
    for operation in operations(written):
        assert all(operation["x-result-codes"].values())
    reserved = {code for path in _family(written) for code in path["x-result-codes"]}
    assert reserved <= {"0200000", *(code for _, code in CODES.values())}


def test_each_code_has_the_sentence_of_its_own_refusal(written: dict[str, Any]) -> None:
    own = {
        code: " ".join((kind.__doc__ or "").split())
        for kind, (status, code) in CODES.items()
        if status == 200 and code != "0200001"
    }
    assert len(set(own.values())) == len(own)
    for operation in operations(written):
        said = operation["x-result-codes"]
        assert said == said | {code: own[code] for code in said if code in own}
        assert said["0200001"] == "A parameter is wrong; resultDesc says which and why."


def test_limits_are_printed_for_people(shown: str) -> None:
    assert "<td>2000-01-01 to 2099-12-31, UTC</td>" in shown
    assert "<td>5 to 120 s</td>" in shown
    assert "<td>0 to 100 %</td>" in shown
    assert "<td>at most 1,000,000,000</td>" in shown
    assert "The body is larger than 1 MiB" in shown
    limits = re.sub(r"<(code|pre|style)>[^<]*</\1>", "", without_breaks(shown))
    assert re.findall(r"(?<![\w,])[1-9][0-9]{5,}(?!\w)", limits) == []


def test_a_name_on_the_page_is_broken_after_its_dots_and_nowhere_else(shown: str) -> None:
    assert "<code>skillParam.<wbr>predictParam.<wbr>predictMethod</code>" in shown
    assert "anywhere" not in shown


def test_the_path_is_described_in_the_contracts_words(written: dict[str, Any]) -> None:
    for path, methods in written["paths"].items():
        for operation in methods.values():
            given = [each for each in operation["parameters"] if each["in"] == "path"]
            assert [each["name"] for each in given] == re.findall(r"\{(\w+)\}", path)
            assert given[0]["name"] == "vdnId"
            vdn = given[0]["schema"]
            assert (vdn["type"], vdn["minimum"], vdn["maximum"]) == ("integer", 1, 9999)


def test_all_answers_have_the_four_fields(written: dict[str, Any]) -> None:
    doors = written["components"]["responses"]
    assert set(doors) == {"401", "404", "405", "413", "429", "500"}
    answers = [each["responses"]["200"] for each in operations(written)] + list(doors.values())
    for answer in answers:
        schema = answer["content"]["application/json"]["schema"]
        assert schema["required"] == ["returnCode", "resultCode", "resultDesc", "returnDesc"]
    for operation in operations(written):
        assert operation["responses"].keys() == {"200", *doors}


def test_a_field_that_is_kept_and_does_nothing_says_so(written: dict[str, Any]) -> None:
    post = written["paths"]["/rest/isales/v2/openapi/campaigns/{vdnId}"]["post"]
    fields = post["requestBody"]["content"]["application/json"]["schema"]["properties"]
    ivr, skill = fields["ivrParam"]["properties"], fields["skillParam"]["properties"]
    schedule = fields["scheduleParam"]["properties"]
    own = ("callBackUrl", "priority", "callOrder", "retryPolicy", "callPolicy")
    idle = {name: fields[name] for name in own}
    idle |= {name: ivr[name] for name in ("callCount", "callInterval")}
    idle |= {name: skill[name] for name in ("predictParam", "previewParam")}
    idle |= {name: each for name, each in schedule.items() if name.startswith("holiday")}
    assert [name for name, each in idle.items() if "not used yet" not in each["description"]] == []


def test_the_signature_is_a_key_in_a_header(written: dict[str, Any]) -> None:
    scheme = written["components"]["securitySchemes"]["C2"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "Authorization")
    assert written["security"] == [{"C2": []}]


def test_only_create_takes_an_idempotency_key(written: dict[str, Any]) -> None:
    takers = [
        operation["operationId"]
        for operation in operations(written)
        if any(each["name"] == "Idempotency-Key" for each in operation["parameters"])
    ]
    assert takers == ["create"]


def test_the_document_names_the_agent_as_the_deployment_does(tmp_path: Path) -> None:
    for deployment, taken, ignored in (
        ("integrated", "userAccount", "workNo"),
        ("op", "workNo", "userAccount"),
    ):
        described = document(interfaces(tmp_path / deployment, deployment=deployment))
        body = described["paths"][f"{FAMILY}/create"]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        assert taken in schema["required"]
        assert ignored not in schema["properties"]


def test_a_text_says_which_characters_it_takes() -> None:
    form = Form(
        Words,
        Text(name="a", ours="a", says="a word", longest=3, characters=WORD, mandatory=True),
        Text(name="b", ours="b", says="any", longest=3),
    )
    a, b = form.schema()["properties"].values()
    assert (a["minLength"], a["maxLength"], a["pattern"]) == (1, 3, "^[0-9A-Za-z_-]*$")
    assert re.fullmatch(b["pattern"], "é x")
    assert not re.fullmatch(b["pattern"], "\n")
    assert "minLength" not in b


def test_the_page_shows_every_path_field_code_and_source(
    shown: str, written: dict[str, Any]
) -> None:
    text = without_breaks(shown)
    for path in written["paths"]:
        assert path in shown
    for operation in operations(written):
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert operation["x-page"] in shown
        for name in _given(operation) | set(field_names(answer)):
            assert re.search(rf"<code>[^<]*\b{re.escape(name)}</code>", text), name
        for code, meaning in operation["x-result-codes"].items():
            assert code in shown
            assert meaning.partition("'")[0] in shown
    assert "<td>1 to 9999</td>" in shown
    assert "<td>at most 24 characters; digits, * and #</td>" in shown


def test_the_page_needs_no_script_and_no_internet(shared_house: House, shown: str) -> None:
    loaded = re.sub(r"<pre>[^<]*</pre>", "", shown)  # an example's URL is text
    assert not re.search(r"<script|javascript:|\bon\w+=|https?://|src=|@import|url\(", loaded)
    policy = shared_house.http.get(f"{shared_house.url}/docs").headers["content-security-policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", shown, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy
    assert "style=" not in shown


def test_the_page_is_balanced_and_its_links_lead_somewhere(shown: str) -> None:
    reader = Reader()
    reader.feed(shown)
    reader.close()
    assert reader.open == []
    assert reader.links - {"/openapi.json"} <= {f"#{name}" for name in reader.names}
    assert len(reader.names) == len(set(reader.names))


def test_every_word_of_the_document_is_text_on_the_page(tmp_path: Path) -> None:
    hostile = "<script>alert('x')</script>&\""
    (interface, *_) = interfaces(tmp_path)
    written = msgspec.structs.replace(
        interface,
        form=Form(Words, Text(name=hostile, ours="b", says=hostile, longest=3)),
        answers={hostile: {"type": "string", "description": hostile}},
        says=hostile,
        page=hostile,
        name=hostile,
    )
    html = page(document([written]))
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;&quot;" in html


class Reader(HTMLParser):
    """Notes what is open, what is named and what is linked to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if name := given.get("id"):
            self.names.append(name)
        if link := given.get("href"):
            self.links.add(link)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _given(operation: dict[str, Any]) -> set[str]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    names = {each["name"] for each in operation["parameters"]}
    return names | set(field_names(body.get("schema", {})))


def _family(written: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path, methods in written["paths"].items()
        if path.startswith(FAMILY)
        for operation in methods.values()
    ]
