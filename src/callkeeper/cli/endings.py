"""How a command ends that did not do what was asked: a status, and one line that says why.

0    it was done
1    refused: a rule, what is stored or what is set says no, or something failed
2    usage: the command was given wrongly
3    unreachable: the server or the database did not answer, or does not work
4    not allowed: the access key, the signature, or the rights of this user
130  Ctrl-C; 141 whoever read the output has gone (as a shell counts signals)
"""

import json
import re
from typing import Any, NamedTuple

import typer

from callkeeper.cli.help import metavar
from callkeeper.cli.sentence import say
from callkeeper.terminal import harmless

REFUSED, USAGE, UNREACHABLE, NOT_ALLOWED = range(1, 5)

_NUMBERS = {int: "whole number", float: "number"}
_SPARE = "Got unexpected extra argument"

_KINDS = {
    REFUSED: "refused",
    USAGE: "usage",
    UNREACHABLE: "unreachable",
    NOT_ALLOWED: "not_allowed",
}

_ABOUT = re.compile(r"(?P<option>--[a-z-]+|[A-Z][A-Z_]+): ")
_OF_PYDANTIC = "Value error, "
_CHOICE = re.compile(r" is not one of (?P<choices>.*)\.$")


class Ending(NamedTuple):
    """Why a command did not do what was asked."""

    status: int
    says: str
    code: str = ""  # of the server's answer
    option: str = ""  # the option or argument that is to blame
    how: str = ""  # the command is given, in lines of ours

    @classmethod
    def about(cls, status: int, says: str) -> "Ending":
        """Return an ending whose sentence may begin with the option that it is about."""
        named = _ABOUT.match(says)
        if named is None:
            return cls(status, says)
        return cls(status, says[named.end() :], option=named["option"])

    def tell(self, *, as_json: bool) -> None:
        """Say so on standard error, for standard output holds nothing but what was asked for."""
        if as_json:
            named = {"kind": _KINDS[self.status], "code": self.code, "option": self.option}
            told = {name: value for name, value in named.items() if value}
            says = harmless(self.says)
            _tell({"error": {**told, "says": says, "status": self.status}})
            return
        place = f"{self.option}: " if self.option else ""
        line = harmless(f"{self.code} {place}{self.says}".strip())
        say(*filter(None, [*self.how.splitlines(), f"callkeeper: {line}"]), err=True)


def usage(error: Any) -> Ending:  # noqa: ANN401 - typer keeps the errors that have a context
    """Return how a command ends that was given wrongly."""
    context = getattr(error, "ctx", None)
    how = f"{context.get_usage()}\nTry '{context.command_path} -h'." if context else ""
    parameter = getattr(error, "param", None)
    if parameter is None:
        if isinstance(error, typer.BadParameter):  # a command's own
            return Ending.about(USAGE, error.message)._replace(how=how)
        says = error.format_message()
        if says.startswith(_SPARE):
            says += "; put quotes around what has blanks in it"
        return Ending(USAGE, says[:1].lower() + says[1:], how=how)
    says = (
        _number_wanted(parameter, error)
        or _CHOICE.sub(_none_of, error.message.removeprefix(_OF_PYDANTIC))
        or "is missing"
    )
    return Ending(USAGE, says, option=_name(parameter, context), how=how)


def _none_of(found: re.Match[str]) -> str:
    """Return what typer says of a choice as we say it of every other."""
    choices = found["choices"].replace("'", "")
    return f" is none of {choices}"


def _number_wanted(parameter: Any, error: Any) -> str:  # noqa: ANN401 - the same
    """Return what may be given where a number is wanted, and was not; typer's words are pydantic's.

    "" where none is.
    """
    kind = parameter.type_descriptor.annotation
    failed = error.__cause__
    if kind not in _NUMBERS or failed is None:
        return ""
    given = failed.errors()[0]["input"]
    least, most = parameter.min, parameter.max
    bounds = (
        "" if least is None else f", at least {least}" if most is None else f", {least} to {most}"
    )
    return f"{given!r} is not a {_NUMBERS[kind]}{bounds}"


def _name(parameter: Any, context: Any) -> str:  # noqa: ANN401 - the same
    """Return what the reader has typed, or set, or is to type."""
    source = context.get_parameter_source(parameter.name)
    if parameter.envvar and source is not None and source.name == "ENVIRONMENT":
        return str(parameter.envvar)
    if parameter.param_type_name == "argument":
        return metavar(parameter)
    return str(max(parameter.opts, key=len))


def warn(sentence: str, *, as_json: bool) -> None:
    """Say on standard error what somebody should know, and what changes nothing."""
    if as_json:
        _tell({"warning": {"says": sentence}})
    else:
        say(f"callkeeper: {harmless(sentence)}", err=True)


def _tell(value: dict[str, Any]) -> None:
    typer.echo(harmless(json.dumps(value, ensure_ascii=False)), err=True)
