"""Campaigns and business results on both engines, also when many processes write at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.business_result import (
    BusinessResult,
    Definition,
    NoSuchResult,
    ResultOffer,
    SubResult,
)
from callkeeper.core.campaigns.campaign import Campaign, Window
from callkeeper.core.campaigns.changes import CampaignOrder, Delete, NewCampaign, Pause, Revision
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.campaigns.policies import (
    AnsweredPacing,
    CallPolicy,
    EmpiricalPacing,
    IvrFlow,
    Pacing,
    Policies,
    RetryPolicy,
    SkillQueue,
)
from callkeeper.core.refusal import (
    CampaignNameTaken,
    NoSuchCampaign,
    Overtaken,
    ParameterWrong,
    Refusal,
    TooManyIvrCampaigns,
    TooManySkillCampaigns,
)
from callkeeper.store.port.campaigns import CampaignsWanted
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.campaigns import campaign_meant
from tests.store.orders import CAMPAIGN, HOUR, NOW, Opened, Opener, has_campaign

THREADS = 20
EMPTY = 3  # a VDN without campaigns
UNKNOWN = {"deep": [{"ä": "'\"\\\u0000"}], "none": None, "large": 2**70}
POLICIES = Policies(
    ivr_flow=IvrFlow("66001", others=UNKNOWN),
    skill_queue=SkillQueue(5, pacing=Pacing(1, EmpiricalPacing(100, 50), {}, UNKNOWN)),
    retry=RetryPolicy(rules="[]"),
    call=CallPolicy(),
    schedule=UNKNOWN,
    others=UNKNOWN,
)

# As a server stored it to which a campaign's policies were what it had been sent.
STORED = (
    '{"skillParam":{"skillLevel":null,"skillId":2,"skillName":"defaultAudioSkill","predictParam":'
    '{"predictMethod":1,"expPredictParam":{"maxAvgCallTime":100,"minAvgCallTime":50,'
    '"outBoundRate":50},"agentPredictParam":{"usage":9},"offhookPredictParam":{"offHookRate":100}}}'
    ',"callBackUrl":"https://10.10.10.10/x","priority":4,"retryPolicy":{"policyType":1,'
    '"policyJson":"[{\'dataType\':\'SI\'}]"},"callPolicy":{"turns":[{"turnType":"SI"}],'
    '"callType":1,"chooseType":0},"scheduleParam":{"timeZone":"Asia/Shanghai"}}'
)


def plan(name: str, **fields: Any) -> Plan:
    given: dict[str, Any] = {
        "name": name,
        "device_type": 3,
        "alerting_seconds_max": 20,
        "workday_windows": (Window(480, 720), Window(780, 1080, 3)),
        "special_day_windows": (),
        "policies": POLICIES,
        "shown_number": "10086",
    }
    return Plan(**given | fields)


def opening(name: str, *, vdn: int = EMPTY, **fields: Any) -> NewCampaign:
    given: dict[str, Any] = {
        "begin_at": NOW,
        "end_at": NOW + HOUR,
        "status": "started",
        "by": "key K",
        "at": NOW,
        "active_max": 20,
    }
    fields = given | fields
    device_type = fields.pop("device_type", 3)
    return NewCampaign(vdn=vdn, plan=plan(name, device_type=device_type), **fields)


def add(store: SqlStore, *openings: NewCampaign) -> list[Campaign | Refusal]:
    with store.transaction():
        return store.campaigns.add(openings)


def added(store: SqlStore, *openings: NewCampaign) -> list[Campaign]:
    outcomes = [each for each in add(store, *openings) if isinstance(each, Campaign)]
    assert len(outcomes) == len(openings)
    return outcomes


def change(store: SqlStore, *orders: CampaignOrder) -> list[Campaign | Refusal]:
    with store.transaction():
        return store.campaigns.change(orders)


def definition(code: str, name: str, *children: str, vdn: int = EMPTY, at: int = 0) -> Definition:
    result = BusinessResult(vdn, "", code, name, "what it is", NOW + at)
    below = tuple(
        BusinessResult(vdn, code, child, child, "", NOW + at, place)
        for place, child in enumerate(children)
    )
    return Definition(result, below, "key K")


def test_a_campaign_is_read_as_it_was_added(store: SqlStore) -> None:
    (new,) = added(store, opening("spring"))
    assert new.id == 1
    assert store.campaigns.get(EMPTY, 1) == new
    assert store.campaigns.get(EMPTY + 1, 1) is None
    (event,) = store.history.of(EMPTY, "campaign/1")
    assert (event.version, event.what, event.by_whom) == (1, "added", "key K")


def test_policies_are_read_as_they_were_stored_before_they_were_values(opened: Opened) -> None:
    has_campaign(opened.session, EMPTY, 7, terms=STORED)
    found = opened.store.campaigns.get(EMPTY, 7)
    assert found is not None
    assert found.policies == Policies(
        skill_queue=SkillQueue(
            2,
            "defaultAudioSkill",
            pacing=Pacing(
                1, EmpiricalPacing(100, 50, 50), {"usage": 9}, answered=AnsweredPacing(100)
            ),
            others={"skillLevel": None},
        ),
        call_back_url="https://10.10.10.10/x",
        priority=4,
        retry=RetryPolicy(1, "[{'dataType':'SI'}]"),
        call=CallPolicy(1, 0, {"turns": [{"turnType": "SI"}]}),
        schedule={"timeZone": "Asia/Shanghai"},
    )
    (paused,) = change(opened.store, CampaignOrder(EMPTY, 7, Pause(), "key K", NOW))
    assert isinstance(paused, Campaign)
    assert paused.policies == found.policies
    (row,) = opened.session.rows("campaign", vdn=EMPTY, id=7)
    columns = dict(zip(Campaign.__struct_fields__, row, strict=True))
    assert msgspec.json.decode(columns["policies"]) == msgspec.json.decode(STORED)


def test_one_bad_opening_fails_alone_and_takes_no_id(store: SqlStore) -> None:
    outcomes = add(
        store,
        opening("a"),
        opening("a"),
        opening("b", end_at=NOW),
        opening("c", vdn=4),
        opening("d"),
    )
    assert isinstance(outcomes[1], CampaignNameTaken)
    assert isinstance(outcomes[2], ParameterWrong)
    ids = [(each.vdn, each.id) for each in outcomes if isinstance(each, Campaign)]
    assert ids == [(EMPTY, 1), (4, 1), (EMPTY, 2)]


def test_ids_go_on_from_whatever_campaigns_there_are(store: SqlStore) -> None:
    assert [each.id for each in added(store, opening("a", vdn=1), opening("b", vdn=1))] == [
        CAMPAIGN + 1,
        CAMPAIGN + 2,
    ]


def test_a_given_id_is_kept_and_never_given_again(store: SqlStore) -> None:
    given = 1106025109
    ids = [each.id for each in added(store, opening("a"), opening("b", id=given), opening("c"))]
    assert ids == [1, given, given + 1]
    assert added(store, opening("d", id=500))[0].id == 500
    assert added(store, opening("e"))[0].id == given + 2
    change(store, CampaignOrder(EMPTY, 500, Revision(plan("x")), "key K", NOW))
    with store.transaction():
        store.campaigns.change([CampaignOrder(EMPTY, 500, Pause(), "key K", NOW)])
        store.campaigns.change([CampaignOrder(EMPTY, 500, Delete(), "key K", NOW)])
    (refused,) = add(store, opening("f", id=500))
    assert isinstance(refused, ParameterWrong)


def test_the_quota_holds_within_one_batch(store: SqlStore) -> None:
    kinds = [(3, "a"), (1, "b"), (3, "c"), (2, "d"), (5, "e"), (6, "f")]
    outcomes = add(store, *(opening(name, device_type=kind, active_max=2) for kind, name in kinds))
    assert [type(each) for each in outcomes] == [
        Campaign,
        Campaign,
        TooManyIvrCampaigns,
        Campaign,
        Campaign,
        TooManySkillCampaigns,
    ]


def test_changes_of_one_campaign_in_one_batch_see_each_other(store: SqlStore) -> None:
    added(store, opening("a"), opening("b"))
    orders = [
        CampaignOrder(EMPTY, 1, Pause(), "key K", NOW + 1),
        CampaignOrder(EMPTY, 1, Revision(plan("b")), "key K", NOW + 2),
        CampaignOrder(EMPTY, 1, Revision(plan("c")), "key L", NOW + 3),
        CampaignOrder(EMPTY, 1, Delete(), "key K", NOW + 4),
        CampaignOrder(EMPTY, 1, Delete(), "key K", NOW + 5),
        CampaignOrder(EMPTY, 2, Revision(plan("c")), "key K", NOW + 6),
    ]
    outcomes = change(store, *orders)
    refused = [type(each) for each in outcomes if isinstance(each, Refusal)]
    assert refused == [CampaignNameTaken, NoSuchCampaign]
    assert store.campaigns.get(EMPTY, 1) is None
    assert store.campaigns.get(EMPTY, 2) == outcomes[5]
    events = store.history.of(EMPTY, "campaign/1")
    assert [(each.version, each.what) for each in events] == [
        (1, "added"),
        (2, "paused"),
        (3, "revised"),
        (4, "deleted"),
    ]


def test_what_a_person_does_to_a_campaign_is_a_deed_and_what_was_not_seen_is_not_changed(
    store: SqlStore,
) -> None:
    (mine,) = added(store, opening("mine", by="person ann"))
    added(store, opening("a key's", by="key A"))
    pause = CampaignOrder(mine.vdn, mine.id, Pause(), "person ann", NOW, seen_version=mine.version)
    late = CampaignOrder(mine.vdn, mine.id, Delete(), "person bob", NOW, seen_version=mine.version)
    paused, overtaken = change(store, pause, late)
    assert isinstance(paused, Campaign)
    assert isinstance(overtaken, Overtaken)
    assert store.campaigns.get(mine.vdn, mine.id) == paused
    deeds = [(each.by_whom, each.what, each.subject, each.vdn) for each in store.deeds.latest(9)]
    told = ("person ann", "campaign_paused", f"campaign {mine.id}", mine.vdn)
    assert deeds == [told, (told[0], "campaign_added", *told[2:])]


def test_campaigns_are_found_by_what_they_are(store: SqlStore) -> None:
    one, two = added(store, opening("a_b", device_type=2), opening("ab", end_at=NOW + 9 * HOUR))
    (paused,) = change(store, CampaignOrder(EMPTY, 2, Pause(), "key K", NOW))

    def found(**filters: Any) -> Sequence[Campaign]:
        wanted = {"vdn": EMPTY, "offset": 0, "limit": 10, "now": NOW} | filters
        return store.campaigns.find(CampaignsWanted(**wanted)).campaigns

    assert found() == [one, paused]
    assert found(offset=1, limit=1) == [paused]
    assert found(name="_") == [one]
    assert found(status="paused") == [paused]
    assert found(ended=True) == []
    assert found(ended=True, now=NOW + HOUR) == [one]
    assert found(status="started", now=NOW + HOUR) == []
    assert found(device_type=3) == [paused]
    assert found(begin_at=NOW + 1) == []
    assert found(end_at=NOW + HOUR) == [one]
    assert two.status == "started"


def test_twenty_adding_at_once_do_not_exceed_the_quota_or_share_an_id(
    opened: Opened, opener: Opener
) -> None:
    opened.store.history.of(EMPTY, "none")
    outcomes = _at_once(
        opener, lambda store, number: add(store, opening(f"c{number}", active_max=12))
    )
    ids = [each.id for each in outcomes if isinstance(each, Campaign)]
    assert sorted(ids) == list(range(1, 13))
    refused = [each for each in outcomes if isinstance(each, Refusal)]
    assert {type(each) for each in refused} == {TooManyIvrCampaigns}
    assert len(refused) == THREADS - 12


def test_twenty_wanting_one_name_at_once_get_it_once(opened: Opened, opener: Opener) -> None:
    added(opened.store, *(opening(f"c{number}") for number in range(THREADS // 2)))

    def want(store: SqlStore, number: int) -> Sequence[Campaign | Refusal]:
        if number < THREADS // 2:
            revision = Revision(plan("wanted"))
            return change(store, CampaignOrder(EMPTY, number + 1, revision, "key K", NOW))
        return add(store, opening("wanted"))

    outcomes = _at_once(opener, want)
    assert len([each for each in outcomes if isinstance(each, Campaign)]) == 1
    assert {type(each) for each in outcomes} == {Campaign, CampaignNameTaken}


def test_twenty_defining_one_result_at_once_define_it_once(opened: Opened, opener: Opener) -> None:
    opened.store.history.of(EMPTY, "none")

    def define(store: SqlStore, number: int) -> Sequence[object]:
        wanted = definition("same", f"n{number}") if number % 2 else definition(f"{number}", "n1")
        with store.transaction():
            return store.business_results.define([wanted])

    outcomes = _at_once(opener, define)
    names = {each.result.name for each in outcomes if isinstance(each, Definition)}
    assert {type(each) for each in outcomes} == {Definition, ParameterWrong}
    page = opened.store.business_results.find(EMPTY, 0, 50)
    assert {result.name for result, _ in page.results} == names
    assert len({result.code for result, _ in page.results}) == page.total == len(names)


def test_results_are_found_in_pages_with_their_sub_results_in_order(store: SqlStore) -> None:
    wanted = [
        definition("b", "first", "z", "a", "m"),
        definition("a", "second", at=1),
        definition("c", "third", "b", at=2),
    ]
    with store.transaction():
        assert store.business_results.define(wanted) == wanted
    page = store.business_results.find(EMPTY, 0, 2)
    assert page.total == 3
    assert page.results == [(each.result, list(each.children)) for each in wanted[:2]]
    page = store.business_results.find(EMPTY, 2, 2)
    assert page.results == [(wanted[2].result, list(wanted[2].children))]
    (event,) = store.history.of(EMPTY, "business_result/b")
    assert (event.version, event.what, event.by_whom) == (1, "defined", "key K")


def test_sub_results_are_added_behind_and_results_are_retired_each_as_a_deed(
    store: SqlStore,
) -> None:
    top = definition("10", "Sold", "first").result
    late = BusinessResult(EMPTY, "10", "late", "Late", "", NOW)
    lost = BusinessResult(EMPTY, "11", "x", "x", "", NOW)
    subs = [SubResult(each, "person ann") for each in (late, late, lost)]
    offers = [
        ResultOffer(EMPTY, *where, False, "person ann", NOW + 1)  # noqa: FBT003
        for where in (("", "10"), ("", "10"), ("10", "late"), ("10", "lost"))
    ]
    with store.transaction():
        store.business_results.define([definition("10", "Sold", "first")])
        extended = store.business_results.extend(subs)
        retired = store.business_results.offer(offers)
    assert [type(each) for each in extended] == [BusinessResult, ParameterWrong, NoSuchResult]
    assert [type(each) for each in retired] == [BusinessResult] * 3 + [NoSuchResult]
    ((known, below),) = store.business_results.find(EMPTY, 0, 9).results
    assert known == msgspec.structs.replace(top, retired_at=NOW + 1)
    assert [(each.code, each.place, each.retired_at) for each in below] == [
        ("first", 0, None),
        ("late", 1, NOW + 1),
    ]
    assert [(each.what, each.subject) for each in store.deeds.latest(9)] == [
        ("result_retired", "result 10/late"),
        ("result_retired", "result 10"),
        ("result_defined", "result 10/late"),
    ]
    store.business_results.of(EMPTY).check("10", "late")


def test_one_bad_definition_fails_alone(store: SqlStore) -> None:
    with store.transaction():
        outcomes = store.business_results.define(
            [
                definition("a", "a"),
                definition("a", "b"),
                definition("b", "a"),
                definition("b", "b", "x", "x"),
                definition("b", "b", "x"),
                definition("a", "a", vdn=4),
            ]
        )
    refused = [isinstance(each, ParameterWrong) for each in outcomes]
    assert refused == [False, True, True, True, False, False]


def _at_once(opener: Opener, act: Callable[[SqlStore, int], Sequence[Any]]) -> list[Any]:
    """Let twenty processes' worth of stores act at the same moment."""
    stores = [opener.open().store for _ in range(THREADS)]
    barrier = Barrier(THREADS)

    def run(number: int) -> Sequence[Any]:
        barrier.wait(30)
        return act(stores[number], number)

    with ThreadPoolExecutor(THREADS) as threads:
        return [outcome for outcomes in threads.map(run, range(THREADS)) for outcome in outcomes]


def test_a_name_is_found_behind_a_page_of_those_that_hold_it(opened: Opened) -> None:
    for number in range(1, 4):
        has_campaign(opened.session, EMPTY, number, now=NOW, name=f"Spring {number}")
    has_campaign(opened.session, EMPTY, 4, now=NOW, name="Spring")
    assert campaign_meant(opened.store, EMPTY, "Spring", NOW, page_rows=2) == 4
    with pytest.raises(NoSuchCampaign, match="no campaign named 'Sprin'"):
        campaign_meant(opened.store, EMPTY, "Sprin", NOW, page_rows=2)
