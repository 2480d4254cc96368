"""Fetch: a source to the raw bytes of its documents.

Takes a `Source`, gives `Fetched`. Knows nothing about parsing or the index. A source that cannot be
reached costs at most `PATIENCE` seconds and raises FetchError with one sentence.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import getproxies

import httpx

from ingest.addresses import Target, at_address, connected, public_address
from ingest.git import fetch_git
from ingest.sources import NOTES, Source
from kb.errors import FetchError

PATIENCE = 10.0
"""Seconds that an unreachable source may cost; half of them may pass in silence."""
MAX_BYTES = 10_000_000
"""A larger page or file is no text that people read; it is reported and left out."""
MAX_REDIRECTS = 5
_SUFFIXES = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".rst": "text",
    ".ipynb": "notebook",
    ".py": "python",
    ".sh": "shell",
    ".bash": "shell",
    ".dockerfile": "dockerfile",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    **dict.fromkeys((".yaml", ".yml", ".toml", ".cfg", ".ini", ".json"), "config"),
}
_NAMES = {"makefile": "config"}


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One file or page before parsing."""

    id: str
    name: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said of the page last time, for a conditional request."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought; `unchanged` means that the copy at hand is still right."""

    documents: tuple[RawDocument, ...] = ()
    problems: tuple[str, ...] = ()
    validators: Validators = Validators()
    unchanged: bool = False
    at: str = ""


def document_kind(name: str) -> str | None:
    """The kind of a file by its name, None when it is none that we read."""
    path = Path(name)
    if path.name.lower().startswith("dockerfile"):
        return "dockerfile"
    return _NAMES.get(path.name.lower()) or _SUFFIXES.get(path.suffix.lower())


def fetch(
    source: Source, known: Validators = Validators(), hosts: frozenset[str] = frozenset()
) -> Fetched:
    """The documents of `source`. `hosts`: the hosts that the list of sources names."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    if source.kind == "folder":
        root = Path(source.path)
        prefix = "" if root == Path() else f"{root.as_posix()}/"
        found = _read_folder(root, lambda path: prefix + path, at)
        return _without_data(found) if source.id == NOTES else found
    if source.kind == "git":
        with tempfile.TemporaryDirectory(prefix="kb-git-") as folder:
            tree = fetch_git(source, Path(folder), PATIENCE - 1)
            blob = f"{source.url.removesuffix('/').removesuffix('.git')}/blob/{source.commit}/"
            return _read_folder(tree, lambda path: blob + quote(path), at)
    return _fetch_page(source, known, hosts, at)


def _without_data(found: Fetched) -> Fetched:
    """The notes' evidence list, path and check questions are data of this project, no documents."""
    documents = tuple(document for document in found.documents if document.kind != "config")
    return replace(found, documents=documents)


def _walk(root: Path, problems: list[str]) -> list[str]:
    """Paths of the files below `root`, sorted; hidden files and folders are left out."""
    if not root.is_dir():
        raise FetchError(f"the folder {root} does not exist")

    def note(error: OSError) -> None:
        problems.append(f"{error.filename}: cannot be read ({error.strerror})")

    paths: list[str] = []
    for folder, names, files in os.walk(root, onerror=note):
        names[:] = [name for name in names if not name.startswith(".")]
        paths += [
            (Path(folder) / name).relative_to(root).as_posix()
            for name in files
            if not name.startswith(".")
        ]
    return sorted(paths)


def _read_folder(root: Path, identity: Callable[[str], str], at: str) -> Fetched:
    """The files below `root`; `identity` makes a document's id of its path."""
    documents: list[RawDocument] = []
    problems: list[str] = []
    for path in _walk(root, problems):
        kind, file = document_kind(path), root / path
        if kind is None:
            continue
        try:
            path.encode()  # a name in no known encoding can be no id
            status = file.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
                continue  # a link, a pipe that would never end, or an empty __init__.py
            if status.st_size > MAX_BYTES:
                limit = f"{MAX_BYTES // 1_000_000} MB"
                problems.append(f"{identity(path)}: larger than {limit}, left out")
                continue
            documents.append(RawDocument(identity(path), file.name, kind, file.read_bytes()))
        except OSError as error:
            problems.append(f"{identity(path)}: cannot be read ({error.strerror})")
        except UnicodeEncodeError:
            problems.append(f"{ascii(path)}: its name is no valid text, left out")
    return Fetched(tuple(documents), tuple(problems), at=at)


def _fetch_page(source: Source, known: Validators, hosts: frozenset[str], at: str) -> Fetched:
    headers = {
        "user-agent": "sagemaker-container-kb (knowledge base ingest)",
        "accept-encoding": "gzip",  # what `_read` unpacks
    }
    if known.etag:
        headers["if-none-match"] = known.etag
    if known.last_modified:
        headers["if-modified-since"] = known.last_modified
    deadline = time.monotonic() + PATIENCE
    try:
        with httpx.Client(timeout=PATIENCE / 2, headers=headers) as client:
            response = _get(client, source.url, hosts, deadline)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise FetchError(f"{source.url} could not be reached ({_reason(error)})") from error
    if response.status_code == 304 and known != Validators():
        return Fetched(unchanged=True, validators=known, at=at)
    if response.status_code != 200:
        raise FetchError(f"{source.url} answered with status {response.status_code}, expected 200")
    kind = _page_kind(response)
    validators = Validators(
        response.headers.get("etag", ""), response.headers.get("last-modified", "")
    )
    document = RawDocument(source.url, source.title or source.url, kind, response.content)
    return Fetched((document,), validators=validators, at=at)


def _page_kind(response: httpx.Response) -> str:
    """The kind of a page by its content type; plain text by the name in its URL."""
    content_type = response.headers.get("content-type", "").lower()
    if "pdf" in content_type:
        return "pdf"
    if content_type.startswith("text/") and "html" not in content_type:
        named = "markdown" if "markdown" in content_type else document_kind(response.url.path)
        return named or "text"
    return "html"


def _get(client: httpx.Client, url: str, hosts: frozenset[str], deadline: float) -> httpx.Response:
    """GET; redirects are followed by hand, to hosts of the list only, to no private address."""
    first, asked = url, Target(httpx.URL(url))
    for _ in range(MAX_REDIRECTS + 1):
        if time.monotonic() > deadline:
            break
        with client.stream(
            "GET", asked.url, headers=asked.headers, extensions=asked.extensions
        ) as response:
            if not response.has_redirect_location:
                return _read(response, url, deadline)
            if url == first:
                address = connected(response)
            url = urljoin(url, response.headers["location"])
        other = _check_redirect(first, url, hosts)
        checked = public_address(first, other) if other else address
        # A proxy looks names up by itself, and may know nothing but names.
        pinned = checked and not getproxies()
        asked = at_address(url, checked) if pinned else Target(httpx.URL(url))
    raise FetchError(f"{first} redirects more than {MAX_REDIRECTS} times, or too slowly")


def _read(response: httpx.Response, url: str, deadline: float) -> httpx.Response:
    """The body, unpacked once at most, and never further than MAX_BYTES."""
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("identity", "gzip", "x-gzip", ""):
        raise FetchError(f"{url} is packed as “{packed[:40]}”, which nobody asked for")
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in packed else None
    parts, size = [], 0
    for raw in response.iter_raw():
        try:
            part = raw if unpack is None else unpack.decompress(raw, MAX_BYTES + 1 - size)
        except zlib.error as error:
            raise FetchError(f"{url} is packed, and cannot be unpacked ({error})") from error
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise FetchError(f"{url} is larger than {MAX_BYTES // 1_000_000} MB")
        if time.monotonic() > deadline:
            raise FetchError(f"{url} was not complete after {PATIENCE:g} s")
    return httpx.Response(
        response.status_code,
        headers={k: v for k, v in response.headers.items() if k != "content-encoding"},
        content=b"".join(parts),
        request=httpx.Request("GET", url),
    )


def _check_redirect(first: str, target: str, hosts: frozenset[str]) -> str:
    """The host whose addresses must be public; empty where it is that of the list's own entry."""
    parts = urlsplit(target)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or (
        urlsplit(first).scheme == "https" and parts.scheme == "http"
    ):
        raise FetchError(f"{first} redirects to {parts.scheme}://, which is refused")
    if host not in hosts:
        raise FetchError(f"{first} redirects to {host}, which is no host of the list of sources")
    if host != urlsplit(first).hostname or parts.port != urlsplit(first).port:
        return host
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"no answer for {PATIENCE / 2:g} s"
    text = str(error) or type(error).__name__
    return text.splitlines()[0][:120]
