"""Agents: what to call them."""

from typing import Annotated

import typer

from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    Vdn,
    existing_store,
    read_text,
    show,
)
from callkeeper.clock import SystemClock
from callkeeper.usecases import agents as usecase


def name_agent(
    account: Annotated[
        str,
        typer.Argument(parser=read_text, metavar="ACCOUNT", help="Business account or agent id."),
    ],
    user_name: Annotated[
        str, typer.Argument(parser=read_text, metavar="NAME", help="What lists call the agent.")
    ],
    *,
    vdn: Vdn,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Say what lists call an agent.

    A second time renames.
    """
    with existing_store(data_dir, database) as store:
        usecase.name_agent(store, SystemClock(), vdn, account, user_name)
    value = {"vdn": vdn, "account": account, "userName": user_name}
    show(value, f"agent {account} of VDN {vdn} is {user_name}", as_json=json)
