"""The results that a VDN's agents may file, as the VDN defined them."""

import re
from collections.abc import Iterable
from typing import ClassVar

import msgspec

from callkeeper.core.characters import PLAIN, Characters, TextBounds
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import is_person
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import ParameterWrong, Refusal, TooMany

NAME = TextBounds(50, PLAIN)
CODE = TextBounds(50, Characters(re.compile(r"[^0-9A-Za-z-]"), Phrase("letters, digits and -")))
DESCRIPTION = TextBounds(200, PLAIN)
RESULTS_MAX = 200  # that a form offers, and a page shows: more of them no person defines
DEFINED_MAX = 1_000  # in a VDN, by programs as well: all are read for each batch that names one
SUB_RESULTS_MAX = 100  # of a result, however they were defined


class NoSuchResult(Refusal):
    """There is no such business result in this VDN."""


class BusinessResult(msgspec.Struct, frozen=True):
    """One definition. A top-level result has an empty ``parent``; a sub-result names its parent.

    ``place`` is where it stands among the sub-results of its parent, from 0. Since ``retired_at``
    no page offers it; what was filed with it stays, and programs may file it still.
    """

    vdn: int
    parent: str
    code: str
    name: str
    description: str
    made_at: Instant
    place: int = 0
    retired_at: Instant | None = None


class SubResult(msgspec.Struct, frozen=True):
    """A sub-result to be defined below a result that there is already."""

    what: ClassVar[str] = "result_defined"

    result: BusinessResult
    by: str

    def placed(self, siblings: Iterable[BusinessResult]) -> BusinessResult:
        """Return it behind those that there are. Refuse a code or a name that one of them has."""
        known = list(siblings)
        _check_room(len(known), SUB_RESULTS_MAX)
        among = Phrase("among the sub-results of {parent!r}", parent=self.result.parent)
        _check_new(self.result, known, among)
        place = 1 + max((each.place for each in known), default=-1)
        return msgspec.structs.replace(self.result, place=place)


class ResultOffer(msgspec.Struct, frozen=True):
    """Whether pages offer a result, or a sub-result, from an instant on."""

    vdn: int
    parent: str
    code: str
    is_offered: bool
    by: str
    at: Instant

    @property
    def what(self) -> str:
        """What it is called among the deeds."""
        return "result_offered" if self.is_offered else "result_retired"

    def apply(self, old: BusinessResult) -> BusinessResult:
        """Return the result; one that is so already stays the very same."""
        if self.is_offered == (old.retired_at is None):
            return old
        return msgspec.structs.replace(old, retired_at=None if self.is_offered else self.at)


class Definition(msgspec.Struct, frozen=True):
    """A result with its sub-results, to be defined at once; there is no changing it afterwards."""

    what: ClassVar[str] = "defined"

    result: BusinessResult
    children: tuple[BusinessResult, ...]
    by: str
    request: str | None = None

    def check_room(self, standing: int) -> None:
        """Refuse a person more than pages show, and programs more than a VDN may have.

        ``standing`` are there.
        """
        _check_room(standing, RESULTS_MAX if is_person(self.by) else DEFINED_MAX)

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


def _check_room(standing: int, most: int) -> None:
    if standing >= most:
        raise TooMany("there are {most} already, and no more fit", about="name", most=most)


def _check_new(new: BusinessResult, standing: Iterable[BusinessResult], where: Phrase) -> None:
    for each in standing:
        for about, taken, given in (("code", each.code, new.code), ("name", each.name, new.name)):
            if taken == given:
                raise ParameterWrong(
                    "{given!r} is defined already {where}", about=about, given=given, where=where
                )
