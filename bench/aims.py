"""The aims of the speed, each with its figure."""

from collections.abc import Sequence
from typing import Any

from bench import write_aims
from bench.abuse_report import median_of
from bench.console_report import WAYS
from bench.firing_report import times_the_best
from bench.options import ENGINES
from bench.write_aims import Row

_TIMES_SCHEDULER = 4
_INVITE_MS = 150.0
_LIST_MS = 30.0
_BESIDE_ANOTHER = 2.0
_BESIDE_A_FLOOD = 3.0
_CALL_LATE_MS = 1000
_PAGES_MS = {"today": 10.0, "board": 25.0}
_PAGES_GROW = 2.0
_FIRST_KB, _FIRST_GZIP_KB, _SCRIPT_KB = 90, 30, 8
_BESIDE_PAGES, _BESIDE_PAGES_LATE = 0.97, 1.25
_RENEWED_KB, _STREAM_KIB, _SHOWN_MS = 6, 40, 2_000
_VENDORED = "idiomorph"  # no script of ours
_ABOUT_AS_MUCH = 1.2  # what two turns at the same size may differ by


def section(
    writes: dict[str, Any] | None,
    size: dict[str, Any] | None,
    abuse: dict[str, Any] | None,
    console: dict[str, Any] | None = None,
    *,
    firing: dict[str, Any] | None = None,
    invite: dict[str, Any] | None = None,
) -> str:
    """Return the table of aims, as far as their cases were run."""
    rows = [
        *(write_aims.rows(writes) if writes else ()),
        *(_of_firing(firing) if firing else ()),
        *_of_invite(invite),
        *(_of_size(size) if size else ()),
        *(_of_abuse(abuse) if abuse else ()),
        *(_of_console(console) if console else ()),
    ]
    return f"## The aims\n\n{table(rows)}\n"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table; one that was not measured has no verdict."""
    lines = [f"| {aim} | {figure} | {_verdict(is_met)} |" for aim, figure, is_met in rows]
    return "\n".join(["| aim | measured | |", "|---|---|---|", *lines])


def _verdict(is_met: bool | None) -> str:  # noqa: FBT001 - a row's last part
    return {True: "met", False: "**not met**", None: ""}[is_met]


def _of_firing(results: dict[str, Any]) -> list[Row]:
    due = results["parameters"]["reservations"]
    return [
        (
            f"firing {due:,} due at once, {engine}: {_TIMES_SCHEDULER} times the best form of any",
            f"{times:.1f}",
            times >= _TIMES_SCHEDULER,
        )
        for engine, times in times_the_best(results.get("at-once") or {}).items()
    ]


def _of_invite(results: dict[str, Any] | None) -> list[Row]:
    rows: list[Row] = []
    for engine in ENGINES:
        aim = f"signed create to INVITE, {engine}: 99 % under {_INVITE_MS:.0f} ms"
        found = results and results["engines"].get(engine)
        if not found:
            rows.append((aim, "not measured", None))
            continue
        late = found["p99_ms"]["median"]
        rows.append((aim, f"{late:.0f} ms", late < _INVITE_MS))
    return rows


def _of_size(results: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for engine, found in results["engines"].items():
        sizes = list(found["sizes"].values())
        least, most = sizes[0], sizes[-1]
        stored = f"{most['stored']:,}"
        late, early = (each["lists"]["an agent's day"]["p99_ms"] for each in (most, least))
        rows.append(
            (
                f"agent's day, {engine}, {stored} stored: 99 % under 30 ms",
                f"{late:.1f} ms",
                late < _LIST_MS,
            )
        )
        rows.append(
            (
                f"agent's day, {engine}: at most twice that of {least['stored']:,}",
                f"{late / early:.1f}",
                late <= 2 * early,
            )
        )
        idle = [each["idle"]["cpu_ms_a_second"] for each in (least, most)]
        rows.append(
            (
                f"idle, {engine}: CPU grows by no more than turns differ",
                f"{idle[0]:.1f}, then {idle[1]:.1f} ms a second",
                idle[1] <= idle[0] * _ABOUT_AS_MUCH,
            )
        )
    return rows


def _of_abuse(results: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for engine, found in results["engines"].items():
        alone = median_of(found["none"], "p99")
        for name, turns in found.items():
            if name.startswith("one VDN"):
                times = median_of(turns, "p99") / alone
                rows.append(
                    (
                        f"beside {name}, {engine}: 99 % at most twice that of alone",
                        f"{times:.1f}",
                        times <= _BESIDE_ANOTHER,
                    )
                )
    for where, found in results.get("floods", {}).items():
        alone = median_of(found["none"], "p99")
        for name, turns in found.items():
            if name != "none":
                rows += _of_flood(f"beside {name}, {where}", alone, turns)
    return rows


def _of_flood(beside: str, alone: float, turns: list[dict[str, Any]]) -> list[Row]:
    times = median_of(turns, "p99") / alone
    late = max(each["call_late_ms"] for each in turns)
    downs = sum(each["downs"] for each in turns)
    return [
        (f"{beside}: 99 % at most 3 times that of alone", f"{times:.1f}", times <= _BESIDE_A_FLOOD),
        (f"{beside}: calls at most 1 s late", f"{late:,} ms", late <= _CALL_LATE_MS),
        (f"{beside}: no server taken for down", f"{downs}", not downs),
    ]


def _of_console(results: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for engine, found in results["engines"].items():
        (least, at_least), *_ = found["sizes"].items()
        *_, (most, at_most) = found["sizes"].items()
        for page, bound in _PAGES_MS.items():
            p99 = at_most[page]["p99_ms"]
            rows.append(
                (
                    f"page {page}, {engine}, {int(most):,} stored: 99 % under {bound:.0f} ms",
                    f"{p99:.1f} ms",
                    p99 < bound,
                )
            )
            if most != least:
                growth = at_most[page]["p50_ms"] / at_least[page]["p50_ms"]
                rows.append(
                    (
                        f"page {page}, {engine}: at most twice that of {int(least):,}",
                        f"{growth:.1f}",
                        growth <= _PAGES_GROW,
                    )
                )
        rows += _of_open_pages(engine, found, results["parameters"])
    loaded = next(iter(results["engines"].values()))["bytes"]
    raw, sent, renewed = (
        max(loaded[page][kind] for page in _PAGES_MS) for kind in ("raw", "sent", "renewed")
    )
    ours = sum(
        each["raw"] for name, each in loaded["scripts"].items() if not name.startswith(_VENDORED)
    )
    return [
        *rows,
        _kilobytes("first page, all of it", raw, _FIRST_KB),
        _kilobytes("the same as it is sent", sent, _FIRST_GZIP_KB),
        _kilobytes("a page that renews itself, as it is sent", renewed, _RENEWED_KB),
        _kilobytes("our own scripts", ours, _SCRIPT_KB),
    ]


def _of_open_pages(engine: str, found: dict[str, Any], how: dict[str, Any]) -> list[Row]:
    """Return what open pages cost the API and the memory, and how soon they show a change."""
    rows: list[Row] = []
    for way, told in WAYS.items():
        each = found["open"][way]
        where = f"{how['pages']} pages, {engine}, {told}"
        paced, part = each["paced"], each["beside"]["part"]
        kept = paced["with"]["a_second"] / paced["without"]["a_second"]
        times = paced["with"]["p99_ms"] / paced["without"]["p99_ms"]
        shown = each["alone"]["shown_p99_ms"]
        rows += [
            (
                f"{how['results']} results a second beside {where}: {_BESIDE_PAGES} of them",
                f"{kept:.3f}",
                kept >= _BESIDE_PAGES,
            ),
            (
                f"their 99 %, {where}: at most {_BESIDE_PAGES_LATE} times that of without",
                f"{times:.2f}",
                times <= _BESIDE_PAGES_LATE,
            ),
            (
                f"results beside {where}: {_BESIDE_PAGES} of without",
                f"{part:.3f}",
                part >= _BESIDE_PAGES,
            ),
            (
                f"the same, 99 %: at most {_BESIDE_PAGES_LATE} times that of without",
                f"{each['beside']['times_p99']:.2f}",
                each["beside"]["times_p99"] <= _BESIDE_PAGES_LATE,
            ),
            (
                f"a result on its open page of {where}: 99 % within {_SHOWN_MS / 1000:.0f} s",
                f"{shown / 1000:.1f} s",
                shown <= _SHOWN_MS,
            ),
        ]
    stream = found["stream_kib"]
    within = f"a stream, {engine}: at most {_STREAM_KIB} KiB"
    return [*rows, (within, f"{stream:.0f} KiB", stream <= _STREAM_KIB)]


def _kilobytes(what: str, found: int, bound: int) -> Row:
    return f"{what}: at most {bound} kB", f"{found / 1000:.1f} kB", found <= bound * 1000
