"""What a review is followed by: an own question's answer, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kb.assistant import Assistant
from kb.messages import message
from kb.reading.parts import find_parts
from kb.review.asking import asked_beside
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore
from tests.conftest import folder_source, ingest

ROOT = Path(__file__).parents[2]

FILE = """FROM python:3.11-slim
WORKDIR /app
COPY app.py ./
RUN pip install flask
EXPOSE 5000
CMD ["python", "app.py"]"""
PING = (
    "ClientError: The primary container for production variant A did not pass the ping health"
    " check. Please check CloudWatch logs for this endpoint."
)


SECTIONS = (
    "inf-port",
    "inf-serve",
    "review-expose",
    "err-exec-format",
    "err-ping-health-check",
    "build-push-script",
)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: BundledEmbedder) -> Assistant:
    """Over the sections that these messages are about, and no others."""
    root = tmp_path_factory.mktemp("beside")
    for file in (ROOT / "notes").glob("*/*.md"):
        title, *sections = re.split(r"^(?=## )", file.read_text(encoding="utf-8"), flags=re.M)
        footnotes = re.findall(r"^\[\^.+\]: .+$", sections[-1], re.M) if sections else []
        kept = [one for one in sections if any(f"id: {name}\n" in one for name in SECTIONS)]
        used = [note for note in footnotes if any(note.split(":")[0] in one for one in kept)]
        excerpt = "\n".join([title.split("\n")[0], "", *kept, "", *used, ""])
        if kept and kept[-1] is sections[-1]:
            excerpt = "\n".join([title.split("\n")[0], "", *kept])
        if kept:
            target = root / "knowledge" / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(excerpt, encoding="utf-8")
    ingest([folder_source(root / "knowledge")], root / "index", embedder)
    return Assistant(IndexStore(root / "index"), embedder)


@pytest.mark.parametrize(
    "question",
    [
        "What do I have to change?",
        "Can I deploy this on a SageMaker endpoint?",
        "Why does my endpoint fail?",
        "Will this work?",
        "推論エンドポイントにしたいです。どこを直せばいいですか？",
        "これで deploy するとエンドポイントが Failed になります。どこ直せばいい？",
        "推論用の Dockerfile 見てもらえますか",
    ],
)
def test_a_question_on_the_paste_is_answered_by_the_review(
    question: str, assistant: Assistant
) -> None:
    answer = assistant.ask(f"{question}\n\n```\n{FILE}\n```")
    assert 'CMD ["python"' in answer.answer
    assert message("decide_rest", answer.language) not in answer.answer


@pytest.mark.parametrize(
    "question",
    [
        "This is for an endpoint. How do I push it to ECR?",
    ],
)
def test_a_question_of_its_own_is_answered_below(question: str, assistant: Assistant) -> None:
    answer = assistant.ask(f"{question}\n\n```\n{FILE}\n```")
    assert 'CMD ["python"' in answer.answer
    assert message("decide_rest", answer.language) in answer.answer


def test_a_message_that_only_tells_asks_nothing() -> None:
    assert asked_beside(find_parts(f"It fails.\n\n{FILE}")) == {}
    (pointing,) = asked_beside(find_parts("Does it run?")).values()
    (free,) = asked_beside(find_parts("Which Region is cheapest?")).values()
    assert free < pointing


def test_the_answer_is_on_the_specific_error(assistant: Assistant) -> None:
    log = f"{PING}\nexec /usr/local/bin/serve: exec format error"
    answer = assistant.ask(f"I built it on my M2 Mac. What is wrong?\n\n```\n{log}\n```")
    cited = next(sentence for sentence in answer.sentences if sentence.citations)
    assert "--platform linux/amd64" in cited.text


def test_an_error_that_no_source_knows_is_declined(assistant: Assistant) -> None:
    answer = assistant.ask(
        "RuntimeError: quuxlib does not support: ReduceOp\n\n"
        "Which reduce ops does quuxlib implement on ml.g5.12xlarge?"
    )
    assert answer.declined
    assert answer.reason == "not_in_sources"
