"""Ties: whose an account at the single sign-on is."""

from typing import Annotated

import typer

from callkeeper.cli.installation import read_settings
from callkeeper.cli.options import Database, DataDir, Json, read_text
from callkeeper.cli.people import Login, carry_out
from callkeeper.core.people.changes import TieAccount, Untie
from callkeeper.core.people.person import Tie


def tie(
    login: Login,
    subject: Annotated[
        str,
        typer.Argument(
            parser=read_text,
            metavar="SUBJECT",
            help="What the provider calls the account for ever, as it tells who is refused.",
            show_default=False,
        ),
    ],
    *,
    issuer: Annotated[
        str | None,
        typer.Option(
            parser=read_text,
            metavar="URL",
            help="The provider; the setting sso_issuer if absent.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Let a person sign in by an account at the single sign-on.

    Whoever signs in there without being tied is shown the SUBJECT, and the log has it too.

        $ callkeeper person tie ann 248289761001
    """
    issuer = issuer or read_settings(data_dir, database).sso_issuer
    if issuer is None:
        raise typer.BadParameter("there is no sso_issuer; give --issuer URL")
    change = TieAccount(Tie(issuer, subject))
    carry_out(store_of=(data_dir, database), login=login, change=change, as_json=json)


def untie(
    login: Login, *, data_dir: DataDir = None, database: Database = None, json: Json = False
) -> None:
    """Let a person sign in by the single sign-on no more; their sessions end.

    A password stays good. Where groups give roles, the account may come back as somebody new;
    `person disable` keeps it out.

        $ callkeeper person untie ann
    """
    carry_out(store_of=(data_dir, database), login=login, change=Untie(), as_json=json)
