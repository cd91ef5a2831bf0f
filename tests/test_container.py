"""Our container without a builder, which this machine has not: its steps, one by one.

They are carried out on a booted machine in place of the images that they begin with; what pip would
download is there. What a builder and a runner made of it is in docs/evidence.md.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import callkeeper
from callkeeper.settings import unknown
from tests.conftest import leave_out
from tests.container import Instruction, stages
from tests.machine import CHECKOUT, Machine, booted, make_venv
from tests.ports import free_port
from tests.private_postgres import binaries
from tests.surface import ROOT, committed
from tests.test_client import showing
from tests.test_client_answers import saying
from tests.waiting import until

FOLDER = ROOT / "packaging" / "container"
BUILD, FINAL = stages(FOLDER / "Containerfile")
SERVICES: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]
PASSWORD = "hush9Zs"
LOG = "journalctl --no-pager --output=cat --unit=container"


def of(word: str) -> Instruction:
    """Return the final stage's only instruction of a kind."""
    (found,) = [each for each in FINAL if each.word == word]
    return found


def pairs(word: str) -> dict[str, str]:
    """Return what an instruction sets."""
    return dict(each.split("=", 1) for each in of(word).words())


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which every step of both stages was carried out."""
    with booted(tmp_path_factory) as machine:
        machine.run("mkdir /build")
        for step in [*BUILD, *FINAL]:
            carry_out(machine, step)
        yield machine


def carry_out(machine: Machine, step: Instruction) -> None:
    """Do what a step does to files; what it copies from the stage before is there already."""
    if step.word == "RUN" and " -m venv " in step.rest:
        make_venv(machine, step.rest)
    elif step.word == "RUN":
        machine.run(f"cd /build && PIP_NO_INDEX=1 {step.rest}")
    elif step.word == "COPY" and not step.flags:
        *what, where = step.words()
        for each in what:
            is_folder = (ROOT / each).is_dir()
            copy = f"cp -rT {CHECKOUT}/{each}" if is_folder else f"cp {CHECKOUT}/{each}"
            machine.run(f"cd /build && mkdir -p {where} && {copy} {where}")


@contextmanager
def running(image: Machine, more: Mapping[str, str]) -> Iterator[None]:
    """Run the image as its own user, in a file system that it may only read but for its volumes."""
    volume = of("VOLUME").rest
    user, group = of("USER").rest.split(":")
    given = [f"--setenv={name}={value}" for name, value in {**pairs("ENV"), **more}.items()]
    confined = [
        f"User={user}",
        f"Group={group}",
        f"WorkingDirectory={of('WORKDIR').rest}",
        "ProtectSystem=strict",
        f"ReadWritePaths={volume}",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=",
        "NoNewPrivileges=yes",
        f"KillSignal={of('STOPSIGNAL').rest}",
    ]
    program = shlex.join([*of("ENTRYPOINT").words(), *of("CMD").words()])
    how = shlex.join([*given, *(f"--property={each}" for each in confined)])
    image.run(f"systemd-run --quiet --unit=container --remain-after-exit {how} {program}")
    try:
        yield
    finally:
        image.run("systemctl kill --kill-whom=main container")
        until(lambda: image.says("systemctl show --value -p SubState container") != "running")
        ended = image.says("systemctl show --value -p Result container")
        said = image.says(LOG)
        image.run(
            f"systemctl stop container; systemctl reset-failed; rm -rf {volume}/*", check=False
        )
    assert ended == "success", said


def is_healthy(image: Machine) -> bool:
    """Whether the image's health check says so, run as the image's user."""
    user, group = of("USER").rest.split(":")
    check = shlex.join(Instruction("CMD", (), of("HEALTHCHECK").rest.removeprefix("CMD ")).words())
    as_user = f"setpriv --reuid={user} --regid={group} --clear-groups"
    known = shlex.join([f"{name}={value}" for name, value in pairs("ENV").items()])
    return image.run(f"env {known} {as_user} {check}", check=False).returncode == 0


def test_the_health_check_asks_the_port_that_is_set_past_any_proxy() -> None:
    _, *words = Instruction("CMD", (), of("HEALTHCHECK").rest.removeprefix("CMD ")).words()

    def ends(port: str) -> int:
        nowhere = f"http://127.0.0.1:{free_port()}"
        proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), nowhere)
        asked = {"CALLKEEPER_INTERNAL_PORT": port, **proxies}
        return subprocess.run(
            [sys.executable, *words], env=asked, stderr=subprocess.DEVNULL, check=False
        ).returncode

    with showing(saying(b"ok")) as url:
        assert ends(url.rpartition(":")[2]) == 0
    assert ends(str(free_port())) != 0


def test_all_that_is_copied_is_sent_to_the_builder_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {each for step in BUILD if step.word == "COPY" for each in step.words()[:-1]}
    names = [file.relative_to(ROOT).as_posix() for file in committed()]
    within = [
        {
            name
            for name in names
            for each in some
            if fnmatch(name, each) or name.startswith(f"{each}/")
        }
        for some in (sent, {each.rstrip("/") for each in copied if each != "packaging/README.md"})
    ]
    assert lines[3] == "*" or "*" in lines
    assert within[0] - within[1] == {"packaging/README.md"}
    assert "packaging/README.md" in copied


def test_the_image_tells_its_version_and_its_licence() -> None:
    told = pairs("LABEL")
    assert told["org.opencontainers.image.version"] == callkeeper.__version__
    assert told["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_the_image_runs_as_a_user_of_its_own_who_is_told_by_number(image: Machine) -> None:
    user = of("USER").rest
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert image.says(f"stat -c %u:%g {of('VOLUME').rest}") == user


def test_the_image_serves_and_its_health_check_tells_whether_it_does(image: Machine) -> None:
    assert not is_healthy(image)
    with running(image, {}):
        until(lambda: is_healthy(image))
        assert "serves https://0.0.0.0:28443" in image.says(LOG)
        assert {"28443", pairs("ENV")["CALLKEEPER_INTERNAL_PORT"]} == set(of("EXPOSE").words())
        key = "CALLKEEPER_DATA_DIR=/var/lib/callkeeper callkeeper key create --vdn 25"
        assert "CALLKEEPER_SK" in image.run(key).stdout
    assert not is_healthy(image)


def test_every_setting_that_is_given_is_one() -> None:
    assert unknown(pairs("ENV") | SERVICES["callkeeper"]["environment"]) == []


def test_the_server_of_the_compose_file_works_with_the_database_beside_it(image: Machine) -> None:
    asked = re.compile(r"\$\{CALLKEEPER_DATABASE_PASSWORD.*\}")
    ours, database = (
        {
            name: asked.sub(PASSWORD, value)
            for name, value in SERVICES[service]["environment"].items()
        }
        for service in ("callkeeper", "database")
    )
    with postgres(image, database["POSTGRES_USER"], database["POSTGRES_PASSWORD"]):
        check = SERVICES["database"]["healthcheck"]["test"]
        assert check[0] == "CMD"
        image.run(f"{shlex.join(check[1:])} --host=127.0.0.1")
        with running(image, ours):
            until(lambda: is_healthy(image))
            asks = "curl --silent --fail http://127.0.0.1:28444/readyz"
            assert image.says(asks).startswith("ready")


def test_the_compose_file_runs_the_server_as_the_image_is_made() -> None:
    ours = SERVICES["callkeeper"]
    assert ours["build"]["dockerfile"] == "packaging/container/Containerfile"
    assert (FOLDER / ours["build"]["context"]).resolve() == ROOT
    (volume,) = ours["volumes"]
    assert volume.partition(":")[2] == of("VOLUME").rest
    assert ours["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert (ours["read_only"], ours["cap_drop"], ours["tmpfs"]) == (True, ["ALL"], ["/tmp"])  # noqa: S108


@contextmanager
def postgres(image: Machine, user: str, password: str) -> Iterator[None]:
    """Let the machine have a PostgreSQL as that image makes one: a user, a password, a database."""
    try:
        programs = binaries()
    except FileNotFoundError as missing:
        leave_out(f"PostgreSQL: {missing}")
        raise
    run = f"cd / && runuser -u postgres -- {programs}"
    data = "-D /srv/postgres/data"
    image.run("grep -w database /etc/hosts || echo 127.0.0.1 database >>/etc/hosts")
    image.run(f"install -d -o postgres /srv/postgres; echo {password} >/srv/password")
    image.run(f"{run}/initdb --no-sync -A scram-sha-256 -U {user} --pwfile=/srv/password {data}")
    image.run(f"{run}/pg_ctl {data} -o '-k /srv/postgres' -l /srv/postgres/log -w start")
    try:
        create = f"{programs}/createdb -h 127.0.0.1 -U {user} {user}"
        image.run(f"PGPASSWORD={password} {create}")
        yield
    finally:
        image.run(f"{run}/pg_ctl {data} -m immediate stop")
