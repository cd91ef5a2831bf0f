"""A form makes a struct, and cannot be declared where it could not."""

import msgspec
import pytest

from callkeeper.api.contract.fields import Field, Form, Integer, Text
from callkeeper.api.reservation_form import ChangeForm
from callkeeper.core.reservations.changes import Move

NAME = Text(name="userName", ours="name", says="a name", mandatory=True, longest=10)
AGE = Integer(name="userAge", ours="age", says="an age")


class Person(msgspec.Struct):
    """What the forms of these tests make."""

    name: str
    age: int | None = None


def test_a_form_makes_its_struct_of_what_is_there() -> None:
    form = Form(Person, NAME, AGE)
    assert form.read({"userName": "ann", "userAge": "7"}) == Person("ann", 7)
    assert form.read({"userName": "ann", "userAge": None, "other": 1}) == Person("ann")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ((NAME, msgspec.structs.replace(AGE, ours="years")), "Person has no years"),
        ((AGE,), "Person needs name"),
        ((msgspec.structs.replace(NAME, mandatory=False), AGE), "Person needs name"),
    ],
)
def test_a_form_with_other_fields_than_its_struct_is_not_declared(
    fields: tuple[Field, ...], says: str
) -> None:
    with pytest.raises(TypeError, match=says):
        Form(Person, *fields)


def test_the_form_of_a_change_is_held_to_the_change_beside_its_address() -> None:
    assert ChangeForm(Move).read({"appointId": "r1"}).id == "r1"
    with pytest.raises(TypeError, match="Move has no name"):
        ChangeForm(Move, NAME)
