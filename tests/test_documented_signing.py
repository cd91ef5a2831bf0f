"""The steps from a request to its signature that docs/api.md prints, made again from its text."""

import hmac
import shlex
from hashlib import sha256

import pytest

from tests.documented_signing import AK, REQUESTS, SK, WITH_EMPTY_QUERY_LINE, Told
from tests.test_cli import run

EACH = pytest.mark.parametrize("told", REQUESTS, ids=["query", "body"])


@EACH
def test_sign_shows_what_is_printed(told: Told) -> None:
    assert _sign(told) == told.text


@EACH
def test_each_step_follows_from_the_text_of_the_ones_before(told: Told) -> None:
    steps = told.steps
    assert steps["its SHA-256"] == sha256(told.canonical.encode()).hexdigest()
    assert steps["prefix"].startswith(f"auth-v2/{AK}/")
    assert steps["signing key"] == _hmac(SK, steps["prefix"])
    assert steps["signature"] == _hmac(steps["signing key"], told.canonical)
    assert steps["Authorization"] == f"{steps['prefix']}/{steps['signature']}"


def test_the_signature_with_an_empty_query_line_is_the_one_that_is_printed() -> None:
    told = REQUESTS[-1]
    method, path, rest = told.canonical.split("\n", 2)
    made = _hmac(told.steps["signing key"], f"{method}\n{path}\n\n{rest}")
    assert made == WITH_EMPTY_QUERY_LINE
    assert f"\nsignature           {made}\n" in _sign(told, "--empty-query-line")


def _sign(told: Told, *more: str) -> str:
    words = shlex.split(told.command.replace("\\\n", ""))
    done = run(*words, *more, CALLKEEPER_AK=AK, CALLKEEPER_SK=SK)
    assert (done.status, done.err) == (0, "")
    return done.out


def _hmac(key: str, text: str) -> str:
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()
