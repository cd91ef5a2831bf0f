"""In which language people are told: English, in which our phrases are written, or Chinese.

A language is a catalog, ``catalogs/zh_CN.po``: what each template of a phrase is in it, with the
same places. Decision 0011.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.pofile import read_po

CHINESE = "zh_CN"

# The locales that mean it, in lower case: not those of another writing, like zh_tw or zh_hant.
_SIMPLIFIED = {"zh", "zh_cn", "zh_hans", "zh_hans_cn", "zh_sg", "zh_hans_sg"}


def named(locale: str) -> str | None:
    """Return the catalog of a locale like ``zh_CN``, ``zh-cn`` or ``zh``; None for English.

    A locale that no catalog is for is as good as English, and so is what is no locale.
    """
    plain = locale.partition(".")[0].strip().lower().replace("-", "_")
    return CHINESE if plain in _SIMPLIFIED else None


@cache
def translator(language: str | None) -> Callable[[str], str]:
    """Return what gives a template in a language, or in English where the catalog lacks it."""
    if language is None:
        return str
    catalog = translations(language)
    return lambda template: catalog.get(template, template)


@cache
def translations(language: str) -> dict[str, str]:
    """Return a catalog: each English template, and the same in the language."""
    text = files("callkeeper").joinpath("catalogs", f"{language}.po").read_bytes()
    return {
        str(each.id): str(each.string)
        for each in read_po(BytesIO(text), locale=language)
        if each.id and each.string
    }
