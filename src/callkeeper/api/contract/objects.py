"""Fields that hold an object, or a list of them.

An object is kept as it came: its documented members are checked and read, null and empty ones
are absent, and members that the contract does not know are given back as they were.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from callkeeper.api.contract.fields import Array, Field, Fields, Form, Schema, Values
from callkeeper.core.refusal import ParameterWrong, TypeWrong

T = TypeVar("T", bound=msgspec.Struct)

_DEPTH_MAX = 16


class ObjectForm(Form[T]):
    """The form of an object; its struct keeps in ``others`` what the contract does not know."""

    def read(self, body: Mapping[str, Any]) -> T:
        """Return what an object says; raise the fault that comes first."""
        return self._makes(**self.values(body), others=unknown_members(self, body))

    def write(self, value: Any) -> Values:  # noqa: ANN401 - a struct of the form's
        """Return a struct as the object that it was made of."""
        known = ((field, getattr(value, field.ours)) for field in self.fields)
        given = {field.name: field.give(each) for field, each in known if each is not None}
        return {**value.others, **given}


class Object(Field, Generic[T], frozen=True, kw_only=True):
    """An Object whose documented members are those of a form."""

    form: ObjectForm[T]

    def take(self, value: Any) -> T:  # noqa: ANN401 - JSON comes in
        """Return what the object makes."""
        return self.form.read(checked_object(value))

    def give(self, value: T) -> Values:
        """Return the object that it was made of."""
        return self.form.write(value)

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {**self.form.schema(), "description": self.says}


class AnyObject(Field, frozen=True, kw_only=True):
    """An Object of which no member is documented."""

    def take(self, value: Any) -> Values:  # noqa: ANN401
        """Return the object."""
        return checked_object(value)

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {"type": "object", "properties": {}, "description": self.says}


class Objects(Array, Generic[T], frozen=True, kw_only=True):
    """A List of Objects, of which only documented members count.

    ``check`` refuses what does not go together.
    """

    each: Form[T]
    check: Callable[[Sequence[T]], None] | None = None

    def take(self, value: Any) -> Any:  # noqa: ANN401
        """Return what the objects make, in their order."""
        if type(value) is not list:
            raise TypeWrong("must be a List of Objects")
        self.check_count(value)
        made = tuple(self._element(place, element) for place, element in enumerate(value))
        if self.check is not None:
            self.check(made)
        return made

    def _element(self, place: int, element: Any) -> T:  # noqa: ANN401
        try:
            return self.each.read(checked_object(element))
        except ParameterWrong as fault:
            fault.within(f"[{place}]")
            raise


def checked_object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON comes in
    """Return an Object that is none too deep."""
    if type(value) is not dict:
        raise TypeWrong("must be an Object")
    if _is_deeper(value, _DEPTH_MAX):
        raise ParameterWrong("is nested deeper than {levels} levels", levels=_DEPTH_MAX)
    return value


def unknown_members(form: Fields, value: Mapping[str, Any]) -> Values:
    """Return the members that the form does not know."""
    known = {field.name for field in form.fields}
    return {name: member for name, member in value.items() if name not in known}


def _is_deeper(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return levels == 0 or any(_is_deeper(member, levels - 1) for member in value)
