"""JSON ↔ values, and which result code each refusal becomes.

An interface answers only with codes that its page documents. A parameter fault whose own code is
not among them is answered with the general one, 0200001, and the same sentence.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from starlette.responses import Response

from callkeeper.core import refusal as no
from callkeeper.core.phrase import Phrase, Translate
from callkeeper.core.refusal import Refusal
from callkeeper.http.head import Head
from callkeeper.language import named, translator

SUCCESS = "0200000"
PARAMETER_WRONG = "0200001"
DATABASE_FAILED = "0200006"

# HTTP status and result code of every refusal. Without a code of its own in the contract, a
# refusal at the door is a wrong parameter: the header, the path, the method, the body's size.
CODES: dict[type[Refusal], tuple[int, str]] = {
    no.NotAuthenticated: (401, PARAMETER_WRONG),
    no.NoSuchPath: (404, PARAMETER_WRONG),
    no.WrongMethod: (405, PARAMETER_WRONG),
    no.BodyTooLarge: (413, PARAMETER_WRONG),
    no.TooManyRequests: (429, DATABASE_FAILED),  # nothing was stored, and the same may come again
    no.ParameterWrong: (200, PARAMETER_WRONG),
    no.ParameterMissing: (200, "02000001"),
    no.CharactersWrong: (200, "02000002"),
    no.TooLong: (200, "02000003"),
    no.TypeWrong: (200, "02000006"),
    no.OutOfRange: (200, "02000007"),
    no.DoNotGoTogether: (200, "02000009"),
    no.TooMany: (200, "02000011"),
    no.TimeWrong: (200, "04000001"),
    no.NumberWrong: (200, "04000002"),
    no.NoSuchReservation: (200, "04000004"),
    no.AlreadyCalled: (200, "04000005"),
    no.NoSuchCampaign: (200, "0200007"),
    no.CampaignBeginsTooEarly: (200, "0200002"),
    no.TooManySkillCampaigns: (200, "0200003"),
    no.TooManyIvrCampaigns: (200, "0200004"),
    no.CampaignNameTaken: (200, "0200005"),
    no.CampaignStarted: (200, "0200009"),
    no.StateForbids: (200, "0200011"),
    no.CampaignEnded: (200, "0200016"),
    no.NoSuchSkillQueue: (200, "0200017"),
    no.VdnGone: (200, DATABASE_FAILED),  # nothing was stored, and the same may come again
    no.DatabaseForbids: (200, DATABASE_FAILED),
    no.DatabaseLost: (200, DATABASE_FAILED),
    no.DatabasePartLost: (200, DATABASE_FAILED),
    no.DatabaseFailed: (200, DATABASE_FAILED),
}

_SUCCEEDED = Phrase("success")
_HEADERS = (
    (b"content-type", b"application/json; charset=UTF-8"),
    (b"cache-control", b"no-store"),
)


class Answer:
    """An answer before it is bytes: the four fields that all have, and what else there is.

    ``made`` is for the log alone: the id of what the request made, by what that is.
    """

    __slots__ = ("code", "headers", "made", "payload", "phrase", "status")

    def __init__(
        self,
        phrase: Phrase = _SUCCEEDED,
        payload: Mapping[str, Any] | None = None,
        *,
        code: str = SUCCESS,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        made: Mapping[str, str] | None = None,
    ) -> None:
        self.phrase = phrase
        self.payload = payload or {}
        self.code = code
        self.status = status
        self.headers = headers or {}
        self.made = made

    @property
    def sentence(self) -> str:
        """What it says, in English."""
        return self.phrase.told()

    def fields(self, translate: Translate = str) -> dict[str, Any]:
        """Return its body, told in a language."""
        told = self.phrase.told(translate)
        return {
            "returnCode": self.code,
            "resultCode": self.code,
            "resultDesc": told,
            "returnDesc": told,
            **self.payload,
        }

    def response(self, translate: Translate = str) -> Response:
        """Return it as HTTP, told in a language."""
        if self.code == SUCCESS and not self.payload:
            return _Json(_succeeded(self.phrase, translate), self.status, self.headers)
        return _Json(msgspec.json.encode(self.fields(translate)), self.status, self.headers)


@lru_cache(64)
def _succeeded(phrase: Phrase, translate: Translate) -> bytes:
    """Return the body of a bare success; its phrases are a few that never change."""
    return msgspec.json.encode(Answer(phrase).fields(translate))


class _Json(Response):
    """The framework's, which would work out what is known here for every answer anew."""

    def __init__(self, body: bytes, status: int, more: Mapping[str, str]) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [
            *_HEADERS,
            (b"content-length", b"%d" % len(body)),
        ]
        for name, value in more.items():
            self.raw_headers.append((name.encode("latin-1"), value.encode("latin-1")))


def refused(
    refusal: Refusal, documented: frozenset[str], names: Mapping[str, str] | None = None
) -> Answer:
    """Return the answer to a refused request.

    ``documented`` are the interface's codes; ``names`` gives the wire's name for each of ours.
    """
    status, code = _code(type(refusal), documented)
    place = refusal.place or (names or {}).get(refusal.about, refusal.about)
    headers = None
    if isinstance(refusal, no.NotAuthenticated):
        headers = {"www-authenticate": "auth-v2"}
    elif isinstance(refusal, no.TooManyRequests):
        headers = {"retry-after": str(refusal.wait_seconds)}
    return Answer(refusal.at(place), code=code, status=status, headers=headers)


def translator_for(head: Head) -> Translate:
    """Return what tells an answer in the language that a request's ``locale`` asks for."""
    locale = head.get(b"locale")
    return str if locale is None else translator(named(locale.decode("latin-1")))


def _code(kind: type[Refusal], documented: frozenset[str]) -> tuple[int, str]:
    status, code = next(CODES[each] for each in kind.__mro__ if each in CODES)
    if issubclass(kind, no.ParameterWrong) and code not in documented:
        return status, PARAMETER_WRONG
    return status, code
