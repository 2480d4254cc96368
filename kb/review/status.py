"""What a description of a job or an endpoint says: its status, and why it failed.

Takes the text of the JSON that `aws sagemaker describe-…` prints, gives a `Status`; reads line by
line, so that a cut-off paste counts too. Knows nothing about wording.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATUS = re.compile(
    r"\"(?P<of>(?:Training|Processing|Transform|AutoML|Labeling|Compilation|HyperParameterTuning)Job"
    r"|Endpoint|ModelPackage|InferenceComponent|NotebookInstance)Status\"\s*:\s*\"(?P<is>\w+)\""
)
_REASON = re.compile(r"\"FailureReason\"\s*:\s*\"(?P<text>(?:[^\"\\]|\\.)*)\"?")
_GOOD = ("Completed", "InService")


@dataclass(frozen=True, slots=True)
class Status:
    """What the description says of one resource."""

    of: str
    """Such as `TrainingJob`; empty where no status is told."""
    value: str
    line: int
    """The line of the reason, else of the status, from 1."""
    quote: str
    """That line as written."""
    lines: int
    reason: str
    """`FailureReason` itself; empty where there is none."""

    @property
    def is_good(self) -> bool:
        return self.value in _GOOD and not self.reason


def status_of(text: str) -> Status | None:
    """None where the text is no such description."""
    status = _STATUS.search(text)
    reason = next((found for found in _REASON.finditer(text) if found["text"].strip()), None)
    found = reason or status
    if found is None:
        return None
    line = text.count("\n", 0, found.start())
    return Status(
        of=status["of"] if status else "",
        value=status["is"] if status else "",
        line=line + 1,
        quote=text.split("\n")[line].strip(),
        lines=text.rstrip().count("\n") + 1,
        reason=reason["text"].replace('\\"', '"').replace("\\n", " ") if reason else "",
    )
