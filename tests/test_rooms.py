"""The house: what stands at the top of the package, and how many parameters a function may take."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.conftest import ROOT

MOST_PARAMETERS = 7
EXEMPT = {
    "ferbench/running/plan.py:plan",  # each of its keywords is a choice of the user's, as on the command line
}
SOURCES = [
    file
    for folder in ("ferbench", "plugins")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if not {"cli", "tests", ".venv"} & set(file.relative_to(ROOT).parts)
]


def test_what_stands_at_the_top_is_public() -> None:
    modules = {file.stem for file in (ROOT / "ferbench").glob("*.py")}
    assert modules == {"__init__", "__main__", "data", "errors", "hookspecs", "interfaces"}


def test_every_room_says_in_a_line_what_it_is() -> None:
    rooms = [file for file in (ROOT / "ferbench").iterdir() if file.is_dir() and file.name != "__pycache__"]
    assert len(rooms) > 10
    for room in rooms:
        assert ast.get_docstring(ast.parse((room / "__init__.py").read_text())), room


def test_no_function_takes_more_than_seven_parameters() -> None:
    # The parameters of a component's __init__ are its schema: as many as it has settings.
    assert len(SOURCES) > 150
    long = {
        f"{file.relative_to(ROOT).as_posix()}:{name}"
        for file in SOURCES
        for name, count in _functions(ast.parse(file.read_text()))
        if count > MOST_PARAMETERS and name != "__init__"
    }
    assert long == EXEMPT


def test_long_functions_are_found() -> None:
    tree = ast.parse("class A:\n    def f(self, a, b, *, c): ...\n    async def g(x, /, y=1): ...")
    assert list(_functions(tree)) == [("f", 3), ("g", 2)]


def _functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each function's name and number of parameters, ``self`` and ``cls`` left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            yield node.name, sum(argument.arg not in ("self", "cls") for argument in arguments)
