"""What is published: both distributions are built from one source, whole, and can be installed."""

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import httpx2
import pytest

import callkeeper
from callkeeper.console.press import HEADERS
from tests.checkouts import copied, empty_venv, wheelhouse
from tests.console.visitor import PASSWORD
from tests.house import HOUR, TASK, VDN, House
from tests.surface import ROOT, SOURCE, committed

CLIENTS_PACKAGES_MAX = 5
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
NAMES = ("callkeeper", "callkeeper_client")
# What lies in the folder already: of an earlier version, and a file of somebody else's.
EARLIER = [f"{name}-0.0.9{end}" for name in NAMES for end in (".tar.gz", "-py3-none-any.whl")]
OTHERS = "callkeeper-notes.txt"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
ANN = ("--vdn", str(VDN), "--role", "agent", "--agent", "ann")

ASKS = """
import json, os
from callkeeper.client import Client
env = os.environ
with Client(env["URL"], env["AK"], env["SK"], int(env["VDN"])) as calls:
    made = calls.reserve("66660001", at=int(env["AT"]), campaign=env["TASK"], agent="ann")
    print(json.dumps([made, [each.id for each in calls.list().reservations]]))
"""


class Visiting:
    """Whoever looks at pages, and loads what these do. ``loaded`` is what that was."""

    def __init__(self, http: httpx2.Client) -> None:
        self.loaded: set[str] = set()
        self._cookie = ""
        self._http = http

    def look(self, path: str, language: str) -> str:
        """Return a page. Raise AssertionError if it needs anything from elsewhere."""
        page = self._http.get(path, headers=self._headers() | {"accept-language": language})
        assert page.status_code == 200
        assert dict(page.headers).items() >= HEADERS.items()
        for each in re.findall(r'(?:href|src)="([^"#]+)', page.text):
            assert each.startswith("/console/"), each
            if "/static/" in each and each not in self.loaded:
                asset = self._http.get(each)
                assert (asset.status_code, len(asset.content) > 0) == (200, True)
                assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/)", asset.text), each
                self.loaded.add(each)
        return page.text

    def choose_a_password(self, path: str) -> None:
        """Sign in by a link that is good once."""
        form = {"password": PASSWORD, "again": PASSWORD}
        came = self._http.post(path, data=form, headers={"sec-fetch-site": "same-origin"})
        assert came.status_code == 303
        self._cookie = came.headers["set-cookie"].partition(";")[0]

    def _headers(self) -> dict[str, str]:
        return {"cookie": self._cookie} if self._cookie else {}


class Published:
    """What scripts/packages.sh made of a copy of this checkout."""

    def __init__(self, folder: Path) -> None:
        checkout = copied(folder / "checkout")
        self.dist = folder / "dist"
        self.dist.mkdir()
        for name in (*EARLIER, OTHERS):
            (self.dist / name).write_text("as it was")
        self.made = subprocess.run(
            ["sh", checkout / "scripts/packages.sh", self.dist],  # noqa: S607 - the reader's own
            env=os.environ | {"PYTHON": sys.executable, "PIP_NO_INDEX": "1", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def wheel(self, name: str) -> Path:
        (found,) = self.dist.glob(f"{name}-[0-9]*.whl")
        return found

    def files(self, name: str) -> dict[str, bytes]:
        """Return a wheel's files, but for those that tell of it."""
        with ZipFile(self.wheel(name)) as wheel:
            names = [each for each in wheel.namelist() if ".dist-info/" not in each]
            return {each: wheel.read(each) for each in names}

    def metadata(self, name: str) -> Message:
        with ZipFile(self.wheel(name)) as wheel:
            (told,) = [each for each in wheel.namelist() if each.endswith("dist-info/METADATA")]
            return message_from_bytes(wheel.read(told))

    def archive(self, name: str) -> dict[str, bytes]:
        """Return the files of a source archive, by their paths in its folder."""
        (found,) = self.dist.glob(f"{name}-[0-9]*.tar.gz")
        with tarfile.open(found) as archive:
            files = {each.name: archive.extractfile(each) for each in archive if each.isfile()}
            return {name.partition("/")[2]: file.read() for name, file in files.items() if file}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(tmp_path_factory.mktemp("published"))


def install(python: Path, published: Published, name: str, wheels: Path) -> None:
    """Install a distribution as pip does, from nothing but files."""
    wheelhouse(wheels, published.metadata(name).get_all("Requires-Dist") or ())
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "install", "-q"]
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    subprocess.run([*pip, published.wheel(name)], check=True, env=os.environ | offline)


def installed(python: Path) -> set[str]:
    asked: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "list",
        "--format",
        "json",
    ]
    listed = subprocess.run(asked, check=True, capture_output=True)
    return {each["name"] for each in json.loads(listed.stdout)}


def test_twine_and_check_wheel_contents_find_no_fault(published: Published) -> None:
    assert published.made.returncode == 0, published.made.stdout + published.made.stderr
    assert published.made.stdout.count("PASSED") == 4
    assert published.made.stdout.count(".whl: OK") == 2


def test_what_an_earlier_version_left_in_the_folder_is_gone_and_nothing_else(
    published: Published,
) -> None:
    version = callkeeper.__version__
    made = {each.replace("0.0.9", version) for each in EARLIER}
    assert {each.name for each in published.dist.iterdir()} == made | {OTHERS}
    assert (published.dist / OTHERS).read_text() == "as it was"


def test_the_wheel_has_the_package_and_nothing_else(published: Published) -> None:
    files = {
        f"callkeeper/{file.relative_to(SOURCE).as_posix()}": file.read_bytes()
        for file in committed()
        if file.is_relative_to(SOURCE)
    }
    assert published.files("callkeeper") == files


def test_the_clients_wheel_has_files_of_the_whole_and_no_others(published: Published) -> None:
    ours, all_of_them = published.files("callkeeper_client"), published.files("callkeeper")
    assert ours.items() <= all_of_them.items()
    told = {PurePosixPath(name).relative_to("callkeeper").parts[0] for name in ours}
    assert told == {"__init__.py", "py.typed", "signing.py", "client"}
    clients = {name for name in all_of_them if name.startswith("callkeeper/client/")}
    assert clients < ours.keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_metadata_tells_the_version_the_licence_and_the_pythons(
    published: Published, name: str
) -> None:
    told = published.metadata(name)
    assert (told["Version"], told["License-Expression"]) == (callkeeper.__version__, "Apache-2.0")
    assert told["Requires-Python"] == ">=3.11"
    pythons = re.findall(r"Python :: (3\.\d+)$", str(told), re.MULTILINE)
    assert pythons == ["3.11", "3.12", "3.13"]
    assert told.get_all("Project-URL") is None, "there is no public address yet"


@pytest.mark.parametrize("name", NAMES)
def test_the_description_needs_no_file_beside_it(published: Published, name: str) -> None:
    told = published.metadata(name).get_payload()
    assert isinstance(told, str)
    assert told.startswith("# ")
    assert LINK.findall(told) == []
    assert "![" not in told


def test_the_source_archive_has_the_documents_and_what_an_installation_is_made_with(
    published: Published,
) -> None:
    ours = {
        file.relative_to(ROOT).as_posix(): file.read_bytes()
        for file in committed()
        if (
            file.relative_to(ROOT).parts[0] in ("docs", "packaging", "src")
            and file.suffix != ".png"
        )
        or file.name in ("LICENSE", "README.md", "CHANGELOG.md", "run.txt")
    }
    assert "docs/call.sh" in ours
    assert ours.items() <= published.archive("callkeeper").items()
    assert not [name for name in published.archive("callkeeper") if name.startswith("tests/")]


def test_every_link_in_the_source_archive_leads_to_a_file_in_it(published: Published) -> None:
    files = published.archive("callkeeper")
    folders = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents}
    lost = [
        f"{name}: {link}"
        for name, text in files.items()
        if name.endswith(".md")
        for link in LINK.findall(text.decode())
        if not link.endswith(".png")  # a picture, which would be most of it
        and os.path.normpath(PurePosixPath(name).parent / link) not in files.keys() | folders
    ]
    assert lost == []


def test_the_client_alone_is_a_small_install_and_talks_to_a_server(
    published: Published, house: House, tmp_path: Path
) -> None:
    python = empty_venv(tmp_path / "venv")
    install(python, published, "callkeeper_client", tmp_path / "wheels")
    needed = installed(python) - {"callkeeper-client"}
    assert len(needed) <= CLIENTS_PACKAGES_MAX, needed
    given = {
        "URL": house.url,
        "AK": house.key.ak,
        "SK": house.key.secret,
        "VDN": str(VDN),
        "TASK": TASK,
        "AT": str(house.now() + HOUR),
    }
    said = subprocess.run([python, "-c", ASKS], env=given, check=True, capture_output=True)
    made, listed = json.loads(said.stdout)
    assert listed == [made]
    server = subprocess.run(
        [python, "-c", "import callkeeper.cli"], check=False, stderr=subprocess.DEVNULL
    )
    assert server.returncode == 1


@pytest.fixture(scope="module")
def whole(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program where there is nothing else."""
    folder = tmp_path_factory.mktemp("whole")
    python = empty_venv(folder / "venv")
    install(python, published, "callkeeper", folder / "wheels")
    return python.with_name("callkeeper")


def test_the_whole_serves_its_pages_where_nothing_else_is(whole: Path, tmp_path: Path) -> None:
    given = ["--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(
        [whole, "serve", "--port", "0", *given],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            assert serving.stderr is not None
            url = next(found[0] for line in serving.stderr if (found := ADDRESS.search(line)))
            person: list[str | Path] = [whole, "person", "add", "ann", *ANN, "--url", url]
            added = subprocess.run([*person, "--json", *given], check=True, capture_output=True)
            come = json.loads(added.stdout)["link"].removeprefix(url)
            with httpx2.Client(base_url=url, trust_env=False) as http:
                browser = Visiting(http)
                assert "Sign in" in browser.look("/console/sign-in", "en")
                assert "登录" in browser.look("/console/sign-in", "zh-CN")
                assert "欢迎" in browser.look(come, "zh-CN")
                browser.choose_a_password(come)
                assert "Nothing to call" in browser.look(f"/console/{VDN}/today", "en")
                assert 'lang="zh-Hans"' in browser.look(f"/console/{VDN}/today", "zh-CN")
            assert {Path(each).suffix for each in browser.loaded} == {".css", ".js", ".svg"}
        finally:
            serving.terminate()
            serving.communicate()
    assert serving.returncode == -signal.SIGTERM


def test_the_whole_plays_the_demo_where_nothing_else_is_and_knows_the_client_beside_it(
    published: Published, whole: Path, tmp_path: Path
) -> None:
    demo: list[str | Path] = [whole, "demo", "--once", "--data-dir", tmp_path / "data"]
    played = subprocess.run(demo, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert played.returncode == 0, played.stdout + played.stderr

    doctor: list[str | Path] = [whole, "doctor", "--port", "0", "--data-dir", tmp_path / "data"]
    alone = subprocess.run(doctor, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert f"is callkeeper {callkeeper.__version__} on Python 3." in alone.stdout
    install(whole.with_name("python"), published, "callkeeper_client", tmp_path / "wheels")
    beside = subprocess.run(doctor, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert beside.returncode == 1
    assert "shares files with callkeeper-client" in beside.stdout
