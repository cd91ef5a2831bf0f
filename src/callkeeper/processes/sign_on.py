"""The single sign-on from the settings, where it is set."""

from importlib import import_module
from importlib.util import find_spec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.console.provider import Client, Provider
from callkeeper.console.sign_on import BACK, SignOn
from callkeeper.core.people.sign_on import GroupRole, GroupRoles
from callkeeper.installation.sealing import Seal
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.usecases.people import SignInListener
from callkeeper.usecases.sign_on import SignOns


def sign_on_of(
    settings: Settings, async_store: AsyncStore, seal: Seal, clock: Clock, heard: SignInListener
) -> SignOn | None:
    """Return the single sign-on; None where none is set. Raise SettingsWrong."""
    provider = provider_of(settings, clock)
    if provider is None:
        return None
    return SignOn(
        provider,
        SignOns(async_store, clock, group_roles(settings)),
        seal,
        str(settings.sso_issuer),
        settings.sso_groups_claim,
        settings.sso_agent_claim,
        heard,
    )


def provider_of(settings: Settings, clock: Clock) -> Provider | None:
    """Return the provider, which nobody has asked yet; None where none is set.

    Raise SettingsWrong.
    """
    client = client_of(settings)
    if client is None:
        return None
    if find_spec("joserfc") is None:
        raise SettingsWrong(
            "sso_issuer: a package for the single sign-on is missing here; "
            "pip install 'callkeeper[sso]' brings it, or leave sso_issuer out"
        )
    return Provider(client, clock, import_module("callkeeper.console.id_token").Keys)


async def provider_asked(settings: Settings, clock: Clock) -> str:
    """Return what the provider says when it is asked. Raise SettingsWrong or SignOnRefused."""
    provider = provider_of(settings, clock)
    if provider is None:
        return "none is set"
    try:
        await provider.look()
    finally:
        await provider.close()
    return f"{settings.sso_issuer} answers"


def client_of(settings: Settings) -> Client | None:
    """Return who we are at the provider; None where none is set. Raise SettingsWrong."""
    if settings.sso_issuer is None:
        for name in ("sso_client", "sso_secret", "sso_roles"):
            if getattr(settings, name):
                raise SettingsWrong(f"{name} is set without sso_issuer, which names the provider")
        return None
    if settings.sso_client is None:
        raise SettingsWrong("sso_issuer is set without sso_client, which says who we are there")
    if settings.console_url is None:
        raise SettingsWrong(
            "sso_issuer is set without console_url, where the provider sends people back to"
        )
    if "openid" not in settings.sso_scopes.split():
        raise SettingsWrong("sso_scopes: must have openid among them")
    return Client(
        settings.sso_issuer,
        settings.sso_client,
        settings.sso_secret,
        settings.sso_scopes,
        f"{settings.console_url.rstrip('/')}{BACK}",
    )


def group_roles(settings: Settings) -> GroupRoles:
    """Return the roles of the groups that are set."""
    return GroupRoles({group: _role(text) for group, text in settings.sso_roles.items()})


def _role(text: str) -> GroupRole:
    """Return what a group's members are; bounds.py knows how it is written."""
    kind, _, vdn = text.partition(" ")
    match kind:
        case "operator" | "agent" | "supervisor" | "administrator":
            return GroupRole(kind, int(vdn) if vdn else None)
    raise SettingsWrong(f"sso_roles: {text!r} is no role")
