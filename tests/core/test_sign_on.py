"""What somebody is by the groups that they are in at the provider."""

import pytest

from callkeeper.core.people.changes import GrantRoles
from callkeeper.core.people.person import Role, Tie
from callkeeper.core.people.sign_on import (
    Account,
    GroupRole,
    GroupRoles,
    SignOnRefused,
    newcomer,
)

ROLES = GroupRoles(
    {
        "agents": GroupRole("agent", 25),
        "leads": GroupRole("supervisor", 25),
        "others": GroupRole("administrator", 26),
        "ops": GroupRole("operator", None),
    }
)
VDNS = (25, 26, None)


def account(
    *groups: str, agent: str | None = "1001", login: str | None = "Ann", name: str | None = "Ann Li"
) -> Account:
    tie = Tie("https://login.example.com", "1")
    return Account(tie=tie, name=name, login=login, agent=agent, groups=frozenset(groups))


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        ((), ()),
        (("Agents", "nobody"), ()),
        (("agents",), (Role("agent", 25, "1001"),)),
        (("leads", "agents"), (Role("supervisor", 25),)),
        (
            ("agents", "others", "ops"),
            (Role("operator", None), Role("agent", 25, "1001"), Role("administrator", 26)),
        ),
    ],
)
def test_of_several_roles_in_a_vdn_the_one_that_may_the_most_counts(
    groups: tuple[str, ...], roles: tuple[Role, ...]
) -> None:
    assert ROLES.granted(account(*groups)) == GrantRoles(roles, VDNS)


def test_an_agent_needs_an_account_and_nobody_else_does() -> None:
    with pytest.raises(SignOnRefused, match="sso_agent_claim"):
        ROLES.granted(account("agents", agent=None))
    with pytest.raises(SignOnRefused, match="sso_agent_claim"):
        ROLES.granted(account("agents", agent=""))
    assert ROLES.granted(account("leads", "agents", agent=None)).roles == (Role("supervisor", 25),)


@pytest.mark.parametrize(
    ("login", "made"),
    [("Ann", "ann"), (" ann@example.com", "ann@example.com"), ("王芳", None), (None, None)],
)
def test_a_login_is_as_there_if_it_can_be_one(login: str | None, made: str | None) -> None:
    found = newcomer(account(login=login), Role("supervisor", 25), 0).made()
    assert found.login == made or (made is None and found.login.startswith("sso-"))


@pytest.mark.parametrize(
    ("name", "made"),
    [("Ann Li", "Ann Li"), ("x" * 200, "x" * 100), ("a\0b", "ann"), (" ", "ann"), (None, "ann")],
)
def test_a_name_is_as_there_if_it_can_be_one(name: str | None, made: str) -> None:
    assert newcomer(account(name=name), Role("supervisor", 25), 0).made().name == made
