"""Single sign-on: to the provider, and back with what it says of somebody.

What must be known again at the way back is in a cookie that only we can read, so that any server
takes up what another one began.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any, NamedTuple

import msgspec
import structlog
from starlette.responses import Response

from callkeeper.clock import Clock, new_token
from callkeeper.console.door import Door, let_in
from callkeeper.console.press import Press, lead_away, lead_to
from callkeeper.console.provider import SKEW_MS, Provider, ProviderAway, senseless
from callkeeper.console.sign_in import TRIES_AT_ONCE, TRIES_PER_SECOND, own_page
from callkeeper.console.visit import Visit, no_page
from callkeeper.core.instants import MINUTE_MS, SECOND_MS, Instant
from callkeeper.core.people.person import Person, Tie
from callkeeper.core.people.session import SignedIn
from callkeeper.core.people.sign_on import Account, NobodyTied, SignOnRefused
from callkeeper.core.refusal import ParameterWrong
from callkeeper.http.tarpit import Tarpit
from callkeeper.installation.sealing import Seal
from callkeeper.usecases.people import NewSession, SignInListener
from callkeeper.usecases.sign_on import SignOns

BEGIN = "/console/sign-on"
BACK = f"{BEGIN}/back"
COOKIE = "__Host-callkeeper-sign-on"

BEGUN_MS = 10 * MINUTE_MS  # as long as somebody may take at the provider
_GROUPS_MAX = 10_000
_SAID_MAX = 80

_log = structlog.get_logger()


class SignOnLost(SignOnRefused):
    """The sign-in began in another window, or more than 10 minutes ago; begin it once more."""


class SignOnProofMissing(SignOnRefused):
    """The single sign-on did not ask you anew who you are; sign out there, then try once more."""


class SignOn(NamedTuple):
    """The single sign-on of an installation, and who hears how each ended that came back."""

    provider: Provider
    sign_ons: SignOns
    seal: Seal
    issuer: str
    groups_claim: str
    agent_claim: str
    heard: SignInListener


class _Begun(msgspec.Struct):
    """What was begun: for which browser, with which secrets, and where it goes on.

    ``is_anew`` is for those who have to show who they are, though the provider may know them.
    """

    state: str
    nonce: str
    verifier: str
    next: str
    at: Instant
    is_anew: bool = False

    def typed_at(self, proven_at: Instant | None) -> Instant | None:
        """Return since when somebody has surely typed a password, who proved then who they are."""
        if self.is_anew:
            return self.at
        return None if proven_at is None else proven_at - SKEW_MS

    def check(self, proven_at: Instant | None) -> None:
        """Refuse whoever was to show who they are, and did not since this began."""
        if self.is_anew and (proven_at is None or proven_at < self.at - SKEW_MS):
            refused = SignOnProofMissing()
            refused.detail = (
                "auth_time is missing, though a fresh sign-in was asked for"
                if proven_at is None
                else f"auth_time is {(self.at - proven_at) // SECOND_MS} s before a fresh sign-in"
                " was asked for"
            )
            raise refused


class SignOnPages:
    """The way to the provider, and the way back; there is neither where none is set."""

    def __init__(self, sign_on: SignOn | None, door: Door, press: Press, clock: Clock) -> None:
        self._set = sign_on
        self._door = door
        self._press = press
        self._clock = clock
        self._tries = Tarpit(per_second=TRIES_PER_SECOND, at_once=TRIES_AT_ONCE)

    async def begin(self, visit: Visit) -> Response:
        """Send somebody to the provider."""
        sign_on = self._sign_on(visit)
        asked = visit.request.query_params
        next_, is_anew = own_page(asked.get("next")), asked.get("anew") == "1"
        begun = _Begun(new_token(), new_token(), new_token(), next_, self._clock.now(), is_anew)
        try:
            challenge = urlsafe_b64encode(sha256(begun.verifier.encode()).digest()).rstrip(b"=")
            address = await sign_on.provider.address(
                begun.state, begun.nonce, challenge.decode(), is_anew=is_anew
            )
        except SignOnRefused as refused:
            return self._refused(visit, refused, is_anew=is_anew)
        response = lead_away(address)
        response.set_cookie(
            COOKIE,
            sign_on.seal.seal_for(COOKIE, msgspec.json.encode(begun).decode()),
            max_age=BEGUN_MS // SECOND_MS,
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",  # one comes back from elsewhere
        )
        return response

    async def back(self, visit: Visit) -> Response:
        """Let in whoever comes back, if they come from where they were sent."""
        sign_on = self._sign_on(visit)
        subject, is_anew = None, False
        turn = self._tries.visit(visit.request.scope)
        try:
            begun = self._begun(visit, sign_on)
            await turn.pay()  # for the provider is asked now
            is_anew = begun.is_anew
            account = await self._account(visit, sign_on, begun)
            subject = account.tie.subject
            begun.check(account.proven_at)
            person, session = await _let_in(sign_on, account, begun, visit.who)
        except SignOnRefused as refused:
            sign_on.heard(is_in=False)
            response = self._refused(visit, refused, subject, is_anew=is_anew)
        else:
            turn.prove()
            sign_on.heard(is_in=True)
            await self._door.end(visit.request)  # on a machine that people share, the one before
            response = lead_to(begun.next)
            let_in(response, session, self._clock.now())
            _log.info("sign_on_accepted", person=person.login, subject=subject)
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return response

    def _sign_on(self, visit: Visit) -> SignOn:
        if self._set is None:
            raise no_page(visit.request)
        return self._set

    def _begun(self, visit: Visit, sign_on: SignOn) -> _Begun:
        """Return what this browser began. Raise SignOnLost."""
        opened = sign_on.seal.open_for(COOKIE, visit.request.cookies.get(COOKIE, ""))
        if opened is None:
            raise SignOnLost
        begun = msgspec.json.decode(opened, type=_Begun)
        state = visit.request.query_params.get("state", "")
        age_ms = self._clock.now() - begun.at
        if age_ms >= BEGUN_MS or not compare_digest(state.encode(), begun.state.encode()):
            raise SignOnLost
        return begun

    async def _account(self, visit: Visit, sign_on: SignOn, begun: _Begun) -> Account:
        """Return who the provider says it is. Raise SignOnRefused."""
        asked = visit.request.query_params
        if error := asked.get("error"):
            refused = SignOnRefused(
                "the single sign-on did not let you in; try it once more, or ask whoever runs it"
            )
            refused.detail = f"the provider says {error[:_SAID_MAX]!r}"
            raise refused
        code = asked.get("code")
        if not code:
            raise senseless("the provider sent somebody back without a code")
        claims = await sign_on.provider.claims(code, begun.verifier, begun.nonce)
        return _account_of(claims, sign_on, self._clock.now())

    def _refused(
        self,
        visit: Visit,
        refused: SignOnRefused,
        subject: str | None = None,
        *,
        is_anew: bool = False,
    ) -> Response:
        _log.warning("sign_on_refused", why=refused.detail or refused.sentence, subject=subject)
        status = 503 if isinstance(refused, ProviderAway) else 403
        return self._press.page(
            visit.language,
            "sign_on_refused",
            status=status,
            who=None,
            refused=refused,
            subject=subject if isinstance(refused, NobodyTied) else None,
            is_anew=is_anew,
        )


def _account_of(claims: Mapping[str, Any], sign_on: SignOn, now: Instant) -> Account:
    """Return the account that claims are about. Raise SignOnRefused."""
    subject = claims.get("sub")
    if not isinstance(subject, str):
        raise senseless("the ID token has no subject")
    tie = Tie(sign_on.issuer, subject)
    try:
        tie.check()
    except ParameterWrong as wrong:
        raise senseless(f"the subject in the ID token: {wrong}") from wrong
    groups = _claim(claims, sign_on.groups_claim)
    groups = groups if isinstance(groups, list) else [groups]
    return Account(
        tie=tie,
        name=_text(claims.get("name")),
        login=_text(claims.get("preferred_username")),
        agent=_text(_claim(claims, sign_on.agent_claim)),
        groups=frozenset(each for each in groups[:_GROUPS_MAX] if isinstance(each, str)),
        proven_at=_proven_at(claims.get("auth_time"), now),
    )


def _proven_at(seconds: object, now: Instant) -> Instant | None:
    """Return when somebody showed who they are; what is no time, or one to come, says nothing."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
        return None
    proven_at = seconds * SECOND_MS
    return min(proven_at, now) if proven_at <= now + SKEW_MS else None


async def _let_in(
    sign_on: SignOn, account: Account, begun: _Begun, before: SignedIn | None
) -> tuple[Person, NewSession]:
    """Begin a session for whose account it is. Raise SignOnRefused.

    Any page elsewhere may have a browser go to the provider and back, and nobody notice: so that
    alone ends nothing that somebody has proved, or said of themselves.
    """
    typed_at = begun.typed_at(account.proven_at)
    try:
        session = None if before is None else before.session
        return await sign_on.sign_ons.let_in(account, typed_at, session)
    except ParameterWrong as wrong:  # as an account under which no reservation can stand
        raise senseless(f"the {wrong.about} in the ID token: {wrong}") from wrong


def _claim(claims: Mapping[str, Any], name: str) -> object:
    """Return a claim by its name, or by its way: ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(found: object) -> str | None:
    return found if isinstance(found, str) else None
