"""Every way in which the client says that something did not work."""

import re

DATABASE_FAILED = "0200006"

_FIELD = re.compile(r"(?P<field>[a-z][A-Za-z]*)(\[[0-9]+\]|\.[A-Za-z]+)*: ")


class CallkeeperError(Exception):
    """A request did not do what was asked."""


class Refused(CallkeeperError):  # noqa: N818 - what happened
    """The server refused, with a code of the contract and a sentence.

    Where the sentence begins with the name of a field, as Callkeeper's do, ``field`` is that name
    and ``fault`` is the rest; otherwise ``field`` is empty, and ``fault`` the whole sentence.
    """

    def __init__(self, code: str, sentence: str, status: int = 200) -> None:
        super().__init__(f"{code} {sentence}".strip())
        self.code = code
        self.sentence = sentence
        self.status = status
        named = _FIELD.match(sentence)
        self.field = named["field"] if named else ""
        self.fault = sentence[named.end() :] if named else sentence


class NotAuthenticated(Refused):
    """The key is unknown, the signature does not match, or the clocks are too far apart."""


class ParameterRefused(Refused):
    """A field is missing or wrong; the sentence names it."""


class TimeRefused(ParameterRefused):
    """The appointed time is incorrect."""


class NumberRefused(ParameterRefused):
    """The number to be called is incorrect."""


class NoSuchReservation(Refused):
    """There is no such reservation, or it was cancelled."""


class AlreadyCalled(Refused):
    """The call is being made or was made, and cannot be cancelled."""


class NoSuchCampaign(Refused):
    """There is no such campaign."""


class StateForbids(Refused):
    """The campaign is started, not started or ended, and that forbids it."""


class DatabaseFailed(Refused):
    """The server's database failed: nothing was stored, unless the sentence says otherwise.

    Sending the same again is safe. With status 429 the key has sent more requests than it may.
    """


class Unreachable(CallkeeperError):  # noqa: N818 - what happened
    """No answer came. ``maybe_done``: the request may have been carried out all the same."""

    def __init__(self, sentence: str, *, maybe_done: bool) -> None:
        super().__init__(sentence)
        self.maybe_done = maybe_done

    def told(self, *, lost: bool) -> "Unreachable":
        """Return it as the whole request's failure; ``lost``: an earlier try may have run."""
        if self.maybe_done or not lost:
            return self
        return Unreachable(f"{self}; an earlier try may have been done", maybe_done=True)


class AnswerUnreadable(CallkeeperError):  # noqa: N818 - what happened
    """An answer came that is not one of this API."""


KINDS: dict[str, type[Refused]] = {
    "0200001": ParameterRefused,
    **{f"020000{number:02}": ParameterRefused for number in range(1, 12)},
    "04000001": TimeRefused,
    "04000002": NumberRefused,
    "04000004": NoSuchReservation,
    "04000005": AlreadyCalled,
    "0200007": NoSuchCampaign,
    "0200009": StateForbids,
    "0200011": StateForbids,
    "0200016": StateForbids,
    DATABASE_FAILED: DatabaseFailed,
}
