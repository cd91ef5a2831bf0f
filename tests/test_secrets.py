"""No value of a secret is in anything that the program says, however wrong it is."""

import base64
import traceback
from pathlib import Path

import pytest

from callkeeper.clock import SystemClock
from callkeeper.processes.doctor import CheckUp
from callkeeper.settings import SettingsWrong, load
from tests.test_cli import run

SECRET = "hush7Xq"
LATIN = "\udcff"  # as Python keeps a byte that is no UTF-8
HERE = "127.0.0.1:1"  # where nobody listens

# What has another meaning somewhere: to JSON, TOML, a shell, a URL, a header.
TEXTS = [
    SECRET,
    f"{{{SECRET}",
    f"[{SECRET}",
    f'{{"a":"{SECRET}"}}',
    f'"{SECRET}',
    f"{SECRET}{LATIN}",
    f"{SECRET}\n{SECRET}",
    f"{SECRET}{'x' * 300}",
    base64.b64encode(SECRET.encode()).decode(),
]
URLS = [
    SECRET,
    f"mysql://u:{SECRET}@{HERE}/x",
    f"postgresql://u:{SECRET}@{HERE}/x",
    f"postgresql://u:a@{SECRET}@{HERE}/x",
    f"postgresql://u:{SECRET}/a@{HERE}/x",
    f"postgresql://u:a/{SECRET}@{HERE}/x",
    f"postgresql://u:a?{SECRET}/a@{HERE}/x",
    f"postgresql://u:{SECRET}%zz@{HERE}/x",
    f"postgresql://u:a {SECRET}@{HERE}/x",
    f"postgresql://u:{SECRET}@[h/x",
    f"postgresql://u:{SECRET}{LATIN}@{HERE}/x",
    f"postgresql://{HERE}/x?password={SECRET}&nonsense=1",
    f"postgresql://{HERE}/x?sslpassword={SECRET}&sslmode=nonsense",
    f"{{{SECRET}",
]
ARI = [f"http://u:{SECRET}@127.0.0.1:9/ari", f"http://u:{SECRET}@[/", f"http://h/?api_key={SECRET}"]
# As they may be set in the environment.
SET = [
    *((name, each) for name in ("ARI_PASSWORD", "SEALING_KEY", "SSO_SECRET") for each in TEXTS),
    *(("DATABASE", each) for each in URLS),
    *(("ARI_URL", each) for each in ARI),
]
FILES = [
    f'ari_password = ["{SECRET}"]',
    f'ari_password = {{a = "{SECRET}"}}',
    f"ari_password = {SECRET}",
    f'ari_password = "{SECRET}',
    f'ari_password = "{SECRET}"\nari_password = "{SECRET}"',
    f'ari_pasword = "{SECRET}"',
    f'sealing_key = "{SECRET}"',
    f'sealing_key = ["{SECRET}"]',
    f'database = ["postgresql://u:{SECRET}@{HERE}/x"]',
    f'database = "postgresql://u:a@{SECRET}@{HERE}/x"',
    f'ari_user = "u:{SECRET}"',
    f'ari_url = ["{SECRET}"]',
]


def checked(tmp_path: Path, **more: str) -> str:
    """Return what a check-up says with some settings, or what keeps it from beginning."""
    environment = {f"CALLKEEPER_{name}": value for name, value in more.items()}
    try:
        settings = load({"data_dir": tmp_path, "line": "asterisk", "port": 0}, environment)
    except SettingsWrong as wrong:
        return "".join(traceback.format_exception(wrong))
    return "\n".join(each.says for each in CheckUp(settings, SystemClock()).run())


@pytest.mark.parametrize(("name", "value"), SET)
def test_a_secret_in_the_environment_is_not_repeated(tmp_path: Path, name: str, value: str) -> None:
    told = checked(tmp_path, **{"ARI_PASSWORD": "p", name: value})
    assert told
    assert SECRET not in told


@pytest.mark.parametrize("text", FILES)
def test_a_secret_in_the_file_is_not_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    told = checked(tmp_path, CONFIG=str(tmp_path / "a.toml"))
    assert told
    assert SECRET not in told


def test_a_password_that_looks_like_json_is_a_password() -> None:
    """It stopped the server, and was printed."""
    for password in (f"{{{SECRET}", f"[{SECRET}", "null", "true", "12345"):
        settings = load({}, {"CALLKEEPER_ARI_PASSWORD": password})
        assert settings.ari_password == password
        assert SECRET not in repr(settings)


@pytest.mark.parametrize("command", ["serve", "migrate", "dial", "doctor", "key list"])
@pytest.mark.parametrize("url", [URLS[2], URLS[3], URLS[10]])
def test_a_password_in_an_option_is_not_repeated(tmp_path: Path, command: str, url: str) -> None:
    """Nor by what goes wrong later than the reading of the settings."""
    ended = run(*command.split(), f"--data-dir={tmp_path}", "--database", url)
    told = ended.out + ended.err
    assert told
    assert SECRET not in told
    assert "Traceback" not in told
