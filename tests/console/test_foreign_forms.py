"""Two windows and two people: who filled a grave form in, and in whose session it is sent."""

from callkeeper.clock import HandClock
from callkeeper.core.people.person import Role
from callkeeper.core.people.session import PROOF_MS
from tests.console.visitor import ADMINISTRATOR, PASSWORD, at_work, invited, unlike_any
from tests.house import VDN, House

PEOPLE = f"/console/{VDN}/people"


def test_a_form_of_what_is_grave_is_carried_out_for_nobody_but_who_filled_it_in(
    house: House, clock: HandClock
) -> None:
    first, second = unlike_any(), unlike_any()
    chief = at_work(house, first, ADMINISTRATOR)
    at_work(house, second, ADMINISTRATOR)
    keys = PEOPLE.replace("people", "keys")
    someone = invited(house, unlike_any(), Role("supervisor", VDN)).person.login
    grave = (
        (PEOPLE, PEOPLE, {"login": unlike_any(), "kind": "supervisor"}),
        (f"{PEOPLE}/{someone}", f"{PEOPLE}/{someone}", {"act": "disable"}),
        (keys, keys, {"note": "of nobody"}),
        (f"{keys}/{house.key.ak}", f"{keys}/{house.key.ak}", {"act": "limit", "per_second": "1"}),
    )
    clock.move(PROOF_MS)
    forms = [form | {"filled_by": chief.look(page).hidden("filled_by")} for page, _, form in grave]
    clock.move(1)
    refused = chief.send(PEOPLE, forms[0])  # it is shown again, to be sent once more
    assert (refused.status, refused.hidden("filled_by")) == (422, first)
    chief.sign_in(second)  # in the other window
    for (_, path, _), form in zip(grave, forms, strict=True):
        assert chief.send(path, form | {"proof": PASSWORD}).status == 409
        assert f"filled in as {first}, and you are signed in as {second} now" in chief.text
    assert house.store.people.get(forms[0]["login"]) is None
    person = house.store.people.get(someone)
    assert person is not None
    assert person.disabled_at is None
    assert "of nobody" not in chief.look(keys).text
    again = {"login": forms[0]["login"], "kind": "supervisor", "filled_by": second}
    assert chief.send(PEOPLE, again).status == 200
