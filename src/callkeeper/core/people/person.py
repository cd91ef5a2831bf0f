"""A person who works with the console, and the roles that say what they may do there."""

import re
from typing import Literal

import msgspec

from callkeeper.core.characters import ANY, BLANKS, PRINTABLE, TextBounds
from callkeeper.core.endpoint import check_phone
from callkeeper.core.instants import Instant
from callkeeper.core.people.preferences import Preferences
from callkeeper.core.refusal import ParameterWrong, Refusal, TooLong

RoleKind = Literal["agent", "supervisor", "administrator", "operator"]

PASSWORD_LEAST = 12
PASSWORD_MOST = 1_000
LOGIN_MOST = 64
NAME_MOST = 100
SUBJECT_MOST = 255  # OpenID Connect has no longer one

_LOGIN = re.compile(rf"[a-z0-9][a-z0-9._@+-]{{0,{LOGIN_MOST - 1}}}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}")


_NAME = TextBounds(NAME_MOST, ANY)
ACCOUNT = TextBounds(100, ANY)  # as the API takes one
_SUBJECT = TextBounds(SUBJECT_MOST, ANY)
_ISSUER = TextBounds(SUBJECT_MOST, PRINTABLE)


class NoSuchPerson(Refusal):
    """There is no person of this login."""


class LoginTaken(Refusal):
    """Somebody has this login already."""


class TieTaken(Refusal):
    """The account is another person's; it has to be untied there first."""


class Role(msgspec.Struct, frozen=True):
    """What a person is in one VDN; an operator is so for the installation, and has ``vdn`` None.

    ``agent`` is the business account, or agent id, under which their own reservations stand;
    ``phone`` is what rings when they ask for a call, as the line knows it.
    """

    kind: RoleKind
    vdn: int | None
    agent: str | None = None
    phone: str | None = None

    def check(self) -> None:
        """Refuse what is no role."""
        if (self.kind == "operator") != (self.vdn is None):
            raise ParameterWrong(
                "an operator is so for the installation, and has no VDN; every other role has one",
                about="kind",
            )
        if self.kind == "agent" and not self.agent:
            raise ParameterWrong(
                "an agent needs the account under which reservations are theirs", about="agent"
            )
        if self.agent:
            ACCOUNT.check(self.agent, "agent")
        if self.kind == "operator" and self.agent:
            raise ParameterWrong(
                "an operator has no agent account; add a role in a VDN for that", about="agent"
            )
        if self.kind == "operator" and self.phone:
            raise ParameterWrong(
                "an operator has no phone; add a role in a VDN for that", about="phone"
            )
        if self.phone:
            check_phone(self.phone)


class Tie(msgspec.Struct, frozen=True):
    """An account at the single sign-on: whose, and what it is called there for ever.

    It is no address of mail, which may be another person's some day.
    """

    issuer: str
    subject: str

    def check(self) -> None:
        """Refuse what no provider says."""
        if not self.subject.strip(BLANKS):
            raise ParameterWrong("the subject is empty", about="subject")
        _SUBJECT.check(self.subject, "subject")
        _ISSUER.check(self.issuer, "issuer")


class Person(msgspec.Struct, frozen=True):
    """A person, by their login; in at most one role in each VDN.

    Without a password and a tie: invited. ``away_since``: they said then that they are away, and
    have neither said since that they are back, nor signed in anew.
    """

    login: str
    version: int
    name: str
    language: str | None  # None: what the browser asks for
    zone: str | None  # None: that of the setting time_zone
    made_at: Instant
    disabled_at: Instant | None
    has_password: bool
    roles: tuple[Role, ...] = ()
    preferences: Preferences = Preferences()
    tie: Tie | None = None
    away_since: Instant | None = None

    @property
    def by(self) -> str:
        """Who did it, as the history has it."""
        return by_login(self.login)

    def role_in(self, vdn: int | None) -> Role | None:
        """Return the role in a VDN; for None that for the installation."""
        return next((each for each in self.roles if each.vdn == vdn), None)

    def changed(self, **fields: object) -> "Person":
        """Return the next version."""
        return msgspec.structs.replace(self, version=self.version + 1, **fields)


def by_login(login: str) -> str:
    """Return how the history names a person."""
    return f"person {login}"


def is_person(by: str) -> bool:
    """Whether the history names a person by this."""
    return by.startswith(by_login(""))


def login_of(text: str) -> str:
    """Return the login that somebody means; upper and lower case are the same. No check."""
    return text.strip().lower()


def is_login(login: str) -> bool:
    """Whether somebody may have this login."""
    return _LOGIN.fullmatch(login) is not None


def check_login(login: str) -> None:
    """Refuse what cannot be a login."""
    if not is_login(login):
        raise ParameterWrong(
            "{login!r} is no login; write 1 to 64 lower-case letters, digits and . _ @ + -, "
            "beginning with a letter or a digit",
            about="login",
            login=login,
        )


def check_password(password: str, login: str) -> None:
    """Refuse what is too short, and the login itself. There is no other rule."""
    if len(password) < PASSWORD_LEAST:
        raise ParameterWrong(
            "the password has {count} characters, and needs {least} or more; a few words are fine",
            about="password",
            count=len(password),
            least=PASSWORD_LEAST,
        )
    if len(password) > PASSWORD_MOST:
        raise TooLong(
            "the password has {count} characters, at most {most} fit",
            about="password",
            count=len(password),
            most=PASSWORD_MOST,
        )
    if login_of(password) == login:
        raise ParameterWrong("the password is the login; choose another", about="password")


def check_name(name: str) -> None:
    """Refuse a name that shows nothing, is too long, or has control characters."""
    if not name.strip(BLANKS):
        raise ParameterWrong("the name is empty", about="name")
    _NAME.check(name, "name")


def check_language(language: str) -> None:
    """Refuse what cannot be the name of a language, whether or not we speak it."""
    if not _LANGUAGE.fullmatch(language):
        raise ParameterWrong(
            "{language!r} names no language; write it like en or zh-Hans",
            about="language",
            language=language,
        )
