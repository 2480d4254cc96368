"""What a question names: files, folders, parts of code and titles, in both languages."""

from __future__ import annotations

import pytest

from kb.search.names import Name, NameIndex
from tests.unit.world import world


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("train.yamlの学習率おしえて", "configs/train.yaml"),
        ("what does run-train.sh do?", "scripts/run_train.sh"),
        ("what does run_trian.sh do?", "scripts/run_train.sh"),
        ("which signals does StopFlag handle", "kawasemi/train.py"),
        ("show me the runtime stage", "docker/train/Dockerfile"),
        ("オンコール手順では何分以内にACK？", "oncall/oncall-tejun.md"),
        ("according to the node maintenance page", "gpu/node-maintenance.md"),
    ],
)
def test_a_name_leads_to_its_document(question: str, document: str) -> None:
    named = world().names.naming(question).named
    assert any(d.endswith(document) for one in named for d in one.documents)


def test_a_title_is_met_by_its_words() -> None:
    titles = world().names.naming("GPU予約手順のページで、無料キャンセルは何時間前まで？").titles
    assert max(titles, key=titles.__getitem__).endswith("gpu/yoyaku.md")


def test_common_words_name_nothing() -> None:
    for question in ("how do I train a model in a container", "学習したモデルはどこに置く"):
        assert world().names.naming(question).named == ()


def test_a_longer_name_goes_before_the_one_inside_it() -> None:
    names = NameIndex(
        [Name("mode-container", "folder", "a/x"), Name("mode-container-2", "folder", "b/x")]
    )
    (one,) = names.naming("the README of mode-container-2").named
    assert one.documents == {"b/x"}
    assert names.naming("mode-container-3 を見せて").unknown == ("mode-container-3",)


def test_a_source_is_called_by_its_kind() -> None:
    names = NameIndex([Name("Developer Guide (2023)", "source", "g/a"), Name("x", "file", "b")])
    (one,) = names.naming("開発者ガイドでは？").named[:1]
    assert one.documents == {"g/a"}
    assert names.naming("what does the guide say").named[0].documents == {"g/a"}


def test_the_share_of_a_document_follows_what_few_documents_carry() -> None:
    names = NameIndex(
        [
            *(Name("Dockerfile", "file", f"{place}/Dockerfile") for place in "abc"),
            *(Name(f"sample-{place}", "folder", f"{place}/Dockerfile") for place in "abc"),
        ]
    )
    naming = names.naming("sample-b の Dockerfile を見せて")
    assert naming.share("b/Dockerfile") == 1.0
    assert 0.0 < naming.share("a/Dockerfile") < 0.5
