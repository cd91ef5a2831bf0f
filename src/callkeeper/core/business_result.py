"""The results that a VDN's agents may file, as the VDN defined them."""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

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
    made_at: int
    place: int = 0


class Definition(msgspec.Struct, frozen=True):
    """A result with its sub-results, to be defined at once; there is no changing it afterwards."""

    what: ClassVar[str] = "defined"

    result: BusinessResult
    children: tuple[BusinessResult, ...]
    by: str

    def check(self, standing: Iterable[BusinessResult]) -> None:
        """Refuse a code or a name that the VDN, or this definition itself, has used before."""
        _check_new(self.result, standing, f"in VDN {self.result.vdn}")
        for place, child in enumerate(self.children):
            _check_new(child, self.children[:place], f"among the sub-results of {child.parent!r}")


class BusinessResults:
    """All that one VDN has defined, ready to be asked."""

    def __init__(self, definitions: Iterable[BusinessResult] = ()) -> None:
        self._children: dict[str, set[str]] = {}
        for each in definitions:
            self._children.setdefault(each.parent, set()).add(each.code)

    def check(self, result: str | None, sub_result: str | None) -> None:
        """Refuse a pair that the VDN did not define. A VDN that defined nothing takes any."""
        known = self._children.get("")
        if known is None:
            return
        if result is not None and result not in known:
            raise ParameterWrong(
                f"{result!r} is not defined in this VDN; "
                "define it with addBusinessResult, or send one that queryBusinessResults lists",
                about="business_result",
            )
        children = self._children.get(result, ()) if result else ()
        if sub_result is not None and sub_result not in children:
            raise ParameterWrong(
                f"{sub_result!r} is no sub-result of {result!r}; "
                "queryBusinessResults lists the ones that are",
                about="business_sub_result",
            )


def _check_new(new: BusinessResult, standing: Iterable[BusinessResult], where: str) -> None:
    for each in standing:
        if each.code == new.code:
            raise ParameterWrong(f"code: {new.code!r} is defined already {where}")
        if each.name == new.name:
            raise ParameterWrong(f"name: {new.name!r} is defined already {where}")
