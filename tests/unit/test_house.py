"""The README, .env.example and the Makefile say what is there."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.parser import parser as kb_parser
from ingest.__main__ import _parser as ingest_parser
from kb.settings import Settings
from slackbot.settings import SlackSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {
    file.name: file.read_text(encoding="utf-8")
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
PAGES = "\n".join(DOCS.values())


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return done.stdout.split()


def rooms() -> list[str]:
    """What the tree names: folders end with a slash."""
    tree = README.split("## The tree", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^    (\S+) {2,}\S.*$", tree, re.MULTILINE)


def test_the_tree_names_every_room_and_nothing_twice() -> None:
    named = rooms()
    assert sorted(set(named)) == sorted(named), "twice in the tree"
    files = tracked()
    folders = {str(Path(file).parent) + "/" for file in files}
    for room in named:
        assert room in files or any(f.startswith(room) for f in folders), f"{room} is not in git"
    code = {f for f in folders if any(x.startswith(f) and x.endswith(".py") for x in files)}
    rooms_of_code = {
        f for f in code if not f.startswith(("tests/", "./", "kb/store/migrations/", "evals/data/"))
    }
    assert rooms_of_code - set(named) == set(), "in git, but not in the tree"


def test_every_line_of_the_tree_says_what_it_is_in_one_line() -> None:
    tree = README.split("## The tree", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in tree.splitlines() if line.startswith("    ")]
    assert lines
    assert [line for line in lines if len(line) > 118 or not re.search(r"\S {2,}\S", line)] == []


def test_every_module_opens_with_what_it_is() -> None:
    modules = [
        f for f in tracked() if f.endswith(".py") and not f.startswith(("tests/", "evals/data/"))
    ]
    bare = [f for f in modules if not ast.get_docstring(ast.parse((ROOT / f).read_text("utf-8")))]
    assert [f for f in bare if not f.startswith("kb/store/migrations/")] == []


def test_every_setting_is_in_the_documents_and_in_the_example() -> None:
    names = {f"KB_{name.upper()}" for name in Settings.model_fields}
    names |= {f"SLACK_{name.upper()}" for name in SlackSettings.model_fields}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `((?:KB|SLACK)_\w+)`", PAGES, re.MULTILINE)) == names
    assert set(re.findall(r"^# ((?:KB|SLACK)_\w+)=", example, re.MULTILINE)) == names


def test_the_example_settings_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = re.sub(r"^# ((?:KB|SLACK)_\w+=)", r"\1", example, flags=re.MULTILINE)
    (tmp_path / ".env").write_text(given)
    monkeypatch.chdir(tmp_path)
    assert Settings().chat_timeout == 30
    assert SlackSettings().help_group == "S0123ABCD"


@pytest.mark.parametrize(
    "line", re.findall(r"^    \.venv/bin/python -m ((?:kb|ingest)\b.*?)(?: {2,}#.*)?$", PAGES, re.M)
)
def test_the_readme_names_commands_that_exist(line: str) -> None:
    words = re.sub(r" [<>] ?\S+", "", line).replace('"', "").split()
    parser = {"kb": kb_parser, "ingest": ingest_parser}[words[0]]()
    if words[0] == "kb" and words[1] == "ask":
        words = [*words[:2], *(w for w in words[2:] if w.startswith("--"))]
    parser.parse_args(words[1:])


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z-]+)", PAGES)) <= targets


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("name", DOCS)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    folder = ROOT if name == "README.md" else ROOT / "docs"
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", DOCS[name])
    assert [link for link in links if not (folder / link).exists()] == []


_ROOMS = r"(?:kb|cli|evals|ingest|screens|slackbot)"
_FILE = re.compile(rf"(?<![\w/.]){_ROOMS}(?:/\w+)+\.(?:py|yaml|json|md)\b")
_DOTTED = re.compile(rf"(?<![\w/.-]){_ROOMS}(?:\.[A-Za-z_]\w*)+(?![\w/])")


def docstrings(file: Path) -> str:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return "\n".join(
        ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)
    )


def leads_somewhere(dotted: str) -> bool:
    """A module of that name, or a name within one."""
    parts = dotted.split(".")
    for cut in (len(parts), len(parts) - 1):
        place = ROOT.joinpath(*parts[:cut])
        files = (place / "__init__.py", place.with_suffix(".py"))
        module = next((file for file in files if file.exists()), None)
        if module and cut == len(parts):
            return True
        if module and cut:
            return re.search(rf"\b{parts[-1]}\b", module.read_text(encoding="utf-8")) is not None
    return place.is_dir()


def test_modules_and_files_that_are_named_exist() -> None:
    gone = set()
    for name in tracked():
        file = ROOT / name
        ours = not name.startswith(("evals/data/", "tests/", "notes/")) and file.exists()
        if not ours or file.suffix not in (".py", ".txt"):
            continue
        text = docstrings(file) if file.suffix == ".py" else file.read_text(encoding="utf-8")
        gone |= {(name, path) for path in _FILE.findall(text) if not (ROOT / path).exists()}
        gone |= {(name, one) for one in _DOTTED.findall(text) if not leads_somewhere(one)}
    assert gone == set()


def test_every_word_list_is_asked_for() -> None:
    lists = yaml.safe_load((ROOT / "kb/text/words.yaml").read_text(encoding="utf-8"))
    named: set[str] = set()
    for file in (ROOT / "kb").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if "kb.text.words" in text:
            named |= set(re.findall(r'"(\w+)"', text))
    assert {*lists} - named == set()


def test_every_file_of_requirements_has_its_row() -> None:
    files = {name for name in tracked() if re.fullmatch(r"requirements[\w-]*\.txt", name)}
    assert files == set(re.findall(r"^\| `(requirements\S*)`", DOCS["operations.md"], re.MULTILINE))


@pytest.mark.parametrize("name", [".env.example", "docs/operations.md"])
def test_optional_packages_are_installed_from_their_pinned_file(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"pip install (?!-r)\S+", text) == []
