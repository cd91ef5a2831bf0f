"""Fields that hold an object, or a list of them.

An object is kept as it came: its documented members are checked and read, null and empty ones
are absent, and members that the contract does not know are given back as they were.
"""

from collections.abc import Mapping
from typing import Any

from callkeeper.api.contract.fields import Field, Form, Schema, Values
from callkeeper.core.refusal import ParameterWrong, TooMany, TypeWrong

_DEPTH_MAX = 16


class Object(Field, frozen=True, kw_only=True):
    """An Object whose documented members are those of a form; ``ours`` are the wire's names."""

    form: Form = Form()

    def take(self, value: Any) -> Values:  # noqa: ANN401 - JSON comes in
        """Return the object: documented members that were given, and whatever else it holds."""
        known = read_object(self.form, value)
        return unknown_members(self.form, value) | known

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {**self.form.schema(), "description": self.says}


class Objects(Field, frozen=True, kw_only=True):
    """A List of Objects."""

    each: Form
    most: int

    def take(self, value: Any) -> Any:  # noqa: ANN401
        """Return the objects' documented members, in their order."""
        if type(value) is not list:
            raise TypeWrong("must be a List of Objects")
        if len(value) > self.most:
            raise TooMany(
                "has {count} elements, at most {most} fit", count=len(value), most=self.most
            )
        return [self._element(place, element) for place, element in enumerate(value)]

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {
            "type": "array",
            "items": self.each.schema(),
            "maxItems": self.most,
            "description": self.says,
        }

    def _element(self, place: int, element: Any) -> Values:  # noqa: ANN401
        try:
            return read_object(self.each, element)
        except ParameterWrong as fault:
            fault.within(f"[{place}]")
            raise


def read_object(form: Form, value: Any) -> Values:  # noqa: ANN401 - JSON comes in
    """Return what a form reads in an object."""
    if type(value) is not dict:
        raise TypeWrong("must be an Object")
    if _is_deeper(value, _DEPTH_MAX):
        raise ParameterWrong("is nested deeper than {levels} levels", levels=_DEPTH_MAX)
    return form.read(value)


def unknown_members(form: Form, value: Mapping[str, Any]) -> Values:
    """Return the members that the form does not know."""
    known = {field.name for field in form.fields}
    return {name: member for name, member in value.items() if name not in known}


def _is_deeper(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return levels == 0 or any(_is_deeper(member, levels - 1) for member in value)
