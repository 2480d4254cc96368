"""The decision model: it hangs together, its claims stand in our notes, a fault is named."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest.notes import Statement, read_note
from kb.answer.statements import Reference
from kb.errors import PatternsError
from kb.messages import message
from kb.pattern import patterns
from kb.pattern.explain import PRECEDENCE
from kb.pattern.patterns import Model, Rule, load_model
from kb.proof.verify import is_supported
from kb.records import LANGUAGES, SIDES, Language, Side

NOTES = Path(__file__).parents[2] / "notes"
MODEL = load_model()


@cache
def statements(language: Language) -> dict[tuple[str, int], Statement]:
    """Every statement of our notes by section and place."""
    return {
        (section.id, place): statement
        for file in (NOTES / language).glob("*.md")
        for section in read_note(file.read_text(encoding="utf-8")).sections
        for place, statement in enumerate(section.statements, 1)
    }


def quote(reference: Reference, language: Language) -> str:
    return statements(language)[reference.section, reference.place].span.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reference_names_a_statement_with_its_evidence(language: Language) -> None:
    """A note that changed makes this fail, and no answer wrong: look at it, then at the model."""
    for reference in (*MODEL.references(), PRECEDENCE):
        found = statements(language).get((reference.section, reference.place))
        assert found is not None, f"{language}: {reference}"
        assert set(found.evidence) == set(reference.evidence), f"{language}: {reference}"


def deciding() -> Iterator[tuple[Rule, str]]:
    for rule in MODEL.rules:
        for side in SIDES:
            if rule.ask is None and rule.gives(side):
                yield rule, side


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("rule", "side"), list(deciding()), ids=lambda part: getattr(part, "id", part)
)
def test_every_verdict_is_proven_by_what_it_cites(
    rule: Rule, side: patterns.Side, language: Language
) -> None:
    pattern = rule.gives(side)
    assert pattern is not None
    outcome = MODEL.outcome[pattern]
    title = outcome.title.of(language)
    said = rule.says.of(language) if rule.says else message("decide_fits", language, title=title)
    proofs = [quote(r, language) for r in (rule.reason_on(side), *outcome.named)]
    assert is_supported(said, proofs), said


def test_a_signal_has_examples_in_both_languages() -> None:
    assert [s.id for s in MODEL.signals if not (s.examples.ja and s.examples.en)] == []


def test_every_signal_stands_in_a_form_and_matters_to_something() -> None:
    shown = [signal.id for _, signals in MODEL.in_groups() for signal in signals]
    assert sorted(shown) == sorted(signal.id for signal in MODEL.signals)
    used = {name for rule in MODEL.rules for name in (*rule.named, *rule.none)}
    told = {"sdk_v2", "sdk_v3", "serverless", "pipeline", "batch_only"}  # change no pattern
    assert {signal.id for signal in MODEL.signals} - used - told - set(SIDES) == set()


def test_every_text_exists_in_both_languages() -> None:
    texts = [part.label for part in (*MODEL.groups, *MODEL.signals)]
    texts += [outcome.title for outcome in MODEL.outcomes]
    texts += [rule.says for rule in MODEL.rules if rule.says]
    texts += [question.asks for question in MODEL.questions]
    assert [text for text in texts if not text.ja or not text.en or not text.en.isascii()] == []


# --- faults ---------------------------------------------------------------------------------------


def broken(tmp_path: Path, change: Any) -> str:
    """What is said of the model with a change made to it."""
    content = yaml.safe_load(
        (Path(patterns.__file__).with_name("patterns.yaml")).read_text("utf-8")
    )
    change(content)
    file = tmp_path / "patterns.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PatternsError) as caught:
        load_model(file)
    return str(caught.value)


def entry(content: dict[str, Any], kind: str, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = next(part for part in content[kind] if part["id"] == identity)
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: entry(c, "rules", "os-packages").update(all=["apt"]), "rule os-packages: no su"),
        (lambda c: entry(c, "rules", "os-packages").update(reason="D3"), "rules os-packages, reas"),
        (lambda c: entry(c, "rules", "os-packages").pop("reason"), "rule os-packages: decides wi"),
        (lambda c: entry(c, "rules", "os-packages").update(ask="side"), "rule os-packages: one of"),
        (lambda c: entry(c, "rules", "os-packages").update(wen=[]), "rules os-packages, wen"),
        (lambda c: c["offered"][0].update(name="("), "offered 0, name: '(' is no regular"),
        (lambda c: entry(c, "signals", "llm").update(group="x"), "signal llm: no such group: x"),
        (lambda c: entry(c, "signals", "llm").update(closer=["x"]), "closer: no such signal: x"),
        (lambda c: c["instead"].append(["llm", "x"]), "instead: no such signal: x"),
        (lambda c: c["versions"].update(unknown="x"), "versions: no such signal: x"),
        (lambda c: c["images"].pop(), "images: the last one takes every case"),
        (lambda c: entry(c, "signals", "llm")["label"].pop("ja"), "signals llm, label, ja"),
        (lambda c: c["signals"].append(c["signals"][0]), "signals: the same id twice: training"),
        (lambda c: c["outcomes"].pop(), "outcomes: missing: inference-3"),
        (lambda c: c["rules"].pop(), "the last rule takes every case"),
        (lambda c: entry(c, "questions", "side").update(raises=["training"]), "question side: two"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, change: Any, said: str) -> None:
    assert said in broken(tmp_path, change)


def test_a_file_that_is_missing_or_no_yaml_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PatternsError, match=r"nothing\.yaml does not exist"):
        load_model(tmp_path / "nothing.yaml")
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(PatternsError, match=r"bad\.yaml, line 2: this is not valid YAML"):
        load_model(tmp_path / "bad.yaml")


@pytest.mark.parametrize(
    ("signals", "side", "framework"),
    [
        ({"multi_model", "gpu", "llm"}, "inference", "sagemaker-tritonserver"),
        ({"multi_model", "llm"}, "inference", "vllm"),
        ({"llm", "gpu"}, "training", "pytorch"),
        ({"tensorflow_serving"}, "training", "tensorflow"),
        (set(), "inference", "pytorch"),
    ],
)
def test_a_case_starts_from_the_image_that_fits_it(
    signals: set[str], side: Side, framework: str
) -> None:
    assert MODEL.usual_framework(signals, side) == framework


def test_a_model_is_read_once() -> None:
    assert load_model() is MODEL
    assert isinstance(MODEL, Model)
