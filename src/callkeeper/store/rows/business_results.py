"""Business results: rows ↔ values."""

from collections.abc import Sequence

import msgspec

from callkeeper.core.campaigns.business_result import BusinessResult, DefinedResults, Definition
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.port.campaigns import DefinitionPage
from callkeeper.store.port.history import Event
from callkeeper.store.rows.campaigns import CampaignRows
from callkeeper.store.rows.history import HistoryRows


class BusinessResultRows:
    """The verbs about business results."""

    def __init__(self, session: Session, history: HistoryRows, campaigns: CampaignRows) -> None:
        self._session = session
        self._history = history
        self._campaigns = campaigns

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
                each.check([BusinessResult(*row) for row in same])
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            self._session.each("add_business_results", [new, *each.children])
            self._history.append([_event(each)])
            outcomes.append(each)
        return outcomes

    def find(self, vdn: int, offset: int, limit: int) -> DefinitionPage:
        """Return a page of top-level business results, oldest first, with their sub-results."""
        total = self._session.rows("count_top_business_results", vdn=vdn)[0][0]
        results: list[tuple[BusinessResult, list[BusinessResult]]] = []
        for row in self._session.rows("top_business_results", vdn=vdn, offset=offset, limit=limit):
            each = BusinessResult(*row)
            if each.parent == "":
                results.append((each, []))
            else:
                results[-1][1].append(each)
        return DefinitionPage(total, results)

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
