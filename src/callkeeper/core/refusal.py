"""Every way we say no.

A refusal is expected: it says what was wrong in one sentence that its reader can act on. It is
no bug and is never logged as one. Only ``http.answer`` knows which result code each becomes.

    Refusal
    ├─ NotAuthenticated         the signature, the key or the clock
    ├─ NoRight                  a role that does not include it
    ├─ Overtaken                by what somebody else changed meanwhile
    ├─ NoSuchPath               a path that is not ours
    ├─ WrongMethod              a path that is ours, with a method that is not
    ├─ BodyTooLarge
    ├─ TooManyRequests          more than its access key may send
    ├─ ParameterWrong           the general one: anything without a kind of its own
    │  ├─ ParameterMissing
    │  ├─ CharactersWrong
    │  ├─ TooLong
    │  ├─ TypeWrong
    │  ├─ OutOfRange
    │  ├─ DoNotGoTogether
    │  ├─ TooMany
    │  ├─ TimeWrong
    │  └─ NumberWrong
    ├─ NoSuchReservation
    ├─ AlreadyCalled
    ├─ NoSuchCampaign
    ├─ CampaignBeginsTooEarly
    ├─ TooManySkillCampaigns
    ├─ TooManyIvrCampaigns
    ├─ CampaignNameTaken
    ├─ CampaignStarted
    ├─ StateForbids
    ├─ CampaignEnded
    ├─ NoSuchSkillQueue
    ├─ VdnGone                  to another installation
    └─ DatabaseFailed           nothing was stored, unless it says otherwise; try again
       ├─ DatabaseForbids       it does not let us do this
       ├─ DatabaseLost          there is no connection to it
       ├─ DatabasePartLost      to one of its machines
       └─ CannotSpread          it has one machine, or this is not the one to ask

A refusal is raised with a template and its values, never with a finished sentence: what it says is
told in English, or in whatever language somebody brings.
"""

from collections.abc import Awaitable, Callable
from typing import Self

from callkeeper.core.phrase import Phrase, Value


class Refusal(Exception):  # noqa: N818 - the house's word for it
    """The request was refused."""

    def __init__(self, template: str = "", about: str = "", **values: Value) -> None:
        self.said = Phrase(template or " ".join((type(self).__doc__ or "").split()), **values)
        super().__init__(template)
        self.about = about  # the field that is to blame, in our words; "" when there is none
        self.detail = ""  # what only the log is told, in place of the sentence
        self.place = ""  # where in what was sent, as it is written there; "" when nowhere in it

    @classmethod
    def saying(cls, phrase: Phrase) -> Self:
        """Return a refusal that says what stands elsewhere: in a fault of another kind, say."""
        refusal = cls()
        refusal.said = phrase
        return refusal

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.sentence!r})"

    @property
    def phrase(self) -> Phrase:
        """What was wrong and what to do about it, after the place that it is about."""
        return self.at(self.place)

    @property
    def sentence(self) -> str:
        """The same in English."""
        return self.phrase.told()

    def at(self, place: str) -> Phrase:
        """Return what was wrong after the name of a place, if it has one."""
        return Phrase("{place}: {fault}", place=place, fault=self.said) if place else self.said

    def within(self, place: str) -> Self:
        """Say that it is about this place, or a place inside of it."""
        dot = "." if self.place and not self.place.startswith("[") else ""
        self.place = f"{place}{dot}{self.place}"
        return self


class NotAuthenticated(Refusal):
    """The request is not signed by a valid access key."""

    # Finds out for the log what may be wrong. It takes its time, so it is for after the answer.
    hint: Callable[[], Awaitable[str | None]] | None = None


class NoRight(Refusal):
    """Your role does not include this; ask your administrator."""


class Overtaken(Refusal):
    """Somebody changed the reservation meanwhile, so nothing was changed; look at it again."""


class NoSuchPath(Refusal):
    """There is no interface at this path."""


class WrongMethod(Refusal):
    """The interface at this path takes another HTTP method."""


class BodyTooLarge(Refusal):
    """The body is larger than 1 MiB."""


class TooManyRequests(Refusal):
    """The access key has sent more requests than it may; nothing was done, try again later."""

    def __init__(self, template: str = "", *, wait_seconds: int = 1, **values: Value) -> None:
        super().__init__(template, "", wait_seconds=wait_seconds, **values)
        self.wait_seconds = wait_seconds  # until there is room for one more


class ParameterWrong(Refusal):
    """A parameter is wrong."""


class ParameterMissing(ParameterWrong):
    """A mandatory parameter is absent, null or empty."""


class CharactersWrong(ParameterWrong):
    """A parameter contains characters that are not allowed in it."""


class TooLong(ParameterWrong):
    """A parameter is longer than allowed."""


class TypeWrong(ParameterWrong):
    """A parameter is of the wrong type."""


class OutOfRange(ParameterWrong):
    """A parameter's value is out of its range."""


class DoNotGoTogether(ParameterWrong):
    """Parameters contradict each other."""


class TooMany(ParameterWrong):
    """A list has more elements than allowed."""


class TimeWrong(ParameterWrong):
    """The appointed time is incorrect."""


class NumberWrong(ParameterWrong):
    """The number to be called is incorrect."""


class NoSuchReservation(Refusal):
    """The reserved outbound call does not exist in this VDN, or was deleted."""


class AlreadyCalled(Refusal):
    """The call of this reservation is being made or was made; it cannot be deleted any more."""


class NoSuchCampaign(Refusal):
    """The campaign does not exist in this VDN, or was deleted."""


class CampaignBeginsTooEarly(Refusal):
    """The campaign would begin before today 00:00 UTC."""


class TooManySkillCampaigns(Refusal):
    """The VDN has as many active skill-queue campaigns as it may; end or delete one first."""


class TooManyIvrCampaigns(Refusal):
    """The VDN has as many active IVR campaigns as it may; end or delete one first."""


class CampaignNameTaken(Refusal):
    """Another campaign of this VDN has this name."""


class CampaignStarted(Refusal):
    """The campaign is started; pause it before deleting it."""


class StateForbids(Refusal):
    """The state of the campaign does not allow this."""


class CampaignEnded(Refusal):
    """The campaign has ended and cannot be modified any more."""


class NoSuchSkillQueue(Refusal):
    """The skill queue does not exist."""


class VdnGone(Refusal):
    """The VDN is moving to another installation, or was moved; send the same again to that one."""


class DatabaseFailed(Refusal):
    """The database could not be reached or refused to work; nothing was stored, try again."""

    def __init__(self, template: str = "", *, detail: str = "", **values: Value) -> None:
        super().__init__(template, "", **values)
        self.detail = detail  # the database's own words, for those who run it and nobody else


class DatabaseForbids(DatabaseFailed):
    """The database does not let us do this; its owner has to grant it."""


class DatabaseLost(DatabaseFailed):
    """The database cannot be reached; nothing was stored, try again."""


class DatabasePartLost(DatabaseFailed):
    """The database cannot be reached in part; nothing was stored, try again."""

    # What is on the other machines, over which it is spread, can be read and written all the same.


class CannotSpread(DatabaseFailed):
    """The tables of such a database cannot be spread over machines, or not from here."""


def told_in_full(error: BaseException) -> str:
    """Return what an error says to those who run the server, in one line."""
    detail = getattr(error, "detail", "")
    return " ".join((f"{error} ({detail})" if detail else str(error)).split())
