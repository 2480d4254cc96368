"""What a training script in Python does: where it saves the model, how it reads hyperparameters.

Takes a `Paste`, reads it as a syntax tree, gives `Spot` values; nothing where it is no Python.
Knows nothing about wording.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from kb.review.paste import Paste
from kb.review.spots import Edit, Spot

_SAVES = re.compile(
    r"(?:save|save_model|save_pretrained|save_weights|dump|to_pickle|save_checkpoint)$"
)
_OF_MODELS = re.compile(
    r"\b(?:joblib|torch|pickle|cloudpickle|model|net|bst|booster|clf|reg|est\w*)\b"
)
_OUT = re.compile(r"/opt/ml/(?:model|output|checkpoints)(?:/|$)|^s3://")
_ELSEWHERE = re.compile(
    r"upload_file|put_object|s3\.upload|copytree|shutil\.(?:copy|move)|os\.chdir|\baws s3\b"
)
_READS_JOB = re.compile(r"/opt/ml\b|SM_CHANNEL|SM_HPS?\b|SM_MODEL_DIR|hyperparameters\.json")
_NUMERIC = re.compile(
    r"^(?:num|n|max|min)_|(?:^|_)(?:epochs?|size|rate|lr|steps?|rounds?|depth|seed|eta|gamma|alpha"
    r"|beta|lambda|dropout|momentum|decay|layers|estimators|workers|units|dim|patience|fraction)$"
)
"""Names of hyperparameters whose values are numbers."""
_FRACTION = re.compile(
    r"(?:^|_)(?:rate|lr|eta|gamma|alpha|beta|lambda|dropout|momentum|decay|fraction)$"
)


def saves_elsewhere(paste: Paste) -> Iterator[Spot]:
    """A model saved under a known path that SageMaker does not upload, and none that it does."""
    tree = _tree(paste)
    if tree is None or _ELSEWHERE.search(paste.text) or not _READS_JOB.search(paste.text):
        return
    known = _known(tree)
    spots = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not _saves_a_model(call):
            continue
        place = _place(call, known)
        if place is None or _OUT.search(place):
            return  # it may be the right place
        if not place.startswith("/tmp/"):  # noqa: S108 a check of its own
            spots.append((call.lineno, place))
    for number, place in sorted(spots):
        line = paste.lines[number - 1]
        target = f"/opt/ml/model/{posixpath.basename(place)}"
        edit = Edit(number, number, (line.replace(place, target),)) if place in line else None
        yield Spot(number, line, {"place": place, "better": target}, edit)
        return


def keeps_strings(paste: Paste) -> Iterator[Spot]:
    """A hyperparameter that is a number by its name or default, taken from the file as it is."""
    tree = _tree(paste)
    if tree is None or "hyperparameters.json" not in paste.text:
        return
    holders = _loaded(tree)
    casts = set(re.findall(r"\b(?:int|float|bool|loads|literal_eval)\((\w+)\)", paste.text))
    for parent in ast.walk(tree):
        if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
            values = [parent.value]
            target = parent.targets[0]
            if isinstance(target, ast.Name) and target.id in casts:
                continue
        elif isinstance(parent, ast.Call):
            is_range = isinstance(parent.func, ast.Name) and parent.func.id == "range"
            values = [*(parent.args if is_range else ()), *(k.value for k in parent.keywords)]
        else:
            continue
        for value in values:
            name, is_number = _taken(value, holders)
            if name and (is_number or _NUMERIC.search(name)):
                number = value.lineno
                line = paste.lines[number - 1]
                piece = ast.get_source_segment("\n".join(paste.lines), value) or ""
                cast = "float" if _FRACTION.search(name) else "int"
                edit = None
                if piece and piece in line:
                    edit = Edit(number, number, (line.replace(piece, f"{cast}({piece})", 1),))
                yield Spot(number, line, {"name": name, "cast": cast}, edit)
                return


def _tree(paste: Paste) -> ast.Module | None:
    try:
        return ast.parse("\n".join(paste.lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _known(tree: ast.Module) -> dict[str, str]:
    """Names that are given one text in the whole file."""
    known: dict[str, str] = {}
    twice: set[str] = set()
    for one in ast.walk(tree):
        if isinstance(one, ast.Assign) and len(one.targets) == 1:
            target = one.targets[0]
            if isinstance(target, ast.Name):
                text = _text(one.value, known)
                if text is None or target.id in known:
                    twice.add(target.id)
                else:
                    known[target.id] = text
    return {name: text for name, text in known.items() if name not in twice}


def _text(value: ast.expr, known: dict[str, str]) -> str | None:
    """A path as text, where it can be told from the file alone."""
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, str) else None
    if isinstance(value, ast.Name):
        return known.get(value.id)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Div):
        left, right = _text(value.left, known), _text(value.right, known)
        if left is None or right is None:
            return None
        return left + right if isinstance(value.op, ast.Add) else posixpath.join(left, right)
    if isinstance(value, ast.JoinedStr):
        pieces = [
            _text(piece.value if isinstance(piece, ast.FormattedValue) else piece, known)
            for piece in value.values
        ]
        return None if None in pieces else "".join(piece or "" for piece in pieces)
    if isinstance(value, ast.Call) and value.args and not value.keywords:
        called = ast.unparse(value.func)
        texts = [_text(one, known) for one in value.args]
        if called.endswith(("path.join", "Path", "str")) and None not in texts:
            return posixpath.join(*(text or "" for text in texts))
    return None


def _saves_a_model(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name.startswith(("json.", "yaml.", "np.", "plt.", "fig")):
        return False
    return bool(_SAVES.search(name) and _OF_MODELS.search(ast.unparse(call)))


def _place(call: ast.Call, known: dict[str, str]) -> str | None:
    """The path that a call saves to; a relative one stays relative."""
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    for value in values:
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "open" and value.args:
            return _text(value.args[0], known)
    texts = [text for value in values if (text := _text(value, known))]
    paths = [text for text in texts if "/" in text or re.search(r"\.\w{1,8}$", text)]
    return paths[0] if paths else None


def _loaded(tree: ast.Module) -> set[str]:
    """Names that hold what `json.load` gave of the file."""
    files = {"hyperparameters.json"}
    for one in ast.walk(tree):
        if isinstance(one, ast.With):
            for item in one.items:
                name = item.optional_vars
                opened = "hyperparameters" in ast.unparse(item.context_expr)
                if opened and isinstance(name, ast.Name):
                    files.add(name.id)
    holders = set()
    for one in ast.walk(tree):
        if not isinstance(one, ast.Assign) or not isinstance(one.value, ast.Call):
            continue
        target, call = one.targets[0], one.value
        if not isinstance(target, ast.Name) or ast.unparse(call.func) not in (
            "json.load",
            "json.loads",
        ):
            continue
        given = ast.unparse(call)
        if any(re.search(rf"(?<!\w){re.escape(file)}(?!\w)", given) for file in files):
            holders.add(target.id)
    return holders


def _taken(value: ast.expr, holders: set[str]) -> tuple[str, bool]:
    """The key that an expression takes from the file, and whether its default is a number."""
    if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
        key = value.slice
        if value.value.id in holders and isinstance(key, ast.Constant):
            return str(key.value), False
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        of = value.func.value
        if isinstance(of, ast.Name) and of.id in holders and value.func.attr == "get":
            first = value.args[0] if value.args else None
            if isinstance(first, ast.Constant):
                default = value.args[1] if len(value.args) > 1 else None
                number = isinstance(default, ast.Constant) and isinstance(
                    default.value, int | float
                )
                return str(first.value), number
    return "", False
