"""``business-result define`` and ``list``: what agents of a VDN may file of a call."""

from typing import Annotated, Any

import typer

from callkeeper.api.campaigns.business_results import ADD_FORM
from callkeeper.cli.installation import ask_definitions
from callkeeper.cli.options import Database, DataDir, Json, Vdn, show
from callkeeper.cli.table import Column, print_table
from callkeeper.core.campaigns.business_result import BusinessResult, Definition
from callkeeper.core.refusal import ParameterWrong
from callkeeper.store.port.campaigns import DefinitionPage
from callkeeper.usecases.campaigns import Definitions, NewResult

_PAGE = 100

# The option behind each field that may be at fault.
_SAID_BY = {"name": "NAME", "code": "--code", "description": "--description", "children": "--sub"}


def define_result(
    name: Annotated[str, typer.Argument(help="What agents see, unique in the VDN.")],
    *,
    vdn: Vdn,
    code: Annotated[
        str | None,
        typer.Option(help="What is filed; one is made up if absent.", show_default=False),
    ] = None,
    description: Annotated[
        str | None, typer.Option(help="What it is for.", show_default=False)
    ] = None,
    sub: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:CODE]",
            help="A sub-result, with its code if it is to have a certain one; repeat it.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Define what agents may file of a call.

    A result is defined with its sub-results, and there is no changing it afterwards. Once a VDN has
    defined one, agents file only what is defined.

    $ callkeeper business-result define Interested --vdn 25 --sub "Sent offer:11"
    """
    body = {
        "name": name,
        "code": code,
        "description": description,
        "children": [_parted(each) for each in sub or []],
    }
    new = _read({field: value for field, value in body.items() if value})

    async def define(use_cases: Definitions) -> Definition:
        return await use_cases.define(vdn, new, "operator")

    defined = ask_definitions(data_dir, database, define)
    result, children = defined.result, defined.children
    told = [f"defined {result.name!r} as {result.code} in VDN {vdn}"]
    told += [f"  {child.name!r} as {child.code}" for child in children]
    show(_record(result, children), *told, as_json=json)


def list_results(
    *, vdn: Vdn, data_dir: DataDir = None, database: Database = None, json: Json = False
) -> None:
    """List what agents may file of a call.

    The oldest comes first, and each is followed by its sub-results.

    $ callkeeper business-result list --vdn 25
    """

    async def look(use_cases: Definitions) -> DefinitionPage:
        found = await use_cases.find(vdn, 0, _PAGE)
        while len(found.results) < found.total:
            page = await use_cases.find(vdn, len(found.results), _PAGE)
            if not page.results:
                break
            found.results.extend(page.results)
        return found

    found = ask_definitions(data_dir, database, look).results
    if json:
        records = [_record(result, children) for result, children in found]
        show({"business_results": records}, as_json=True)
        return
    rows = [
        (each.code, f"  {each.name}" if each.parent else each.name, each.description)
        for result, children in found
        for each in (result, *children)
    ]
    columns = ("code", Column("name", is_cut=True), Column("description", is_cut=True))
    nothing = f"none is defined in VDN {vdn}, so agents may file any; `define` defines one"
    print_table(columns, rows, nothing)


def _parted(text: str) -> dict[str, str]:
    name, colon, code = text.rpartition(":")
    return {"name": name, "code": code} if colon else {"name": text}


def _read(body: dict[str, Any]) -> NewResult:
    """Return what is to be defined, judged as the API judges it."""
    try:
        return ADD_FORM.read(body)
    except ParameterWrong as fault:
        field = fault.place.partition("[")[0].partition(".")[0]
        says = fault.said.told()
        raise typer.BadParameter(f"{_SAID_BY.get(field, field)}: {says}") from None


def _record(result: BusinessResult, children: Any) -> dict[str, Any]:  # noqa: ANN401 - either kind
    return {
        "code": result.code,
        "name": result.name,
        "description": result.description,
        "sub_results": [{"code": each.code, "name": each.name} for each in children],
    }
