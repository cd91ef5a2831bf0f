"""How the single sign-on is set: wrongly, and a sentence says so; well, and so does a check-up."""

import sys
from pathlib import Path
from typing import Any

import pytest

from callkeeper.clock import HandClock, SystemClock
from callkeeper.processes.doctor import CheckUp
from callkeeper.processes.sign_on import group_roles, provider_of
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.usecases.checks import Check
from tests.console.sign_on.oidc import Provider
from tests.test_cli import run, started

GOOD: dict[str, Any] = {
    "console_url": "https://calls.example.com",
    "sso_issuer": "https://login.example.com",
    "sso_client": "callkeeper",
}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"sso_client": None}, "without sso_client"),
        ({"console_url": None}, "without console_url"),
        ({"sso_issuer": None}, "sso_client is set without sso_issuer"),
        ({"sso_issuer": None, "sso_client": None, "sso_secret": "x"}, "sso_secret is set without"),
        ({"sso_issuer": None, "sso_client": None, "sso_roles": {"a": "operator"}}, "sso_roles is"),
        ({"sso_scopes": "profile"}, "must have openid"),
    ],
)
def test_settings_that_do_not_go_together_are_told(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsWrong, match=says):
        provider_of(Settings(**GOOD | changed), SystemClock())


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(SettingsWrong, match=r"pip install 'callkeeper\[sso\]'"):
        provider_of(Settings(**GOOD), SystemClock())
    assert provider_of(Settings(), SystemClock()) is None


def test_a_secret_is_in_no_text_of_it() -> None:
    provider = provider_of(Settings(**GOOD, sso_secret="hush"), SystemClock())
    assert provider is not None
    assert "hush" not in repr(provider.__dict__)


def test_no_group_has_a_role_until_it_is_set() -> None:
    assert not group_roles(Settings(**GOOD))
    assert group_roles(Settings(**GOOD, sso_roles={"a": "operator", "b": "agent 25"}))


def checked(data_dir: Path, **settings: Any) -> Check:
    """Return what a check-up finds of it."""
    found = CheckUp(Settings(data_dir=data_dir, port=0, **settings), SystemClock()).run()
    return {each.name: each for each in found}["sign-on"]


def test_a_check_up_asks_the_provider(tmp_path: Path, clock: HandClock) -> None:
    data_dir = tmp_path / "data"
    started(data_dir)
    assert checked(data_dir) == Check("sign-on", good=True, says="none is set")
    with Provider(clock) as provider:
        ours = GOOD | {"sso_issuer": provider.issuer}
        assert checked(data_dir, **ours) == Check(
            "sign-on", good=True, says=f"{provider.issuer} answers"
        )
        provider.answers["/keys"] = lambda: (404, b"")
        found = checked(data_dir, **ours)
        assert not found.good
        assert f"{provider.issuer}/keys is answered with HTTP 404" in found.says
    assert "does not answer" in checked(data_dir, **ours).says
    assert "without sso_client" in checked(data_dir, **ours | {"sso_client": None}).says


def test_a_server_that_is_set_wrongly_does_not_start(tmp_path: Path) -> None:
    ended = run(
        "serve",
        f"--data-dir={tmp_path}",
        "--port=0",
        CALLKEEPER_SSO_ISSUER="https://login.example.com",
    )
    assert ended.status == 1
    assert "sso_issuer is set without sso_client" in ended.err
    assert "Traceback" not in ended.err
