"""A provider, and servers that people sign in to by it."""

from collections.abc import Iterator

import pytest

from callkeeper.clock import HandClock
from tests.console.sign_on.oidc import Provider
from tests.console.sign_on.way import served
from tests.house import VDN, House

HOUR = 3_600_000
ROLES = {"agents": f"agent {VDN}", "leads": f"supervisor {VDN}", "everything": "operator"}


@pytest.fixture(scope="module")
def provider(clock: HandClock) -> Iterator[Provider]:
    with Provider(clock) as provider:
        yield provider


@pytest.fixture(autouse=True)
def good(provider: Provider, clock: HandClock) -> None:
    """A provider that does right, and that nobody has asked for long."""
    provider.be_good()
    clock.move(2 * HOUR)


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, clock: HandClock, provider: Provider
) -> Iterator[House]:
    with served(tmp_path_factory.mktemp("sign-on"), clock, provider) as house:
        yield house


@pytest.fixture(scope="module")
def granting(
    tmp_path_factory: pytest.TempPathFactory, clock: HandClock, provider: Provider
) -> Iterator[House]:
    """A server where the provider's groups have roles; it is a public client there."""
    with served(
        tmp_path_factory.mktemp("granting"),
        clock,
        provider,
        sso_secret=None,
        sso_roles=ROLES,
        sso_groups_claim="realm.groups",
    ) as house:
        yield house
