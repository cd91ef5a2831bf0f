"""What goes to the process that writes, and comes back, as bytes: values, and nothing that acts.

MessagePack, read by the types that the store's verbs are annotated with. So whoever reaches the
process's socket can have values of these types made there, and nothing else. A writing verb takes a
list and answers a list; no other can be named. A refusal travels as what it says.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from callkeeper.asyncstore.batch import Write, WriteBroke, name_of
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import DatabaseFailed, Refusal
from callkeeper.store.port.store import Store

Name = tuple[str, str]  # of a verb: its family's, and its own
_BUGS = (TypeError, ValueError, OverflowError, RecursionError)  # of a value that cannot travel


class NoSuchVerb(LookupError):  # noqa: N818 - what happened
    """What was asked for is no writing verb of the store."""


class _Said(msgspec.Struct, array_like=True):
    """A phrase."""

    template: str
    values: "dict[str, str | int | float | _Said]"


class _Refused(msgspec.Struct, array_like=True):
    """A refusal: its class, by module and name, and what it says. With ``bug`` a bug of ours."""

    kind: Name = ("", "")
    said: _Said | None = None
    about: str = ""
    detail: str = ""
    place: str = ""
    bug: str = ""


class _Kind(NamedTuple):
    """How the items and the outcomes of a verb are read."""

    item: "msgspec.msgpack.Decoder[Any]"
    items: "msgspec.msgpack.Decoder[list[Any]]"
    outcomes: "msgspec.msgpack.Decoder[list[Any]]"


_ENCODER = msgspec.msgpack.Encoder()
_ASKED: "msgspec.msgpack.Decoder[list[tuple[Name, msgspec.Raw]]]" = msgspec.msgpack.Decoder(
    list[tuple[Name, msgspec.Raw]]
)
_ANSWERED: "msgspec.msgpack.Decoder[list[tuple[msgspec.Raw, dict[int, _Refused]]]]" = (
    msgspec.msgpack.Decoder(list[tuple[msgspec.Raw, dict[int, _Refused]]])
)
_KNOWN: dict[Name, type[Refusal]] = {}  # by their names on the way, as far as they were asked for
_RAWS: "msgspec.msgpack.Decoder[list[msgspec.Raw]]" = msgspec.msgpack.Decoder(list[msgspec.Raw])


class SentBatch:
    """A batch as it is sent, and how its answer is read.

    ``message`` is its bytes. An item that cannot travel is a bug of ours, and is left out.
    """

    def __init__(self, batch: Sequence[Write]) -> None:
        self._size = len(batch)
        self._bugs: dict[int, Exception] = {}
        self._gather(batch)
        try:
            self.message = self._encoded()
        except _BUGS:
            self._bugs = {place: bug for place, each in enumerate(batch) if (bug := _bug_of(each))}
            self._gather(batch)
            self.message = self._encoded()

    def read(self, answer: bytes) -> list[object]:
        """Return the outcomes in the batch's order; what was asked of each verb comes together."""
        outcomes: list[object] = [None] * self._size
        for place, bug in self._bugs.items():
            outcomes[place] = bug
        parts = zip(self._parts.values(), _ANSWERED.decode(answer), strict=True)
        for (verb, places, _), (raw, refusals) in parts:
            values = _kind_of(verb).outcomes.decode(raw)
            for place, value in zip(places, values, strict=True):
                outcomes[place] = value
            for at, refused in refusals.items():
                outcomes[places[at]] = _exception_of(refused)
        return outcomes

    def _gather(self, batch: Sequence[Write]) -> None:
        self._parts: dict[Name, tuple[Callable[..., Any], list[int], list[object]]] = {}
        for place, write in enumerate(batch):
            if place in self._bugs:
                continue
            name = name_of(write.verb)
            if name not in self._parts:
                self._parts[name] = (write.verb.__func__, [], [])  # type: ignore[attr-defined]
            _, places, items = self._parts[name]
            places.append(place)
            items.append(write.item)

    def _encoded(self) -> bytes:
        return _ENCODER.encode([(name, items) for name, (_, _, items) in self._parts.items()])


class ReceivedBatch:
    """A batch as it arrives at a store, and how its outcomes are sent.

    ``writes`` are those that can be read. NoSuchVerb, or msgspec's DecodeError, if it is none.
    """

    def __init__(self, families: Mapping[str, object], message: bytes) -> None:
        self.writes: list[Write] = []
        self._bugs: list[list[str | None]] = []  # of each verb's items: None where it can be read
        for (family, verb), raw in _ASKED.decode(message):
            bound = _verb_of(families, family, verb)
            items, bugs = _items(_kind_of(bound.__func__), raw)  # type: ignore[attr-defined]
            self.writes += [Write(bound, each) for each in items]
            self._bugs.append(bugs)

    def answer(self, outcomes: Sequence[object]) -> bytes:
        """Return the answer, of the outcomes of its writes in their order."""
        parts: list[tuple[list[object], dict[int, _Refused]]] = []
        told = iter(outcomes)
        for bugs in self._bugs:
            values: list[object] = []
            refusals: dict[int, _Refused] = {}
            for at, bug in enumerate(bugs):
                outcome = next(told) if bug is None else WriteBroke(bug)
                if isinstance(outcome, Exception):
                    refusals[at] = _refused(outcome)
                    outcome = None
                values.append(outcome)
            parts.append((values, refusals))
        return _ENCODER.encode(parts)


def families_of(store: Store) -> dict[str, object]:
    """Return the objects that have a store's verbs, by class, as ``name_of`` names them."""
    return {type(each).__name__: each for each in (store, *vars(store).values())}


def _verb_of(families: Mapping[str, object], family: str, verb: str) -> Callable[..., Any]:
    bound: Callable[..., Any] | None = None
    if family in families and not verb.startswith("_"):
        bound = getattr(families[family], verb, None)
    if bound is None or not hasattr(bound, "__func__"):
        raise NoSuchVerb(f"{family}.{verb}")
    return bound


@cache
def _kind_of(verb: Callable[..., Any]) -> _Kind:
    """Return how what a verb takes and answers is read; NoSuchVerb unless it takes a list."""
    hints = get_type_hints(verb)
    answered = hints.pop("return", None)
    taken = list(hints.values())
    if len(taken) != 1 or get_origin(taken[0]) is not Sequence or get_origin(answered) is not list:
        raise NoSuchVerb(verb.__qualname__)
    (item,), (outcome,) = get_args(taken[0]), get_args(answered)
    values = [each for each in get_args(outcome) or (outcome,) if not _is_refusal(each)]
    decoder: Any = msgspec.msgpack.Decoder  # for it, types are values
    listed: Any = list
    return _Kind(decoder(item), decoder(listed[item]), decoder(listed[Union[(*values, None)]]))


def _is_refusal(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Refusal)


def _items(kind: _Kind, raw: msgspec.Raw) -> tuple[list[Any], list[str | None]]:
    """Return the items that can be read, and of each of all what is wrong with it, or None."""
    try:
        items = kind.items.decode(raw)
    except msgspec.DecodeError:
        pass
    else:
        return items, [None] * len(items)
    items = []
    bugs: list[str | None] = []
    for each in _RAWS.decode(raw):
        try:
            items.append(kind.item.decode(each))
        except msgspec.DecodeError as error:
            bugs.append(f"cannot be read by the process that writes: {error}")
        else:
            bugs.append(None)
    return items, bugs


def _bug_of(write: Write) -> Exception | None:
    try:
        _ENCODER.encode(write.item)
    except _BUGS as bug:
        return bug
    return None


def _refused(outcome: Exception) -> _Refused:
    if isinstance(outcome, WriteBroke):
        return _Refused(bug=str(outcome))
    if not isinstance(outcome, Refusal):
        return _Refused(bug="".join(traceback.format_exception(outcome)))
    kind = type(outcome)
    return _Refused(
        (kind.__module__, kind.__qualname__),
        _said(outcome.said),
        outcome.about,
        outcome.detail,
        outcome.place,
    )


def _exception_of(refused: _Refused) -> Exception:
    if refused.said is None:
        return WriteBroke(refused.bug)
    kind = _KNOWN.get(refused.kind)
    if kind is None:
        _KNOWN.update(_refusals())
        kind = _KNOWN.get(refused.kind, DatabaseFailed)
    outcome = kind.saying(_phrase(refused.said))
    outcome.about, outcome.detail, outcome.place = refused.about, refused.detail, refused.place
    return outcome


def _refusals() -> dict[Name, type[Refusal]]:
    """Return every kind of refusal that this process has loaded."""
    known: list[type[Refusal]] = [Refusal]
    for each in known:
        known += each.__subclasses__()
    return {(each.__module__, each.__qualname__): each for each in known}


def _said(phrase: Phrase) -> _Said:
    return _Said(
        phrase.template,
        {
            name: _said(value) if isinstance(value, Phrase) else value
            for name, value in phrase.values.items()
        },
    )


def _phrase(said: _Said) -> Phrase:
    values = {
        name: _phrase(value) if isinstance(value, _Said) else value
        for name, value in said.values.items()
    }
    return Phrase(said.template, **values)
