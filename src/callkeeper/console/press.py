"""Pages as they leave: templates in a language, and the headers that bind a browser."""

from collections.abc import Callable
from functools import cache, lru_cache
from gzip import compress
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from callkeeper.console.assets import Assets
from callkeeper.console.fixed_words import FixedWords
from callkeeper.console.shortcuts import kbd, key
from callkeeper.core.dialing.desk_call import NOT_PLACED
from callkeeper.core.instants import Instant, LocalTimes, day_around, in_iso
from callkeeper.core.people.rights import may
from callkeeper.core.phrase import Phrase, Value
from callkeeper.core.refusal import Overtaken
from callkeeper.core.reservations.call_data import customer_name
from callkeeper.core.reservations.number_policy import masked
from callkeeper.core.reservations.promise import promised_at
from callkeeper.core.reservations.result_codes import in_a_word
from callkeeper.core.reservations.screen_pop import screen_pop
from callkeeper.http.head import Head
from callkeeper.language import CHINESE, translator

# What a browser calls each language: of Chinese its writing too, so that letters get their shapes.
_TAGS = {None: "en", CHINESE: "zh-Hans"}

# Nothing from elsewhere, nothing inline, in no frame; a page is nobody else's to keep.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",  # for browsers too old for the policy
}


_PACKED_LEAST = 1_024  # bytes
_PACKED_LEVEL = 3  # half a millisecond for a large page; more costs more and saves little

# What an event of the history is called.
EVENT_WORDS = {
    "reserved": "reserved",
    "moved": "moved, or its note changed",
    "reassigned": "given to another agent",
    "result": "result filed",
    "cancelled": "deleted",
    "settled": "closed as unknown",
    "seen": "seen",
    "dialed": "dialed",
    "by_hand_began": "call by hand begun, as they say",
    "by_hand_ended": "call by hand ended, as they say",
    "outcome": "call ended",
    "not_dialed": "not dialed after all",
    "expired": "expired",
    "done": "closed",
}

# What a person is, in a VDN or for the installation.
ROLE_WORDS = {
    "agent": "Agent",
    "supervisor": "Supervisor",
    "administrator": "Administrator",
    "operator": "Operator of this installation",
}

# Why an agent's call came to nothing, as it is on record.
DESK_WORDS = {each: each for each in NOT_PLACED}

# Who did it: the first word of what the history has, and how it is told.
WHO_WORDS = {
    "person": "person {name}",
    "key": "key {name}",
    "campaign": "campaign {name}",
    "result": "business result {name}",
    "dialer": "dialer {name}",
    "operator": "operator",
    "sign-on": "single sign-on",
}


def _minutes(span_ms: int) -> str:
    """Return a span as clocks show it: 01:12."""
    minutes, seconds = divmod(max(0, span_ms) // 1000, 60)
    return f"{minutes:02d}:{seconds:02d}"


def lead_to(path: str, status: int = 303) -> Response:
    """Return an answer that has a browser go on to a page of ours, and keep nothing of it."""
    return RedirectResponse(path, status, HEADERS)


def lead_away(url: str) -> Response:
    """Return an answer that has a browser go on elsewhere, and tell nobody there from where."""
    return RedirectResponse(url, 303, HEADERS | {"referrer-policy": "no-referrer"})


def pack(response: Response, head: Head) -> None:
    """Compress what is answered, if whoever asked takes that and it is worth while.

    No page has a secret that is there again at the next look, so its length tells nobody one.
    """
    takes = head.get(b"accept-encoding", b"")
    if len(response.body) < _PACKED_LEAST or b"gzip" not in takes:
        return
    if isinstance(response, PartAnswer):
        response.body = response.part.packed
    else:
        response.body = compress(response.body, _PACKED_LEVEL, mtime=0)
    response.headers["content-length"] = str(len(response.body))
    response.headers["content-encoding"] = "gzip"
    response.headers.add_vary_header("accept-encoding")


class Part(NamedTuple):
    """A part of a page, as it is and compressed, for many to be given."""

    plain: bytes
    packed: bytes


class PartAnswer(HTMLResponse):
    """An answer with a part of a page, which is not compressed again for each who is given it."""

    def __init__(self, part: Part) -> None:
        super().__init__(part.plain, headers=HEADERS)
        self.part = part


class Press:
    """Makes pages of templates; of each language it has its own, for they share their globals."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._environment = cache(self._made)

    def page(
        self, language: str | None, template: str, *, status: int | None = None, **values: object
    ) -> Response:
        """Return a page in a language; without a status, with that of what it says was refused."""
        made = self._environment(language).get_template(f"{template}.html")
        if status is None:
            status = _status_of(values.get("refused"))
        return HTMLResponse(made.render(**values), status, HEADERS)

    def part(
        self, language: str | None, template: str, macros: tuple[str, ...], **values: object
    ) -> Part:
        """Return what some macros of a template make in a language: what moves of a page."""
        made = self._environment(language).get_template(f"{template}.html").make_module(values)
        plain = "".join(str(getattr(made, each)()) for each in macros).encode()
        return Part(plain, compress(plain, _PACKED_LEVEL, mtime=0))

    def _made(self, language: str | None) -> Environment:
        environment = Environment(
            loader=PackageLoader("callkeeper.console"),
            extensions=[FixedWords],
            auto_reload=False,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        tell = _teller(language)
        environment.globals |= {
            "_": tell,
            "asset": self._assets.path,
            "language_tag": _TAGS[language],
            "code_in_words": lambda code: tell(in_a_word(code)),
            "desk_told": lambda text: tell(DESK_WORDS.get(text, text)),
            "event_words": EVENT_WORDS,
            "who_in_words": lambda by: _who_in_words(by, tell),
            "customer_name": customer_name,
            "instant": in_iso,
            "kbd": kbd,
            "key": key,
            "masked": masked,
            "may": may,
            "minutes": _minutes,
            "pops": screen_pop,
            "promised_at": promised_at,
            "role_words": ROLE_WORDS,
            "same_day": _is_of_today,
        }
        return environment


def _status_of(refused: object) -> int:
    """Return what a form is answered with that is shown again with what was refused of it."""
    if refused is None:
        return 200
    return 409 if isinstance(refused, Overtaken) else 422


def _is_of_today(at: Instant, times: LocalTimes) -> bool:
    begin_at, end_at = _today(times)
    return begin_at <= at <= end_at


@lru_cache(16)
def _today(times: LocalTimes) -> tuple[Instant, Instant]:
    """Return the day of whoever looks; a page asks for it with each of its calls."""
    return day_around(times.now, times.zone)


def _who_in_words(by: str, tell: Callable[..., str]) -> str:
    """Return who did something; what has no words of ours, as the history has it."""
    kind, _, name = by.partition(" ")
    return tell(WHO_WORDS[kind], name=name) if kind in WHO_WORDS else by


def _teller(language: str | None) -> Callable[..., str]:
    """Return what says a template, or a phrase, in a language."""
    translate = translator(language)

    def tell(said: str | Phrase, **values: Value) -> str:
        return (said if isinstance(said, Phrase) else Phrase(said, **values)).told(translate)

    return tell
