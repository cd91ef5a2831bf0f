"""What a page says where it cannot be shown, in its own frame and with what to do."""

from starlette.responses import Response

from callkeeper.console.press import Press
from callkeeper.console.proof import ForeignForm
from callkeeper.console.visit import ForeignLink, ForeignPost, Visit
from callkeeper.core import refusal as no
from callkeeper.core.people.person import NoSuchPerson
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import Refusal
from callkeeper.usecases.key_keeping import NoSuchKey
from callkeeper.usecases.passwords import TooBusy

_STATUSES: dict[type[Refusal], int] = {
    ForeignPost: 403,
    ForeignLink: 403,
    ForeignForm: 409,
    no.NoRight: 403,
    no.NoSuchPath: 404,
    no.NoSuchReservation: 404,
    no.NoSuchCampaign: 404,
    NoSuchPerson: 404,
    NoSuchKey: 404,
    no.WrongMethod: 405,
    no.BodyTooLarge: 413,
    no.TooManyRequests: 429,
    TooBusy: 503,
    no.ParameterWrong: 422,
    no.VdnGone: 503,
    no.DatabaseFailed: 503,
}
_TITLES = {
    403: Phrase("You do not have access"),
    404: Phrase("There is no such page"),
    429: Phrase("Too many at once"),
    503: Phrase("Not now"),
}
_OTHER = Phrase("That did not work")
_PASSING = (429, 503)  # what may be over in a moment


_MISTAKE = Phrase(
    "It is in the server's log. Whether your form was carried out is unknown: look before you send "
    "it again."
)


def mistake(press: Press, visit: Visit) -> Response:
    """Return the page that says that a bug was met."""
    return press.page(
        visit.language,
        "trouble",
        status=500,
        who=visit.who,
        title=Phrase("The server made a mistake"),
        says=_MISTAKE,
        again=None,
    )


def trouble(press: Press, visit: Visit, refusal: Refusal) -> Response:
    """Return the page that says what was refused."""
    kinds = type(refusal).__mro__
    status = next((_STATUSES[each] for each in kinds if each in _STATUSES), 422)
    response = press.page(
        visit.language,
        "trouble",
        status=status,
        who=visit.who,
        title=_TITLES.get(status, _OTHER),
        says=refusal.phrase,
        again=visit.here if status in _PASSING else None,
    )
    if status in _PASSING:
        response.headers["retry-after"] = "5"
    return response
