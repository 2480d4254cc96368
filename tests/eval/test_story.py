"""Decisions in a conversation, over all our notes: both sides, changes of mind, why, complaints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from kb.assistant import Assistant
from kb.messages import message
from kb.pattern.around import drop
from kb.pattern.patterns import load_model
from kb.reading.parts import find_parts
from kb.reading.reading import CaseReading
from kb.records import LANGUAGES, Answer, Condition, Language, Side
from kb.search.embedding import BundledEmbedder
from kb.search.index import Index, IndexStore
from tests.scripted import FORMS, ScriptedReader
from tests.unit.kb_fixtures import turns
from tests.unit.test_story import PASTED, check

DECIDED = {
    "ja": "学習で apt の MeCab が要る。どのパターン？",
    "en": "Our hardened company base image is mandatory, inference only. Which pattern?",
}
OPEN = {
    "ja": "社内のベースイメージが必須。どのパターン？",
    "en": "We must use our company base. Which pattern?",
}


def label(signal: str, language: Language) -> str:
    return load_model().signal[signal].label.of(language)


def case(
    *signals: str,
    sides: Sequence[Side] = (),
    dropped: Sequence[str] = (),
    changed: bool = False,
    **fields: Any,
) -> Mapping[str, Any]:
    """The fields of a reading that tells a case."""
    conditions = [Condition(s, "") for s in signals]
    conditions += [Condition(s, "", "dropped") for s in dropped]
    read = CaseReading(tuple(conditions), tuple(sides), 1.0, fields.pop("sure", 1.0), changed)
    return {"act": "case", "case": read, **fields}


class Talk:
    def __init__(self, store: IndexStore, embedder: BundledEmbedder) -> None:
        self._store = store
        self._embedder = embedder

    @property
    def index(self) -> Index:
        return self._store.current()

    def ask(self, script: Mapping[str, Mapping[str, Any]], *messages: str) -> Answer:
        """The answer to the last message; each searches for its own words, if at all."""
        read = {
            text: {"queries": (text,), **fields} if "case" in fields else fields
            for text, fields in {**FORMS, **script}.items()
        }
        reader = ScriptedReader(self._embedder, read)
        assistant = Assistant(self._store, self._embedder, reader=reader)
        answer = assistant.ask(messages[-1], turns(*messages[:-1]))
        check(answer, self.index)
        return answer


@pytest.fixture(scope="module")
def talk(notes_store: IndexStore, embedder: BundledEmbedder) -> Talk:
    return Talk(notes_store, embedder)


# --- decisions ------------------------------------------------------------------------------------


def test_both_sides_get_a_decision_each_with_its_reason(talk: Talk) -> None:
    text = "会社のベースイメージが必須。学習も推論も。どのパターン？"
    both = talk.ask({text: case("own_base", sides=("training", "inference"))}, text)
    assert both.patterns == ("training-2", "inference-2")
    assert both.pattern == "training-2"
    assert both.answer.count("**なぜ**") == 2
    assert both.answer.startswith(f"**{label('training', 'ja')}**：")
    assert f"**{label('inference', 'ja')}**：" in both.answer
    assert len(both.answer) < 2_500


def test_conditions_told_for_one_side_decide_that_side_alone(talk: Talk) -> None:
    text = "Training needs apt, serving is a Rust server. Which patterns?"
    read = CaseReading(
        (
            Condition("os_packages", "apt", side="training"),
            Condition("other_language", "Rust", side="inference"),
        ),
        ("training", "inference"),
        1.0,
        1.0,
    )
    answer = talk.ask({text: {"act": "case", "case": read}}, text)
    assert answer.patterns == ("training-1", "inference-3")
    assert "“Rust”" in answer.answer


def test_where_both_sides_need_no_image_it_is_said_once(talk: Talk) -> None:
    text = "pip だけ足りない。学習も推論も。"
    answer = talk.ask({text: case("pip_packages", sides=("training", "inference"))}, text)
    assert answer.patterns == ("none",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_decision_that_is_wanted_but_not_sure_is_one_question_back(
    talk: Talk, language: Language
) -> None:
    text = {"ja": "なんとなく特殊。どのパターン？", "en": "It is a bit special. Which pattern?"}[
        language
    ]
    answer = talk.ask({text: case("own_base", sides=("training",), sure=0.1)}, text)
    assert answer.patterns == ()
    assert answer.clarify
    assert 2 <= len(answer.choices) <= 4


def test_a_case_that_wants_no_decision_is_answered_as_a_question(talk: Talk) -> None:
    text = "apt で MeCab を入れるには Dockerfile に何を書く？"
    read = CaseReading((Condition("os_packages", "apt で MeCab"),), ("training",), 0.1, 1.0)
    answer = talk.ask({text: {"act": "question", "queries": (text,), "case": read}}, text)
    assert answer.patterns == ()
    assert answer.clarify is None
    assert answer.citations


@pytest.mark.parametrize("language", LANGUAGES)
def test_conditions_that_exclude_each_other_are_said(talk: Talk, language: Language) -> None:
    text = {"ja": "AWS にその版がある。AWS にその版がない。", "en": "AWS has it. AWS does not."}[
        language
    ]
    read = case("version_offered", "version_missing", sides=("training",))
    answer = talk.ask({text: read}, text)
    assert answer.clarify
    assert label("version_offered", language) in answer.clarify
    assert label("version_missing", language) in answer.clarify
    assert len(answer.choices) == 2
    assert answer.patterns == ()


def test_what_else_was_asked_is_answered_below_and_the_decision_leaves_room(talk: Talk) -> None:
    text = "学習で apt の MeCab が要る。どのパターン？あと SIGTERM から何秒ある？"
    queries = ("学習で apt の MeCab が要る", "学習ジョブを停止したとき SIGTERM から何秒ある？")
    read = {**case("os_packages", sides=("training",)), "queries": queries}
    answer = talk.ask({text: read}, text)
    assert answer.pattern == "training-1"
    assert "120" in answer.answer
    assert "**次の手順**" not in answer.answer


# --- changes of mind ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_to_a_revision_opens_with_what_changed(talk: Talk, language: Language) -> None:
    first = {"ja": "会社のベース必須。学習です。", "en": "Company base, training."}[language]
    then = {"ja": "ベースは自由でした。ffmpeg だけ。", "en": "No base rule. Just ffmpeg."}[language]
    script = {
        first: case("own_base", sides=("training",)),
        then: case(
            "os_packages", sides=("training",), dropped=("own_base",), changed=True, act="revision"
        ),
    }
    answer = talk.ask(script, first, then)
    assert answer.pattern == "training-1"
    opening = answer.sentences[0]
    assert opening.citations == ()
    assert label("own_base", language) in opening.text
    assert label("os_packages", language) in opening.text
    assert [c.state for c in answer.understood] == ["holds", "dropped"]


def test_a_narrowed_side_is_said(talk: Talk) -> None:
    first, then = "GDAL を apt で。学習と推論の両方。", "やっぱり推論だけで"
    script = {
        first: case("os_packages", sides=("training", "inference")),
        then: case("os_packages", sides=("inference",), changed=True, act="revision"),
    }
    answer = talk.ask(script, first, then)
    assert answer.patterns == ("inference-1",)
    assert answer.answer.startswith("推論だけで考えます。すると、\n**推論パターン1")


def test_what_was_never_said_is_dropped_as_misread(talk: Talk) -> None:
    first, then = "custom objective, training only", "I never said anything about a company base"
    script = {
        first: case("own_base", "aws_image_fits", sides=("training",)),
        then: case(
            "aws_image_fits",
            sides=("training",),
            dropped=("own_base",),
            changed=True,
            act="complaint",
        ),
    }
    answer = talk.ask(script, first, then)
    assert answer.act == "complaint"
    assert answer.patterns == ("none",)
    assert answer.answer.startswith("I had misread “a company or hardened base is mandatory”")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_condition_that_is_clicked_away_is_gone(talk: Talk, language: Language) -> None:
    text = {"ja": "会社のベース必須で apt も。学習。", "en": "Company base, apt, training."}[
        language
    ]
    script = {text: case("own_base", "os_packages", sides=("training",))}
    click = drop("own_base", language)
    answer = talk.ask(script, text, click)
    assert talk.ask(script, text).pattern == "training-2"
    assert answer.pattern == "training-1"
    assert answer.act == "revision"
    assert label("own_base", language) in answer.sentences[0].text
    after = talk.ask(script, text, click, "なんで？" if language == "ja" else "why?")
    assert label("os_packages", language) in after.answer
    both = talk.ask(script, text, click, drop("os_packages", language))
    assert both.patterns == ()
    assert both.clarify


# --- on a decision --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_tells_the_rule_and_its_proof(talk: Talk, language: Language) -> None:
    why = talk.ask({}, DECIDED[language], "なんで？" if language == "ja" else "why?")
    standing = talk.ask({}, DECIDED[language])
    assert standing.decision is not None
    rule = next(r for r in load_model().rules if r.id == standing.decision.rule)
    assert f"{label(rule.named[0], language)}" in why.answer
    assert why.citations[0].quote == standing.citations[0].quote
    assert why.patterns == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_alternatives_are_the_ways_beside_and_what_leads_there(
    talk: Talk, language: Language
) -> None:
    standing = talk.ask({}, DECIDED[language])
    answer = talk.ask({}, DECIDED[language], "他の方法は？" if language == "ja" else "other ways?")
    titles = {o.id: o.title.of(language) for o in load_model().outcomes}
    side = standing.patterns[0].partition("-")[0]
    for pattern, title in titles.items():
        beside = (pattern == "none" or pattern.startswith(side)) and pattern != standing.pattern
        assert (title in answer.answer) == beside, pattern
    assert message("decide_changes", language).strip("：: ") in answer.answer


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_complaint_about_a_decision_offers_to_drop_a_condition(
    talk: Talk, language: Language
) -> None:
    text = "それ違くない？" if language == "ja" else "that's wrong"
    answer = talk.ask({}, DECIDED[language], text)
    assert answer.patterns == ()
    assert answer.clarify
    assert answer.understood
    after = talk.ask({}, DECIDED[language], text, answer.choices[0])
    assert after.act == "revision"
    assert after.patterns == ()
    assert after.clarify


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_decision_in_the_other_language_is_the_same_decision(
    talk: Talk, language: Language
) -> None:
    other: Language = "en" if language == "ja" else "ja"
    text = "英語で" if language == "ja" else "日本語で"
    answer = talk.ask({}, DECIDED[language], text)
    standing = talk.ask({}, DECIDED[language])
    assert standing.pattern is not None
    assert answer.language == other
    assert load_model().outcome[standing.pattern].title.of(other) in answer.sentences[0].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_forms_of_a_question_back_keep_the_question(talk: Talk, language: Language) -> None:
    text = "短く" if language == "ja" else "shorter pls, just the command"
    script = {OPEN[language]: case("own_base")}
    standing, answer = talk.ask(script, OPEN[language]), talk.ask(script, OPEN[language], text)
    assert standing.clarify
    assert answer.clarify == standing.clarify
    assert answer.choices == standing.choices


def test_the_table_of_a_decision_names_its_points(talk: Talk) -> None:
    rows = talk.ask({}, DECIDED["ja"], "表にして").sentences[1].text.splitlines()
    assert rows[2].startswith(f"| {message('decide_verdict', 'ja')} |")
    assert not any(row.startswith("|  |") for row in rows)


# --- pastes ---------------------------------------------------------------------------------------

DOCKERFILE = """\
FROM python:3.11-slim
COPY . /srv
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8080"]"""
LOG = "\n".join(
    f"2026-06-11 05:20:{second:02} INFO step {second} loss=2.31 lr=0.0003" for second in range(40)
).replace("INFO step 25", "ERROR OSError: [Errno 28] No space left on device: '/opt/ml/x' step 25")


@pytest.mark.parametrize(
    "asked",
    [
        "これで推論エンドポイントが Failed になります。どこ直せばいい？",
        "My endpoint fails. What is wrong?",
    ],
)
def test_a_pasted_file_is_answered_by_its_own_line_first(talk: Talk, asked: str) -> None:
    text = f"{asked}\n\n```dockerfile\n{DOCKERFILE}\n```"
    answer = talk.ask({}, text)
    assert answer.answer.index('CMD ["uvicorn"') < answer.answer.index("[1]")
    assert answer.sentences[0].supported is None
    assert not answer.declined


def test_a_log_is_answered_by_what_the_sources_say_of_its_telling_line(talk: Talk) -> None:
    answer = talk.ask({}, f"何が起きてる？\n```\n{LOG}\n```")
    assert "No space left on device" in answer.sentences[0].text
    assert "30 GB" in answer.answer


def test_forms_act_on_a_review_too(talk: Talk) -> None:
    text = f"推論で使います。どこが悪い？\n```dockerfile\n{DOCKERFILE}\n```"
    for form in ("短く", "英語で", "表にして", "Slackに貼れるように"):
        answer = talk.ask({}, text, form)
        assert answer.act == "form"
        assert answer.citations
        assert ('CMD ["uvicorn"' in answer.answer) or form == "表にして"


def test_a_decision_beside_a_paste_follows_the_review(talk: Talk) -> None:
    text = (
        f"学習です。どのパターン？\n```dockerfile\n{DOCKERFILE.replace('uvicorn', 'python')}\n```"
    )
    parts = find_parts(text)
    read = {**case("os_packages", sides=("training",), act="paste"), "parts": parts}
    answer = talk.ask({text: {**read, "queries": ("学習です。どのパターン？",)}}, text)
    assert answer.patterns == ("training-1",)
    assert answer.answer.index("CMD [") < answer.answer.index("学習パターン1")


def test_why_two_decisions_gives_each_its_reason(talk: Talk) -> None:
    text = "会社のベースイメージが必須。学習も推論も。どのパターン？"
    script = {text: case("own_base", sides=("training", "inference"))}
    why = talk.ask(script, text, "なんで？")
    assert why.answer.count("**なぜ**") == 2
    ways = talk.ask(script, text, "他の方法は？")
    for title in ("学習パターン1", "学習パターン3", "推論パターン1", "推論パターン3"):
        assert title in ways.answer


@pytest.fixture(scope="module")
def assistant(notes_store: IndexStore, embedder: BundledEmbedder) -> Assistant:
    """An assistant that reads for real."""
    return Assistant(notes_store, embedder)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_review_as_a_table_has_the_line_what_it_does_and_what_instead(
    assistant: Assistant, language: str
) -> None:
    wish = "表にして" if language == "ja" else "as a table please"
    answer = assistant.ask(wish, turns(PASTED[language]))
    table = next(s.text for s in answer.sentences if s.text.startswith("|")).splitlines()
    assert table[0].count("|") == 4
    assert all("ENTRYPOINT" in row or "RUN" in row for row in table[2:])


@pytest.mark.parametrize(
    ("case", "wish"),
    [
        ("We run a model on SageMaker. Which pattern fits?", "just give me the commands"),
        ("独自のモデルを学習させます。どのパターンが合いますか？", "手順だけ"),
    ],
)
def test_a_form_of_a_question_back_says_why_it_asks(
    assistant: Assistant, case: str, wish: str
) -> None:
    back = assistant.ask(case)
    answer = assistant.ask(wish, turns(case))
    assert back.clarify
    assert answer.clarify
    assert answer.answer != back.answer
    assert message("form_needs_fact", answer.language) in answer.answer


@pytest.mark.parametrize(
    ("question", "pattern", "says"),
    [
        ("scikit-learn 1.6 for training, which pattern?", "training-2", ("1.6", "1.4", "1.9")),
        ("PyTorch 2.14 で学習したい。どのパターン？", "none", ("2.14", "推論用")),
        (
            "TensorFlow 2.20 で学習。どのパターン？",
            "training-2",
            ("2.20.0", "学習用に 2.20 は"),
        ),
        ("we train with PyTorch 0.3, which pattern?", "training-2", ("older", "0.4")),
    ],
)
def test_whether_aws_offers_a_version_is_looked_up(
    assistant: Assistant, question: str, pattern: str, says: Sequence[str]
) -> None:
    answer = assistant.ask(question)
    (looked_up,) = [s for s in answer.sentences if s.looked_up]
    assert answer.pattern == pattern
    assert "sagemaker-core" in looked_up.looked_up
    assert looked_up.looked_up in looked_up.text
    assert all(words in looked_up.text for words in says)
    assert looked_up.citations


def test_a_question_back_on_a_version_says_what_the_tables_list(assistant: Assistant) -> None:
    answer = assistant.ask("scikit-learn 1.6, do we need a custom container?")
    assert answer.clarify
    assert any(s.looked_up and "1.6" in s.text for s in answer.sentences)
