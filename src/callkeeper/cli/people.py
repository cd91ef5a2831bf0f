"""People: who works with the console, and what they may there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import typer

from callkeeper import bounds
from callkeeper.cli.installation import existing_store, read_settings
from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    MaybeVdn,
    is_on_the_command_line,
    read_text,
    show,
)
from callkeeper.cli.table import Column, print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.clock import SystemClock
from callkeeper.core.endpoint import check_may_ring
from callkeeper.core.people.changes import (
    Disable,
    Enable,
    EndSessions,
    GiveRole,
    PersonChange,
    TakeRole,
)
from callkeeper.core.people.person import Person, Role
from callkeeper.core.refusal import Refusal
from callkeeper.settings import Settings
from callkeeper.usecases.invitations import (
    Invited,
    add_person,
    change_person,
    every_person,
    reset_person,
    sessions_of,
)

WELCOME = "/console/welcome/"

RoleInVdn = Literal["agent", "supervisor", "administrator"]

# The option behind each field that may be at fault.
_SAID_BY = {
    "login": "LOGIN",
    "name": "--name",
    "kind": "--role",
    "agent": "--agent",
    "phone": "--phone",
    "vdn": "--vdn",
    "subject": "SUBJECT",
    "issuer": "--issuer",
}


def read_url(text: str) -> str:
    """Return the address of a server."""
    if wrong := bounds.trouble("console_url", bounds.ConsoleUrl, text):
        raise typer.BadParameter(wrong)
    return text


Login = Annotated[
    str,
    typer.Argument(
        parser=read_text, metavar="LOGIN", help="What the person signs in with.", show_default=False
    ),
]
Operator = Annotated[
    bool, typer.Option("--operator", help="The role is that of an operator, of the installation.")
]
RoleKind = Annotated[
    RoleInVdn | None, typer.Option("--role", help="What the person is in the VDN.")
]
AgentAccount = Annotated[
    str | None,
    typer.Option(
        "--agent",
        parser=read_text,
        metavar="ACCOUNT",
        help="The account under which reservations are this person's; an agent needs one.",
        show_default=False,
    ),
]
Phone = Annotated[
    str | None,
    typer.Option(
        "--phone",
        parser=read_text,
        metavar="ENDPOINT",
        help="What rings when this person asks for a call, as Asterisk knows it: PJSIP/1001.",
        show_default=False,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        parser=read_url,
        metavar="URL",
        help="Where people find the console; the setting console_url, or this machine, if absent.",
        show_default=False,
    ),
]


def add(
    context: typer.Context,
    login: Login,
    *,
    name: Annotated[
        str | None,
        typer.Option(
            parser=read_text,
            metavar="TEXT",
            help="What pages call the person; the login if absent.",
            show_default=False,
        ),
    ] = None,
    operator: Operator = False,
    vdn: MaybeVdn = None,
    role: RoleKind = None,
    agent: AgentAccount = None,
    phone: Phone = None,
    url: Url = None,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Add a person, and show the link by which they choose a password.

    The link is good once, and for 24 hours. The first operator comes by such a link too.

        $ callkeeper person add ann --operator --name "Ann Li"
        $ callkeeper person add bob --vdn 25 --role agent --agent 7 --phone PJSIP/7
    """
    where = _vdn(context, operator=operator, vdn=vdn)
    given = _role(where, role=role, agent=agent, phone=phone)
    settings = read_settings(data_dir, database)
    with existing_store(data_dir, database) as store, _by_option():
        check_may_ring(phone, settings.phones)
        invited = add_person(store, SystemClock(), login, name, given)
    person = invited.person
    _show_link(invited, f"{person.login}: {_told(person)}", url, settings, as_json=json)


def reset(
    login: Login,
    *,
    url: Url = None,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Void a person's password, end their sessions, and show a link for a new one.

    The link is good once, and for 24 hours; one from before is not good any more.

        $ callkeeper person reset ann
    """
    settings = read_settings(data_dir, database)
    with existing_store(data_dir, database) as store, _by_option():
        invited = reset_person(store, SystemClock(), login)
    says = f"the password of {invited.person.login} is void"
    _show_link(invited, says, url, settings, as_json=json)


def give_role(
    context: typer.Context,
    login: Login,
    *,
    operator: Operator = False,
    vdn: MaybeVdn = None,
    role: RoleKind = None,
    agent: AgentAccount = None,
    phone: Phone = None,
    no_role: Annotated[bool, typer.Option("--no-role", help="Take the role there away.")] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Give a person a role, in place of the one there, or take it away.

    There is one role in each VDN, and one for the installation; account and phone belong to it.
    Where a person had none before, password, links and sessions are void, unless they are an
    operator already: whoever kept them might know these. `person reset` shows a new link.

    Servers know within two seconds.

        $ callkeeper person role bob --vdn 25 --role supervisor
        $ callkeeper person role bob --vdn 25 --role agent --agent 7 --phone PJSIP/7
        $ callkeeper person role bob --vdn 25 --no-role
        $ callkeeper person role bob --operator
    """
    vdn = _vdn(context, operator=operator, vdn=vdn)
    change: PersonChange
    if no_role:
        if role is not None or agent is not None or phone is not None:
            raise typer.BadParameter("--no-role goes with none of --role, --agent and --phone")
        change = TakeRole(vdn)
    else:
        change = GiveRole(_role(vdn, role=role, agent=agent, phone=phone))
        with _by_option():
            change.role.check()
            check_may_ring(phone, read_settings(data_dir, database).phones)
    carry_out(store_of=(data_dir, database), login=login, change=change, vdn=vdn, as_json=json)


def disable(
    login: Login, *, data_dir: DataDir = None, database: Database = None, json: Json = False
) -> None:
    """Let a person sign in no more; their sessions and links end.

    Servers know within two seconds. What the person did stays in every history.

        $ callkeeper person disable bob
    """
    carry_out(store_of=(data_dir, database), login=login, change=Disable(), as_json=json)


def enable(
    login: Login, *, data_dir: DataDir = None, database: Database = None, json: Json = False
) -> None:
    """Let a person who was disabled sign in again.

    The password and the roles are those from before.

        $ callkeeper person enable bob
    """
    carry_out(store_of=(data_dir, database), login=login, change=Enable(), as_json=json)


def list_people(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """List all people, with what they are.

    $ callkeeper person list
    $ callkeeper person list --json
    """
    with existing_store(data_dir, database) as store:
        found = every_person(store)
    if json:
        show({"people": [_value(each) for each in found]}, as_json=True)
        return
    times = local_times(time_zone)
    rows = [
        (each.login, each.name, _roles(each), _state(each), times.to_minute(each.made_at))
        for each in found
    ]
    columns = ("login", Column("name", is_cut=True), Column("is", is_cut=True), "state", "made")
    nothing = "no people; `callkeeper person add LOGIN --operator` adds the first"
    if print_table(columns, rows, nothing):
        typer.echo(times.note)


def sessions(
    login: Login,
    *,
    end: Annotated[bool, typer.Option("--end", help="End them all.")] = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show the sessions of a person that go on, or end them.

    An ended one is gone within two seconds, at every server.

        $ callkeeper person sessions ann
        $ callkeeper person sessions ann --end
    """
    clock = SystemClock()
    with existing_store(data_dir, database) as store, _by_option():
        found = sessions_of(store, clock, login)
        if end:
            change_person(store, clock, login, EndSessions())
    if json:
        fields = ("made_at", "used_at", "ends_at")
        listed = [{name: getattr(each, name) for name in fields} for each in found]
        show({"login": login, "sessions": listed, "ended": end}, as_json=True)
        return
    if end:
        show(None, f"sessions of {login} that were ended: {len(found)}", as_json=False)
        return
    times = local_times(time_zone)
    rows = [
        tuple(map(times.to_minute, (each.made_at, each.used_at, each.idle_ends_at)))
        for each in found
    ]
    if print_table(("signed in", "last click", "ends without one"), rows, "no session goes on"):
        typer.echo(times.note)


@contextmanager
def _by_option() -> Iterator[None]:
    """Tell what is refused of the option that it is about."""
    try:
        yield
    except Refusal as fault:
        raise fault.within(_SAID_BY.get(fault.about, "")) from None


def _vdn(context: typer.Context, *, operator: bool, vdn: int | None) -> int | None:
    """Return where the role is; None: in the installation."""
    if operator and not is_on_the_command_line(context, "vdn"):
        return None
    if operator or vdn is None:
        raise typer.BadParameter("give either --operator or --vdn N")
    return vdn


def _role(vdn: int | None, *, role: RoleInVdn | None, agent: str | None, phone: str | None) -> Role:
    if vdn is None:
        if role is not None or agent is not None or phone is not None:
            raise typer.BadParameter("--operator goes with none of --role, --agent and --phone")
        return Role("operator", None)
    if role is None:
        raise typer.BadParameter("give --role agent, supervisor or administrator")
    if role == "agent" and agent is None:
        raise typer.BadParameter("an agent needs an account: --agent ACCOUNT")
    return Role(role, vdn, agent, phone)


def carry_out(
    *,
    store_of: tuple[Any, Any],
    login: str,
    change: PersonChange,
    vdn: int | None = None,
    as_json: bool,
) -> None:
    """Change a person, and show what they are then."""
    with existing_store(*store_of) as store, _by_option():
        person = change_person(store, SystemClock(), login, change, vdn)
    show(_value(person), f"{person.login}: {_told(person)}", as_json=as_json)


def _show_link(
    invited: Invited, says: str, url: str | None, settings: Settings, *, as_json: bool
) -> None:
    link = f"{(url or settings.console_address).rstrip('/')}{WELCOME}{invited.token}"
    value = {**_value(invited.person), "link": link}
    told = "whoever opens this link chooses the password, once and within 24 h:"
    show(value, says, told, link, as_json=as_json)


def _value(person: Person) -> dict[str, Any]:
    return {
        "login": person.login,
        "name": person.name,
        "roles": list(person.roles),
        "state": _state(person),
        "tie": person.tie,
        "made_at": person.made_at,
        "disabled_at": person.disabled_at,
    }


def _told(person: Person) -> str:
    state = _state(person)
    return _roles(person) + (f"; {state}" if state else "")


def _roles(person: Person) -> str:
    return ", ".join(map(_role_told, person.roles)) or "no role"


def _role_told(role: Role) -> str:
    where = "" if role.vdn is None else f" in VDN {role.vdn}"
    told = ", ".join(each for each in (role.agent, role.phone) if each)
    return f"{role.kind}{where}" + (f" ({told})" if told else "")


def _state(person: Person) -> str:
    if person.disabled_at is not None:
        return "disabled"
    if person.tie is not None:
        return "single sign-on" if not person.has_password else ""
    return "" if person.has_password else "invited"
