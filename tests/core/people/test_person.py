"""People by value: logins, passwords, roles, and what a change makes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from callkeeper.core.people.changes import (
    Describe,
    Disable,
    Enable,
    GiveRole,
    PersonChange,
    Reset,
    TakeRole,
)
from callkeeper.core.people.guessing import FREE_GUESSES, wait_ms
from callkeeper.core.people.person import (
    NAME_MOST,
    PASSWORD_MOST,
    Person,
    Role,
    check_login,
    check_password,
    login_of,
)
from callkeeper.core.people.preferences import WARNING_MOST, Preferences
from callkeeper.core.people.session import (
    IDLE_MS,
    LINK_MS,
    PROOF_MS,
    SESSION_MS,
    ProofMissing,
    Session,
    new_link,
    new_session,
)
from callkeeper.core.refusal import CharactersWrong, OutOfRange, ParameterWrong, TooLong

NOW = 1_800_000_000_000
ANN = Person("ann", 3, "Ann", None, None, NOW, None, True, (Role("agent", 25, "1001"),))  # noqa: FBT003


@pytest.mark.parametrize("login", ["a", "1001", "ann.li", "ann@example.com", "a-b_c+d", "x" * 64])
def test_a_login_is_short_and_plain(login: str) -> None:
    check_login(login)
    assert login_of(f"  {login.upper()}\t") == login


@pytest.mark.parametrize(
    "login", ["", "Ann", "a b", ".a", "安", "a/b", "a\n", "x" * 65, "person:x"]
)
def test_what_else_there_is_is_no_login(login: str) -> None:
    with pytest.raises(ParameterWrong) as refused:
        check_login(login)
    assert refused.value.about == "login"


@given(some.text(min_size=12, max_size=PASSWORD_MOST))
def test_a_password_of_twelve_characters_is_good_whatever_they_are(password: str) -> None:
    check_password(password, "ann")


@pytest.mark.parametrize(
    ("password", "login", "says"),
    [
        ("", "ann", "has 0 characters, and needs 12 or more"),
        ("elevenchars", "ann", "has 11 characters"),
        ("x" * (PASSWORD_MOST + 1), "ann", "at most 1000 fit"),
        ("ann.li.chen.x", "ann.li.chen.x", "is the login"),
        (" Ann.Li.Chen.X", "ann.li.chen.x", "is the login"),
    ],
)
def test_a_password_that_is_too_short_too_long_or_the_login_is_refused(
    password: str, login: str, says: str
) -> None:
    with pytest.raises(ParameterWrong, match=says) as refused:
        check_password(password, login)
    assert not password or password not in refused.value.sentence


@pytest.mark.parametrize(
    "role",
    [
        Role("operator", 25),
        Role("agent", None, "1001"),
        Role("supervisor", None),
        Role("agent", 25),
        Role("agent", 25, ""),
        Role("operator", None, "1001"),
        Role("agent", 25, "10\x0001"),
        Role("supervisor", 25, "x" * 101),
    ],
)
def test_what_is_no_role_is_refused(role: Role) -> None:
    with pytest.raises(ParameterWrong):
        role.check()
    with pytest.raises(ParameterWrong):
        GiveRole(role).apply(ANN, NOW)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Describe(name=" "), ParameterWrong),
        (Describe(name="x" * (NAME_MOST + 1)), TooLong),
        (Describe(name="an\x1bn"), CharactersWrong),
        (Describe(name="an\x00n"), CharactersWrong),
        (Describe(name="\u200b\u3000"), ParameterWrong),
        (Describe(language="Chinese!"), ParameterWrong),
        (Describe(preferences=Preferences(warning_minutes=WARNING_MOST + 1)), OutOfRange),
        (Describe(preferences=Preferences(warning_minutes=-1)), OutOfRange),
        (TakeRole(26), ParameterWrong),
        (TakeRole(None), ParameterWrong),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    change: PersonChange, error: type[ParameterWrong]
) -> None:
    with pytest.raises(error):
        change.apply(ANN, NOW)


@pytest.mark.parametrize(
    "change", [Describe(), Describe(" Ann ", "", ""), GiveRole(ANN.roles[0]), Enable()]
)
def test_a_change_that_changes_nothing_makes_no_version(change: PersonChange) -> None:
    assert change.apply(ANN, NOW) is ANN


def test_each_change_makes_the_next_version() -> None:
    for change in (Describe("B"), GiveRole(Role("operator", None)), TakeRole(25), Disable()):
        assert change.apply(ANN, NOW).version == ANN.version + 1
    disabled = Disable().apply(ANN, NOW)
    assert (disabled.disabled_at, Disable().apply(disabled, NOW + 1)) == (NOW, disabled)
    assert Enable().apply(disabled, NOW).disabled_at is None
    assert not Reset(new_link("x", "ann", NOW)).apply(ANN, NOW).has_password


def test_answers_wait_longer_and_longer_up_to_half_a_minute() -> None:
    waits = [wait_ms(guesses) // 1000 for guesses in range(1, 16)]
    assert waits == [0] * FREE_GUESSES + [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]
    assert wait_ms(10**9) == 30_000


def test_a_session_ends_after_twelve_hours_or_two_without_a_click() -> None:
    session = new_session("x", "ann", NOW)
    assert (session.ends_at, session.idle_ends_at) == (NOW + SESSION_MS, NOW + IDLE_MS)
    assert not session.is_over(NOW + IDLE_MS - 1)
    assert session.is_over(NOW + IDLE_MS)
    used = Session("x", "ann", NOW, NOW + SESSION_MS - 1, NOW + SESSION_MS)
    assert not used.is_over(NOW + SESSION_MS - 1)
    assert used.is_over(NOW + SESSION_MS)


def test_a_password_proves_who_one_is_for_a_quarter_of_an_hour() -> None:
    session = new_session("x", "ann", NOW)
    session.check_proven(NOW + PROOF_MS - 1)
    with pytest.raises(ProofMissing) as refused:
        session.check_proven(NOW + PROOF_MS)
    used = replace(session, used_at=NOW + PROOF_MS)  # a click proves nothing
    assert not used.is_proven(NOW + PROOF_MS)
    assert (refused.value.about, PROOF_MS) == ("proof", 900_000)


def test_a_link_is_good_for_a_day() -> None:
    link = new_link("x", "ann", NOW)
    assert [link.is_good(NOW + ms) for ms in (0, LINK_MS - 1, LINK_MS)] == [True, True, False]
