"""`python -m ingest`: build and publish an index version; look at versions, move between them.

Exit codes: 0 done; 1 nothing done, one sentence on standard error; 2 wrong usage; 3 published, but
a source failed (only with --strict).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from ingest import stale as claims
from ingest.collect import Collection, collect
from ingest.evidence import read_evidence, write_footnotes
from ingest.gate import changes, gate
from ingest.links import check, lines_of, links_of
from ingest.onboarding import mark_reviewed, problems, read_groups, stale
from ingest.publish import Published, publish
from ingest.shipped import FILE as SHIPPED
from ingest.shipped import write_shipped
from ingest.sources import Source, read_sources
from kb.errors import IndexDamaged, KbError, OnboardingError, SourcesError
from kb.path.onboarding import read_steps
from kb.search.embedding import load_embedder
from kb.search.index import Index, IndexStore, version_folder, versions_before
from kb.search.versions import (
    difference,
    in_use,
    locked,
    manifest,
    note_fetch,
    roll_back,
    versions,
)
from kb.settings import Settings, read_settings

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_STYLE = {"fetched": "green", "unchanged": "green", "kept": "yellow", "failed": "red"}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    try:
        settings = read_settings()
        return int(options.run(options, settings, console))
    except KbError as error:
        print(error, file=sys.stderr)  # noqa: T201 the command line's voice
        return 1
    except OSError as error:
        publishes = options.run in (_build, _rollback)
        begins = "Nothing was published: " if publishes else ""
        print(f"{begins}{error}.", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("Stopped; the version in use is unchanged.", file=sys.stderr)  # noqa: T201
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    parser.set_defaults(run=_build)
    parser.add_argument("--source", default="", metavar="ID", help="fetch this source only")
    parser.add_argument("--dry-run", action="store_true", help="fetch and chunk, publish nothing")
    parser.add_argument("--strict", action="store_true", help="exit with 3 when a source failed")
    parser.add_argument(
        "--gate", action="store_true", help="publish nothing that answers a golden question worse"
    )
    golden = Path("evals/data/golden.yaml")
    parser.add_argument("--golden", type=Path, default=golden, metavar="FILE", help="for --gate")
    commands = parser.add_subparsers(metavar="COMMAND")
    status = commands.add_parser("status", help="the version in use and its sources")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    diff = commands.add_parser("diff", help="what changed between two versions")
    diff.add_argument("versions", nargs="*", metavar="VERSION", help="default: the newest two")
    diff.set_defaults(run=_diff)
    rollback = commands.add_parser("rollback", help="use the version before, or the one named")
    rollback.add_argument("version", nargs="?", default="")
    rollback.set_defaults(run=_rollback)
    footnotes = commands.add_parser(
        "footnotes", help="renew the notes' footnotes from evidence.yaml"
    )
    footnotes.add_argument("folder", nargs="?", default="notes", type=Path)
    footnotes.set_defaults(run=_footnotes)
    vectors = commands.add_parser(
        "vectors", help="keep the vectors of the notes of the version in use in the repository"
    )
    vectors.set_defaults(run=_vectors)
    links = commands.add_parser("links", help="ask whether all links of evidence and sources exist")
    links.add_argument("folder", nargs="?", default="notes", type=Path)
    links.set_defaults(run=_links)
    stale_claims = commands.add_parser(
        "stale", help="claims that were checked long ago, such as known bugs"
    )
    stale_claims.add_argument("folder", nargs="?", default="notes", type=Path)
    stale_claims.set_defaults(run=_stale)
    onboarding = commands.add_parser(
        "onboarding", help="hold the onboarding path and its questions against the notes"
    )
    onboarding.add_argument(
        "--reviewed", action="store_true", help="the questions were read again and still fit"
    )
    onboarding.set_defaults(run=_onboarding)
    return parser


def _build(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    started = time.perf_counter()
    sources = read_sources(settings.sources)
    _check_only(options.source, sources)
    with locked(settings.index_dir):
        previous = _previous(settings, console)
        embedder = load_embedder(settings.embedding_model)
        with _progress(console) as progress:
            task = progress.add_task("sources", total=len(sources))
            collection = collect(
                sources,
                embedder.count,
                previous,
                model=embedder.name,
                only=options.source,
                done=lambda source: progress.advance(task),
            )
            if not options.dry_run:
                _note_fetch(settings, collection, options.source)
            if not collection.documents:
                _table(console, collection)
                raise KbError(
                    "No source gave a document, so nothing was published; see the table above."
                )
            published = None
            if not options.dry_run:
                embedding = progress.add_task("embedding", total=None, visible=False)
                asking = progress.add_task("golden", total=None, visible=False)
                published = publish(
                    collection,
                    embedder,
                    settings.index_dir,
                    previous=previous,
                    chroma_url=settings.chroma_url,
                    progress=lambda done, total: progress.update(
                        embedding, completed=done, total=total, visible=True
                    ),
                    approve=gate(
                        options.golden,
                        previous,
                        embedder,
                        done=lambda done, total: progress.update(
                            asking, completed=done, total=total, visible=True
                        ),
                    )
                    if options.gate
                    else None,
                )
    _table(console, collection)
    console.print(_closing(published, time.perf_counter() - started))
    failed = any(report.reason for report in collection.reports)
    return 3 if options.strict and failed else 0


def _note_fetch(settings: Settings, collection: Collection, only: str) -> None:
    asked = (asdict(report) for report in collection.reports if only in ("", report.id))
    note_fetch(settings.index_dir, asked, partly=bool(only))


def _check_only(only: str, sources: list[Source]) -> None:
    if only and only not in {source.id for source in sources}:
        names = ", ".join(source.id for source in sources)
        raise SourcesError(f"There is no source “{only}”; the list has {names}.")


def _previous(settings: Settings, console: Console) -> Index | None:
    """The version in use, or the newest whole one before it; else the newest whole one."""
    current = in_use(settings.index_dir)
    older = versions_before(settings.index_dir, current)
    for name in dict.fromkeys((current, *older, *versions(settings.index_dir))):
        if not name:
            continue
        try:
            return Index(version_folder(settings.index_dir, name), settings.chroma_url)
        except IndexDamaged as error:
            console.print(f"[yellow]{escape(str(error))}[/]", soft_wrap=True)
    return None


class _Speed(ProgressColumn):
    """Tokens a second, for the embedding alone."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if task.description != "embedding" or not speed:
            return Text("")
        return Text(f"{speed:,.0f} tokens/s")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        _Speed(),
        TimeRemainingColumn(),
        console=console,
    )


def _table(console: Console, collection: Collection) -> None:
    console.print(_source_table(asdict(report) for report in collection.reports))
    for report in collection.reports:
        if report.reason:
            reason = f"{report.id}: {escape(report.reason)}"
            console.print(f"[yellow]{report.state}[/] {reason}", soft_wrap=True)
        for problem in report.problems:
            console.print(f"[yellow]skipped[/] {escape(problem)}", soft_wrap=True)


def _source_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table()
    for column in ("source", "documents", "chunks", "fetched", "state"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        state = f"[{_STYLE[row['state']]}]{row['state']}[/]"
        counts = (str(row["documents"]), str(row["chunks"]))
        table.add_row(row["id"], *counts, row["fetched"][:16].replace("T", " ") or "–", state)
    return table


def _closing(published: Published | None, seconds: float) -> str:
    if published is None:
        return f"Dry run: nothing published ({seconds:.1f} s)."
    if not published.new:
        return f"Nothing changed; version {published.version} stays in use ({seconds:.1f} s)."
    return (
        f"Published version {published.version}: {published.embedded} texts embedded in "
        f"{published.embed_seconds:.1f} s, {seconds:.1f} s in all."
    )


def _status(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    name = in_use(settings.index_dir)
    if not name:
        raise KbError(f"There is no index in {settings.index_dir} yet; run `make ingest`.")
    manifest = dict(Index(version_folder(settings.index_dir, name), settings.chroma_url).manifest)
    manifest["versions"] = versions(settings.index_dir)
    if options.json:
        print(json.dumps(manifest, ensure_ascii=False))  # noqa: T201 the answer itself
        return 0
    console.print(f"version    {name} (created {manifest['created']})")
    console.print(f"content    {manifest['content_hash']}")
    console.print(f"embedding  {manifest['embedding']}")
    console.print(_source_table(manifest["sources"]))
    if "eval" in manifest:
        held = manifest["eval"]
        right = held["items"] - len(held["wrong"])
        console.print(f"golden     {right} of {held['items']} questions answered rightly")
    marked = (f"{version} *" if version == name else version for version in manifest["versions"])
    console.print("versions   " + ", ".join(marked))
    return 0


def _diff(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    names = options.versions or list(reversed(versions(settings.index_dir)[:2]))
    if len(names) != 2:
        raise KbError("A diff needs two index versions, and there are not two yet.")
    old, new = (manifest(settings.index_dir, name) for name in names)
    console.print(f"{old['version']} → {new['version']}")
    found = difference(settings.index_dir, *names)
    for change in found:
        counts = f"(+{change.new_chunks} −{change.lost_chunks} chunks)"
        line = f"{_SIGNS[change.state]} {escape(change.document)}  {counts}"
        console.print(line, soft_wrap=True)
    if not found:
        console.print("No document differs.")
    for line in changes(old, new):
        console.print(escape(line), soft_wrap=True)
    return 0


def _rollback(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    before = in_use(settings.index_dir)
    now = roll_back(settings.index_dir, options.version, settings.chroma_url)
    console.print(f"Now in use: {now} (before: {before}).")
    return 0


def _footnotes(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    changed = write_footnotes(options.folder)
    console.print("\n".join(f"renewed {file}" for file in changed) or "All footnotes are in step.")
    return 0


def _vectors(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    count = write_shipped(IndexStore(settings.index_dir, settings.chroma_url).current())
    console.print(f"{count} vectors written to {SHIPPED}.")
    return 0


def _links(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    evidence = read_evidence(options.folder / "evidence.yaml")
    found = links_of(evidence.values(), read_sources(settings.sources))
    with _progress(console) as progress:
        task = progress.add_task("links", total=len(found))
        verdicts = check(found, done=lambda: progress.advance(task))
    if found and all(verdict.state == "unreached" for verdict in verdicts):
        raise KbError("There is no network: no host answered, so none of the links was checked.")
    for line in lines_of(verdicts):
        console.print(escape(line), soft_wrap=True)
    return int(any(verdict.state == "dead" for verdict in verdicts))


def _stale(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    evidence = read_evidence(options.folder / "evidence.yaml").values()
    old = claims.stale(evidence, datetime.now(UTC).date())
    for one in old:
        line = f"[yellow]{one.checked}[/] {one.evidence.id}: {escape(one.evidence.claim.strip())}"
        console.print(line, soft_wrap=True)
    if not old:
        count = len(claims.dated(evidence))
        days = claims.AGE.days
        console.print(f"{count} claims carry a day; none was checked more than {days} days ago.")
    return int(bool(old))


def _onboarding(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    steps, groups = read_steps(settings.onboarding), read_groups(settings.onboarding.parent)
    wrong = problems(steps, groups)
    if wrong:
        raise OnboardingError("\n".join(wrong))
    if options.reviewed:
        marked = mark_reviewed(settings.onboarding, groups)
        console.print("\n".join(f"marked {step}" for step in marked) or "Nothing has changed.")
        return 0
    changed = stale(steps, groups)
    for step in changed:
        console.print(f"[yellow]stale[/] {step}: the notes changed since its last review")
    if not changed:
        console.print(f"All {len(steps)} steps fit the notes.")
    return int(bool(changed))


if __name__ == "__main__":
    sys.exit(main())
