"""What a person may change of themselves."""

import pytest

from callkeeper.console.times import zone_names
from callkeeper.core.people.person import Role
from callkeeper.core.people.preferences import Preferences
from tests.console.visitor import (
    ADMINISTRATOR,
    OPERATOR,
    PASSWORD,
    SUPERVISOR,
    Visitor,
    at_work,
    unlike_any,
)
from tests.house import VDN, House

ME = "/console/me"
OTHER = "five other plain words"


def test_name_language_and_zone_are_changed_and_the_pages_follow(house: House) -> None:
    ann = at_work(house, "ann")
    changed = ann.send(ME, {"name": "王芳", "language": "zh_CN", "zone": "Asia/Shanghai"})
    assert (changed.status, changed.seen.headers["location"]) == (303, f"{ME}?saved=yes")
    page = changed.follow()
    assert "已保存。" in page.text
    assert 'lang="zh-Hans"' in page.seen.text
    assert "王芳" in page.text
    assert 'value="Asia/Shanghai"' in page.seen.text
    page.send(ME, {"name": "Ann", "language": "", "zone": ""})
    assert 'lang="en"' in page.look(ME).seen.text


def test_the_menu_of_the_vdn_stays_that_one_came_from_or_of_ones_role(house: House) -> None:
    own, there = (f'href="/console/{vdn}/board"' for vdn in (VDN, VDN + 1))
    sam, max_ = at_work(house, unlike_any(), SUPERVISOR), at_work(house, unlike_any(), OPERATOR)
    for page in (ME, "/console/help"):
        led = f"{page}?vdn={VDN + 1}"
        for asked in (page, led, f"{page}?vdn=%00"):  # of another VDN they are nothing
            assert own in sam.look(asked).seen.text
        assert f'href="{led}"' in max_.look(f"/console/{VDN + 1}/board").seen.text
        assert there in max_.look(led).seen.text
        assert own not in max_.look(page).seen.text
    form = {"name": "Max", "language": "", "zone": ""}
    max_.send(f"{ME}?vdn={VDN + 1}", form).follow()
    assert "Saved." in max_.text
    assert there in max_.seen.text


def test_whoever_has_one_role_in_a_vdn_is_led_to_its_first_page(house: House) -> None:
    for role, page in ((Role("agent", VDN, "ann"), "today"), (SUPERVISOR, "board")):
        visitor = at_work(house, unlike_any(), role)
        assert visitor.look("/console/").seen.headers["location"] == f"/console/{VDN}/{page}"
        assert visitor.follow().status == 200


def test_what_is_preferred_is_kept_and_what_a_form_does_not_ask_stays(house: House) -> None:
    visitor = at_work(house, login := unlike_any())
    rest = {"name": "Ann", "language": "", "zone": ""}
    visitor.send(ME, rest | {"theme": "dark", "shortcuts": "off"})
    page = visitor.look(ME).seen.text
    assert 'data-theme="dark"' in page
    assert "keys.js" not in page
    visitor.send(ME, rest)
    person = house.store.people.get(login)
    assert person is not None
    assert person.preferences == Preferences(theme="dark", has_shortcuts=False)
    visitor.send(ME, rest | {"theme": "", "shortcuts": "on"})
    page = visitor.look(ME).seen.text
    assert "data-theme" not in page
    assert "keys.js" in page


def test_an_agent_chooses_how_calls_are_announced(house: House) -> None:
    visitor = at_work(house, login := unlike_any())
    rest = {"name": "Ann", "language": "", "zone": ""}
    visitor.send(ME, rest | {"warning_minutes": "12", "sound": "off"})
    person = house.store.people.get(login)
    assert person is not None
    assert person.preferences == Preferences(warning_minutes=12, has_sound=False)
    assert 'data-sound=""' in visitor.look(ME).seen.text
    for wrong in ("61", "-1", "soon", "٣", "9" * 5_000):
        refused = visitor.send(ME, rest | {"warning_minutes": wrong})
        assert refused.status == 422
        assert "a call is announced 0 to 60 minutes before its time" in refused.text
        assert f'value="{wrong}"' in refused.seen.text
    visitor.send(ME, rest | {"warning_minutes": "", "sound": "on"})
    page = visitor.look(ME)
    assert "Left empty, 5, as your house has it" in page.text
    assert 'data-sound="on"' in page.seen.text


def test_who_is_no_agent_is_asked_nothing_of_it(house: House) -> None:
    page = at_work(house, unlike_any(), SUPERVISOR).look(ME).seen.text
    assert "warning_minutes" not in page
    assert "alert" not in page


@pytest.mark.parametrize("theme", ["red", "\0", "x" * 60_000], ids=len)
def test_a_theme_that_is_none_is_refused(house: House, theme: str) -> None:
    visitor = at_work(house, unlike_any())
    refused = visitor.send(ME, {"name": "Ann", "language": "", "zone": "", "theme": theme})
    assert (refused.status, "is no theme" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": "", "language": "", "zone": ""}, "the name is empty"),
        ({"name": "Ann", "language": "", "zone": "Mars/Olympus"}, "there is no time zone"),
        ({"name": "x" * 101, "language": "", "zone": ""}, "at most 100 fit"),
        ({"name": "Ann", "language": "!", "zone": ""}, "names no language"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_typed(
    house: House, form: dict[str, str], says: str
) -> None:
    bob = at_work(house, unlike_any())
    refused = bob.send(ME, form)
    assert refused.status == 422
    assert says in refused.text
    assert f'value="{form["zone"]}"' in refused.seen.text
    assert bob.look(ME).status == 200


def test_a_new_password_ends_every_other_session(house: House) -> None:
    here = at_work(house, "cem")
    there = Visitor(house).sign_in("cem")
    form = {"old": PASSWORD, "new": OTHER, "again": OTHER}
    assert here.send(f"{ME}/password", form).status == 303
    assert here.look(ME).status == 200
    assert there.look(ME).status == 303
    assert Visitor(house).sign_in("cem").status == 422
    assert Visitor(house).sign_in("cem", OTHER).status == 303


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"old": "not the password", "new": OTHER, "again": OTHER}, "this is not the password"),
        ({"old": PASSWORD, "new": OTHER, "again": "another"}, "are not the same"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "needs 12 or more"),
    ],
)
def test_a_password_that_does_not_do_changes_nothing(
    house: House, form: dict[str, str], says: str
) -> None:
    login = unlike_any()
    dora = at_work(house, login)
    refused = dora.send(f"{ME}/password", form)
    assert refused.status == 422
    assert says in refused.text
    assert OTHER not in refused.seen.text
    assert Visitor(house).sign_in(login).status == 303


def test_which_zones_there_are_is_not_read_from_the_disk_for_each_page(house: House) -> None:
    visitor = at_work(house, unlike_any(), ADMINISTRATOR)
    before = zone_names.cache_info()
    assert before.currsize == 1  # before anybody asked
    for page in ("/console/me", f"/console/{VDN}/book", f"/console/{VDN}/house"):
        assert "Europe/Berlin" in visitor.look(page).seen.text
    after = zone_names.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 3)


def test_one_is_told_how_often_one_is_signed_in_and_signs_out_everywhere(house: House) -> None:
    login = unlike_any()
    here = at_work(house, login)
    elsewhere = Visitor(house).sign_in(login)
    assert "sessions that go on: 2" in here.look(ME).text
    out = here.send(f"{ME}/sessions")
    assert (out.status, out.seen.headers["location"]) == (303, "/console/sign-in")
    assert "Max-Age=0" in out.seen.headers["set-cookie"]
    house.clock.move(3_000)  # type: ignore[attr-defined]
    assert (here.look(ME).status, elsewhere.look(ME).status) == (303, 303)
    assert house.store.sessions.of(login) == []
