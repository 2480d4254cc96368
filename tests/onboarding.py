"""A path of three steps through the small knowledge base of `tests.conftest`."""

from __future__ import annotations

from pathlib import Path

from ingest.onboarding import mark_reviewed, read_groups

ORDER = """\
# The order of the team.
- id: save
  title: {ja: モデルを保存する, en: Save the model}
  sections: [model-dir]

- id: extend   # by hand
  title:
    ja: ライブラリを足す
    en: Add a library
  sections:
    - add-library

- id: both
  title: {ja: ふたつとも, en: Both of them}
  sections: [model-dir, add-library]
"""
CHECKS = """\
save:
  - id: where
    section: model-dir
    statement: 1
    question: {ja: モデルはどこに置きますか？, en: Where does the model go?}
    choices:
      - {ja: /tmp, en: /tmp}
      - {ja: /opt/ml/model, en: /opt/ml/model}
    right: 2
  - id: variable
    section: model-dir
    statement: 2
    question: {ja: 置き場所を教える変数は？, en: Which variable knows the place?}
    choices:
      - {ja: SM_MODEL_DIR, en: SM_MODEL_DIR}
      - {ja: $HOME, en: $HOME}
      - {ja: ありません, en: There is none}
    right: 1
extend:
  - id: os-package
    section: add-library
    statement: 2
    question: {ja: OS のパッケージが要ります。どうしますか？, en: And an OS package?}
    choices:
      - {ja: イメージを拡張する, en: Extend the image}
      - {ja: requirements.txt に書く, en: Write it into requirements.txt}
    right: 1
both:
  - id: just-a-library
    section: add-library
    statement: 1
    question: {ja: ライブラリだけなら？, en: And just a library?}
    choices:
      - {ja: イメージを拡張する, en: Extend the image}
      - {ja: requirements.txt に書く, en: Write it into requirements.txt}
    right: 2
"""


def write_path(folder: Path, *, notes: Path | None = None) -> Path:
    """The path in `folder`, and reviewed against `notes` where they are given; its order file."""
    file = folder / "onboarding.yaml"
    file.write_text(ORDER, encoding="utf-8")
    file.with_name("checks.yaml").write_text(CHECKS, encoding="utf-8")
    if notes is not None:
        mark_reviewed(file, read_groups(notes))
    return file
