"""House rules: rows ↔ values.

A row is one JSON object. What a newer program keeps there, and this one knows nothing of, stays.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from callkeeper.core.people.house_rules import HouseRules, KeptRules, RulesOrder, changed_rules
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.port.people import Deed
from callkeeper.store.rows.campaigns import CampaignRows
from callkeeper.store.rows.deeds import DeedRows

_SUBJECT = "house_rules"
_DEED = "rules_changed"


class RulesRows:
    """The verbs about house rules, and what sessions need of them."""

    def __init__(self, session: Session, campaigns: CampaignRows, deeds: DeedRows) -> None:
        self._session = session
        self._campaigns = campaigns
        self._deeds = deeds

    def of(self, vdn: int) -> KeptRules:
        """Return the rules of a VDN; as they are where it has made none."""
        version, text = self._stored(vdn)
        return KeptRules(vdn, version, _read(text))

    def of_person(self, login: str) -> list[HouseRules]:
        """Return the rules of the VDNs in which a person has a role, by VDN, if they made any."""
        rows = self._session.rows("house_rules_of_roles", login=login)
        return [_read(row[0]) for row in rows]

    def change(self, orders: Sequence[RulesOrder]) -> list[KeptRules | Refusal]:
        """Carry out orders, each as a deed."""
        self._campaigns.lock(each.vdn for each in orders)
        return [self._changed(each) for each in orders]

    def _changed(self, order: RulesOrder) -> KeptRules | Refusal:
        version, text = self._stored(order.vdn)
        old = KeptRules(order.vdn, version, _read(text))
        try:
            new = order.carry_out(old)
        except Refusal as refusal:
            return refusal
        if new is old:
            return old
        changed = changed_rules(old.rules, new.rules)
        kept: dict[str, Any] = msgspec.json.decode(text)
        kept |= {name: value for name, (_, value) in changed.items()}
        self._session.rows("put_house_rules", vdn=new.vdn, version=new.version, rules=_json(kept))
        deed = Deed(0, order.at, order.by, _DEED, _SUBJECT, order.vdn, _json(changed))
        self._deeds.append(deed)
        return new

    def _stored(self, vdn: int) -> tuple[int, str]:
        rows = self._session.rows("house_rules", vdn=vdn)
        return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "{}")


def _read(text: str) -> HouseRules:
    """Return rules as this program knows them; what a newer one may choose, it has by default."""
    try:
        return msgspec.json.decode(text, type=HouseRules)
    except msgspec.ValidationError:
        kept: dict[str, Any] = msgspec.json.decode(text)
    known: dict[str, Any] = {}
    for name, value in kept.items():
        with suppress(msgspec.ValidationError):
            msgspec.convert({name: value}, HouseRules)
            known[name] = value
    return msgspec.convert(known, HouseRules)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
