"""A question wants a kind of answer, and a text gives it or not; amounts are alike in languages."""

from __future__ import annotations

import pytest

from kb.text.kinds import wanted
from kb.text.values import amounts, first_date


@pytest.mark.parametrize(
    ("question", "kind", "gives", "lacks"),
    [
        ("金曜は何時から？", "clock", "金曜 15 時以降は禁止", "金曜はリリース禁止"),
        ("What time do tickets come?", "clock", "They come at 09:30.", "They come by mail."),
        ("ビルドに何分かかる？", "span", "takes about 7 minutes", "タグはハッシュ 10 文字"),
        ("How long is burn-in?", "span", "burn-in 25 minutes", "burn-in fails"),
        ("承認するのは誰？", "person", "クラスタ世話役が承認", "承認は 1 営業日以内"),
        ("日当はいくら？", "money", "日当: 2,200 円", "日当は出ない場合がある"),
        ("なぜ Hinoki を選んだ？", "reason", "待ちが長かったため選んだ", "Hinoki を使う"),
        ("which day are releases?", "date", "Tuesday and Thursday", "Releases are gated."),
        ("枚数の上限は？", "number", "2 枚まで", "上限は別のページを見る"),
    ],
)
def test_what_is_wanted_is_given_or_not(question: str, kind: str, gives: str, lacks: str) -> None:
    want = wanted(question)
    assert kind in want.kinds
    assert want.is_given(gives)
    assert not want.is_given(lacks)


def test_a_question_for_no_kind_takes_any_text() -> None:
    want = wanted("チェックポイントの形式を教えて")
    assert want.kinds == ()
    assert want.is_given("…")
    assert want.has_unit("…")


def test_what_is_counted_is_known_in_both_languages() -> None:
    assert wanted("何分以内？").has_unit("within 12 minutes")
    assert wanted("how many hours?").has_unit("最長 8 時間")
    assert not wanted("何人まで？").has_unit("最長 8 時間")


def test_amounts_are_alike_in_both_languages() -> None:
    assert amounts("最長 **8 時間**（2025-04-01 から）") == {"hour": {8.0}}
    assert amounts("up to 8 hours, 1,500 documents") == {"hour": {8.0}, "piece": {1500.0}}
    assert amounts("4 月 1 日、2025年5月20日、06:00") == {}


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("改定: **2025-04-01**（第 5 版）", "2025-04-01"),
        ("最終更新 2025年3月10日", "2025-03-10"),
        ("as of 7 Sep 2024", "2024-09-07"),
        ("March 3, 2024", "2024-03-03"),
        ("99 of 2024, 2024-19-41", ""),
        ("", ""),
    ],
)
def test_the_first_whole_date_of_a_text(text: str, date: str) -> None:
    assert first_date(text) == date
