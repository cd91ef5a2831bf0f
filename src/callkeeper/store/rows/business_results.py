"""Business results: rows ↔ values."""

from collections.abc import Sequence

import msgspec

from callkeeper.core.campaigns.business_result import (
    BusinessResult,
    DefinedResults,
    Definition,
    NoSuchResult,
    ResultOffer,
    SubResult,
)
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import is_person
from callkeeper.core.refusal import ParameterWrong, Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.port.campaigns import DefinitionPage
from callkeeper.store.port.history import Event
from callkeeper.store.port.people import Deed
from callkeeper.store.rows.campaigns import CampaignRows
from callkeeper.store.rows.deeds import DeedRows
from callkeeper.store.rows.history import HistoryRows


class BusinessResultRows:
    """The verbs about business results."""

    def __init__(
        self, session: Session, history: HistoryRows, campaigns: CampaignRows, deeds: DeedRows
    ) -> None:
        self._session = session
        self._history = history
        self._campaigns = campaigns
        self._deeds = deeds

    def define(self, definitions: Sequence[Definition]) -> list[Definition | Refusal]:
        """Define business results, each with its sub-results and its event."""
        self._campaigns.lock(each.result.vdn for each in definitions)
        outcomes: list[Definition | Refusal] = []
        for each in definitions:
            new = each.result
            if self._history.begun_by(new.vdn, each.request) is not None:
                outcomes.append(each)
                continue
            same = self._session.rows(
                "same_business_results", vdn=new.vdn, code=new.code, name=new.name
            )
            try:
                each.check_room(self._count(new.vdn))
                each.check([BusinessResult(*row) for row in same])
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            self._session.each("add_business_results", [new, *each.children])
            self._history.append([_event(each)])
            if is_person(each.by):
                self._note(new, each.by, new.made_at, SubResult.what)
            outcomes.append(each)
        return outcomes

    def extend(self, subs: Sequence[SubResult]) -> list[BusinessResult | Refusal]:
        """Define sub-results below results that there are, each as a deed; refuse NoSuchResult."""
        self._campaigns.lock(each.result.vdn for each in subs)
        outcomes: list[BusinessResult | Refusal] = []
        for each in subs:
            new = each.result
            try:
                self._known(new.vdn, "", new.parent)
                rows = self._session.rows("sub_business_results", vdn=new.vdn, parent=new.parent)
                new = each.placed(BusinessResult(*row) for row in rows)
            except (ParameterWrong, NoSuchResult) as refusal:
                outcomes.append(refusal)
                continue
            self._session.each("add_business_results", [new])
            self._note(new, each.by, new.made_at, each.what)
            outcomes.append(new)
        return outcomes

    def offer(self, offers: Sequence[ResultOffer]) -> list[BusinessResult | Refusal]:
        """Retire results, or offer them again, each as a deed; refuse NoSuchResult."""
        self._campaigns.lock(each.vdn for each in offers)
        outcomes: list[BusinessResult | Refusal] = []
        for each in offers:
            try:
                old = self._known(each.vdn, each.parent, each.code)
            except NoSuchResult as refusal:
                outcomes.append(refusal)
                continue
            new = each.apply(old)
            if new is not old:
                fields = ("vdn", "parent", "code", "retired_at")
                self._session.rows(
                    "offer_business_result", **{name: getattr(new, name) for name in fields}
                )
                self._note(new, each.by, each.at, each.what)
            outcomes.append(new)
        return outcomes

    def _known(self, vdn: int, parent: str, code: str) -> BusinessResult:
        rows = self._session.rows("business_result", vdn=vdn, parent=parent, code=code)
        if not rows:
            raise NoSuchResult
        return BusinessResult(*rows[0])

    def _note(self, result: BusinessResult, by: str, at: Instant, what: str) -> None:
        name = "/".join(filter(None, (result.parent, result.code)))
        self._deeds.append(Deed(0, at, by, what, f"result {name}", result.vdn))

    def find(self, vdn: int, offset: int, limit: int) -> DefinitionPage:
        """Return a page of top-level business results, oldest first, with their sub-results."""
        total = self._count(vdn)
        results: list[tuple[BusinessResult, list[BusinessResult]]] = []
        for row in self._session.rows("top_business_results", vdn=vdn, offset=offset, limit=limit):
            each = BusinessResult(*row)
            if each.parent == "":
                results.append((each, []))
            else:
                results[-1][1].append(each)
        return DefinitionPage(total, results)

    def _count(self, vdn: int) -> int:
        return int(self._session.rows("count_top_business_results", vdn=vdn)[0][0])

    def of(self, vdn: int) -> DefinedResults:
        """Return all that a VDN has defined."""
        rows = self._session.rows("business_results", vdn=vdn)
        return DefinedResults(BusinessResult(*row) for row in rows)


def _event(definition: Definition) -> Event:
    return Event(
        vdn=definition.result.vdn,
        subject=f"business_result/{definition.result.code}",
        version=1,
        happened_at=definition.result.made_at,
        what=definition.what,
        by_whom=definition.by,
        detail=msgspec.json.encode([definition.result, *definition.children]).decode(),
        request=definition.request,
    )
