"""Keeping business results: whoever may defines them for a VDN's agents, and retires them."""

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.business_result import (
    CODE,
    DESCRIPTION,
    NAME,
    RESULTS_MAX,
    BusinessResult,
    Definition,
    ResultOffer,
    SubResult,
)
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may
from callkeeper.core.refusal import ParameterWrong
from callkeeper.usecases.campaigns import Naming


class ResultKeeping:
    """The business results of a VDN, for its administrators."""

    def __init__(self, async_store: AsyncStore, clock: Clock) -> None:
        self._store = async_store
        self._clock = clock

    async def all(
        self, person: Person, vdn: int
    ) -> list[tuple[BusinessResult, list[BusinessResult]]]:
        """Return the results of a VDN with their sub-results, retired or not, oldest first."""
        check_may(person, "define_results", vdn)
        page = await self._store.business_results.find(vdn, 0, RESULTS_MAX)
        return page.results

    async def define(self, person: Person, vdn: int, naming: Naming, parent: str) -> BusinessResult:
        """Define a result, or a sub-result of a parent. Raise NoSuchResult or ParameterWrong."""
        check_may(person, "define_results", vdn)
        if not naming.name:
            raise ParameterWrong("the name is empty", about="name")
        NAME.check(naming.name, "name")
        CODE.check(naming.code or "", "code")
        DESCRIPTION.check(naming.description, "description")
        new = naming.result(vdn, parent, 0, self._clock.now())
        if parent:
            return await self._store.business_results.extend(SubResult(new, person.by))
        await self._store.business_results.define(Definition(new, (), person.by))
        return new

    async def offer(
        self, person: Person, vdn: int, parent: str, code: str, *, is_offered: bool
    ) -> BusinessResult:
        """Retire a result, or offer it again. Raise NoSuchResult."""
        check_may(person, "define_results", vdn)
        order = ResultOffer(vdn, parent, code, is_offered, person.by, self._clock.now())
        return await self._store.business_results.offer(order)
