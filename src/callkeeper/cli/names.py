"""What a person means by a name, where the server takes ids and codes only."""

from callkeeper.client import BusinessResult, Client, ParameterRefused
from callkeeper.core.campaigns.plan import NAME_MAX

_PART_MAX = 30  # characters of a name that the query takes, cec_07_0727
_PAGE_ROWS = 100
_PAGES_MAX = 100  # a VDN with more campaigns whose names hold a name is none
_OURS = ""  # no server's code: it was not asked


def campaign_meant(client: Client, text: str) -> str:
    """Return the id of a campaign, given that or its name. Raise ParameterRefused.

    What can be neither is for the server to refuse.
    """
    if (text.isascii() and text.isdecimal()) or not 0 < len(text) <= NAME_MAX:
        return text
    try:
        for number in range(1, _PAGES_MAX + 1):
            page = client.campaigns(name=text[:_PART_MAX], page=number, rows=_PAGE_ROWS)
            for each in page.campaigns:
                if each.name == text:
                    return str(each.id)
            if number * _PAGE_ROWS >= page.total:
                break
    except ParameterRefused as refused:
        if refused.field == "name":  # of the query; who asks has typed it for this
            refused.field = "taskId"
        raise
    raise ParameterRefused(
        _OURS, f"taskId: there is no campaign named {text!r}; `callkeeper campaign list` shows them"
    )


def results_meant(
    client: Client, result: str | None, sub: str | None
) -> tuple[str | None, str | None]:
    """Return the codes of a business result and a sub-result, given those or the names.

    A VDN that has defined none may file anything. Raise ParameterRefused.
    """
    if not result and not sub:
        return result, sub
    defined = client.business_results()
    if not defined:
        return result, sub
    one = _fitting(defined, result) if result else None
    if result and one is None:
        raise _undefined("busiResult: there is no business result", result)
    if not sub:
        return one.code if one else result, sub
    children = one.children if one else tuple(child for each in defined for child in each.children)
    other = _fitting(children, sub)
    if other is None:
        raise _undefined("busiSubStatus: there is no sub-result", sub)
    return one.code if one else result, other.code


def _fitting(defined: tuple[BusinessResult, ...], text: str) -> BusinessResult | None:
    by_code = {each.code: each for each in reversed(defined)}
    by_name = {each.name: each for each in reversed(defined)}
    return by_code.get(text) or by_name.get(text)


def _undefined(what: str, text: str) -> ParameterRefused:
    return ParameterRefused(_OURS, f"{what} {text!r}; `callkeeper business-result list` shows them")
