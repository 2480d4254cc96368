"""The review of pastes: the faulty line first, nothing on sound files, every claim proven."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from ingest.notes import Statement, read_note
from kb.errors import ChecksError
from kb.reading.parts import find_parts
from kb.records import LANGUAGES, Language, Side
from kb.review import Review, review
from kb.review.checks import PREDICATES, Finding, load_checks
from kb.review.wording import code, fenced
from kb.search.index import Index, IndexStore
from tests.unit.pastes import FAULTY, SOUND

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def notes_index(statements_dir: Path) -> Index:
    return IndexStore(statements_dir).current()


def reviewed(
    message: str, index: Index, language: Language = "en", sides: tuple[Side, ...] = ()
) -> Review:
    result = review(find_parts(message), message, language, index, sides)
    assert result is not None
    return result


def ids(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.check.id for finding in findings]


# --- the data -------------------------------------------------------------------------------------


@cache
def statements(language: Language) -> dict[tuple[str, int], Statement]:
    files = sorted((ROOT / "notes" / language).glob("*.md"))
    return {
        (section.id, place): statement
        for file in files
        for section in read_note(file.read_text(encoding="utf-8")).sections
        for place, statement in enumerate(section.statements, 1)
    }


def test_there_are_thirty_checks_each_with_its_own_name() -> None:
    names = [check.id for check in load_checks()]
    assert len(names) >= 30
    assert len(set(names)) == len(names)
    assert {check.predicate for check in load_checks()} == {*PREDICATES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_is_proven_by_a_statement(language: Language) -> None:
    """A note that changed makes this fail, and no answer wrong: look at it, then at the check."""
    for check in load_checks():
        for reference in check.references:
            statement = statements(language).get((reference.section, reference.place))
            assert statement is not None, f"{check.id}: {reference}"
            assert set(statement.evidence) == set(reference.evidence), f"{check.id}: {reference}"


def test_a_broken_check_is_named(tmp_path: Path) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text("- {id: x, looks_at: {kind: code}, when: {no_such: {}}}", encoding="utf-8")
    with pytest.raises(ChecksError, match=r"check x: no such predicate: no_such"):
        load_checks(file)


# --- findings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_faulty_line_is_named_first(name: str, language: Language, notes_index: Index) -> None:
    faulty = FAULTY[name]
    result = reviewed(faulty.message, notes_index, language)
    first = result.findings[0]
    assert (first.check.id, first.spot.quote) == (faulty.check, faulty.line)
    assert faulty.line.strip() in result.markdown
    cited = [sentence for sentence in result.sentences if sentence.supported]
    assert cited
    assert all(sentence.citations for sentence in cited)


@pytest.mark.parametrize("name", FAULTY)
def test_every_citation_is_an_exact_slice(name: str, notes_index: Index) -> None:
    for citation in reviewed(FAULTY[name].message, notes_index).citations:
        text = notes_index.documents[citation.document].text
        assert text[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_found_in_sound_files(name: str, notes_index: Index) -> None:
    side: tuple[Side, ...] = ()
    for sides in (side, ("training",), ("inference",)):
        told = sides and not name.startswith(sides[0][:5])
        other = told and name.startswith(("train", "infer"))
        result = review(find_parts(SOUND[name]), SOUND[name], "en", notes_index, sides)
        assert other or result is None or ids(result.findings) == []


def test_a_finding_that_depends_on_the_side_says_so(notes_index: Index) -> None:
    message = "FROM python:3.10\nCOPY a.py /a.py\nCMD python /a.py"
    unknown = reviewed(message, notes_index)
    assert [finding.if_side for finding in unknown.findings] == ["training", "inference"]
    assert "If it is for training: " in unknown.markdown
    known = reviewed(message, notes_index, sides=("inference",))
    assert ids(known.findings) == ["cmd-replaced-inference"]
    assert "If it is" not in known.markdown


def test_the_words_of_the_message_tell_the_side(notes_index: Index) -> None:
    file = "FROM python:3.10\nCOPY a.py /a.py\nCMD python /a.py"
    for words, check in (
        ("学習ジョブです。", "cmd-replaced-training"),
        ("My endpoint fails.", "cmd-replaced-inference"),
    ):
        assert ids(reviewed(f"{words}\n{file}", notes_index).findings) == [check]


def test_the_worst_comes_first(notes_index: Index) -> None:
    message = """training:
FROM python
ENV DB_PASSWORD=hunter22
COPY main.py /opt/program/
ENTRYPOINT python /opt/program/main.py"""
    findings = reviewed(message, notes_index).findings
    assert ids(findings) == ["entrypoint-shell-training", "secret", "latest"]


def test_two_files_in_one_message_are_told_apart(notes_index: Index) -> None:
    server = FAULTY["no-ping"].message
    message = f"{FAULTY['port'].message}\n\n{server}"
    result = reviewed(message, notes_index)
    assert {"port", "code-no-ping"} <= {*ids(result.findings)}
    assert "Dockerfile (5 lines)" in result.markdown
    assert "Code (10 lines)" in result.markdown


FILE = """FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt app.py ./
RUN pip install -r requirements.txt
EXPOSE 5000
ENTRYPOINT ["python", "app.py"]"""
APP = """from flask import Flask, request
app = Flask(__name__)

@app.route("/predict", methods=["POST"])
def predict():
    ...

if __name__ == "__main__":
    app.run(port=5000)"""
IN_CODE = ["code-no-ping", "code-no-invocations", "code-port", "code-no-host", "expose"]
IN_WORDS = ["told-no-ping", "told-no-invocations", "told-port", "told-host", "expose"]


@pytest.mark.parametrize(
    "words",
    [
        "My endpoint fails.",
        "Will this run?",
        "I trained the model on my laptop, then I wrote this.",
        "学習済みモデルを Flask で動かしています。どこを直せばいいですか？",
        "推論エンドポイントにしたいです。",
    ],
)
@pytest.mark.parametrize("sides", [(), ("training",), ("inference",)])
@pytest.mark.parametrize(
    "form",
    [
        "{words}\n```dockerfile\n{file}\n```\n```python\n{app}\n```",
        "{words}\n\n{file}\n\n{app}",
        "{words}\n```\n# Dockerfile\n{file}\n\n# app.py\n{app}\n```",
    ],
)
def test_a_server_beside_its_dockerfile_is_reviewed_whatever_was_trained(
    words: str, sides: tuple[Side, ...], form: str, notes_index: Index
) -> None:
    result = reviewed(form.format(words=words, file=FILE, app=APP), notes_index, "en", sides)
    assert ids(result.findings) == IN_CODE
    assert result.markdown.count('app.run(host="0.0.0.0", port=8080)') == 1


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("app.py has one route, POST /predict, on port 5000. What is missing?", "en"),
        ("It answers `POST /score` and listens on port 9000.", "en"),
        ("アプリのルートは /predict だけで、ポート 5000 で動きます。", "ja"),
        ("POST /predict を 5000 番ポートで受けています。何が足りませんか？", "ja"),
    ],
)
def test_what_is_said_of_the_app_counts(words: str, language: Language, notes_index: Index) -> None:
    result = reviewed(f"{words}\n\n{FILE}", notes_index, language)
    assert ids(result.findings) == IN_WORDS
    text = result.markdown
    for part in ("GET /ping", "POST /invocations", "8080", "0.0.0.0"):
        assert part in text
    assert "EXPOSE 8080" not in text


@pytest.mark.parametrize(
    "words",
    [
        "My endpoint fails. The routes are /ping and /invocations, on 0.0.0.0:8080.",
        "My endpoint fails. Should it be POST /predict? Must it listen on port 8081?",
        "My endpoint fails. The model is in /opt/ml/model and the code in /app.",
    ],
)
def test_what_is_sound_or_only_asked_for_is_no_finding(words: str, notes_index: Index) -> None:
    file = FILE.replace("EXPOSE 5000\n", "")
    assert ids(reviewed(f"{words}\n\n{file}", notes_index).findings) == []


def test_expose_alone_is_told_to_change_nothing(notes_index: Index) -> None:
    result = reviewed(f"My endpoint fails.\n{FILE}", notes_index)
    assert ids(result.findings) == ["expose"]
    assert "Changing this line alone helps nothing" in result.markdown
    assert "EXPOSE 8080" not in result.markdown


def test_where_nothing_is_found_a_few_checks_are_named(notes_index: Index) -> None:
    message = SOUND["training-3"]
    result = reviewed(message, notes_index, "ja", ("training",))
    assert "問題は見つかりませんでした" in result.markdown
    assert "train のあるフォルダーが PATH にあるか" in result.markdown
    assert "39 項目を確認" in result.markdown
    assert len(result.markdown) < 250
    assert result.says_all
    assert result.citations == ()


def test_lines_that_are_no_instruction_are_named(notes_index: Index) -> None:
    message = "```dockerfile\nFROM python:3.10\nRUNN pip install x\nEXPOSE\nUSER root\n```"
    answer = reviewed(message, notes_index).markdown
    assert "Line 2 `RUNN pip install x` is no instruction" in answer
    assert "Line 3 `EXPOSE` has nothing behind" in answer


def test_five_thousand_lines_are_read(notes_index: Index) -> None:
    body = "\n".join(f"ENV A{number}=${{A{number - 1}}}" for number in range(5_000))
    message = f"training\nFROM python:3.10\n{body}\nENTRYPOINT python /a.py"
    result = reviewed(message, notes_index)
    assert ids(result.findings) == ["entrypoint-shell-training"]
    assert result.findings[0].spot.line == 5_002


def test_what_is_no_file_is_not_reviewed(notes_index: Index) -> None:
    for message in ("学習ジョブはどう作りますか？", "", "```json\n{}\n```", "`pip install x`"):
        assert review(find_parts(message), message, "ja", notes_index) is None


def test_a_claim_whose_statement_is_gone_is_left_out(index: Index) -> None:
    """The small index of the tests holds none of the statements."""
    message = FAULTY["port"].message
    result = reviewed(message, index, "ja")
    assert result.citations == ()
    assert "見つかりませんでした" in result.markdown


# --- the whole file -------------------------------------------------------------------------------


def mended(result: Review) -> str:
    blocks = [s.text for s in result.sentences if s.text.startswith("```") and not s.citations]
    block = blocks[-1]
    return block.split("\n", 1)[1].rsplit("\n", 1)[0]


NOT_MENDED = frozenset(
    "nothing-starts no-ping no-server training-image toolkit-python get-login conda-python"
    " host-name arm-laptop old-account".split()
)
"""What is right there depends on what was not pasted."""


@pytest.mark.parametrize("name", [name for name in FAULTY if name not in NOT_MENDED])
def test_the_whole_file_comes_back_mended_where_asked(name: str, notes_index: Index) -> None:
    first, _, rest = FAULTY[name].message.partition("\n")
    message = f"{first} 全部直したファイルをください。\n{rest}"
    file = mended(reviewed(message, notes_index))
    again = review(find_parts(f"```\n{file}\n```"), f"{first}\n```\n{file}\n```", "en", notes_index)
    assert again is None or FAULTY[name].check not in ids(again.findings)


def test_the_file_is_not_repeated_unasked(notes_index: Index) -> None:
    assert "The whole file" not in reviewed(FAULTY["port"].message, notes_index).markdown


def test_what_cannot_be_mended_is_said(notes_index: Index) -> None:
    message = f"please give me the whole file. {FAULTY['toolkit-python'].message}"
    assert "left as it was: line 1" in reviewed(message, notes_index).markdown


# --- tracebacks and logs --------------------------------------------------------------------------

TRACEBACK = """学習が止まります。

Traceback (most recent call last):
  File "/opt/ml/code/train.py", line 31, in <module>
    main(load())
  File "/usr/local/lib/python3.10/site-packages/torch/serialization.py", line 998, in load
    raise EOFError
RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"""


def test_a_traceback_gives_its_error_the_own_frame_and_a_query(notes_index: Index) -> None:
    result = reviewed(TRACEBACK, notes_index, "ja")
    assert "6 行目" in result.markdown
    assert "`RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB`" in result.markdown
    assert '`File "/opt/ml/code/train.py", line 31, in <module>`' in result.markdown
    assert "`main(load())`" in result.markdown
    assert result.query == "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"


def test_a_log_gives_the_first_error_that_follows_from_no_other(notes_index: Index) -> None:
    lines = [f"2026-01-10 05:20:{n % 60:02} INFO step {n} loss=0.1" for n in range(4_000)]
    lines[3_000] = "2026-01-10 05:21:00 ERROR disk quota of /opt/ml/checkpoints exceeded"
    lines[3_001] = "2026-01-10 05:21:01 ERROR worker 3 died (exit code 1)"
    result = reviewed("What happened?\n" + "\n".join(lines), notes_index)
    assert "line 3001 names the cause" in result.markdown
    assert result.query == "ERROR disk quota of /opt/ml/checkpoints exceeded"
    assert "Line 3002 holds another error" in result.markdown


PING = (
    "ClientError: The primary container for production variant A did not pass the ping health"
    " check. Please check CloudWatch logs for this endpoint."
)
EXEC = "exec /usr/local/bin/serve: exec format error"
OOM = "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.mark.parametrize(
    ("wrapper", "cause"),
    [
        (PING, EXEC),
        (f"FailureReason: {PING}", EXEC),
        (PING, "/bin/sh: 1: gunicorn: not found"),
        (PING, "ERROR the tokenizer of this shop could not be read"),
        ("ERROR the job timed out after 600 seconds", OOM),
        ("FailureReason: AlgorithmError: see job logs for more information", OOM),
        ("ERROR the disk of somebody failed in an unknown way", OOM),
        ("ModelError: Received server error (500) from model. See the logs for details", OOM),
    ],
)
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("fence", ["", "```\n"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_specific_error_is_the_cause_wherever_the_general_one_stands(
    wrapper: str, cause: str, first: bool, fence: str, language: Language, notes_index: Index
) -> None:
    lines = [wrapper, cause] if first else [cause, wrapper]
    message = "I built it on my M2 Mac.\n\n" + fence + "\n".join(lines) + "\n" + fence
    result = reviewed(message, notes_index, language)
    assert result.query == cause
    assert cause in result.sentences[0].text
    assert "\n" not in result.query
    assert wrapper[:60] in result.sentences[1].text


def test_an_error_in_the_words_is_the_cause_of_a_general_one(notes_index: Index) -> None:
    words = "CloudWatch only shows exec format error."
    result = reviewed(f"{words}\n\n{PING}", notes_index)
    assert result.query == words
    assert "in your own words" in result.sentences[0].text
    assert PING[:60] in result.sentences[1].text


def test_a_general_error_alone_is_still_the_one_to_search_for(notes_index: Index) -> None:
    assert reviewed(f"Why?\n{PING}", notes_index).query == PING


@pytest.mark.parametrize(("language", "opening"), [("ja", "エラーは `"), ("en", "The error is `")])
def test_one_line_is_no_log_and_has_no_number(
    language: Language, opening: str, notes_index: Index
) -> None:
    message = f"Why?\n```\n{OOM}\n```"
    (sentence,) = reviewed(message, notes_index, language).sentences
    assert sentence.text.startswith(f"{opening}{OOM}`")
    nothing = reviewed("Why?\n```\n2026-01-10 05:20:00 INFO ok\n```", notes_index, language)
    assert "1" not in nothing.markdown


def test_a_log_without_an_error_is_said(notes_index: Index) -> None:
    log = "\n".join(f"2026-01-10 05:20:00 INFO step {n} loss=0.1" for n in range(5))
    result = reviewed(log, notes_index)
    assert result.query == ""
    assert "holds no line that names an error" in result.markdown


def test_an_error_in_the_words_is_the_query_where_nothing_is_found(notes_index: Index) -> None:
    message = f"exec format error: cannot execute と出ます。\n{SOUND['training-3']}"
    assert "exec format error" in reviewed(message, notes_index, "ja").query


def test_quotes_survive_marks_of_markdown() -> None:
    assert code("RUN echo `date`") == "`` RUN echo `date` ``"
    assert code("x" * 500).endswith("…`")
    assert fenced("```", "") == "````\n```\n````"


def test_an_exception_above_its_message_is_searched_for_with_it(notes_index: Index) -> None:
    message = "create_model says:\n\nThrottledException\nThe zebra of your image does not run."
    query = reviewed(message, notes_index).query
    assert query == "ThrottledException The zebra of your image does not run."


def test_one_error_is_told_once(notes_index: Index) -> None:
    message = (
        "ClientError: 413 になります。\n\n[logs] a=1, b=2, c=3\n[logs] x/y.tiff: ClientError: 413"
    )
    text = reviewed(message, notes_index, "ja").markdown
    assert text.count("ClientError: 413") == 1


SERVER_IMAGE = """FROM 763104351884.dkr.ecr.us-west-2.amazonaws.com/pytorch-inference:2.6.0-cpu
CMD ["uvicorn", "app:app", "--host", "127.0.0.1", "--port", "8000"]"""


def test_a_plain_server_is_none_for_the_training_that_was_talked_of(notes_index: Index) -> None:
    found = ids(reviewed(f"look\n\n{SERVER_IMAGE}", notes_index, sides=("training",)).findings)
    assert found == ids(reviewed(f"look\n\n{SERVER_IMAGE}", notes_index).findings)
    bare = SERVER_IMAGE.split("\n")[0]
    told = ids(reviewed(f"look\n\n{bare}", notes_index, sides=("training",)).findings)
    assert told != ids(reviewed(f"look\n\n{bare}", notes_index).findings)
