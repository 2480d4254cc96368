"""The chat page: what a person sees and clicks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.errors import EmbeddingError, SettingsError
from kb.messages import message
from kb.records import Answer, Language, Turn
from tests.app.conftest import Start

PIP = "pip で入るライブラリを足すだけでも、カスタムコンテナは必要？"
WEATHER = "明日の東京の天気は？"


def shown(app: AppTest) -> str:
    """Everything on the screen that is text."""
    parts = [*app.markdown, *app.text, *app.caption, *app.warning, *app.error, *app.html]
    return "\n".join(str(part.value) for part in parts)


def asked(app: AppTest) -> list[str]:
    """The questions on the screen, as they were typed."""
    heads = re.findall(r'<h2 class="kb-asked"[^>]*>(.*?)</h2>', shown(app), re.DOTALL)
    return [html.unescape(head) for head in heads]


def proof(app: AppTest) -> str:
    """The panels with the quotes."""
    return "\n".join(part.value for part in app.html if 'class="kb-proofs"' in part.value)


def button(app: AppTest, text: str) -> AppTest:
    """Click the button whose label begins with `text`."""
    return next(b for b in app.button if b.label.startswith(text)).click().run()


def ask(app: AppTest, question: str) -> AppTest:
    return app.chat_input[0].set_value(question).run()


class Scripted:
    """An assistant that says what it is told, and remembers what it was asked."""

    def __init__(self, *parts: str | Exception) -> None:
        self.parts = parts
        self.asked: list[tuple[str, list[Turn]]] = []

    def stream(
        self, question: str, history: Sequence[Turn] = (), *, language: Language | None = None
    ) -> Iterator[str | Answer]:
        self.asked.append((question, list(history)))
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part
        text = f"Answer {len(self.asked)}."
        identity = str(len(self.asked))
        yield Answer(
            identity, question, "en", False, None, None, None, text, (), (), "fake", "v1", 0.0
        )


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    fake = Scripted()
    monkeypatch.setattr("screens.shared.open_assistant", lambda *_: fake)
    return fake


@pytest.mark.parametrize("language", ["ja", "en"])
def test_first_screen_offers_six_examples(start: Start, language: Language) -> None:
    app = start(language=language)
    assert not app.exception
    labels = [b.label for b in app.button if (b.key or "").startswith("example_")]
    expected = [message(f"ui_example_{n}", language) for n in range(1, 7)]
    assert labels == [text.replace("$", "\\$") for text in expected]
    assert message("ui_title", language) in shown(app)
    assert app.chat_input[0].placeholder == message("ui_placeholder", language)


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ja", "ja"), ("ja-JP", "ja"), ("en-GB", "en"), ("de", "en"), (None, "ja")],
)
def test_the_interface_speaks_the_browsers_language(
    start: Start, locale: str | None, language: Language
) -> None:
    assert message("ui_title", language) in shown(start(locale=locale))


def test_a_click_on_an_example_gives_an_answer_with_citations(start: Start) -> None:
    app = button(start(), "pip で入る")
    assert asked(app) == [PIP]
    assert "`requirements.txt`" in app.markdown[0].value
    assert "[[1]](source?document=" in app.markdown[0].value
    assert app.expander[0].label == "出典（3 件）"
    quote = proof(app).split('<mark data-n="1">')[1].split("</mark>")[0]
    assert quote.startswith("ライブラリを足すだけなら、")
    assert "<code>requirements.txt</code>" in quote
    assert "docs.example › samples" in proof(app)
    assert not [b for b in app.button if (b.key or "").startswith("example_")]


def test_a_typed_question_is_answered_in_its_own_language(start: Start) -> None:
    app = ask(start(), "where do I save my trained model?")
    assert asked(app) == ["where do I save my trained model?"]
    assert app.markdown[0].value.startswith("Training code puts the finished model")
    assert app.expander[0].label == "出典（2 件）"  # the interface stays as chosen


def test_a_question_is_shown_as_typed(start: Start, scripted: Scripted) -> None:
    question = "$HOME is `x`\n# not a heading <b>"
    assert asked(ask(start(), f"  {question}\n")) == [question]
    assert scripted.asked == [(question, [])]


def test_a_message_that_is_too_long_is_not_asked_and_says_so(
    start: Start, scripted: Scripted
) -> None:
    app = ask(start(), "x" * 200_001)
    assert message("ui_too_long", "ja", count="200,001", most="200,000") in shown(app)
    assert not scripted.asked
    app = ask(app, "x" * 200)
    assert len(scripted.asked) == 1


def test_a_blank_question_is_ignored(start: Start, scripted: Scripted) -> None:
    assert not asked(ask(start(), "   "))
    assert scripted.asked == []


def test_a_follow_up_uses_the_history(start: Start, scripted: Scripted) -> None:
    ask(ask(start(), "first?"), "and then?")
    assert scripted.asked[1] == (
        "and then?",
        [Turn("user", "first?"), Turn("assistant", "Answer 1.")],
    )


def test_a_real_follow_up_finds_the_subject_of_the_turn_before(start: Start) -> None:
    app = ask(ask(start(), "学習したモデルはどこに保存すればいい？"), "それは環境変数でも分かる？")
    assert "SM_MODEL_DIR" in app.markdown[1].value
    assert app.session_state.chat.exchanges[1].answer.trace.rewritten


def test_a_refusal_offers_questions_that_can_be_clicked(start: Start) -> None:
    app = ask(start(), WEATHER)
    assert "明日と天気 については、手元の資料に記述がありません。" in app.markdown[0].value
    assert not app.expander
    offered = next(b for b in app.button if (b.key or "").startswith("suggestion_"))
    app = offered.click().run()
    assert asked(app)[1] == offered.label
    assert app.expander[0].label.startswith("出典")


def test_a_refusal_speaks_the_language_of_the_question(start: Start) -> None:
    app = ask(start(language="ja"), "What is the weather in Tokyo?")
    assert "My sources say nothing about" in app.markdown[0].value
    assert message("suggest", "en") in shown(app)


class Asking(Scripted):
    """An assistant that first asks back."""

    def stream(
        self, question: str, history: Sequence[Turn] = (), *, language: Language | None = None
    ) -> Iterator[str | Answer]:
        for part in super().stream(question, history, language=language):
            back = isinstance(part, Answer) and len(self.asked) == 1
            choices = ("For training", "For inference")
            yield replace(part, clarify="Which?", choices=choices) if back else part


def test_a_question_back_is_answered_with_a_click(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Asking()
    monkeypatch.setattr("screens.shared.open_assistant", lambda *_: fake)
    app = ask(start(), "Which pattern?")
    offered = [b.label for b in app.button if (b.key or "").startswith("choice_")]
    assert offered == ["For training", "For inference"]
    app = button(app, "For inference")
    assert not app.exception
    assert fake.asked[1] == (
        "For inference",
        [Turn("user", "Which pattern?"), Turn("assistant", "Answer 1.")],
    )
    assert not [b for b in app.button if (b.key or "").startswith("choice_")]


def test_retry_asks_the_last_question_again(start: Start, scripted: Scripted) -> None:
    app = ask(ask(start(), "first?"), "second?")
    app = button(app, message("ui_retry", "ja"))
    assert [question for question, _ in scripted.asked] == ["first?", "second?", "second?"]
    assert scripted.asked[2][1] == scripted.asked[1][1]
    assert asked(app) == ["first?", "second?"]
    assert app.markdown[1].value == "Answer 3."


def test_a_new_chat_starts_empty_and_the_old_one_can_be_opened(
    start: Start, scripted: Scripted
) -> None:
    app = ask(start(), "first?")
    app = button(app, message("ui_new_chat", "ja"))
    assert not asked(app)
    app = ask(app, "other?")
    assert scripted.asked[-1] == ("other?", [])
    app = button(app, "first?")
    assert asked(app) == ["first?"]
    assert len(scripted.asked) == 2
    app = button(app, message("ui_new_chat", "ja"))
    app = button(app, "other?")
    assert asked(app) == ["other?"]
    assert [len(chat.exchanges) for chat in app.session_state.chats.values()] == [1, 1]


def test_the_language_switch_keeps_the_conversation(start: Start) -> None:
    app = ask(start(), "学習したモデルはどこに保存すればいい？")
    before = app.markdown[0].value
    app = app.segmented_control[0].set_value("en").run()
    assert asked(app) == ["学習したモデルはどこに保存すればいい？"]
    assert app.markdown[0].value == before.replace("&language=ja", "&language=en")
    assert app.expander[0].label == "Sources (2)"
    assert any(b.label == "Edit question" for b in app.button)


def test_without_an_index_one_sentence(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "nothing"))
    app = start()
    assert [w.value for w in app.warning] == [message("ui_no_index", "ja")]
    assert not app.exception
    app = ask(app, "first?")
    assert [e.value for e in app.error] == [message("ui_no_index", "ja")]
    assert not app.exception


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RuntimeError("secret detail"), "ui_failed"),
        (SettingsError("secret detail"), "ui_misconfigured"),
    ],
)
def test_an_assistant_that_raises_costs_one_sentence(
    start: Start, scripted: Scripted, error: Exception, sentence: str
) -> None:
    scripted.parts = ("half an ans", error)
    app = ask(start(), "first?")
    assert not app.exception
    assert [e.value for e in app.error] == [message(sentence, "ja")]
    assert "secret" not in shown(app)
    scripted.parts = ()
    app = button(app, message("ui_retry", "ja"))
    assert not app.error
    assert app.markdown[0].value == "Answer 2."


def test_an_assistant_that_cannot_be_opened_costs_one_sentence(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise EmbeddingError("secret detail")

    monkeypatch.setattr("screens.shared.open_assistant", broken)
    app = ask(start(), "first?")
    assert not app.exception
    assert [e.value for e in app.error] == [message("ui_misconfigured", "ja")]
    assert "secret" not in shown(app)


def test_a_setting_that_cannot_be_read_costs_one_sentence(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_CHAT_TIMEOUT", "soon")
    app = start()
    assert not app.exception
    assert message("ui_misconfigured", "ja") in shown(app)


def test_a_page_that_fails_costs_one_sentence(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("secret detail")

    monkeypatch.setattr("screens.shared.open_store", broken)
    app = start()
    assert not app.exception
    assert message("ui_failed", "ja") in shown(app)
    assert "secret" not in shown(app)


def test_an_answer_outlives_its_index(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ask(start(), "学習したモデルはどこに保存すればいい？")
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "nothing"))
    from screens import shared  # the app's own modules

    shared.store.clear()
    app = app.run()
    assert not app.exception
    assert "学習コードは、できたモデルを `/opt/ml/model` に置きます。</mark>" in proof(app)
