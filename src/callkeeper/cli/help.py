"""What the help of a command says of its arguments and options, and its examples."""

import inspect
from pathlib import Path
from typing import Any

_EXAMPLE = "$ "
_METAVARS = {int: "N", float: "N", Path: "PATH"}

# typer keeps the types of a formatter and a parameter to itself.
# ruff: noqa: ANN401


def parted(told: str) -> tuple[str, list[str]]:
    """Return a docstring without its examples, and these."""
    lines = inspect.cleandoc(told).splitlines()
    examples = [each.strip() for each in lines if each.strip().startswith(_EXAMPLE)]
    rest = [each for each in lines if not each.strip().startswith(_EXAMPLE)]
    return "\n".join(rest).strip(), [each.removeprefix(_EXAMPLE) for each in examples]


def write_parameters(parameters: list[Any], formatter: Any) -> None:
    """Write the arguments, and then the options, each with what is said of it."""
    for kind in ("argument", "option"):
        rows = [(_name(each), _said(each)) for each in parameters if each.param_type_name == kind]
        if rows:
            with formatter.section(f"{kind.capitalize()}s"):
                formatter.write_dl(rows)


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return metavar(parameter)
    names = ", ".join(sorted(parameter.opts, key=len))
    return names if parameter.is_flag else f"{names} {metavar(parameter)}"


def metavar(parameter: Any) -> str:
    """Return what stands for a value."""
    if parameter.metavar:
        return str(parameter.metavar)
    if parameter.param_type_name == "argument":
        return str(parameter.name.upper())
    return _METAVARS.get(parameter.type_descriptor.annotation, "TEXT")


def _said(parameter: Any) -> str:
    """Return a parameter's help, with its bounds, its default and its variable."""
    notes = [] if parameter.max is None else [f"{parameter.min} to {parameter.max}"]
    if parameter.show_default and parameter.default not in (None, False):
        notes.append(f"default: {parameter.default}")
    if parameter.envvar:
        notes.append(f"or {parameter.envvar}")
    if parameter.required:
        notes.append("required")
    return "  ".join(filter(None, [parameter.help, f"[{'; '.join(notes)}]" if notes else ""]))
