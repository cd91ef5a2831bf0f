"""The bounds that the documents put into words are those of the program."""

import pytest

from callkeeper.api.contract import endpoint
from callkeeper.asyncstore import readers, writer, writer_process
from callkeeper.client import walk
from callkeeper.core.dialing import breaker, lease, watch
from callkeeper.core.vdn import VDN_MAX
from callkeeper.dialer import lease_keeper
from callkeeper.dialer.line import ari
from callkeeper.http import fairness, large_bodies, protocol, tarpit
from callkeeper.store.engine import sqlite
from callkeeper.store.rows import backlog
from callkeeper.usecases import keys, readiness
from tests.surface import ROOT

KIB = 1024
MIB = KIB * KIB


def _whole(number: float) -> str:
    assert number == int(number)
    return f"{int(number):,}"


def _seconds(milliseconds: float) -> str:
    return _whole(milliseconds / 1000)


ARCHITECTURE = {
    "a batch": f"forms the next batch, at most {writer.BATCH_MAX};",
    "writes that wait": f"At most {_whole(writer.WAITING_MAX)} writes wait; more are refused.",
    "reads that wait": f"{_whole(readers.READ_SECONDS_MAX)} seconds for its thread, or would wait"
    f" behind {_whole(readers.READS_MAX)} others,",
}
API = {
    "the tenant": f"an integer from 1 to {VDN_MAX}.",
    "a body": f"JSON object in UTF-8, at most {endpoint.BODY_MAX // MIB} MiB,",
    "a head": f"over {protocol.HEAD_BYTES_MAX // KIB} KiB or {protocol.HEAD_FIELDS_MAX} fields",
    "Idempotency-Key": f"(at most {endpoint.IDEMPOTENCY_KEY_MAX} printable characters)",
}
OPERATING = {
    "the oldest SQLite": f"({'.'.join(map(str, sqlite.OLDEST[:2]))} or newer:",
    "a silent database": "does not answer is given up after"
    f" {_whole(writer_process.SILENT_SECONDS)} s",
    "a lease": f"holds a lease of {_seconds(lease.LEASE_MS)} s and renews it every"
    f" {_seconds(lease_keeper.RENEW_MS)} s.",
    "a clock that was set": f"set by more than {_seconds(watch.JUMP_MS)} s, that is logged",
    "a new time": f"for {_seconds(watch.SURE_MS)} s only that is done which is right by the old",
    "pauses of a line": f"pauses that double up to {_seconds(breaker.LONGEST_PAUSE_MS)} s,",
    "a backlog": f"Beyond {backlog.AHEAD} that are due,",
    "a reconnect": f"After the reconnect (at most {_whole(ari.LONGEST_PAUSE_SECONDS)} s later)",
    "a silent socket": "dies silently is noticed within"
    f" {_whole(ari.PING_SECONDS + ari.PONG_SECONDS)} s.",
    "a slow Asterisk": f"none of our {ari.CONNECTIONS} connections to it is free within"
    f" {_whole(ari.WAIT_SECONDS)} s",
    "a slow write": f"has waited for over {_whole(readiness.WRITE_SECONDS_MAX)} s means 503",
    "a failed write": f"counts too, for {_whole(readiness.FAILURE_SECONDS)} s or until one",
    "a request": f"A request has {_whole(protocol.REQUEST_SECONDS)} s to arrive,",
    "a head": f"at most {protocol.HEAD_BYTES_MAX // KIB} KiB and {protocol.HEAD_FIELDS_MAX} fields",
    "requests ahead": f"Some {protocol.AHEAD_MAX} requests are read ahead of their answers,",
    "turns": f"{tarpit.AT_ONCE} at once and then {tarpit.PER_SECOND} a second, in each",
    "bodies that wait": f"wait for a turn hold {tarpit.BYTES_MAX // MIB} MiB at most,",
    "large bodies": f"Bodies of more than {large_bodies.LARGE // KIB} KiB are checked"
    " one after another,"
    f" in the background, and {large_bodies.OF_ONE_KEY} of one access key are taken in at once;"
    f" {large_bodies.WAITING_MAX} more wait,",
    "a body": f"A body: {endpoint.BODY_MAX // MIB} MiB. A page of a list: {walk.PAGE_ROWS}.",
    "writes that wait": f"At most {_whole(writer.WAITING_MAX)} writes wait for the database",
    "a VDN's share": f"each has at most {fairness.WRITES} writes"
    f" and {fairness.READS} read in hand,",
    "a VDN that is alone": f"sent anything for {_whole(fairness.CONTESTED_SECONDS)} s, has no such",
}


@pytest.mark.parametrize(
    ("page", "what", "words"),
    [
        (page, what, words)
        for page, told in (
            ("ARCHITECTURE.md", ARCHITECTURE),
            ("docs/api.md", API),
            ("docs/operating.md", OPERATING),
        )
        for what, words in told.items()
    ],
)
def test_a_bound_in_words_is_the_programs(page: str, what: str, words: str) -> None:
    text = " ".join((ROOT / page).read_text("utf-8").split())
    assert words in text, what


def test_bounds_that_are_words_themselves_are_the_programs() -> None:
    operating = " ".join((ROOT / "docs" / "operating.md").read_text("utf-8").split())
    assert (breaker.ROW, keys.TRUSTED_MS, readiness.FRESH_SECONDS) == (3, 2000, 1)
    for words in (
        "After three refusals in a row a dispatcher asks for no more calls.",
        "A revoked key is refused within two seconds, on every machine.",
        "An answer is given again for a second, by each process",
    ):
        assert words in operating
