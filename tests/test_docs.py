"""The docs tell everything that the program shows, and nothing that is not there."""

import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, get_type_hints

import httpx2
import pytest

from callkeeper.api.contract.interface import Interface
from callkeeper.bounds import allowed
from callkeeper.core.dialing.outcomes import FINDINGS
from callkeeper.http.answer import CODES, SUCCESS
from callkeeper.settings import Settings
from tests.command_line import commands, given, options
from tests.conftest import leave_out
from tests.documented_pages import ENGLISH
from tests.house import House
from tests.surface import (
    ROOT,
    SOURCE,
    answered,
    asked,
    committed,
    interfaces,
    modules,
    open_routes,
    shape,
)

API = (ROOT / "docs" / "api.md").read_text("utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [file for file in committed() if file.suffix == ".md"]

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
_FILE = re.compile(r"`([\w./-]+\.(?:py|sql|md|toml|txt|sh|lua|json)|\.ci/run|Makefile)`")
_CODES = re.compile(r"^Codes: ([0-9\s]+)", re.MULTILINE)
_MAKE = re.compile(r"(?:`|^ *)make ([a-z]+)", re.MULTILINE)
_LINE = re.compile(r"^ {4,}(?:keys=\$\()?(?:\S*/)?callkeeper ([^)\n]+)", re.MULTILINE)
_ANYTHING = {"URL": "postgresql://localhost/callkeeper"}  # for what stands for something else
_COMMAND = re.compile(r"(?:`|^ +|bin/)callkeeper ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", re.MULTILINE)
COMMAND_LINES = sorted({line for page in PAGES for line in _LINE.findall(page.read_text("utf-8"))})


def test_every_interface_has_a_section_with_its_fields_and_codes(tmp_path: Path) -> None:
    missing = []
    for interface in interfaces(tmp_path):
        section = _section(interface)
        told = set(_CODES.findall(section)[-1].split()) if _CODES.search(section) else set()
        missing += [f"{interface.path}: {code}" for code in told ^ interface.codes]
        missing += [
            f"{interface.path}: {field.name}"
            for field in interface.form.fields
            if f"`{field.name}`" not in section
        ]
        missing += [
            f"{interface.path}: {name}"
            for name in asked(interface) | answered(interface)
            if f"`{name}`" not in API
        ]
    assert not missing, "\n".join(missing)


def test_the_other_deployments_fields_are_told_too(tmp_path: Path) -> None:
    found = interfaces(tmp_path, deployment="op")
    assert [name for each in found for name in asked(each) if f"`{name}`" not in API] == []


def test_every_route_without_a_signature_is_told(tmp_path: Path) -> None:
    told = API + OPERATING
    routes = {each for each in open_routes(tmp_path) if not each.startswith("/console")}
    assert [path for path in routes if f"`GET {path}`" not in told] == []


def test_the_first_call_of_the_readme_and_the_list_of_the_api_work_as_they_stand(
    house: House,
) -> None:
    missing = [name for name in ("bash", "curl", "openssl") if not shutil.which(name)]
    if missing:
        leave_out(f"the signing example: no {', '.join(missing)} here")
    house.has_campaign(1)
    assert _run(README, house)["resultCode"] == "0200000"
    assert _run(API, house)["totalCount"] == 1


def test_the_python_of_the_readme_prints_the_id_of_what_it_files(house: House) -> None:
    house.has_campaign(1)
    (script,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    printed = subprocess.run(
        [sys.executable, "-c", script.replace("http://127.0.0.1:28443", house.url)],
        env=dict(os.environ) | {"CALLKEEPER_AK": house.key.ak, "CALLKEEPER_SK": house.key.secret},
        check=True,
        capture_output=True,
        text=True,
    )
    (row,) = house.post("list", {"offset": 0, "limit": 10}).json()["data"]
    assert (printed.stdout, row["failCode"]) == (f"{row['appointId']}\n", "00000")


def test_the_bodies_that_the_page_prints_for_create_are_sent_and_answered_so(house: House) -> None:
    (sent, answer) = map(json.loads, re.findall(r"```json\n(.*?)\n```", API, re.DOTALL))
    got = house.post("create", sent).json()
    made = got.pop("returnObject")
    assert made["appointId"] == made["id"]
    assert made.keys() == answer.pop("returnObject").keys()
    assert got == answer


def test_every_result_code_is_told() -> None:
    codes = {SUCCESS, *(code for _, code in CODES.values())}
    assert [code for code in sorted(codes) if f"`{code}`" not in API] == []


def test_every_setting_is_told() -> None:
    names = Settings.__struct_fields__
    assert [name for name in names if f"| `{name}` |" not in OPERATING] == []


def test_the_bounds_of_every_setting_that_has_a_least_and_a_most_are_told() -> None:
    kinds = get_type_hints(Settings, include_extras=True)
    measured = {
        name: words.rpartition(" from ")[2]
        for name, kind in kinds.items()
        if " from " in (words := allowed(name, kind))
    }
    rows = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|[^|]*\|$", OPERATING, re.MULTILINE))
    assert len(measured) > 10
    assert {name: rows.get(name) for name in measured} == measured


def test_the_metrics_that_are_told_are_those_that_there_are(tmp_path: Path) -> None:
    with House(tmp_path, line="rehearsal", tls="auto") as house:
        trusting = ssl.create_default_context(cafile=tmp_path / "tls-certificate.pem")
        with httpx2.Client(verify=trusting) as client:
            text = client.get(f"{house.url}/metrics").text
    told = re.findall(r"^\| `(callkeeper_\w+)` \|", OPERATING, re.MULTILINE)
    assert sorted(told) == sorted(re.findall(r"^# TYPE (callkeeper_\w+)", text, re.MULTILINE))


def test_the_meaning_of_each_evidence_is_told_as_it_is() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \| ([^|:]*)[^|]*\| (\d{5}) \|$", OPERATING, re.MULTILINE)
    told = {
        evidence: (outcome.strip().replace(" ", "_"), code)
        for words, outcome, code in rows
        for evidence in re.findall(r"`([^`]+)`", words)
    }
    assert told == FINDINGS


def test_every_command_and_option_is_told_in_a_row_of_its_own() -> None:
    assert "key create" in _commands()
    wrong = []
    for name, has in _commands().items():
        row = re.compile(
            rf"^\| `callkeeper {name}(?: [A-Z_ ]+)?` \|[^|]*\|([^|]*)\|$", re.MULTILINE
        )
        rows = row.findall(OPERATING)
        if len(rows) != 1:
            wrong.append(f"{name} has {len(rows)} rows")
            continue
        told = set(re.findall(r"`(--[a-z-]+)`", rows[0]))
        wrong += [f"{name} {option}" for option in set(has) - told - _shared()]
        wrong += [f"{name} has no {option}" for option in told - set(has)]
    assert not wrong, "\n".join(wrong)


def test_every_command_that_is_told_exists() -> None:
    groups = {name.split()[0] for name in _commands() if " " in name}
    known = {*_commands(), "help"}
    wrong = []
    for page in PAGES:
        for words in _COMMAND.findall(page.read_text("utf-8")):
            first = words.split()[0]
            if words not in known and (first in groups or first not in known):
                wrong.append(f"{page.name}: callkeeper {words}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_every_command_line_that_is_told_can_be_given(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLKEEPER_VDN", "25")
    given([_ANYTHING.get(word, word) for word in shlex.split(line, comments=True)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "ARCHITECTURE.md",
        "docs/api.md",
        "docs/operating.md",
        "docs/quick-start.md",
        *map(str, ENGLISH),
    ],
)
def test_a_line_of_prose_has_at_most_100_columns(page: str) -> None:
    text = re.sub(
        r"^ *```.*?^ *```$", "", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    prose = [line for line in text.splitlines() if not line.startswith(("|", "    "))]
    assert [line for line in prose if len(line) > 100] == []


def test_every_make_target_that_is_told_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    told = {name for page in PAGES for name in _MAKE.findall(page.read_text("utf-8"))}
    assert told - targets == set()
    assert targets - told == set()


def test_the_architecture_names_every_module_in_the_row_of_its_folder() -> None:
    rows = dict(re.findall(r"^\| `?([\w/]+?)/?`? \| (.*) \|$", ARCHITECTURE, re.MULTILINE))
    files = [PurePosixPath(name) for name in modules()]
    missing = [
        str(file)
        for file in files
        if f"`{file.stem}`" not in rows.get(str(file.parent).replace(".", "leaves"), "")
    ]
    assert not missing, "\n".join(missing)


def test_the_architecture_names_no_file_that_is_not_there() -> None:
    named = set(_FILE.findall(ARCHITECTURE))
    places = (ROOT, SOURCE)
    assert [name for name in named if not any((at / name).exists() for at in places)] == []


def _run(page: str, house: House) -> dict[str, Any]:
    """Run the one bash example of a page against a house, and return what it prints."""
    (script,) = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    host = house.url.removeprefix("http://")
    given = {"CALLKEEPER_AK": house.key.ak, "CALLKEEPER_SK": house.key.secret, "HOST": host}
    printed = subprocess.run(
        ["bash", "-euc", script.replace("127.0.0.1:28443", host)],  # noqa: S607 - the reader's bash
        cwd=ROOT,
        env=dict(os.environ) | given,
        check=True,
        capture_output=True,
    )
    assert printed.stdout.endswith(b"}\n"), "a terminal's next line would begin behind the answer"
    answer: dict[str, Any] = json.loads(printed.stdout)
    return answer


def _section(interface: Interface) -> str:
    """Return the part of docs/api.md, from heading to heading, that names an interface's URL."""
    url = f"{interface.method} {shape(interface.path)}"
    for section in re.split(r"^#{2,3} ", API, flags=re.MULTILINE):
        if f"`{url}`" in shape(section):
            return section
    pytest.fail(f"docs/api.md has no section with `{url}`")


def _shared() -> set[str]:
    """Return the options that the lines above the tables tell for all commands."""
    (above,) = re.findall(r"^## Commands\n(.*?)^\|", OPERATING, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`(--[a-z-]+)`", above))


@cache
def _commands() -> dict[str, list[str]]:
    """Return every command of the command line by its full name, with its options."""
    return {
        name: [each.opts[0] for each in options(command)]
        for name, command in commands().items()
        if not command.hidden
    }


def test_every_test_that_the_evidence_names_is_there() -> None:
    text = (ROOT / "docs/evidence.md").read_text("utf-8")
    file, lost = Path(), []
    for named in re.finditer(r"(tests/[\w/]+\.py)|-k (\w+)", text):
        path, word = named.groups()
        file = ROOT / path if path else file
        if not file.is_file() or (word and word not in file.read_text("utf-8")):
            lost.append(named[0])
    assert lost == []
