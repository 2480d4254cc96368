"""Code and configuration to blocks: definitions, functions, stages, keys.

Takes a `RawDocument`, gives text, title and blocks. Knows nothing about tokens or chunks.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from itertools import accumulate

from ingest.blocks import Cut, Result, between, line_starts, trimmed, whole
from ingest.decode import decode
from ingest.fetch import RawDocument
from kb.errors import ParseError

_SHELL_FUNCTION = re.compile(
    r"^(?:function[ \t]+([\w:-]++)[ \t]*+(?:\(\))?|([A-Za-z_][\w:-]*+)[ \t]*+\(\))\s*+\{",
    re.MULTILINE,
)
_STAGE = re.compile(
    r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_SETTING = re.compile(r"^[^\s#{}\[\]\"'-][^\n]*?(?=\s*(?:[:=]|$))", re.MULTILINE)
"""What begins at the margin of a configuration: a key, a target of make."""
_LONGEST_CONFIG = 60_000
"""Characters from which a file of settings is data that nobody asks about."""
_SHORT_CONFIG = 40
"""Lines up to which a file of settings stays whole."""
_METHODS = 40
"""Lines from which a class is cut at its methods."""


def read_python(raw: RawDocument) -> Result:
    """Top-level definitions with their decorators and the comments above; the rest between them."""
    text = decode(raw.data)
    try:
        with warnings.catch_warnings(action="ignore"):  # on escapes in other people's strings
            body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # Python 2, or no Python
        return text, "", whole(text)
    cuts: list[Cut] = []
    for node in body:
        if isinstance(node, _DEFINITIONS):
            cuts += _definition(node)
    return text, "", between(text, cuts)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _definition(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[Cut]:
    """The lines of a definition; of a long class its head, then method by method."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    last = node.end_lineno or node.lineno
    if not isinstance(node, ast.ClassDef) or last - first <= _METHODS:
        return [(first, last, (node.name,))]
    methods = [
        (start, end, (node.name, *name))
        for part in node.body
        if isinstance(part, _DEFINITIONS)
        for start, end, name in _definition(part)
    ]
    return [(first, methods[0][0] if methods else last, (node.name,)), *methods]


def read_shell(raw: RawDocument) -> Result:
    """Function by function where there are functions, else whole."""
    text = decode(raw.data)
    lines, starts = text.split("\n"), line_starts(text)
    closed = _next_ends(lines)
    cuts: list[Cut] = []
    for found in _SHELL_FUNCTION.finditer(text):
        first = bisect_right(starts, found.start()) - 1
        one_line = "{" in lines[first] and lines[first].count("{") == lines[first].count("}")
        last = first if one_line else closed[first]
        if last < len(lines):
            cuts.append((first, last + 1, (f"{found[1] or found[2]}()",)))
    return text, "", between(text, cuts) if cuts else whole(text)


def _next_ends(lines: list[str]) -> list[int]:
    """By line: the next line that begins with }, or the number of lines."""
    own = (i if lines[i][:1] == "}" else len(lines) for i in reversed(range(len(lines))))
    return list(accumulate(own, min))[::-1]


def read_dockerfile(raw: RawDocument) -> Result:
    """Stage by stage; what stands before the first FROM belongs to the first stage."""
    text = decode(raw.data)
    stages = list(_STAGE.finditer(text))
    if not stages:
        return text, "", whole(text)
    edges = [0, *(stage.start() for stage in stages[1:]), len(text)]
    return (
        text,
        "",
        [
            trimmed(text, start, end, (stage[2] or f"FROM {stage[1]}",))
            for stage, start, end in zip(stages, edges[:-1], edges[1:], strict=True)
        ],
    )


def read_config(raw: RawDocument) -> Result:
    """Settings, top-level key by key, and the targets of a Makefile."""
    text = decode(raw.data)
    if len(text) > _LONGEST_CONFIG:
        raise ParseError(f"it is data of more than {_LONGEST_CONFIG:,} characters")
    if text.count("\n") <= _SHORT_CONFIG:
        return text, "", whole(text)
    cuts: list[Cut] = []
    places = [(text.count("\n", 0, found.start()), found[0]) for found in _SETTING.finditer(text)]
    ends = [line for line, _ in places[1:]] + [text.count("\n") + 1]
    for (line, name), end in zip(places, ends, strict=False):
        if end - line > 1:  # one line alone is no section
            cuts.append((line, end, (name.strip(),)))
    return text, "", between(text, cuts) if cuts else whole(text)
