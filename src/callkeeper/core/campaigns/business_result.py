"""The results that a VDN's agents may file, as the VDN defined them."""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import ParameterWrong


class BusinessResult(msgspec.Struct, frozen=True):
    """One definition. A top-level result has an empty ``parent``; a sub-result names its parent.

    ``place`` is where it stood among the sub-results it was defined with, from 0.
    """

    vdn: int
    parent: str
    code: str
    name: str
    description: str
    made_at: Instant
    place: int = 0


class Definition(msgspec.Struct, frozen=True):
    """A result with its sub-results, to be defined at once; there is no changing it afterwards."""

    what: ClassVar[str] = "defined"

    result: BusinessResult
    children: tuple[BusinessResult, ...]
    by: str
    request: str | None = None

    def check(self, standing: Iterable[BusinessResult]) -> None:
        """Refuse a code or a name that the VDN, or this definition itself, has used before."""
        _check_new(self.result, standing, Phrase("in VDN {vdn}", vdn=self.result.vdn))
        for place, child in enumerate(self.children):
            among = Phrase("among the sub-results of {parent!r}", parent=child.parent)
            _check_new(child, self.children[:place], among)


class DefinedResults:
    """All that one VDN has defined, ready to be asked."""

    def __init__(self, definitions: Iterable[BusinessResult] = ()) -> None:
        self._children: dict[str, dict[str, str]] = {}
        for each in definitions:
            self._children.setdefault(each.parent, {})[each.code] = each.name

    def check(self, result: str | None, sub_result: str | None) -> None:
        """Refuse a pair that the VDN did not define. A VDN that defined nothing takes any."""
        known = self._children.get("")
        if known is None:
            return
        if result is not None and result not in known:
            raise ParameterWrong(
                "{result!r} is not defined in this VDN; "
                "define it with addBusinessResult, or send one that queryBusinessResults lists",
                about="business_result",
                result=result,
            )
        if sub_result is None:
            return
        if result is None:
            raise ParameterWrong(
                "{sub_result!r} is a sub-result, and the result that it belongs to is neither "
                "sent nor filed; send both",
                about="business_sub_result",
                sub_result=sub_result,
            )
        if sub_result not in self._children.get(result, ()):
            raise ParameterWrong(
                "{sub_result!r} is no sub-result of {result!r}; "
                "queryBusinessResults lists the ones that are",
                about="business_sub_result",
                sub_result=sub_result,
                result=result,
            )

    def names(self, result: str | None, sub_result: str | None) -> tuple[str | None, str | None]:
        """Return what the VDN calls a pair; None for what is not filed or was never defined."""
        below = self._children.get(result, {}) if result else {}
        return self._children.get("", {}).get(result or ""), below.get(sub_result or "")


def _check_new(new: BusinessResult, standing: Iterable[BusinessResult], where: Phrase) -> None:
    for each in standing:
        for about, taken, given in (("code", each.code, new.code), ("name", each.name, new.name)):
            if taken == given:
                raise ParameterWrong(
                    "{given!r} is defined already {where}", about=about, given=given, where=where
                )
