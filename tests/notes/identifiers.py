"""Identifiers of the notes: what a statement or a code block names, and whether evidence holds it.

Takes text, gives the names in it that a reader would type: environment variables, paths, API and
class names, options, ports, numbers, everything in backticks. Knows nothing about notes as files.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import yaml

_SPAN = re.compile(r"`([^`]+)`")
# ASCII: a Japanese letter right beside a name is not part of it.
_PATH = re.compile(r"(?a)(?<![\w/.<>{}~$])/[A-Za-z][\w.<>{}*-]*(?:/[\w.<>{}*-]+)*")
_VARIABLE = re.compile(r"(?a)(?<!\w)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+_?\*?(?![\w*])")
_NAMES = (
    _PATH,
    _VARIABLE,
    re.compile(r"(?a)(?<![\w.-])--?[a-z][a-z0-9-]+(?!\w)"),  # options
    re.compile(r"(?a)(?<![\w/.-])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?!\w)"),  # dotted names, files
    re.compile(r"(?a)(?<![\w/.-])_?[A-Za-z]\w*_\w+(?!\w)"),  # snake_case
    re.compile(r"(?a)(?<![\w/.-])[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+(?!\w)"),  # CamelCase
    re.compile(r"(?a)(?<![\w/.-])[a-z]{2,}:[A-Z]\w+(?!\w)"),  # IAM actions
)
_NUMBER = re.compile(
    r"(?a)(?<![\w.,/-])\d\d+(?:\.\d+)*(?!\w)(?! ?月)|(?<![\w.,/-])\d(?:\.\d+)+(?!\w)"
)
_PIECE = re.compile(r"(?a)[A-Za-z_][\w.@%+-]*\w|[A-Za-z_]")
_PLACEHOLDER = re.compile(r"<[^<>/]*>|\{[^{}/]*\}")
_REGISTRY = re.compile(r"([\w<>${}]+)\.dkr\.ecr\.([\w<>${}-]+)\.amazonaws\.com")
_WORD = re.compile(r"/[A-Za-z][\w./<>{}*-]*|--?[a-z][\w-]*|[A-Za-z_][\w.@+:-]*\w|\d\d+")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#(?!!)(.*)$")
_LIBRARIES = "argparse json os os.path pathlib signal socket sys threading time traceback".split()


def normalized(text: str) -> str:
    """NFKC, with numbers written without separators: 21,600 and 21600 are one."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", unicodedata.normalize("NFKC", text))


def code_spans(text: str) -> list[str]:
    """What stands in backticks."""
    return [found[1].strip() for found in _SPAN.finditer(text)]


def plain_names(text: str) -> list[str]:
    """Names in prose that carry no backticks."""
    prose = _SPAN.sub(" ", unicodedata.normalize("NFKC", text))
    return [found[0].rstrip(".") for pattern in _NAMES for found in pattern.finditer(prose)]


def contract_names(text: str) -> list[str]:
    """Environment variables and absolute paths, with or without backticks."""
    prose = unicodedata.normalize("NFKC", text).replace("`", " ")
    return [
        found[0].rstrip(".") for pattern in (_PATH, _VARIABLE) for found in pattern.finditer(prose)
    ]


def numbers(text: str) -> list[str]:
    """Numbers in prose of two digits or more: ports, codes, limits, versions, years."""
    return [found[0] for found in _NUMBER.finditer(normalized(_SPAN.sub(" ", text)))]


class Known:
    """The names that a body of evidence holds."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = normalized("\n".join(texts))
        templates = {t for t in re.findall(r"[\w./:<>{}-]+", self._text) if _PLACEHOLDER.search(t)}
        self._templates = [
            re.compile(r"[^/]+".join(map(re.escape, _PLACEHOLDER.split(t))) + r"(?:/|$)")
            for t in templates
            if len(_PLACEHOLDER.sub("", t)) > 3
        ]
        self._found: dict[str, bool] = {}

    def holds(self, name: str) -> bool:
        """`name` stands in the evidence, as it is, as `SM_*`, or in place of a `<channel>`."""
        if name not in self._found:
            self._found[name] = self._find(normalized(name).strip())
        return self._found[name]

    def _find(self, name: str) -> bool:
        bare = name.rstrip("/").removesuffix("()").rstrip("*")
        if not bare:
            return True
        before = r"(?<![\d.])" if bare[0].isdigit() else r"(?a:(?<!\w))"
        after = "" if bare[-1] == "_" else r"(?a:(?!\w))"
        if re.search(before + re.escape(bare) + after, self._text):
            return True
        return any(template.match(bare) for template in self._templates)


class Allowed:
    """Words of our own examples, from allowed.yaml; remembers which of them were needed."""

    def __init__(self, file: Path) -> None:
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
        self.reasons: list[str] = [row["reason"] for row in rows]
        self._words = {(str(row.get("section", "")), str(w)) for row in rows for w in row["words"]}
        self._used: set[tuple[str, str]] = set()

    def holds(self, word: str, section: str) -> bool:
        """`word` is allowed everywhere, or in this section."""
        keys = {("", word), (section, word)} & self._words
        self._used |= keys
        return bool(keys)

    def unused(self) -> list[str]:
        """Words that no note needs any more."""
        return sorted(word for _, word in self._words - self._used)


def unknown_parts(name: str, known: Known, allowed: Allowed, section: str) -> list[str]:
    """Nothing when `name` is known as a whole; else those of its parts that are not."""
    if known.holds(name) or allowed.holds(name, section):
        return []
    parts = (part for part in _PIECE.findall(normalized(name)) if len(part) > 1)
    return [part for part in parts if not known.holds(part) and not allowed.holds(part, section)]


# --- code blocks ---------------------------------------------------------------------------------


def block_names(block: str) -> list[str]:
    """Names that a fenced block takes from elsewhere; its own definitions are left out."""
    opening, _, rest = block.partition("\n")
    language, body = opening.strip("`~ "), rest.rsplit("\n", 1)[0]
    if language == "python":
        comments = [name for found in _COMMENT.finditer(body) for name in plain_names(found[1])]
        return list(dict.fromkeys([*_python_names(ast.parse(body)), *comments]))
    own = set(re.findall(r"^\s*(\w+)=|^ARG (\w+)|\bAS (\w+)$", body, re.MULTILINE))
    defined = {name for names in own for name in names if name}
    comments = [name for found in _COMMENT.finditer(body) for name in plain_names(found[1])]
    words = [word for line in _COMMENT.sub("", body).split("\n") for word in _words(line)]
    return [word for word in dict.fromkeys([*words, *comments]) if word not in defined]


def _words(line: str) -> Iterator[str]:
    """Words of a line of code; of a registry's host only a literal account and Region."""
    for account, region in _REGISTRY.findall(line):
        yield from (
            part for part in (account, region) if re.fullmatch(r"\d{12}|[a-z]+-[a-z]+-\d", part)
        )
    yield from (found[0] for found in _WORD.finditer(_REGISTRY.sub(" ", line)))


def _python_names(tree: ast.Module) -> Iterator[str]:
    bound = set(_bound(tree)) | set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if not _is_standard(alias.name))
        elif isinstance(node, ast.ImportFrom) and not _is_standard(node.module or ""):
            yield from (node.module or "", *(alias.name for alias in node.names))
        elif isinstance(node, ast.Name) and node.id not in bound:
            yield node.id
        elif isinstance(node, ast.Attribute) and node.attr not in bound | _standard_attributes():
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg and node.arg not in _standard_attributes():
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _words(node.value)
        elif isinstance(node, ast.Constant) and type(node.value) is int and node.value > 99:
            yield str(node.value)


def _is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names


def _bound(tree: ast.Module) -> Iterator[str]:
    """Names that the block itself gives: variables, functions, parameters, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


@cache
def _standard_attributes() -> frozenset[str]:
    """Attributes and keywords of the standard library that examples use."""
    kinds = [str, bytes, int, float, list, dict, set, tuple, BaseException, Path]
    modules = [importlib.import_module(name) for name in _LIBRARIES]
    kinds += [
        value for module in modules for value in vars(module).values() if isinstance(value, type)
    ]
    names = {name for owner in (*kinds, *modules) for name in dir(owner)}
    return frozenset(names | {"nargs", "default", "type", "flush", "file", "target", "encoding"})
