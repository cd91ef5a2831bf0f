"""The house rules of a VDN: what they are, what others would change, and keeping those."""

from collections.abc import Sequence

from starlette.responses import Response

from callkeeper.console.fields import Form, chosen, hidden_number, typed_count
from callkeeper.console.press import Press, lead_to
from callkeeper.console.times import zone_names
from callkeeper.console.visit import Visit
from callkeeper.core.people.house_rules import (
    AGENTS_SEE,
    HOURS_RULES,
    NUMBERS,
    SLOT_CALLS_MOST,
    SLOT_MINUTES,
    HouseRules,
)
from callkeeper.core.people.preferences import WARNING_MINUTES, WARNING_MOST
from callkeeper.core.people.session import SignedIn
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import Overtaken, ParameterWrong, Refusal
from callkeeper.core.reservations.screen_pop import OURS
from callkeeper.usecases.house_rules import RuleKeeping


class HouseRulesPage:
    """The rules of a VDN. They are kept from what shows what would change, and from nowhere else.

    ``zone`` is that of a VDN that has none.
    """

    def __init__(self, keeping: RuleKeeping, press: Press, zone: str) -> None:
        self._keeping = keeping
        self._press = press
        self._zone = zone

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show the rules."""
        return await self._page(visit, who)

    async def keep(self, visit: Visit, who: SignedIn) -> Response:
        """Show what the rules that were typed would change, or keep them."""
        form = visit.form()
        try:
            rules, version = read_rules(form), hidden_number(form, "version")
            if "keep" in form:
                await self._keeping.keep(who.person, visit.vdn, rules, version)
                return lead_to(f"/console/{visit.vdn}/house")
            differences = await self._keeping.preview(who.person, visit.vdn, rules)
        except (ParameterWrong, Overtaken) as refused:
            return await self._page(visit, who, typed=form, refused=refused)
        return await self._page(visit, who, typed=form, differences=differences)

    async def _page(
        self,
        visit: Visit,
        who: SignedIn,
        *,
        typed: Form | None = None,
        refused: Refusal | None = None,
        differences: Sequence[Phrase] | None = None,
    ) -> Response:
        kept = await self._keeping.kept(who.person, visit.vdn)
        return self._press.page(
            visit.language,
            "house",
            who=who,
            vdn=visit.vdn,
            version=kept.version,
            shown=as_form(kept.rules) | dict(typed or {}),
            rule_names=HouseRules.__struct_fields__,
            refused=refused,
            differences=differences,
            zone=self._zone,
            zones=zone_names(),
            slot_minutes=SLOT_MINUTES,
            pop_names=OURS,
            warning_minutes=WARNING_MINUTES,
        )


def as_form(rules: HouseRules) -> dict[str, str]:
    """Return what the form shows of rules before anything is typed."""
    return {
        "zone": rules.zone or "",
        "language": rules.language or "",
        "numbers": rules.numbers,
        "agents_see": rules.agents_see,
        "customer_member": rules.customer_member or "",
        "slot_minutes": str(rules.slot_minutes),
        "screen_pop": rules.screen_pop or "",
        "slot_calls_max": "" if rules.slot_calls_max is None else str(rules.slot_calls_max),
        "warning_minutes": "" if rules.warning_minutes is None else str(rules.warning_minutes),
        "outside_hours": rules.outside_hours,
    }


def read_rules(form: Form) -> HouseRules:
    """Return the rules that were typed. Raise ParameterWrong."""
    return HouseRules(
        zone=form.get("zone") or None,
        language=form.get("language") or None,
        numbers=chosen(form, "numbers", NUMBERS),
        agents_see=chosen(form, "agents_see", AGENTS_SEE),
        customer_member=form.get("customer_member") or None,
        slot_minutes=int(chosen(form, "slot_minutes", tuple(map(str, SLOT_MINUTES)))),
        screen_pop=form.get("screen_pop") or None,
        slot_calls_max=typed_count(form, "slot_calls_max", SLOT_CALLS_MOST),
        warning_minutes=typed_count(form, "warning_minutes", WARNING_MOST),
        outside_hours=chosen(form, "outside_hours", HOURS_RULES),
    )
