"""The keys of pages, as templates have them: for whoever has not switched them off."""

from functools import cache

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup


@pass_context
def key(context: Context, name: str) -> str:
    """Return the attribute by which a key finds what it does."""
    return _attribute(name) if _has_shortcuts(context) else ""


@pass_context
def kbd(context: Context, name: str) -> str:
    """Return the key itself, as it stands beside what it does."""
    return _shown(name) if _has_shortcuts(context) else ""


def _has_shortcuts(context: Context) -> bool:
    who = context.get("who")
    return bool(who) and who.person.preferences.has_shortcuts


@cache
def _attribute(name: str) -> Markup:
    return Markup('aria-keyshortcuts="{}"').format(name)


@cache
def _shown(name: str) -> Markup:
    return Markup(' <kbd aria-hidden="true">{}</kbd>').format(name)
