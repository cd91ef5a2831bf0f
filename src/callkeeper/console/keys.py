"""Access keys: which programs may ask, for what; made, limited and revoked by people."""

import re
from typing import Any

from starlette.responses import Response

from callkeeper.console.fields import Form, typed_vdn
from callkeeper.console.press import Press, lead_to
from callkeeper.console.proof import Proofs
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit, no_page
from callkeeper.core.allowance import Limit
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import ParameterWrong, Refusal
from callkeeper.usecases.key_keeping import NOTE, KeyKeeping

_ROWS_MAX = 500
_AK = re.compile("[0-9A-Za-z_-]{1,64}")
_RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
_COUNT = re.compile("[0-9]{1,7}")


class KeysPages:
    """The access keys of a VDN, or of the installation where the path names none."""

    def __init__(self, keeping: KeyKeeping, proofs: Proofs, press: Press, times: PageTimes) -> None:
        self._keeping = keeping
        self._proofs = proofs
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show them, and the form by which another is made."""
        return await self._list(visit, who)

    async def make(self, visit: Visit, who: SignedIn) -> Response:
        """Make another, and show its secret this once."""
        form = visit.form()

        async def act(who: SignedIn) -> Response:
            vdn = visit.maybe_vdn
            if vdn is None:
                vdn = typed_vdn(form)
            key = await self._keeping.issue(who, vdn, form.get("note", ""))
            return self._press.page(
                visit.language, "secret", access_key=key, **self._given(visit, who)
            )

        return await self._proofs.act(
            who, form, act, lambda who, refused: self._list(visit, who, form, refused)
        )

    async def one(self, visit: Visit, who: SignedIn) -> Response:
        """Show one of them."""
        return await self._key(visit, who)

    async def change(self, visit: Visit, who: SignedIn) -> Response:
        """Do to one of them what the button says that was pressed."""
        form = visit.form()

        async def act(who: SignedIn) -> Response:
            vdn, ak = visit.maybe_vdn, _ak(visit)
            if form.get("act") == "revoke":
                await self._keeping.revoke(who, vdn, ak, form.get("ak", ""))
            else:
                await self._keeping.limit(who, vdn, ak, _limit(form))
            return lead_to(f"{_path(visit)}/{ak}")

        return await self._proofs.act(
            who, form, act, lambda who, refused: self._key(visit, who, form, refused)
        )

    async def _list(
        self, visit: Visit, who: SignedIn, typed: Form | None = None, refused: Refusal | None = None
    ) -> Response:
        found = await self._keeping.all(who.person, visit.maybe_vdn)
        # Those in use first, and of each kind the newest.
        found.sort(key=lambda key: (key.revoked_at is not None, -key.made_at))
        return self._press.page(
            visit.language,
            "access_keys",
            keys=found[:_ROWS_MAX],
            has_more=len(found) > _ROWS_MAX,
            note_longest=NOTE.longest,
            **self._given(visit, who, typed, refused),
        )

    async def _key(
        self, visit: Visit, who: SignedIn, typed: Form | None = None, refused: Refusal | None = None
    ) -> Response:
        key = await self._keeping.one(who.person, visit.maybe_vdn, _ak(visit))
        given = self._given(visit, who, typed, refused)
        return self._press.page(visit.language, "access_key", access_key=key, **given)

    def _given(
        self,
        visit: Visit,
        who: SignedIn,
        typed: Form | None = None,
        refused: Refusal | None = None,
    ) -> dict[str, Any]:
        """Return what the templates of all these pages are given."""
        vdn = visit.maybe_vdn
        return {
            "who": who,
            "path": _path(visit),
            "times": self._times.of(who),
            "asks_proof": self._proofs.is_asked(who),
            "typed": typed or {},
            "refused": refused,
        } | ({} if vdn is None else {"vdn": vdn})


def _path(visit: Visit) -> str:
    vdn = visit.maybe_vdn
    return "/console/keys" if vdn is None else f"/console/{vdn}/keys"


def _ak(visit: Visit) -> str:
    ak = visit.request.path_params["ak"]
    if not _AK.fullmatch(ak):
        raise no_page(visit.request)
    return str(ak)


def _limit(form: Form) -> Limit:
    """Return the allowance that was typed; nothing typed allows any number."""
    rate, burst = form.get("per_second", ""), form.get("burst", "")
    if not rate and not burst:
        return Limit(off=True)
    if not _RATE.fullmatch(rate):
        raise ParameterWrong("write so many requests a second, as a number", about="per_second")
    if burst and not _COUNT.fullmatch(burst):
        raise ParameterWrong("write how many at once, as a whole number", about="burst")
    return Limit(float(rate), int(burst) if burst else None)
