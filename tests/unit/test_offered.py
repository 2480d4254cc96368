"""A framework version is held against what AWS offers."""

from __future__ import annotations

import pytest

from kb.pattern.offered import find_offered
from kb.records import Raised


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ＰｙＴｏｒｃｈ 2.6 で推論", Raised("version_offered", "ＰｙＴｏｒｃｈ 2.6")),
        ("PyTorch 2.12 で推論", Raised("training_only", "PyTorch 2.12")),
        ("serving on torch 2.13", Raised("training_only", "torch 2.13")),
        ("PyTorch 2.15 で学習", Raised("version_missing", "PyTorch 2.15")),
        ("XGBoost version 3.2 training", Raised("version_offered", "XGBoost version 3.2")),
        ("TensorFlow 2.30", Raised("version_missing", "TensorFlow 2.30")),
        ("llama 70b on torch", None),
        ("torch 70b", None),
        ("torch 1.5b", None),
        ("PyTorch 8 GPU", None),
        ("torch>=2.6", Raised("version_offered", "torch>=2.6")),
        ("which version?", None),
    ],
)
def test_a_version_is_held_against_what_aws_offers(text: str, found: Raised | None) -> None:
    assert find_offered(text) == found
