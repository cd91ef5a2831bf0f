"""Business results: what agents may file, in order; added and retired here."""

from starlette.responses import Response

from callkeeper.console.fields import Form
from callkeeper.console.press import Press, lead_to
from callkeeper.console.visit import Visit
from callkeeper.core.campaigns.business_result import NoSuchResult
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import ParameterWrong, Refusal
from callkeeper.usecases.campaigns import Naming
from callkeeper.usecases.result_keeping import ResultKeeping


class ResultsPage:
    """The business results of a VDN."""

    def __init__(self, keeping: ResultKeeping, press: Press) -> None:
        self._keeping = keeping
        self._press = press

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show them."""
        return await self._page(visit, who)

    async def add(self, visit: Visit, who: SignedIn) -> Response:
        """Add one, or a sub-result of one."""
        form = visit.form()
        naming = Naming(form.get("name", ""), form.get("code") or None, form.get("description", ""))
        try:
            await self._keeping.define(who.person, visit.vdn, naming, form.get("below", ""))
        except ParameterWrong as refused:
            return await self._page(visit, who, form, refused)
        except NoSuchResult as refused:
            refused.about = "below"
            return await self._page(visit, who, form, refused)
        return lead_to(_path(visit))

    async def retire(self, visit: Visit, who: SignedIn) -> Response:
        """Offer one no more."""
        return await self._offered(visit, who, is_offered=False)

    async def offer(self, visit: Visit, who: SignedIn) -> Response:
        """Offer one again."""
        return await self._offered(visit, who, is_offered=True)

    async def _offered(self, visit: Visit, who: SignedIn, *, is_offered: bool) -> Response:
        parent, _, code = visit.form().get("result", "").rpartition("/")
        try:
            await self._keeping.offer(who.person, visit.vdn, parent, code, is_offered=is_offered)
        except NoSuchResult as refused:
            return await self._page(visit, who, {}, refused)
        return lead_to(_path(visit))

    async def _page(
        self, visit: Visit, who: SignedIn, typed: Form | None = None, refused: Refusal | None = None
    ) -> Response:
        results = await self._keeping.all(who.person, visit.vdn)
        return self._press.page(
            visit.language,
            "results",
            who=who,
            vdn=visit.vdn,
            path=_path(visit),
            results=results,
            typed=typed or {},
            refused=refused,
        )


def _path(visit: Visit) -> str:
    return f"/console/{visit.vdn}/results"
