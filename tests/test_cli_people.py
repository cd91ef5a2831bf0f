"""People at the command line: they come by a link, are given roles, and are shut out."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.cli.people import WELCOME
from callkeeper.clock import SystemClock
from callkeeper.core.people.session import LinkRefused, SignInRefused
from callkeeper.installation.database import find_store
from callkeeper.settings import Settings
from callkeeper.usecases.people import People
from tests.test_cli import Ended, run, started

T = TypeVar("T")
PASSWORD = "correct horse battery"


class Office:
    """An installation, and what is asked and done there."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        started(data_dir)

    def person(self, *words: str, **more: str) -> Ended:
        """Give a command about people."""
        return run("person", *words, CALLKEEPER_DATA_DIR=str(self.data_dir), **more)

    def value(self, *words: str) -> dict[str, Any]:
        """Give a command that must go well, and return what it says as JSON."""
        ended = self.person(*words, "--json")
        assert ended.status == 0, ended
        value: dict[str, Any] = ended.value
        return value

    def token(self, *words: str) -> str:
        """Give a command that shows a link, and return its token."""
        link = str(self.value(*words)["link"])
        return link.partition(WELCOME)[2]

    def at_the_console(self, work: Callable[[People], Awaitable[T]]) -> T:
        """Do what a page would."""

        async def all_of_it() -> T:
            async_store = AsyncStore(find_store(Settings(data_dir=self.data_dir)))
            people = People(async_store, SystemClock())
            try:
                return await work(people)
            finally:
                await people.close()
                await async_store.close()

        return asyncio.run(all_of_it())

    def deeds(self) -> list[tuple[str, str, str, int | None]]:
        """Return who did what to whom and where, newest first."""
        store = find_store(Settings(data_dir=self.data_dir))
        try:
            return [(d.by_whom, d.what, d.subject, d.vdn) for d in store.deeds.latest(100)]
        finally:
            store.close()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "data")


BOB = ["bob", "--vdn", "25", "--role", "agent", "--agent", "1001"]


def test_the_first_operator_comes_by_a_link(office: Office) -> None:
    empty = office.person("list")
    assert (empty.status, empty.out) == (
        0,
        "no people; `callkeeper person add LOGIN --operator` adds the first\n",
    )
    added = office.person("add", " Ann", "--operator", "--name", "Ann Li")
    says, told, link, end = added.out.split("\n")
    assert (says, end) == ("ann: operator; invited", "")
    assert told == "whoever opens this link chooses the password, once and within 24 h:"
    assert link.startswith("http://127.0.0.1:28443/console/welcome/")
    token = link.rpartition("/")[2]
    assert len(token) == 43

    async def come(people: People) -> None:
        await people.take_link(token, PASSWORD)
        signed_in = await people.whose((await people.sign_in("ann", PASSWORD)).token)
        assert signed_in is not None
        assert signed_in.person.name == "Ann Li"
        with pytest.raises(LinkRefused):
            await people.take_link(token, PASSWORD)

    office.at_the_console(come)
    (ann,) = office.value("list")["people"]
    assert ann["state"] == ""
    assert ann["roles"] == [{"kind": "operator", "vdn": None, "agent": None, "phone": None}]


def test_a_phone_belongs_to_a_role_and_is_shown(office: Office) -> None:
    added = office.person("add", *BOB, "--phone", "PJSIP/1001")
    assert added.out.startswith("bob: agent in VDN 25 (1001, PJSIP/1001); invited\n")
    (bob,) = office.value("list")["people"]
    assert bob["roles"][0]["phone"] == "PJSIP/1001"
    changed = office.person("role", "bob", "--vdn", "25", "--role", "supervisor")
    assert changed.out == "bob: supervisor in VDN 25; invited\n"


@pytest.mark.parametrize(
    ("words", "more", "begins"),
    [
        ([], {}, "http://127.0.0.1:28443/"),
        ([], {"CALLKEEPER_PORT": "8443", "CALLKEEPER_TLS": "auto"}, "https://127.0.0.1:8443/"),
        ([], {"CALLKEEPER_HOST": "192.0.2.1"}, "https://192.0.2.1:28443/"),
        ([], {"CALLKEEPER_CONSOLE_PORT": "28445"}, "http://127.0.0.1:28445/"),
        (
            [],
            {"CALLKEEPER_CONSOLE_URL": "https://calls.example.com/"},
            "https://calls.example.com/",
        ),
        (
            ["--url", "http://10.0.0.5:80"],
            {"CALLKEEPER_CONSOLE_URL": "http://x"},
            "http://10.0.0.5:80/",
        ),
    ],
)
def test_a_link_begins_where_people_find_the_console(
    office: Office, words: list[str], more: dict[str, str], begins: str
) -> None:
    shown = office.person("add", *BOB, *words, **more)
    assert f"\n{begins}console/welcome/" in shown.out


def test_roles_are_given_and_taken(office: Office) -> None:
    assert office.person("add", *BOB).status == 0
    steps = [
        (["--vdn", "25", "--role", "supervisor"], "supervisor in VDN 25"),
        (["--operator"], "operator, supervisor in VDN 25"),
        (
            ["--vdn", "26", "--role", "agent", "--agent", "b 7"],
            "operator, supervisor in VDN 25, agent in VDN 26 (b 7)",
        ),
        (["--operator", "--no-role"], "supervisor in VDN 25, agent in VDN 26 (b 7)"),
        (["--vdn", "25", "--no-role"], "agent in VDN 26 (b 7)"),
        (["--vdn", "26", "--no-role"], "no role"),
    ]
    for words, says in steps:
        assert office.person("role", "BOB", *words).out == f"bob: {says}; invited\n"
    assert office.deeds() == [
        ("operator", "role_taken", "person bob", 26),
        ("operator", "role_taken", "person bob", 25),
        ("operator", "role_taken", "person bob", None),
        ("operator", "role_given", "person bob", 26),
        ("operator", "role_given", "person bob", None),
        ("operator", "role_given", "person bob", 25),
        ("operator", "person_added", "person bob", 25),
    ]


def test_a_vdn_of_the_environment_is_meant_unless_an_operator_is(office: Office) -> None:
    added = office.person("add", "bob", "--role", "supervisor", CALLKEEPER_VDN="25")
    assert added.out.startswith("bob: supervisor in VDN 25;")
    operator = office.person("role", "bob", "--operator", CALLKEEPER_VDN="25")
    assert operator.out.startswith("bob: operator, supervisor in VDN 25;")


def test_a_reset_voids_the_password_and_shows_another_link(office: Office) -> None:
    token = office.token("add", *BOB)
    office.at_the_console(lambda people: people.take_link(token, PASSWORD))
    shown = office.person("reset", "bob").out.split("\n")
    assert shown[0] == "the password of bob is void"

    async def come_again(people: People) -> None:
        with pytest.raises(SignInRefused):
            await people.sign_in("bob", PASSWORD)
        await people.take_link(shown[2].rpartition("/")[2], "another password")

    office.at_the_console(come_again)


def test_a_disabled_person_is_shut_out_until_enabled(office: Office) -> None:
    token = office.token("add", *BOB)
    new = office.at_the_console(lambda people: people.take_link(token, PASSWORD))
    disabled = office.value("disable", "bob")
    assert (disabled["state"], disabled["disabled_at"][:2]) == ("disabled", "20")
    assert office.value("disable", "bob") == disabled
    assert office.at_the_console(lambda people: people.whose(new.token)) is None
    assert office.person("enable", "bob").out == "bob: agent in VDN 25 (1001)\n"
    office.at_the_console(lambda people: people.sign_in("bob", PASSWORD))
    assert [what for _, what, *_ in office.deeds()][:2] == ["person_enabled", "person_disabled"]


def test_sessions_are_shown_and_ended(office: Office) -> None:
    token = office.token("add", *BOB)
    assert office.person("sessions", "bob").out == "no session goes on\n"
    new = office.at_the_console(lambda people: people.take_link(token, PASSWORD))
    shown = office.person("sessions", "bob", "--time-zone", "Asia/Shanghai").out
    assert shown.splitlines()[-1] == "times are in Asia/Shanghai"
    (session,) = office.value("sessions", "bob")["sessions"]
    assert set(session) == {"made_at", "used_at", "ends_at"}
    assert office.person("sessions", "bob", "--end").out == "sessions of bob that were ended: 1\n"
    assert office.at_the_console(lambda people: people.whose(new.token)) is None
    assert office.value("sessions", "bob")["sessions"] == []


WRONG = [
    (1, "LOGIN", ["add", "b b", "--operator"], "is no login"),
    (1, "LOGIN", ["add", *BOB], "there is a person 'bob' already"),
    (1, "LOGIN", ["reset", "nobody"], "there is no person 'nobody'"),
    (1, "LOGIN", ["sessions", "nobody"], "there is no person"),
    (1, "LOGIN", ["sessions", "nobody", "--end"], "there is no person"),
    (1, "--name", ["add", "cem", "--operator", "--name", "x" * 101], "at most 100 fit"),
    (1, "--vdn", ["role", "bob", "--vdn", "26", "--no-role"], "has no role in VDN 26"),
    (1, "--role", ["role", "bob", "--operator", "--no-role"], "is no operator"),
    (2, "", ["add", "cem"], "give either --operator or --vdn N"),
    (2, "", ["add", "cem", "--operator", "--vdn", "25"], "give either --operator or --vdn N"),
    (2, "", ["add", "cem", "--vdn", "25"], "give --role"),
    (2, "", ["add", "cem", "--vdn", "25", "--role", "agent"], "--agent ACCOUNT"),
    (2, "", ["add", "cem", "--operator", "--role", "agent"], "goes with none of"),
    (2, "--role", ["add", "cem", "--vdn", "25", "--role", "operator"], "is none of"),
    (1, "--phone", ["role", *BOB, "--phone", "1001"], "'1001' is no phone"),
    (1, "--phone", ["role", *BOB, "--phone", "Local/1@x"], "the operator allows PJSIP/*"),
    (1, "--phone", ["add", "cem", *BOB[1:], "--phone", "PJSIP/1@x"], "the operator allows PJSIP/*"),
    (2, "--url", ["add", "cem", "--operator", "--url", "x y"], "not a valid URL"),
    (2, "", ["role", "bob", "--vdn", "25", "--role", "agent", "--no-role"], "goes with none of"),
    (2, "", ["role", "bob"], "give either --operator or --vdn N"),
]


def test_what_is_wrong_is_told_of_its_option_and_changes_nothing(office: Office) -> None:
    office.token("add", *BOB)
    before = (office.value("list"), office.deeds())
    for status, option, words, says in WRONG:
        ended = office.person(*words)
        assert (ended.status, ended.out) == (status, ""), words
        place = f"{option}: " if option else ""
        assert f"callkeeper: {place}" in ended.err, ended
        assert says in ended.err, ended
    assert (office.value("list"), office.deeds()) == before


def test_an_account_of_the_single_sign_on_is_tied_and_untied(office: Office) -> None:
    for words in (["ann", "--operator"], BOB):
        assert office.person("add", *words).status == 0
    issuer = {"CALLKEEPER_SSO_ISSUER": "https://login.example.com"}
    refused = office.person("tie", "ann", "1234")
    assert (refused.status, "give --issuer URL" in refused.err) == (2, True)
    assert office.person("tie", "ann", "1234", **issuer).out == "ann: operator; single sign-on\n"
    (ann, bob) = office.value("list")["people"]
    assert ann["tie"] == {"issuer": "https://login.example.com", "subject": "1234"}
    assert (ann["state"], bob["state"], bob["tie"]) == ("single sign-on", "invited", None)
    refused = office.person("tie", "bob", "1234", **issuer)
    assert (refused.status, "is another person's" in refused.err) == (1, True)
    refused = office.person("tie", "ann", "5", "--issuer", "https://elsewhere.example")
    assert "has to be untied first" in refused.err
    assert "SUBJECT: has 256 characters" in office.person("tie", "bob", "x" * 256, **issuer).err
    assert office.person("tie", "cem", "5", **issuer).status == 1
    assert office.person("untie", "ann").out == "ann: operator; invited\n"
    assert office.person("untie", "ann").status == 1
    assert office.deeds()[:2] == [
        ("operator", "person_untied", "person ann", None),
        ("operator", "person_tied", "person ann", None),
    ]
