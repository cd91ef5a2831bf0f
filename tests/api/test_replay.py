"""A signed request that was carried out once changes nothing when somebody sends it again.

Whoever recorded it could otherwise undo what came after it, for as long as its timestamp counts.
"""

import httpx2

from tests.api.test_once import server_beside
from tests.campaigns import PAUSED, Campaigning
from tests.house import HOUR, VDN, House
from tests.signed import Signed
from tests.waiting import until

APPOINT = f"/v1/openapi/campaigns/{VDN}/appoint"
V1 = f"/v1/openapi/campaigns/{VDN}"


def code(answer: httpx2.Response) -> str:
    return str(answer.json()["resultCode"])


def filed(house: House, id_: str, call_id: str) -> Signed:
    return house.sign("POST", f"{APPOINT}/updateResult", {"appointId": id_, "callId": call_id})


def whats(house: House, subject: str) -> list[str]:
    return [event.what for event in house.store.history.of(VDN, subject)]


def test_a_result_that_is_replayed_leaves_its_correction_alone(any_house: House) -> None:
    house, id_ = any_house, any_house.reserve()
    first = filed(house, id_, "wrong")
    answer = first.send(house.url)
    assert code(answer) == "0200000"
    assert code(filed(house, id_, "right").send(house.url)) == "0200000"
    for _ in range(3):
        again = first.send(house.url)
        assert (again.status_code, again.content) == (answer.status_code, answer.content)
    (row,) = house.listed()
    assert row["callId"] == "right"
    assert len(whats(house, id_)) == 3


def test_another_process_knows_it_too(any_house: House) -> None:
    house, id_ = any_house, any_house.reserve()
    first = filed(house, id_, "wrong")
    first.send(house.url)
    with server_beside(house) as other:
        filed(house, id_, "right").send(house.url)
        assert code(first.send(other)) == "0200000"
    (row,) = house.listed()
    assert row["callId"] == "right"


def test_a_move_that_is_replayed_does_not_move_back(any_house: House) -> None:
    house, id_ = any_house, any_house.reserve()
    there, back = (
        house.sign(
            "POST",
            f"{APPOINT}/update",
            {"appointId": id_, "appointTime": house.now() + hours * HOUR, "userAccount": agent},
        )
        for hours, agent in ((5, "ann"), (9, "bob"))
    )
    for each in (there, back, there):
        assert code(each.send(house.url)) == "0200000"
    (row,) = house.listed()
    assert row["userAccount"] == "bob"


def test_a_deletion_that_is_replayed_answers_as_the_first(any_house: House) -> None:
    house, id_ = any_house, any_house.reserve()
    gone = house.sign("POST", f"{APPOINT}/delete", {"appointId": id_})
    first, second = gone.send(house.url), gone.send(house.url)
    assert (first.content, code(first)) == (second.content, "0200000")
    anew = house.sign("POST", f"{APPOINT}/delete", {"appointId": f"{id_}"} | {"x": 1})
    assert code(anew.send(house.url)) == "04000004"
    assert whats(house, id_) == ["reserved", "cancelled"]


def test_a_pause_that_is_replayed_does_not_stop_a_campaign_that_was_resumed(
    any_house: House,
) -> None:
    house = any_house
    id_ = Campaigning(house).add()
    pause, resume = (house.sign("PUT", f"{V1}/{id_}/{name}") for name in ("pause", "resume"))
    for each in (pause, resume, pause, resume, pause):
        assert code(each.send(house.url)) == "0200000"
    assert whats(house, f"campaign/{id_}") == ["added", "paused", "resumed"]


def test_a_revision_that_is_replayed_does_not_undo_a_later_one(any_house: House) -> None:
    async_store = Campaigning(any_house)
    id_ = async_store.add()
    one, two = (
        any_house.sign("PUT", f"{V1}/{id_}", async_store.body(name=name)) for name in ("one", "two")
    )
    for each in (one, two, one):
        assert code(each.send(any_house.url)) == "0200000"
    assert async_store.one(id_)["name"] == "two"


def test_a_campaign_that_was_renamed_or_deleted_is_not_added_again(any_house: House) -> None:
    house, async_store = any_house, Campaigning(any_house)
    added = house.sign("POST", V1, async_store.body(name="first", **PAUSED))
    first = added.send(house.url)
    assert code(first) == "0200000"
    id_ = first.json()["returnObject"]["id"]
    assert async_store.modifying(id_, name="another") == "0200000"
    assert added.send(house.url).content == first.content
    delete = house.sign("DELETE", f"{V1}/{id_}", {"archiveHistory": 0})
    for each in (delete, added, delete):
        assert code(each.send(house.url)) == "0200000"
    assert added.send(house.url).content == first.content
    assert async_store.code("GET", f"/{id_}") == "0200007"


def test_a_business_result_is_defined_once(any_house: House) -> None:
    house = any_house
    define = house.sign("POST", f"{V1}/addBusinessResult", {"name": "sold"})
    first, second = define.send(house.url), define.send(house.url)
    assert (code(first), first.content) == ("0200000", second.content)
    assert house.store.business_results.find(VDN, 0, 10).total == 1


def test_a_request_that_was_refused_is_judged_anew(any_house: House) -> None:
    house = any_house
    id_ = Campaigning(house).add(**PAUSED)
    pause, resume = (house.sign("PUT", f"{V1}/{id_}/{name}") for name in ("pause", "resume"))
    assert code(pause.send(house.url)) == "0200011"
    assert code(resume.send(house.url)) == "0200000"
    assert code(pause.send(house.url)) == "0200000"


def test_changes_that_are_wanted_twice_are_carried_out_twice(any_house: House) -> None:
    house, id_ = any_house, any_house.reserve()
    signed = [filed(house, id_, call_id) for call_id in ("a", "b")]
    for each in signed:
        each.send(house.url)
    until(lambda: filed(house, id_, "a") != signed[0])
    assert code(filed(house, id_, "a").send(house.url)) == "0200000"
    (row,) = house.listed()
    assert row["callId"] == "a"
