"""Agents: what to call them, and which there are."""

from typing import Annotated

import typer

from callkeeper.cli.installation import existing_store
from callkeeper.cli.options import Database, DataDir, Json, Vdn, read_text, show
from callkeeper.cli.table import Column, print_table
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

        $ callkeeper agent name ann "Ann Chen" --vdn 25
        $ callkeeper agent name 1001 陈安 --vdn 25
    """
    with existing_store(data_dir, database) as store:
        usecase.name_agent(store, SystemClock(), vdn, account, user_name)
    value = {"vdn": vdn, "account": account, "name": user_name}
    show(value, f"agent {account} of VDN {vdn} is {user_name}", as_json=json)


def list_agents(
    *, vdn: Vdn, data_dir: DataDir = None, database: Database = None, json: Json = False
) -> None:
    """List the agents of a VDN.

    They are those of whom a reservation, or a name, has told, and who was invited as one.

    $ callkeeper agent list --vdn 25
    """
    with existing_store(data_dir, database) as store:
        found = usecase.all_agents(store, vdn)
    if json:
        rows = [{"account": each.account, "name": each.user_name} for each in found]
        show({"agents": rows}, as_json=True)
        return
    told = [(each.account, each.user_name or "") for each in found]
    nothing = f"no agents in VDN {vdn}; `callkeeper agent name` names one"
    print_table(("account", Column("name", is_cut=True)), told, nothing)
