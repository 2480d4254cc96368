"""Report: what an evaluation gave, as text for a terminal and as one HTML file.

Takes outcomes, gives text. The page needs nothing from elsewhere: styles and charts (SVG) are
inline. Knows nothing about asking or judging.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from evals.evaluate import (
    KINDS,
    SPLITS,
    Item,
    Outcome,
    slices,
    sources_of,
    summarize,
)
from kb.records import LANGUAGES
from kb.search import rank
from kb.search.index import Index

FIGURES = Path(__file__).with_name("fit") / "fit.json"
"""The figures of the last fit: `evals.fit.rank` writes them, the report shows them."""
_DIFFERENCE = "ja − en"
_NONE = "–"
_BINS = 20
_TOP = 3
Row = tuple[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a report says beside the outcomes."""

    version: str
    embedding: str
    sources: Sequence[str]
    headings: Mapping[str, str]
    """Heading by group."""
    weights: Mapping[str, Mapping[str, float]]
    """Weights in use by model: `rank`, `answerable`, `inside`, and the `limits` of the last two."""
    fit: Sequence[Mapping[str, Any]] = ()
    """One row a fitted model: model, questions, fitted, crossed, measure."""
    peer: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Metrics by slice of the pipeline that we compare with."""


def gather(index: Index, *, fit: Path, peer: Path) -> Facts:
    """What to say beside the outcomes; `fit` and `peer` are JSON files that may be missing."""
    folder = Path(rank.__file__).parent
    return Facts(
        version=index.version,
        embedding=str(index.manifest["embedding"]),
        sources=sources_of(index),
        headings={
            group: " > ".join(chunks[0].heading[-1:]) or chunks[0].document
            for group, chunks in index.groups.items()
        },
        weights={
            "rank": _json(folder / "rank_weights.json", {}),
            **_json(folder / "scope_weights.json", {}),
        },
        fit=_json(fit, []),
        peer=_json(peer, {}),
    )


def _json(file: Path, default: Any) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else default


def table(outcomes: Sequence[Outcome], names: Iterable[str]) -> list[Row]:
    """Each named slice whole, by language, and Japanese minus English."""
    parts = slices(outcomes)
    rows: list[Row] = []
    for name in names:
        if name not in parts:
            continue
        rows.append((name, summarize(parts[name])))
        by_language = [f"{name} {language}" for language in LANGUAGES]
        if all(part in parts for part in by_language):
            one, other = (summarize(parts[part]) for part in by_language)
            rows += [(by_language[0], one), (by_language[1], other)]
            rows.append((_DIFFERENCE, {metric: one[metric] - other[metric] for metric in one}))
    return rows


def as_text(outcomes: Sequence[Outcome], worse: Sequence[str], better: Sequence[str]) -> str:
    """The tables by split and by kind, then what flipped."""
    tables = [table(outcomes, ("all", *SPLITS)), table(outcomes, KINDS)]
    parts = ["\n".join(aligned(rows)) for rows in tables if rows]
    parts += [
        f"{sign} {title}: {', '.join(ids)}" for sign, title, ids in _flips(worse, better) if ids
    ]
    return "\n\n".join(parts)


def _flips(worse: Sequence[str], better: Sequence[str]) -> list[tuple[str, str, Sequence[str]]]:
    return [
        ("-", "worse than the baseline", worse),
        ("+", "better than the baseline", better),
    ]


def aligned(rows: Sequence[Row]) -> list[str]:
    """Columns under each other; the header is broken into two lines where a name has two words."""
    metrics = list(rows[0][1])
    heads = [metric.split(" ") if " " in metric else ["", metric] for metric in metrics]
    widths = [max(6, *map(len, head)) for head in heads]
    label = max(len(name) for name, _ in rows)
    lines = [
        " " * label + "  " + "  ".join(h[i].rjust(w) for h, w in zip(heads, widths, strict=True))
        for i in (0, 1)
    ]
    for name, values in rows:
        cells = (
            _cell(metric, values[metric], signed=name == _DIFFERENCE).rjust(width)
            for metric, width in zip(metrics, widths, strict=True)
        )
        lines.append(f"{name.ljust(label)}  {'  '.join(cells)}")
    return lines


def _cell(metric: str, value: float, *, signed: bool = False) -> str:
    if math.isnan(value):
        return _NONE
    if metric == "items":
        return f"{value:+.0f}" if signed else f"{value:.0f}"
    return f"{value:+.3f}" if signed else f"{value:.3f}"


# --- HTML ----------------------------------------------------------------------------------------

_STYLE = Path(__file__).with_name("report.css")


def as_html(
    items: Sequence[Item],
    outcomes: Sequence[Outcome],
    facts: Facts,
    worse: Sequence[str] = (),
    better: Sequence[str] = (),
) -> str:
    """The whole report as one page."""
    asked = {item.id: item for item in items}
    wrong = [o for o in outcomes if not o.right and o.split == "tune"]  # never what is set aside
    sections = [
        f"<p class=soft>{len(outcomes)} questions, index {escape(facts.version)} "
        f"({escape(', '.join(facts.sources))}), {escape(facts.embedding)}.</p>",
        _changes(worse, better),
        "<h2>By slice</h2>",
        _table(table(outcomes, ("all", *SPLITS))),
        _peer(outcomes, facts.peer),
        "<h2>By kind</h2>",
        f"<p>Share of questions answered rightly: declined where that is right, else all needed "
        f"facts. {_key('Japanese', 'English')}</p>",
        _bars(outcomes),
        _table(table(outcomes, KINDS)),
        "<h2>Answer or decline</h2>",
        _decision(outcomes, facts.weights),
        "<h2>How the weights came about</h2>",
        _weights(facts),
        f"<h2>Questions that went wrong ({len(wrong)})</h2>",
        *(_wrong(asked[o.id], o, facts.headings) for o in wrong),
    ]
    body = "\n".join(section for section in sections if section)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Evaluation</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>\n"
        f"<body><h1>Evaluation</h1>\n{body}\n</body></html>\n"
    )


def _changes(worse: Sequence[str], better: Sequence[str]) -> str:
    found = [
        f"<li>{title}: {escape(', '.join(ids))}</li>"
        for _, title, ids in _flips(worse, better)
        if ids
    ]
    return f"<ul>{''.join(found)}</ul>" if found else ""


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    metrics = list(rows[0][1])
    head = "".join(f"<th>{escape(metric)}</th>" for metric in metrics)
    lines = []
    for name, values in rows:
        difference = name == _DIFFERENCE
        look = "difference" if difference else "" if name.endswith((" ja", " en")) else "sum"
        cells = "".join(f"<td>{_cell(m, values[m], signed=difference)}</td>" for m in metrics)
        lines.append(f'<tr class="{look}"><td>{escape(name)}</td>{cells}</tr>')
    return f"<div class=wide><table><tr><th></th>{head}</tr>{''.join(lines)}</table></div>"


def _peer(outcomes: Sequence[Outcome], peer: Mapping[str, Mapping[str, float]]) -> str:
    """Our facts beside those of the compared pipeline, for the slices that both have."""
    names = [name for name in slices(outcomes) if name in peer]
    if not names:
        return ""
    metrics = list(peer[names[0]])
    head = "".join(f"<th>{escape(metric)}</th>" for metric in metrics)
    lines = []
    for name in names:
        cells = "".join(f"<td>{_cell(m, peer[name].get(m, math.nan))}</td>" for m in metrics)
        lines.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    return (
        "<h2>Beside the tutorial pipeline</h2><p>Share of the questions whose needed facts all "
        "stand in what was found. The tutorial: chunks of 1,000 characters, all-MiniLM-L6-v2, "
        "Chroma, top 4.</p>"
        f"<div class=wide><table><tr><th></th>{head}</tr>{''.join(lines)}</table></div>"
    )


def _key(first: str, second: str) -> str:
    def patch(look: str, name: str) -> str:
        return f"<svg width=12 height=12><rect class={look} width=12 height=12 /></svg> {name}"

    return f"{patch('a', first)} &nbsp; {patch('b', second)}"


def _bars(outcomes: Sequence[Outcome]) -> str:
    """Share of right items by kind, a bar a language."""
    width, left, thick = 640, 130, 9
    lines, y = [], 8
    for kind in KINDS:
        part = [o for o in outcomes if o.kind == kind]
        if not part:
            continue
        lines.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{escape(kind)}</text>')
        for look, language in zip("ab", LANGUAGES, strict=True):
            own = [o for o in part if o.language == language]
            if own:
                share = sum(o.right for o in own) / len(own)
                long = share * (width - left - 60)
                told = f"{kind} {language}: {sum(o.right for o in own)} of {len(own)}"
                lines.append(
                    f'<rect class="{look}" x="{left}" y="{y}" width="{long:.1f}" height="{thick}">'
                    f"<title>{escape(told)}</title></rect>"
                    f'<text x="{left + long + 5:.1f}" y="{y + 9}">{share:.2f}</text>'
                )
            y += thick + 2
        y += 8
    return f'<svg viewBox="0 0 {width} {y}" width="{width}" role="img">{"".join(lines)}</svg>'


def _decision(outcomes: Sequence[Outcome], weights: Mapping[str, Mapping[str, float]]) -> str:
    limit = weights.get("limits", {}).get("answerable", math.nan)
    scored = [o for o in outcomes if not math.isnan(o.answerable)]
    answer = [o.answerable for o in scored if not o.should_decline]
    decline = [o.answerable for o in scored if o.should_decline]
    below = sum(score < limit for score in answer)
    above = sum(score >= limit for score in decline)
    return (
        f"<p>How likely our sources hold the answer, as the scope model sees it. "
        f"{_key('should be answered', 'should be declined')}. Below {limit:.2f} the question is "
        f"declined: {below} of {len(answer)} wrongly; {above} of {len(decline)} are answered that "
        "should be declined. Questions stopped before the search (attacks, harm) have no score.</p>"
        f"{_histogram(answer, decline, limit)}"
    )


def _histogram(first: Sequence[float], second: Sequence[float], limit: float) -> str:
    """Two series over 0 to 1, counts in twenty bins side by side, and a line at the limit."""
    counts = [_counts(first), _counts(second)]
    high, wide, tall = max(1, *counts[0], *counts[1]), 30, 160
    bars = []
    for series, look in zip(counts, "ab", strict=True):
        for i, count in enumerate(series):
            height = count / high * tall
            x = 30 + i * wide + (2 if look == "a" else wide // 2)
            told = f"{i / _BINS:.2f} to {(i + 1) / _BINS:.2f}: {count}"
            bars.append(
                f'<rect class="{look}" x="{x}" y="{tall + 10 - height:.1f}" '
                f'width="{wide // 2 - 2}" height="{height:.1f}"><title>{told}</title></rect>'
            )
    ticks = "".join(
        f'<text x="{30 + share * _BINS * wide:.0f}" y="{tall + 26}" text-anchor="middle">'
        f"{share:g}</text>"
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    right = 30 + _BINS * wide
    axis = f'<line class="axis" x1="30" y1="{tall + 10}" x2="{right}" y2="{tall + 10}" />'
    marked = ""
    if not math.isnan(limit):
        at = 30 + limit * _BINS * wide
        marked = f'<line class="limit" x1="{at:.1f}" y1="0" x2="{at:.1f}" y2="{tall + 10}" />'
    size = f'viewBox="0 0 {right + 20} {tall + 32}" width="{right + 20}"'
    return (
        f'<svg {size} role="img">{axis}{"".join(bars)}{ticks}{marked}'
        f'<text x="2" y="20">{high}</text></svg>'
    )


def _counts(scores: Iterable[float]) -> list[int]:
    bins = [0] * _BINS
    for score in scores:
        bins[min(_BINS - 1, int(score * _BINS))] += 1
    return bins


def _figure(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3f}"


def _weights(facts: Facts) -> str:
    rows = "".join(
        f"<tr><td>{escape(str(row['model']))}</td><td class=text>{escape(str(row['measure']))}</td>"
        f"<td>{row['questions']}</td><td>{_figure(row['fitted'])}</td>"
        f"<td>{_figure(row['crossed'])}</td></tr>"
        for row in facts.fit
    )
    figures = (
        "<table><tr><th>model</th><th>measure</th><th>questions</th><th>fitted</th>"
        f"<th>cross-validated</th></tr>{rows}</table>"
        if rows
        else "<p class=soft>No figures of the last fit are at hand.</p>"
    )
    limits = ", ".join(f"{name} {v:g}" for name, v in facts.weights.get("limits", {}).items())
    listed = "".join(
        f"<details><summary>{escape(model)}: {len(weights)} weights</summary><pre>"
        + escape("\n".join(f"{name:12} {value:+.3f}" for name, value in weights.items()))
        + "</pre></details>"
        for model, weights in facts.weights.items()
        if model != "limits"
    )
    return (
        "<p>Both models are linear over the signals of a search, fitted by <code>python -m "
        "evals.fit.rank</code> on the tuning slice and on the questions in evals/data/scope, which "
        "people wrote who had not seen the golden set (softmax over the candidates of a question "
        "for the rank, logistic regression over the signals and the question's vector for the "
        "scope, both with an L2 penalty), and checked by five-fold cross-validation. The limits of "
        "declining balance precision and recall on held-out fifths, with one question in five to "
        "be declined; that of harm accuses at most 3 harmless questions in 1,000. The set-aside "
        "slice and heldout.yaml are fitted by none of this. "
        f"Limits in use: {escape(limits) or _NONE}.</p>{figures}{listed}"
    )


def _wrong(item: Item, outcome: Outcome, headings: Mapping[str, str]) -> str:
    """A question that went wrong: what was missing, and what was found instead."""
    if outcome.should_decline:
        fault = f"answered, should be declined ({item.declined})"
    elif outcome.declined:
        fault = "declined, should be answered"
    else:
        fault = "missing: " + ", ".join(outcome.missing)
    history = "".join(f"<pre class=soft>{t.role}: {escape(t.content)}</pre>" for t in item.history)
    score = "" if math.isnan(outcome.answerable) else f"; answerable {outcome.answerable:.2f}"
    found = "".join(
        f"<li>{escape(headings.get(group, group))}{' ✓' if group in outcome.gains else ''}</li>"
        for group in outcome.groups[:_TOP]
    )
    return (
        f"<details><summary><b>{escape(item.id)}</b> {escape(fault)}</summary>{history}"
        f"<pre>{escape(item.question)}</pre><p class=soft>Evidence: "
        f"{escape(', '.join(item.evidence)) or _NONE}{score}. Found first (✓ holds evidence):</p>"
        f"<ol>{found}</ol></details>"
    )
