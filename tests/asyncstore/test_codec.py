"""What goes to the process that writes, and comes back: values, and nothing that acts."""

import pickle
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from callkeeper.asyncstore.batch import Write, WriteBroke
from callkeeper.asyncstore.codec import NoSuchVerb, ReceivedBatch, SentBatch, families_of
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.allowance import Limit
from callkeeper.core.dialing.attempt import Hangup
from callkeeper.core.dialing.attempt_changes import Ending, Withdrawn
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.people.changes import Away, PersonOrder
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import DatabaseLost, NoSuchReservation, Refusal
from callkeeper.core.reservations.by_hand import HandCallEnds
from callkeeper.core.reservations.changes import Cancel, Move, Order, Result, Seen
from callkeeper.store.port.access import KeyOrder
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import booking, order

STORE = SqlStore(None)  # type: ignore[arg-type]  # names the verbs, and no more
FAMILIES = families_of(STORE)


def sent(verb: Any, *items: object) -> ReceivedBatch:
    """Return a batch as it arrives."""
    return ReceivedBatch(FAMILIES, SentBatch([Write(verb, each) for each in items]).message)


@pytest.mark.parametrize(
    ("verb", "item"),
    [
        (STORE.reservations.add, booking(1, remark="Rückruf ☎")),
        (STORE.reservations.change, order("r1", Result(begin_at=1, end_at=2, remark=""))),
        (STORE.reservations.change, order("r1", Move(agent="bob"))),
        (STORE.reservations.change, order("r1", Cancel())),
        (STORE.reservations.change, order("r1", Seen())),
        (STORE.desk_calls.begin_by_hand, order("r1", HandCallEnds())),
        (STORE.keys.change, KeyOrder("ak", Limit(0.5, 2), "operator", 1)),
        (STORE.keys.change, KeyOrder("ak", None, "operator", 1)),
        (STORE.people.change, PersonOrder("ann", Away(is_so=True), "ann", 1)),
        (
            STORE.attempts.end,
            Ending(25, "r1", "a1", "d", 5, Hangup(17, "busy"), FailCodes({"cause 17": "B"})),
        ),
        (STORE.sessions.mark, ("digest", 1)),
        (STORE.write_probes, None),
    ],
)
def test_what_is_to_be_written_arrives_as_it_was_sent(verb: Any, item: object) -> None:
    (write,) = sent(verb, item).writes
    assert write == Write(verb, item)
    assert type(write.item) is type(item)


def read_back(verb: Any, *outcomes: object) -> list[object]:
    """Return outcomes as they come back, of as many items."""
    batch = SentBatch([Write(verb, order("r", Cancel()))] * len(outcomes))
    return batch.read(ReceivedBatch(FAMILIES, batch.message).answer(outcomes))


def marked(template: str) -> str:
    return f"«{template}»"


def test_a_refusal_says_what_it_said_in_any_language() -> None:
    told = NoSuchReservation(
        "{id} is gone: {why}", about="id", id="r1", why=Phrase("it was {n} times", n=2)
    ).within("items[3]")
    (back,) = read_back(STORE.reservations.change, told)
    assert isinstance(back, NoSuchReservation)
    assert (back.sentence, back.about, back.place) == (told.sentence, "id", "items[3]")
    assert back.phrase.told(marked) == told.phrase.told(marked)
    lost = DatabaseLost("it is away", detail="FATAL: no pg_hba.conf entry")
    (back,) = read_back(STORE.reservations.change, lost)
    assert isinstance(back, DatabaseLost)
    assert (back.sentence, back.detail) == ("it is away", "FATAL: no pg_hba.conf entry")


def test_every_kind_of_refusal_comes_back_as_that_kind() -> None:
    kinds: list[type[Refusal]] = [Refusal]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert len(kinds) > 40
    backs = read_back(STORE.reservations.change, *(kind() for kind in kinds))
    assert [type(each) for each in backs] == kinds


def test_a_bug_comes_back_in_the_words_of_its_traceback() -> None:
    try:
        int("by naught")
    except ValueError as bug:
        (back,) = read_back(STORE.reservations.change, bug)
    assert isinstance(back, WriteBroke)
    assert "test_codec.py" in str(back)
    assert "by naught" in str(back)


def test_outcomes_of_several_verbs_come_back_in_the_order_in_which_they_were_asked_for() -> None:
    batch = [
        Write(STORE.sessions.end, "digest"),
        Write(STORE.attempts.note_progress, None),
        Write(STORE.sessions.end, "another"),
    ]
    asked = SentBatch(batch)
    arrived = ReceivedBatch(FAMILIES, asked.message)
    assert [each.item for each in arrived.writes] == ["digest", "another"]
    none, bug, refused = asked.read(arrived.answer([None, NoSuchReservation()]))
    assert none is None
    assert "Expected `object`, got `None`" in str(bug)
    assert isinstance(refused, NoSuchReservation)


def test_one_of_several_kinds_of_outcome_comes_back_as_its_kind() -> None:
    batch = SentBatch([Write(STORE.attempts.begin, None)])
    withdrawn = Withdrawn("cancelled")
    answer = msgspec.msgpack.encode([[[withdrawn], {}]])
    assert batch.read(answer) == [withdrawn]


@pytest.mark.parametrize(
    ("family", "verb"),
    [
        ("SqlStore", "close"),  # takes nothing
        ("SqlStore", "migrate"),
        ("SqlStore", "transaction"),
        ("SqlStore", "__init__"),
        ("ReservationRows", "find"),  # takes no list
        ("ReservationRows", "_put"),
        ("ReservationRows", "vdns"),
        ("TransferRows", "remove"),
        ("TransferRows", "write"),
        ("KeyRows", "reseal"),  # answers nothing
        ("Session", "run"),
        ("builtins", "eval"),
    ],
)
def test_only_a_writing_verb_can_be_asked_for(family: str, verb: str) -> None:
    message = msgspec.msgpack.encode([((family, verb), [1])])
    with pytest.raises(NoSuchVerb):
        ReceivedBatch(FAMILIES, message)


class Trap:
    """What, unpickled, would run."""

    def __reduce__(self) -> tuple[Any, Sequence[str]]:
        return print, ("sprung",)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        pickle.dumps(Trap()),
        msgspec.json.encode([[["ReservationRows", "add"], []]]),
        msgspec.msgpack.encode([["ReservationRows", "add"]]),
        msgspec.msgpack.encode({"ReservationRows": "add"}),
        msgspec.msgpack.encode([(("ReservationRows", "add"), 5)]),
        b"\x91" * 100_000,  # an array in an array, and so on
    ],
)
def test_what_is_no_batch_is_refused_and_runs_nothing(
    message: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((LookupError, RecursionError, msgspec.DecodeError)):
        ReceivedBatch(FAMILIES, message)
    assert capsys.readouterr().out == ""


def test_every_verb_that_is_asked_of_the_writer_can_travel() -> None:
    verbs = [
        grouped.verb
        for family in vars(AsyncStore(STORE)).values()
        for grouped in (family, *getattr(family, "__dict__", {}).values())
        if hasattr(grouped, "verb")
    ]
    assert len(verbs) > 30
    for verb in verbs:
        assert sent(verb).writes == []


def test_an_answer_to_something_else_is_none() -> None:
    asked = SentBatch([Write(STORE.sessions.end, "a"), Write(STORE.sessions.end, "b")])
    for answer in (
        b"",
        b"\xff",
        msgspec.msgpack.encode([]),
        msgspec.msgpack.encode([[[None], {}]]),
    ):
        with pytest.raises(ValueError, match=r".*"):
            asked.read(answer)


def test_an_order_is_what_it_was_with_all_its_parts() -> None:
    whole = Order(25, "r1", Result(agent="a"), "key K", 5, request="d", signed_at=4)
    (write,) = sent(STORE.reservations.change, whole).writes
    assert write.item == whole
