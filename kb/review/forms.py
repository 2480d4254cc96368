"""What a pasted file is, beside its language: a server, a training script, handlers, a script.

Takes a `Paste`, gives a `Form`; and tells whether the person's words ask for more than a review.
Knows nothing about checks and wording.
"""

from __future__ import annotations

import re
from typing import Literal

from kb.review.paste import Paste
from kb.review.scripts import is_script

Form = Literal[
    "dockerfile", "server", "training", "start", "script", "build", "nginx", "handlers", "sdk"
]
CHECKED: tuple[Form, ...] = (
    "dockerfile",
    "server",
    "training",
    "start",
    "script",
    "build",
    "nginx",
)
"""Forms that checks look at."""
_SERVER = re.compile(r"\b(?:FastAPI|Flask|Starlette)\(")
_HANDLERS = re.compile(r"^\s*def (?:model|input|predict|output|transform)_fn\(", re.MULTILINE)
_TRAINING = re.compile(
    r"/opt/ml/input|hyperparameters\.json|SM_CHANNEL|SM_MODEL_DIR|/opt/ml/output/failure"
    r"|[\"']/opt/ml[\"']|\bSM_HPS\b"
)
_START = re.compile(
    r"(?:Popen|check_call|subprocess\.run|exec[lv]p?e?)\(.{0,200}[\"'](?:gunicorn|uvicorn|nginx)",
    re.DOTALL,
)
_NGINX = re.compile(r"^\s*server\s*\{(?:.|\n)*?^\s*listen\s+\S", re.MULTILINE)
_BUILD = re.compile(r"\bdocker (?:buildx|build|push|tag|login)\b")
_SERVES = re.compile(r"\b(?:gunicorn|uvicorn|hypercorn|flask run)\s")
_SDK = re.compile(
    r"^\s*(?:import sagemaker\b|from sagemaker[\w.]* import)|client\(\s*[\"']sagemaker",
    re.MULTILINE,
)
_ASKS_WHAT = re.compile(
    r"\b(?:what(?!'?s? (?:is )?wrong)|how(?! do(?:es)? (?:this|it|these) look)|why|where|which"
    r"|when|who)\b|なぜ|なに|何|どう(?!でしょう|ですか|かな|か見)|どこ|どれ|どの|どんな|いつ|いくつ|いくら"
    r"|原因|理由|方法",
    re.IGNORECASE,
)
"""Words that ask for a thing; “is this fine?” asks for yes or no, which the review itself says."""


def form_of(paste: Paste) -> Form | None:
    """What the paste is, where it plainly shows; None for a snippet."""
    text = paste.text
    if paste.kind == "dockerfile":
        return "dockerfile"
    if paste.kind == "shell":
        if not is_script(text):
            return None
        return "build" if _BUILD.search(text) and not _SERVES.search(text) else "script"
    if _NGINX.search(text):
        return "nginx"
    if paste.kind != "code":
        return None
    signs: tuple[tuple[Form, re.Pattern[str]], ...] = (
        ("server", _SERVER),
        ("handlers", _HANDLERS),
        ("sdk", _SDK),
        ("training", _TRAINING),
        ("start", _START),
    )
    return next((form for form, sign in signs if sign.search(text)), None)


def asks_for_more(prose: str) -> bool:
    """The person asks what, how or why, and not only whether the file is right."""
    return bool(_ASKS_WHAT.search(prose))
