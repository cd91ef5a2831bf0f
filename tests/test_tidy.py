"""House rules that a program can check; STYLE.md tells them. An exception carries its reason."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.conftest import LONGEST
from tests.sources import Source, functions, last_word, names, sources
from tests.surface import ROOT, answered, asked, interfaces

FUNCTION_LINES = 70
FILE_LINES = 400
COLUMNS = 100
PARAMETERS = 6
INHERITS = 2  # classes of ours above a class of ours
EXCEPTIONS = {"Exception", "OSError", "RuntimeError", "ValueError"}

# The clock's rule: only clock.py asks for the time, for chance or for a new name.
CHANCE_MODULES = {"time", "random", "uuid", "secrets"}
CHANCE_CALLS = {
    "now": "the time",
    "utcnow": "the time",
    "today": "the time",
    "urandom": "chance",
    "random_serial_number": "chance",
    "generate_key": "chance",
    "generate_private_key": "chance",
}
MAY_ASK = {
    "src/callkeeper/clock.py": "it is the clock",
    "src/callkeeper/installation/sealing.py": "no test may steer a key or a nonce",
    "src/callkeeper/installation/tls.py": "nor a private key; a serial number is drawn too",
    "src/callkeeper/client/client.py": "the client runs on its user's clock",
    "src/callkeeper/client/deadline.py": "a try has an end on that clock",
    "src/callkeeper/client/sending.py": "it pauses, by chance, between two tries",
}
# A clock of ours may be asked anywhere: these are names that hold one.
CLOCKS = {"clock", "_clock", "_CLOCK", "self", "SystemClock"}

MAY_KEEP_AN_ERROR = {
    (
        "src/callkeeper/asyncstore/batch.py",
        "carry_out",
    ): "a bug is carried to the request that it belongs to",
}

# Where the moves of attempts, of reservations and of VDNs stand: nowhere else is a state set.
MOVES = {
    "src/callkeeper/core/dialing/attempt_changes.py",
    "src/callkeeper/core/dialing/reservation_changes.py",
    *(f"src/callkeeper/core/reservations/{each}.py" for each in ("changes", "reservation")),
    "src/callkeeper/core/transfer.py",
}

PLACES = {"service", "services", "models", "utils", "util", "helpers", "common", "base", "misc"}

SPEAKS_WIRE = re.compile(
    r"src/callkeeper/(api/[\w/]+|client/\w+|cli/\w+|operations/demo(_\w+)?)\.py"
    # They read a campaign's policies, which are stored as the wire names them.
    r"|src/callkeeper/store/(engine/migrations/0002_dialer\.sql|rows/policies\.py)"
)

COMMAND_LINE = re.compile(r"src/callkeeper/cli/\w+\.py")

CODE = {".py", ".sql", ".sh", ".lua", ".toml", ".txt", ""}
NAMED = re.compile(r"(?<![\w*{}])([\w/]+\.(?:py|sql))\b")
TASK = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b(?!.*#\d)")
ADDRESS = re.compile(
    r"--(index-url|extra-index-url|find-links|trusted-host)"
    r"|https?://[^\s)>\"']*(pypi|pythonhosted|/simple\b|mirror|registry|artifactory|nexus)"
    r"|(?<![\w.])/(work|root|Users|home/\w+|opt/\w+)/",
    re.IGNORECASE,
)


Rule = Callable[[Source], Iterator[str]]


def function_is_short(source: Source) -> Iterator[str]:
    for function in functions(source.tree):
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines > FUNCTION_LINES:
            yield source.at(function, f"{function.name} has {lines} lines")


def parameters_are_few(source: Source) -> Iterator[str]:
    for function in functions(source.tree):
        if COMMAND_LINE.fullmatch(source.name) and not function.name.startswith("_"):
            continue  # its parameters are the options of a command
        arguments = [*function.args.posonlyargs, *function.args.args]
        count = len([each for each in arguments if each.arg not in ("self", "cls")])
        if count > PARAMETERS:
            yield source.at(function, f"{function.name} takes {count} positional parameters")


def imports_stand_on_top(source: Source) -> Iterator[str]:
    for function in functions(source.tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield source.at(node, f"import inside {function.name}")


def errors_are_not_swallowed(source: Source) -> Iterator[str]:
    for function in functions(source.tree):
        if (source.name, function.name) not in MAY_KEEP_AN_ERROR:
            yield from swallowed(source, function)


def swallowed(source: Source, function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.ExceptHandler) and _catches_all(node) and not _raises(node):
            yield source.at(node, "catches everything and does not raise")
        if isinstance(node, ast.Call) and last_word(node.func) == "suppress":
            kinds = {last_word(each) for each in node.args}
            if kinds & {"Exception", "BaseException"}:
                yield source.at(node, "suppresses everything")


def only_the_clock_asks_for_time_and_chance(source: Source) -> Iterator[str]:
    if source.name not in MAY_ASK and not source.name.startswith("tests/"):
        yield from asks_for_time_or_chance(source)


def asks_for_time_or_chance(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        for module in _imported(node):
            if module.partition(".")[0] in CHANCE_MODULES:
                yield source.at(node, f"imports {module}; ask clock.py")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            whom = last_word(node.func.value)
            if node.func.attr in CHANCE_CALLS and whom not in CLOCKS:
                asks = CHANCE_CALLS[node.func.attr]
                yield source.at(node, f"{whom}.{node.func.attr}() asks for {asks}; ask clock.py")


def nothing_is_mocked(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if any("mock" in module for module in _imported(node)):
            yield source.at(node, "imports a mock")
        match node:
            case ast.Attribute(value=ast.Name("monkeypatch"), attr="setattr" | "delattr"):
                yield source.at(node, "patches code; pass the right object in")


def a_state_is_set_only_where_its_moves_stand(source: Source) -> Iterator[str]:
    if source.name.startswith("src/callkeeper/") and source.name not in MOVES:
        for node in states_set(source.tree):
            yield source.at(node, "sets a state; only a move in the core does that")


def states_set(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield where a state is given by name: as a keyword, or in a dict of what is to change."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="state", value=value) if _is_text(value):
                yield value
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "state" and _is_text(value):
                        yield value


def instants_are_milliseconds(source: Source) -> Iterator[str]:
    """Yield what is named as an instant and counts seconds, which are no whole numbers."""
    for node in ast.walk(source.tree) if source.name.startswith("src/") else ():
        match node:
            case ast.Assign(targets=[target], value=given):
                pass
            case ast.AnnAssign(target=target, annotation=given):
                pass
            case _:
                continue
        if last_word(target).endswith("_at") and any(map(_counts_seconds, ast.walk(given))):
            yield source.at(node, f"{last_word(target)} counts seconds; say so in its name")


def _counts_seconds(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    return isinstance(node, ast.Name) and node.id in ("float", "monotonic")


def _is_text(value: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Constant) and isinstance(each.value, str) for each in ast.walk(value)
    )


def the_command_line_asks_use_cases(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if COMMAND_LINE.fullmatch(source.name) and isinstance(node, ast.Attribute):
            family = node.value
            if isinstance(family, ast.Attribute) and last_word(family.value) == "store":
                yield source.at(node, f"asks the store: {ast.unparse(node)}")


RULES: list[Rule] = [
    a_state_is_set_only_where_its_moves_stand,
    instants_are_milliseconds,
    function_is_short,
    parameters_are_few,
    imports_stand_on_top,
    errors_are_not_swallowed,
    only_the_clock_asks_for_time_and_chance,
    nothing_is_mocked,
    the_command_line_asks_use_cases,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    _none(fault for source in sources() for fault in rule(source))


def test_files_and_lines_are_short() -> None:
    faults = []
    for name, lines in _texts():
        if len(lines) > FILE_LINES and Path(name).suffix in (".py", ".sql", ".sh"):
            faults.append(f"{name} has {len(lines)} lines")
        faults += [
            f"{name}:{number}: {len(line)} columns"
            for number, line in enumerate(lines, 1)
            if len(line) > COLUMNS
            and "noqa" not in line
            and "type: ignore" not in line
            # scripts/hashes.sh and scripts/vendor.sh write them, of what others wrote.
            and not name.startswith(("requirements/", "src/callkeeper/console/vendor/"))
        ]
    _none(faults)


def test_a_module_is_named_after_a_thing_not_a_place() -> None:
    _none(file for file in names() if Path(file).stem in PLACES)


def test_no_source_names_a_file_that_is_not_there() -> None:
    there = names()
    _none(
        f"{name}:{number}: {match[1]}"
        for name, lines in _texts()
        if name.startswith("src/")
        for number, line in enumerate(lines, 1)
        for match in NAMED.finditer(line)
        if not any(f"/{each}".endswith(f"/{match[1]}") for each in there)
    )


def test_a_class_inherits_from_its_bases_and_theirs_alone() -> None:
    _none(f"{name} inherits {depth} deep" for name, depth in depths(_classes()) if depth > INHERITS)


def test_a_class_that_inherits_too_deep_is_seen() -> None:
    tree = ast.parse("class A: ...\nclass B(A): ...\nclass C(B[int]): ...\nclass D(C, A): ...")
    assert dict(depths({each.name: each for each in _class_definitions(tree)}))["D"] > INHERITS


def test_work_left_to_do_has_an_issue_number() -> None:
    _none(_matches(TASK, CODE))


def test_no_file_names_a_registry_or_a_path_of_some_machine() -> None:
    _none(_matches(ADDRESS, None))


def test_the_wheel_carries_every_file_of_the_package() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    carried = told["tool"]["setuptools"]["package-data"]["callkeeper"]
    left = [
        name
        for name in (each.removeprefix("src/callkeeper/") for each in names() if "src/" in each)
        if not name.endswith(".py") and not any(fnmatch(name, each) for each in carried)
    ]
    _none(left)


def test_the_wires_names_stay_at_the_wire(tmp_path: Path) -> None:
    found = interfaces(tmp_path)
    names = {name for each in found for name in asked(each) | answered(each)}
    names = {name for name in names if re.search("[a-z][A-Z]", name)} | {"vdnId"}
    spoken = re.compile(rf"\b({'|'.join(sorted(names))})\b")
    faults = [
        f"{name}:{number}: {match[0]}"
        for name, lines in _texts()
        if name.startswith("src/") and not SPEAKS_WIRE.fullmatch(name)
        for number, line in enumerate(lines, 1)
        for match in spoken.finditer(line)
    ]
    _none(faults)


def test_every_exception_is_still_needed() -> None:
    found = {source.name: source for source in sources()}
    idle = [name for name in MAY_ASK if not any(asks_for_time_or_chance(found[name]))]
    idle += [name for name in MOVES if not any(states_set(found[name].tree))]
    for name, function in MAY_KEEP_AN_ERROR:
        named = [each for each in functions(found[name].tree) if each.name == function]
        if not any(fault for each in named for fault in swallowed(found[name], each)):
            idle.append(f"{name}: {function}")
    _none(idle)


@pytest.mark.parametrize(
    "text",
    [
        'replace(old, state="ended")',
        'replace(old, **{"state": "done" if is_late else "waiting"})',
    ],
)
def test_a_state_that_is_set_elsewhere_is_seen(text: str) -> None:
    tree = ast.parse(text)
    assert (
        len([*a_state_is_set_only_where_its_moves_stand(Source("src/callkeeper/x.py", tree))]) == 1
    )
    for file in MOVES:
        assert not [*a_state_is_set_only_where_its_moves_stand(Source(file, tree))]


@pytest.mark.parametrize("text", ["self.rested_at = 0.0", "class C:\n  full_at: float"])
def test_an_instant_that_counts_seconds_is_seen(text: str) -> None:
    tree = ast.parse(text)
    assert len([*instants_are_milliseconds(Source("src/callkeeper/x.py", tree))]) == 1


def test_every_test_file_that_is_to_begin_first_is_there() -> None:
    _none(set(LONGEST) - set(names()))


def _none(faults: Iterable[str]) -> None:
    listed = "\n".join(dict.fromkeys(faults))
    assert not listed, f"\n{listed}"


def depths(classes: Mapping[str, ast.ClassDef]) -> Iterator[tuple[str, int]]:
    """Yield how many classes of ours stand above each; trees of exceptions aside."""

    def bases(name: str) -> set[str]:
        given = (getattr(each, "value", each) for each in classes[name].bases)
        return {each.id for each in given if isinstance(each, ast.Name)}

    def above(name: str) -> set[str]:
        return bases(name) & classes.keys()

    def depth(name: str) -> int:
        return max((1 + depth(base) for base in above(name)), default=0)

    def is_exception(name: str) -> bool:
        return bool(bases(name) & EXCEPTIONS) or any(map(is_exception, above(name)))

    yield from ((name, depth(name)) for name in classes if not is_exception(name))


def _classes() -> dict[str, ast.ClassDef]:
    return {
        each.name: each
        for source in sources()
        if source.name.startswith("src/")
        for each in _class_definitions(source.tree)
    }


def _class_definitions(tree: ast.AST) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or last_word(kind) in ("Exception", "BaseException") for kind in kinds)


def _raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{each.name}" for each in node.names]
    return []


def _texts() -> Iterator[tuple[str, list[str]]]:
    for name in names():
        if Path(name).suffix in CODE and name not in ("LICENSE", ".gitignore"):
            yield name, (ROOT / name).read_text("utf-8").splitlines()


def _matches(pattern: re.Pattern[str], suffixes: set[str] | None) -> Iterator[str]:
    for name in names():
        if suffixes is not None and Path(name).suffix not in suffixes:
            continue
        text = (ROOT / name).read_text("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if found := pattern.search(line):
                yield f"{name}:{number}: {found[0]}"
