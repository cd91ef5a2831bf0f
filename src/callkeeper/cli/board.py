"""``board``: what a VDN has to do now, who has it, what holds it, and how today goes."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from threading import Event
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from callkeeper.cli.days import read_day
from callkeeper.cli.installation import existing_store, read_settings
from callkeeper.cli.options import Database, DataDir, Json, ShowNumbers, Vdn, show
from callkeeper.cli.promise_rows import (
    BROKEN_COLUMNS,
    WORDS,
    broken_rows,
    found_facts,
    utc,
)
from callkeeper.cli.sentence import say
from callkeeper.cli.table import Column, print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.dialing.breaker import refuses_all
from callkeeper.core.instants import HOUR_MS, SECOND_MS, LocalTimes
from callkeeper.core.reservations.promise import KEPT, Keeping
from callkeeper.processes.dial import measure
from callkeeper.terminal import harmless
from callkeeper.usecases.board import (
    Board,
    Counts,
    Hindrance,
    Obstacle,
    OfAgent,
    OfCampaign,
    board,
)
from callkeeper.usecases.promises import Day, Promises, Whose

_LIMIT = 10
_WATCH_SECONDS = 2.0
_TODAY_MS = 60 * SECOND_MS  # a day may have many promises, and they are all read

_WORDS: dict[Keeping, str] = WORDS | {"waiting": "due"}
_COLUMNS: tuple[Keeping, ...] = ("broken", "late", "unknown", "waiting", "calling")
_MISSED: tuple[Keeping, ...] = ("broken", "unknown")
_BARS = "▁▂▃▄▅▆▇█"
_CLEAR = "\x1b[H\x1b[2J"

_HINDRANCES: dict[Obstacle, str] = {
    "draft": "{campaign} is a draft, which holds {calls}; {resume} starts it",
    "paused": "{campaign} is paused, which holds {calls}; {resume} goes on",
    "ended": "{campaign} has ended, and {calls} of it will not be made",
    "deleted": "{campaign} was deleted, and {calls} of it will not be made",
    "no_dialer": "no dialer is running, which holds {calls}; `callkeeper dial` starts one",
    "line_down": "{line} is down, which holds {calls}; `callkeeper doctor` looks into it",
    "line_refuses": "{refuses}; it holds {calls}",
}


class _Look(NamedTuple):
    """What was found at one moment."""

    board: Board
    today: Day
    times: LocalTimes


def show_board(
    *,
    vdn: Vdn,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again when it changes, until Ctrl-C.")
    ] = False,
    limit: Annotated[int, typer.Option(help="How many rows of a table.", min=1, max=1000)] = _LIMIT,
    show_numbers: ShowNumbers = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show what there is to do now, and what holds it.

    That is what is late, broken, unknown, being called, or due within the hour; by agent and
    campaign, with what holds automatic calls back, which agents are not there whose calls are due,
    and how today's promises were kept.
    It costs the same however many reservations are stored. With --watch and --json it is a line of
    JSON each time that something changes.

    $ callkeeper board --vdn 25
    $ callkeeper board --vdn 25 --watch
    """
    shown: Any = None
    for look in _looks(data_dir, database, vdn, time_zone, limit=limit, watch=watch):
        facts = _facts(look, show_numbers=show_numbers)
        is_new = facts != shown
        if json and is_new:
            show({"vdn": vdn, "at": utc(look.board.at), **facts}, as_json=True)
        elif not json and (is_new or sys.stdout.isatty()):
            if watch and sys.stdout.isatty():
                typer.echo(_CLEAR, nl=False)
            _tell(look, vdn, limit, show_numbers=show_numbers)
        shown = facts


def _looks(
    data_dir: DataDir,
    database: Database,
    vdn: int,
    time_zone: TimeZone,
    *,
    limit: int,
    watch: bool,
) -> Iterator[_Look]:
    """Yield how it stands, once, or every now and then."""
    by = measure(read_settings(data_dir, database))
    today: Day | None = None
    counted_at = 0
    with existing_store(data_dir, database) as store:
        while True:
            times = local_times(time_zone)
            if today is None or times.now - counted_at > _TODAY_MS:
                day = read_day("today", times)
                today = Promises(store, by, Whose(vdn), times.now).of_day(day.span, 0)
                counted_at = times.now
            yield _Look(board(store, by, Whose(vdn), times.now, limit), today, times)
            if not watch:
                return
            Event().wait(_WATCH_SECONDS)


def _tell(look: _Look, vdn: int, limit: int, *, show_numbers: bool) -> None:
    found, today, times = look
    say(f"VDN {vdn}, {times.in_words(found.at)} ({times.zone}): {_counts(found.counts)}")
    say(f"today: {_counts(today.counts, WORDS)}{_share_kept(today.counts)}")
    if bars := _bars(look):
        say(bars)
    for each in found.hindrances:
        say(f"! {harmless(_hindrance(each))}")
    for agent in found.absent[:limit]:
        say(f"! {harmless(_absence(agent, vdn))}")
    # When they were seen is left out where none of them signs in.
    has_seen = any(each.presence for each in found.agents)
    agents = _agent_rows(found.agents, times, has_seen=has_seen)
    _tell_part("agent", agents, limit, has_seen=has_seen)
    _tell_part("campaign", _campaign_rows(found.campaigns), limit)
    if found.missed.promises:
        say("")
        rows = broken_rows(found.missed.promises, times, show_numbers=show_numbers)
        print_table(BROKEN_COLUMNS, rows, "")
        if found.missed.has_more:
            say(f"these are the {limit} oldest; --limit {2 * limit} shows more")


def _tell_part(
    title: str, rows: Sequence[tuple[str, ...]], limit: int, *, has_seen: bool = False
) -> None:
    if rows:
        say("")
        columns = [Column(title, is_cut=True), *(Column(_WORDS[each]) for each in _COLUMNS)]
        columns += [Column("seen")] * has_seen
        print_table(columns, rows[:limit], "")
        if len(rows) > limit:
            say(f"and {len(rows) - limit} more")


def _counts(counts: Counts, words: dict[Keeping, str] = _WORDS) -> str:
    return ", ".join(f"{count} {words[each]}" for each, count in counts.items()) or "nothing"


def _share_kept(counts: Counts) -> str:
    """Return which part was kept of what is over."""
    kept, missed = (sum(counts.get(each, 0) for each in words) for words in (KEPT, _MISSED))
    return f"; {kept / (kept + missed):.1%} kept" if kept + missed else ""


def _bars(look: _Look) -> str:
    """Return how many promises there are in each hour of today, as bars, where they can be seen."""
    hours = {each.begin_at: sum(each.counts.values()) for each in look.today.hours}
    try:
        _BARS.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return ""
    if not hours:
        return ""
    first, last, most = min(hours), max(hours), max(hours.values())
    steps = range(first, last + 1, HOUR_MS)
    bars = "".join(_bar(hours.get(each, 0), most) for each in steps)
    begins, ends = (look.times.to_minute(each)[11:16] for each in (first, last + HOUR_MS))
    return f"by the hour: {begins} {bars} {ends}, at most {most}"


def _bar(count: int, most: int) -> str:
    return _BARS[(count * len(_BARS) - 1) // most] if count else " "


def _agent_rows(
    agents: Iterable[OfAgent], times: LocalTimes, *, has_seen: bool
) -> list[tuple[str, ...]]:
    return [
        (
            each.name or each.account or "nobody",
            *_cells(each.counts),
            *([_seen(each, times)] if has_seen else ()),
        )
        for each in agents
    ]


def _seen(agent: OfAgent, times: LocalTimes) -> str:
    """Return whether an agent is there, or when they were; "" where nobody signs in as them."""
    if agent.presence != "absent":
        return {None: "", "present": "now", "away": "away"}[agent.presence]
    return "never" if agent.seen_at is None else times.from_now(agent.seen_at)


def _absence(agent: OfAgent, vdn: int) -> str:
    """Return the sentence that says who is not there, and what helps."""
    calls = agent.counts["waiting"]
    return (
        f"{agent.name or agent.account} is {agent.presence}, {calls} call{'s' * (calls != 1)} due "
        f"within the hour; `callkeeper reassign --vdn {vdn} --from {agent.account} --to AGENT` "
        "gives what they have to another agent"
    )


def _campaign_rows(campaigns: Iterable[OfCampaign]) -> list[tuple[str, ...]]:
    return [(each.name or str(each.id), *_cells(each.counts)) for each in campaigns]


def _cells(counts: Counts) -> list[str]:
    return [str(counts.get(each, "")) for each in _COLUMNS]


def _hindrance(hindrance: Hindrance) -> str:
    """Return the sentence that says what holds calls back, and what helps."""
    subject = hindrance.subject
    told = _HINDRANCES[hindrance.obstacle].format(
        campaign=f"campaign {subject}" + (f" {hindrance.name!r}" if hindrance.name else ""),
        resume=f"`callkeeper campaign resume {subject}`",
        line=f"line {subject}",
        refuses=refuses_all(subject, hindrance.says or ""),
        calls=_counted(hindrance.calls, "automatic call"),
    )
    if not hindrance.by_agents:
        return told
    return f"{told}; no agent can have the line ring for {_counted(hindrance.by_agents, 'call')}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _facts(look: _Look, *, show_numbers: bool) -> dict[str, Any]:
    """Return what JSON says, but for when that was."""
    found, today, _ = look
    return {
        "counts": found.counts,
        "today": {
            "counts": today.counts,
            "counted_to": utc(today.counted_to),
            "hours": [{"begin": utc(each.begin_at), "counts": each.counts} for each in today.hours],
        },
        "hindrances": found.hindrances,
        "agents": [_agent_facts(each) for each in found.agents],
        "campaigns": found.campaigns,
        "missed": found_facts(found.missed, show_numbers=show_numbers),
    }


def _agent_facts(agent: OfAgent) -> dict[str, Any]:
    return msgspec.structs.asdict(agent) | {"seen_at": utc(agent.seen_at)}
