"""Groups that know their commands from a table, and load the one that is called."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from callkeeper.cli.commands import GROUPS, PANELS, TRIED
from callkeeper.cli.endings import USAGE, warn
from callkeeper.cli.help import metavar, parted, write_parameters
from callkeeper.signals import raise_interrupts

_HELP = "help"

# typer keeps the types of a context, a formatter and a parameter to itself.
# ruff: noqa: ANN401


class LoadedCommand(TyperCommand):
    """A command. The lines of its docstring that begin with $ are its examples."""

    def invoke(self, ctx: Any) -> Any:
        """Run it, and first say what is set and is no setting."""
        settings = import_module("callkeeper.settings")
        settings.check_texts()
        for sentence in settings.unknown():
            warn(sentence, as_json=ctx.params.get("json", False))
        raise_interrupts()
        return super().invoke(ctx)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write what is typed: each argument by its name."""
        arguments = [
            metavar(each) if each.required else f"[{metavar(each)}]"
            for each in self.get_params(ctx)
            if each.param_type_name == "argument"
        ]
        formatter.write_usage(ctx.command_path, " ".join([*arguments, "[OPTIONS]"]))

    def format_help_text(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write what it does."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(parted(self.help or "")[0])

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what it takes."""
        write_parameters(self.get_params(ctx), formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the examples, each on a line of its own, to be copied."""
        if examples := parted(self.help or "")[1]:
            with formatter.section("Examples"):
                for each in examples:
                    formatter.write(f"{'':{formatter.current_indent}}{each}\n")


class ListedCommand(TyperCommand):
    """A command that is not loaded yet."""

    def __init__(self, name: str, place: str, told: str, panel: str) -> None:
        super().__init__(name, help=told, rich_markup_mode=None, rich_help_panel=panel)
        self._place = place

    def load(self) -> Any:
        """Return the command itself; its module is imported now."""
        module, _, function = self._place.partition(":")
        callback = getattr(import_module(f"callkeeper.cli.{module}"), function)
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(self.name, cls=LoadedCommand)(callback)
        return get_command(app)


class Group(TyperGroup):
    """Commands by their names, in panels."""

    def get_params(self, ctx: Any) -> Any:
        """Return its flags, each False unless it is given.

        Of one that is None typer asks pydantic what it is, which takes longer to import than the
        rest of typer.
        """
        flags = super().get_params(ctx)
        for each in flags:
            each.default = False
        return flags

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what stands before the command; without one, tell which there are."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            ctx.exit(USAGE)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that is called, loaded, and what it is given.

        ``help COMMAND`` is ``COMMAND --help``.
        """
        if args[0] == _HELP:
            if not args[1:]:
                typer.echo(ctx.get_help())
                ctx.exit()
            args = [*args[1:], "--help"]
        if args[0] not in self.commands and (meant := _meant(args[0], ctx.command_path)):
            ctx.fail(f"No such command {args[0]!r}; did you mean {meant}?")
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, ListedCommand) else command, rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, panel by panel, each with all that is said of it; then the rest."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None) or "Commands"
            panels.setdefault(panel, []).append((name, command.help or ""))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)
        write_parameters(self.get_params(ctx), formatter)


def _meant(word: str, path: str) -> str:
    """Return what people mean by a word that is no command; "" where nobody knows."""
    if " " in path:
        return ""
    names = [each.name for commands in PANELS.values() for each in commands]
    fitting = [each for each in names if word in each.split()]
    return " or ".join(f"`callkeeper {each}`" for each in TRIED.get(word, fitting))


def listed(prefix: str = "") -> dict[str, Any]:
    """Return the commands whose full names begin so, each by the rest of its name."""
    found: dict[str, Any] = {}
    for panel, commands in PANELS.items():
        for each in commands:
            if not each.name.startswith(prefix):
                continue
            name, _, inner = each.name.removeprefix(prefix).partition(" ")
            if not inner:
                found[name] = ListedCommand(name, each.place, each.help, "" if prefix else panel)
            elif name not in found:
                found[name] = _group(name, panel)
    return found


def _group(name: str, panel: str) -> Group:
    return Group(
        name=name,
        commands=listed(f"{name} "),
        help=GROUPS[name],
        rich_markup_mode=None,
        rich_help_panel=panel,
    )
