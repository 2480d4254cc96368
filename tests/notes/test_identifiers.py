"""The checks on names find what is invented and let through what is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notes.identifiers import (
    Allowed,
    Known,
    block_names,
    code_spans,
    contract_names,
    numbers,
    plain_names,
    unknown_parts,
)

KNOWN = Known(
    [
        "`SM_MODEL_DIR` is `/opt/ml/model`; channels are below `/opt/ml/input/data/<channel>`.",
        "21,600 s",
        "v3.18.0",
    ]
)


@pytest.mark.parametrize(
    "name",
    [
        "SM_MODEL_DIR",
        "SM_*",
        "/opt/ml/model",
        "/opt/ml/model/",
        "/opt/ml/input/data/training",
        "21600",
        "3.18.0",
    ],
)
def test_known_names_are_held(name: str) -> None:
    assert KNOWN.holds(name)


@pytest.mark.parametrize(
    "name", ["SM_MODEL", "MODEL_DIR", "/opt/ml/models", "/opt/ml/mod", "1600", "18.0", "SMDDP_*"]
)
def test_a_piece_of_a_known_name_is_not_that_name(name: str) -> None:
    assert not KNOWN.holds(name)


def test_names_are_found_in_prose_of_both_languages() -> None:
    text = (
        "変数SM_HP_LRと/opt/ml/output/failure、ModelTrainerのentry_script. See image_uris.retrieve."
    )
    assert set(plain_names(text)) == {
        "SM_HP_LR",
        "/opt/ml/output/failure",
        "ModelTrainer",
        "entry_script",
        "image_uris.retrieve",
        "image_uris",
    }
    assert contract_names("`SM_HP_LR`, /ping") == ["/ping", "SM_HP_LR"]
    assert code_spans("`a b` and `c`") == ["a b", "c"]


def test_numbers_are_found_without_months_and_single_digits() -> None:
    assert numbers("2025 年 11 月に 21,600 秒、3 つ、8080 番、5.1.0、`99`") == [
        "2025",
        "21600",
        "8080",
        "5.1.0",
    ]


def test_python_blocks_give_only_what_they_take_from_elsewhere() -> None:
    code = """import json
from sagemaker_foo import Bar
x = Bar(role="r2", limit=3600)
print(json.dumps(x.go()))"""
    names = ["sagemaker_foo", "Bar", "role", "limit", "3600", "r2", "go"]
    assert sorted(block_names(f"```python\n{code}\n```")) == sorted(names)


def test_other_blocks_give_their_words_without_comments_and_own_variables() -> None:
    code = """name=x1  # a comment
docker push 763104351884.dkr.ecr.us-east-1.amazonaws.com/$name --quiet"""
    names = ["x1", "docker", "push", "763104351884", "us-east-1", "--quiet"]
    assert sorted(block_names(f"```bash\n{code}\n```")) == sorted(names)


def test_a_word_is_allowed_everywhere_or_in_one_section(tmp_path: Path) -> None:
    file = tmp_path / "allowed.yaml"
    file.write_text(
        """
- {reason: ours, words: [train.py]}
- {reason: here only, section: a, words: ['503']}
- {reason: old, words: [gone]}
""",
        encoding="utf-8",
    )
    allowed = Allowed(file)
    assert unknown_parts("SM_MODEL_DIR=train.py", KNOWN, allowed, "a") == []
    assert unknown_parts("SM_INVENTED train.py", KNOWN, allowed, "a") == ["SM_INVENTED"]
    assert (allowed.holds("503", "a"), allowed.holds("503", "b")) == (True, False)
    assert allowed.unused() == ["gone"]
