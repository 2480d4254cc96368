"""Gaps: what counts as one, what is put together, and when it is closed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from evals.evaluate import read_golden
from ingest.notes import read_note
from kb.__main__ import main
from kb.assistant import Assistant
from kb.gaps.drafts import draft
from kb.gaps.gaps import Gap, GapFinder, trouble_of
from kb.records import Answer, Sentence, Turn
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore
from kb.store.feedback import FeedbackStore
from tests.conftest import folder_source, ingest, write_knowledge
from tests.unit.answers import answer, declined
from tests.unit.kb_fixtures import Notes

# Each topic as five people ask it; none is answered by our notes.
TOPICS = {
    "time zone": [
        "コンテナのタイムゾーンを日本時間にしたい",
        "ログの時刻が UTC になる。JST にするには",
        "コンテナ内の時刻を JST に変更できる？",
        "How do I set the time zone of my container to JST?",
        "Log timestamps are in UTC, can I change them to local time?",
    ],
    "proxy": [
        "社内プロキシ経由で pip install するには？",
        "プロキシの内側だと docker build で pip が失敗する",
        "ビルド時にプロキシを設定したい",
        "pip install fails behind our corporate proxy during docker build",
        "How do I set a proxy for the image build?",
    ],
    "shared memory": [
        "DataLoader で shared memory が足りないと言われる",
        "/dev/shm のサイズを大きくしたい",
        "bus error: insufficient shared memory の対処は",
        "DataLoader fails with insufficient shared memory (shm)",
        "How can I make /dev/shm larger?",
    ],
    "asynchronous": [
        "非同期推論の結果はどこに出る？",
        "async endpoint の出力先を知りたい",
        "Asynchronous Inference のレスポンスはどこに保存されますか",
        "Where does asynchronous inference put its result?",
        "output location of an async endpoint",
    ],
    "Graviton": [
        "Graviton のインスタンスで動かすイメージはどう作る？",
        "arm64 向けにビルドするには",
        "ARM のエンドポイントにデプロイしたい。イメージのビルド方法は",
        "How do I build an image for Graviton instances?",
        "building an arm64 image for an ARM endpoint",
    ],
}
TIME_ZONE = TOPICS["time zone"]


@pytest.fixture
def feedback(tmp_path: Path) -> Iterator[FeedbackStore]:
    store = FeedbackStore(f"sqlite:///{tmp_path}/feedback.db")
    yield store
    store.close()


def keep(feedback: FeedbackStore, kept: Answer, *history: Turn) -> None:
    assert feedback.record_answer(kept, history=history, person="p", surface="slack")


def keep_declined(feedback: FeedbackStore, *questions: str, **changes: object) -> None:
    for number, question in enumerate(questions):
        language = "en" if question.isascii() else "ja"
        changes |= {"language": language, "id": f"{question}-{number}"}
        keep(feedback, declined(question, **changes))


def find(feedback: FeedbackStore, notes: Notes) -> list[Gap]:
    finder = GapFinder(IndexStore(notes.index_dir), notes.assistant)
    return finder.find(feedback.entries())


@pytest.fixture
def version(notes: Notes) -> str:
    return notes.index.version


def test_what_counts_as_trouble(feedback: FeedbackStore) -> None:
    keep(feedback, answer(id="fine"))
    keep(feedback, answer(id="unproven", sentences=(Sentence("?", (), supported=False),)))
    keep(feedback, answer(id="down"))
    keep(feedback, answer(id="up"))
    keep(feedback, declined("?", id="declined"))
    keep(feedback, declined("?", id="weather", reason="out_of_scope"))
    keep(feedback, declined("?", id="ours after all", reason="out_of_scope"))
    feedback.record_vote("down", person="p", vote="up")
    feedback.record_vote("down", person="q", vote="down")
    feedback.record_vote("up", person="p", vote="up")
    feedback.record_vote("ours after all", person="p", vote="down")
    assert {entry.id: trouble_of(entry) for entry in feedback.entries()} == {
        "fine": None,
        "unproven": "unproven",
        "down": "down_voted",
        "up": None,
        "declined": "not_in_sources",
        "weather": "out_of_scope",
        "ours after all": "down_voted",
    }


def test_paraphrases_come_together_and_topics_stay_apart(
    feedback: FeedbackStore, notes: Notes, version: str
) -> None:
    for questions in TOPICS.values():
        keep_declined(feedback, *questions, index_version=version)
    topic_of = {question: topic for topic, asked in TOPICS.items() for question in asked}
    gaps = find(feedback, notes)
    assert sum(gap.times for gap in gaps) == 25
    for gap in gaps:
        assert len({topic_of[asked.question] for asked in gap.questions}) == 1, gap
    assert len(gaps) <= 12
    both = [gap for gap in gaps if {asked.language for asked in gap.questions} == {"ja", "en"}]
    assert len(both) >= 3


def test_the_largest_comes_first_with_its_nearest_sections(
    feedback: FeedbackStore, notes: Notes, version: str
) -> None:
    keep_declined(feedback, TOPICS["proxy"][0], index_version=version)
    for number in range(3):  # asked three times, in two spellings
        asked = "停止時に何秒待ってくれるの？" if number else "停止時に何秒待ってくれるの?"
        keep(feedback, declined(asked, id=f"stop-{number}", index_version=version))
    first, second = find(feedback, notes)
    assert (first.title, first.times, len(first.questions)) == (
        "停止時に何秒待ってくれるの？",
        3,
        1,
    )
    assert second.title == TOPICS["proxy"][0]
    assert len(first.nearest) == 3
    section = first.nearest[0]
    assert section.document in notes.index.documents
    assert "秒" in notes.index.documents[section.document].text[section.start : section.end]


def test_what_is_outside_our_scope_stands_behind(
    feedback: FeedbackStore, notes: Notes, version: str
) -> None:
    for number in range(4):
        keep(
            feedback,
            declined(
                "明日の天気は？", id=f"w{number}", reason="out_of_scope", index_version=version
            ),
        )
    keep(feedback, declined("", id="empty", reason="out_of_scope", index_version=version))
    keep_declined(feedback, TIME_ZONE[0], index_version=version)
    assert [(gap.state, gap.times) for gap in find(feedback, notes)] == [
        ("open", 1),
        ("outside", 4),
    ]


def test_a_question_that_leans_on_a_turn_stands_alone(
    feedback: FeedbackStore, notes: Notes, version: str
) -> None:
    history = (
        Turn("user", "学習ジョブを止めると SIGTERM のあと何秒ある？"),
        Turn("assistant", "…"),
    )
    keep(feedback, declined("推論では？", id="f", index_version=version), *history)
    [gap] = find(feedback, notes)
    assert "SIGTERM" in gap.title
    assert gap.questions[0].question == "推論では？"


def test_a_question_is_read_once_a_version_however_often_the_page_is_opened(
    feedback: FeedbackStore, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_declined(feedback, *TOPICS["proxy"])
    read: list[str] = []

    def query(self: Assistant, question: str, history: Sequence[Turn] = ()) -> str:
        read.append(question)
        return question

    monkeypatch.setattr(Assistant, "query", query)
    finder = GapFinder(IndexStore(notes.index_dir), notes.assistant)
    for _ in range(2):
        finder.find(feedback.troubled_entries())
    assert sorted(read) == sorted(TOPICS["proxy"])


def test_a_declined_question_closes_when_the_version_in_use_answers_it(
    feedback: FeedbackStore, notes: Notes
) -> None:
    known = "学習ジョブを止めたとき、後始末の時間は何秒ある？"
    assert not notes.ask(known).declined
    keep(feedback, declined(known, id="a", index_version="older"))
    keep_declined(feedback, TOPICS["proxy"][0], index_version="older")
    states = {gap.title: gap.state for gap in find(feedback, notes)}
    assert states == {known: "closed", TOPICS["proxy"][0]: "open"}


def test_a_group_stays_open_while_one_of_its_questions_does(
    feedback: FeedbackStore, notes: Notes, version: str
) -> None:
    known = "学習ジョブを止めたとき、後始末の時間は何秒ある？"
    variant = "学習ジョブを止めたとき、後始末の時間は何秒あるの？"
    keep(feedback, declined(known, id="a", index_version="older"))
    keep(feedback, declined(variant, id="b", index_version=version))
    [gap] = find(feedback, notes)
    assert (gap.state, len(gap.questions)) == ("open", 2)


def test_a_down_voted_answer_closes_only_with_other_proofs(
    feedback: FeedbackStore, notes: Notes
) -> None:
    given = notes.ask("学習ジョブを止めたとき、後始末の時間は何秒ある？")
    same = replace(given, id="same", index_version="older")
    moved = replace(
        given,
        id="other",
        question="学習ジョブを止めると、何秒で落とされる？",
        index_version="older",
        citations=(replace(given.citations[0], quote="置き換えられた文です。"),),
    )
    for kept in (same, moved):
        keep(feedback, kept)
        feedback.record_vote(kept.id, person="p", vote="down", comment="違います")
    finder = GapFinder(IndexStore(notes.index_dir), notes.assistant)
    alone = {entry.id: finder.find([entry])[0].state for entry in feedback.entries()}
    assert alone == {"same": "open", "other": "closed"}


def test_the_draft_can_be_finished_and_then_closes_the_gap(
    tmp_path: Path, feedback: FeedbackStore, embedder: BundledEmbedder
) -> None:
    """The whole way round, on a knowledge base of its own."""
    source = folder_source(write_knowledge(tmp_path / "knowledge"))
    ingest([source], tmp_path / "index", embedder)
    store = IndexStore(tmp_path / "index")
    assistant = Assistant(store, embedder)
    for question in TIME_ZONE[:3]:
        refused = assistant.ask(question, language="ja")
        assert refused.declined
        keep(feedback, replace(refused, reason="not_in_sources"))
    finder = GapFinder(store, assistant)
    gaps = finder.find(feedback.entries())
    assert {gap.state for gap in gaps} == {"open"}

    made = draft(gaps[0])
    written = made.notes["ja"].replace(
        "TODO: 質問への答えを 1 文で書き、根拠の ID を文末に付けてください。",
        "コンテナの時刻は、環境変数 `TZ` に `Asia/Tokyo` を渡すと日本時間になります。",
    )
    others = [question for gap in gaps[1:] for question in draft(gap).notes["ja"].split("\n")[5:-6]]
    written = written.replace("\n  #", "".join(f"\n{line}" for line in others) + "\n  #")
    note = tmp_path / "knowledge" / "ja" / "training.md"
    proof = f"[^G{gaps[0].id[4:]}]"
    footnote = f"{proof}: Manual. <https://docs.example/tz>\n"
    text = note.read_text(encoding="utf-8")
    head, feet = text.split("\n[^T1]:")
    note.write_text(f"{head}\n{written}\n[^T1]:{feet}{footnote}", encoding="utf-8")
    published, _ = ingest([source], tmp_path / "index", embedder)
    assert published.new

    assert "Asia/Tokyo" in assistant.ask(TIME_ZONE[0], language="ja").answer
    assert {gap.state for gap in finder.find(feedback.entries())} == {"closed"}


def test_a_draft_is_a_section_an_entry_and_golden_items(
    tmp_path: Path, feedback: FeedbackStore, notes: Notes, version: str
) -> None:
    hostile = 'コンテナのタイムゾーンを: "日本時間" に --> したい # [x]\n# 次の行'
    keep_declined(feedback, *TIME_ZONE, hostile, index_version=version)
    for gap in find(feedback, notes):
        made = draft(gap)
        asked = set()
        for note in made.notes.values():
            read = read_note(f"# Title\n\n{note}")
            assert [section.id for section in read.sections] == [gap.id]
            asked |= {question for question, _ in read.sections[0].questions}
            cited = {proof for s in read.sections[0].statements for proof in s.evidence}
            assert cited == {yaml.safe_load(made.evidence)[0]["id"]}
        known = {" ".join(a.text.split()).replace("-->", "→") for a in gap.questions}
        assert asked == known
        file = tmp_path / "golden.yaml"
        file.write_text(made.golden, encoding="utf-8")
        items = read_golden(file)
        assert {item.language for item in items} == {a.language for a in gap.questions}
        assert all(item.split == "tune" for item in items)


def test_the_command_lists_gaps_and_drafts(
    feedback: FeedbackStore,
    notes: Notes,
    version: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(notes.index_dir))
    monkeypatch.setenv("KB_DATABASE_URL", f"sqlite:///{tmp_path}/feedback.db")
    assert main(["gaps"]) == 0
    assert capsys.readouterr().out == "No question went without a good answer.\n"
    keep(feedback, declined(TIME_ZONE[0], id="a", index_version=version))
    feedback.record_vote("a", person="p", vote="down", comment="ノートに足してください")
    assert main(["gaps", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    [gap] = found["gaps"]
    assert found["index_version"] == version
    assert (gap["state"], gap["times"], gap["troubles"]) == ("open", 1, {"down_voted": 1})
    assert gap["questions"][0]["comments"] == ["ノートに足してください"]
    assert main(["gaps"]) == 0
    assert "1 × コンテナのタイムゾーン" in capsys.readouterr().out
    assert main(["gaps", "--note", gap["id"]]) == 0
    assert f"id: {gap['id']}" in capsys.readouterr().out
    assert main(["gaps", "--note", "gap-unknown"]) == 1
    assert "There is no gap" in capsys.readouterr().err
