"""Pages over HTTP and folders: what comes, what is refused, and how long a dead server costs."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from ingest import fetch as fetching
from ingest.fetch import Fetched, Validators, document_kind, fetch
from ingest.sources import Source
from kb.errors import FetchError
from tests.unit.web import PAGE, Web


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.6)


NOTHING_KNOWN = Validators()


def page(url: str, known: Validators = NOTHING_KNOWN, hosts: tuple[str, ...] = ()) -> Fetched:
    source = Source(id="blog", kind="web", url=url, title="ブログ")
    return fetch(source, known, frozenset(("127.0.0.1", *hosts)))


def refusal(url: str, *hosts: str) -> str:
    with pytest.raises(FetchError) as error:
        page(url, hosts=hosts)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_page_comes_with_its_bytes_and_the_time(web: Web) -> None:
    url = web.gives("/post", etag='"v1"', last_modified="Mon, 24 Jan 2022 10:00:00 GMT")
    fetched = page(url)
    (document,) = fetched.documents
    assert (document.id, document.name, document.kind) == (url, "ブログ", "html")
    assert document.data == PAGE
    assert fetched.validators == Validators('"v1"', "Mon, 24 Jan 2022 10:00:00 GMT")
    assert fetched.at.endswith("+00:00")


def test_a_known_page_is_asked_for_with_its_etag_and_not_sent_again(web: Web) -> None:
    url = web.gives("/post", b"", 304)
    known = Validators('"v1"', "Mon, 24 Jan 2022 10:00:00 GMT")
    fetched = page(url, known)
    assert fetched.unchanged
    assert fetched.validators == known
    _, headers = web.requests[0]
    assert headers["if-none-match"] == '"v1"'
    assert headers["if-modified-since"] == "Mon, 24 Jan 2022 10:00:00 GMT"


def test_not_modified_without_a_copy_at_hand_is_a_failure(web: Web) -> None:
    assert "status 304, expected 200" in refusal(web.gives("/post", b"", 304))


@pytest.mark.parametrize("status", [404, 500])
def test_another_status_is_named(web: Web, status: int) -> None:
    url = web.gives("/post", b"sorry", status)
    assert refusal(url) == f"{url} answered with status {status}, expected 200"


@pytest.mark.parametrize(
    ("path", "content_type", "kind"),
    [
        ("/a", "text/html; charset=utf-8", "html"),
        ("/a", "application/pdf", "pdf"),
        ("/README.md", "text/plain; charset=utf-8", "markdown"),
        ("/train.py", "text/plain", "python"),
        ("/notes", "text/plain", "text"),
        ("/notes", "text/markdown", "markdown"),
    ],
)
def test_the_kind_follows_from_the_content_type(
    web: Web, path: str, content_type: str, kind: str
) -> None:
    (document,) = page(web.gives(path, content_type=content_type)).documents
    assert document.kind == kind


def test_a_compressed_page_comes_unpacked(web: Web) -> None:
    import gzip

    (document,) = page(web.gives("/z", gzip.compress(PAGE), content_encoding="gzip")).documents
    assert document.data == PAGE


@pytest.mark.usefixtures("impatient")
def test_a_server_that_stalls_costs_no_more_than_the_patience(web: Web) -> None:
    web.answers["/slow"] = lambda request: web.over.wait(5) and None
    started = time.monotonic()
    sentence = refusal(web.root + "/slow")
    assert "no answer for 0.3 s" in sentence
    assert time.monotonic() - started < 1.5


@pytest.mark.usefixtures("impatient")
def test_a_page_that_drips_is_given_up(web: Web) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(50):
            try:
                request.wfile.write(b"<p>drop</p>")
            except OSError:
                return
            web.over.wait(0.1)

    web.answers["/drip"] = drip
    started = time.monotonic()
    assert "was not complete after 0.6 s" in refusal(web.root + "/drip")
    assert time.monotonic() - started < 1.5


def test_a_port_where_nobody_listens_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert "could not be reached" in refusal(f"http://127.0.0.1:{taken.getsockname()[1]}/")


def test_an_oversized_page_is_refused(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000_000)
    assert "larger than 1 MB" in refusal(web.gives("/big", b"x" * 1_000_001))
    assert page(web.gives("/fits", b"x" * 1_000_000)).documents


def test_a_redirect_on_a_listed_host_is_followed(web: Web) -> None:
    web.gives("/new")
    (document,) = page(web.redirects("/old", "/new")).documents
    assert document.data == PAGE
    assert document.id == web.root + "/old"


def test_a_redirect_to_a_listed_public_host_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "127.0.0.1":
            return httpx.Response(302, headers={"location": "https://8.8.8.8/new"})
        return httpx.Response(200, stream=httpx.ByteStream(PAGE))

    transport = httpx.MockTransport(answer)  # there is no public host here
    monkeypatch.setattr(httpx, "Client", partial(httpx.Client, transport=transport))
    assert page("http://127.0.0.1/old", hosts=("8.8.8.8",)).documents


def test_a_redirect_to_an_unlisted_host_is_refused(web: Web) -> None:
    url = web.redirects("/out", "http://elsewhere.example/")
    assert "redirects to elsewhere.example, which is no host of the list" in refusal(url)


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "192.168.0.1", "[::1]"])
def test_a_redirect_to_a_private_address_is_refused(web: Web, address: str) -> None:
    url = web.redirects("/in", f"http://{address}/latest/meta-data/")
    assert f"private address {address.strip('[]')}" in refusal(url, address.strip("[]"))


def test_a_redirect_to_another_port_of_this_machine_is_refused(web: Web) -> None:
    other = Web()
    try:
        other.gives("/admin")
        url = web.redirects("/in", other.root + "/admin")
        assert "private address 127.0.0.1" in refusal(url)
        assert other.requests == []
    finally:
        other.close()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://["])
def test_a_redirect_to_anything_but_a_page_is_refused(web: Web, target: str) -> None:
    assert "\n" not in refusal(web.redirects("/odd", target))


def test_a_redirect_loop_ends(web: Web) -> None:
    web.redirects("/a", "/b")
    assert "redirects more than 5 times" in refusal(web.redirects("/b", "/a"))
    assert len(web.requests) == 6


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the program openssl")
def test_a_redirect_from_https_to_http_is_refused(
    tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate]
        + ["-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secure = Web(context)
    try:
        assert page(secure.gives("/safe")).documents
        url = secure.redirects("/down", web.gives("/plain"))
        assert "redirects to http://, which is refused" in refusal(url)
        assert web.requests == []
    finally:
        secure.close()


# Folders


def folder(path: Path | str) -> Fetched:
    return fetch(Source(id="wiki", kind="folder", path=str(path)))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("README.md", "markdown"),
        ("メモ.TXT", "text"),
        ("train.ipynb", "notebook"),
        ("train.py", "python"),
        ("build_and_push.sh", "shell"),
        ("Dockerfile", "dockerfile"),
        ("dockerfile.gpu", "dockerfile"),
        ("gpu.Dockerfile", "dockerfile"),
        ("page.html", "html"),
        ("paper.PDF", "pdf"),
        ("model.tar.gz", None),
        ("Makefile", "config"),
        ("train.yaml", "config"),
        ("logo.svg", None),
    ],
)
def test_the_kind_of_a_file_follows_from_its_name(name: str, kind: str | None) -> None:
    assert document_kind(name) == kind


def test_a_folder_gives_its_files_in_order_with_project_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("wiki/b.md", "wiki/a/深い.md", "wiki/photo.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text", encoding="utf-8")
    for path in ("wiki", "wiki/", "./wiki"):
        assert [d.id for d in folder(path).documents] == ["wiki/a/深い.md", "wiki/b.md"]
    monkeypatch.chdir(tmp_path / "wiki")
    assert [document.id for document in folder(".").documents] == ["a/深い.md", "b.md"]


def test_hidden_files_links_and_pipes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in ("seen.md", ".secret.md", ".git/config.md", "empty.py"):
        (tmp_path / name).write_text("" if name == "empty.py" else "text", encoding="utf-8")
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.md")  # reading it would wait for ever
    fetched = folder(tmp_path)
    assert [document.name for document in fetched.documents] == ["seen.md"]
    assert fetched.problems == ()


def test_an_oversized_file_is_reported_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000_000)
    (tmp_path / "small.md").write_text("text", encoding="utf-8")
    (tmp_path / "log.txt").write_bytes(b"x" * 1_000_001)
    fetched = folder(tmp_path)
    assert [document.name for document in fetched.documents] == ["small.md"]
    assert fetched.problems == (f"{tmp_path}/log.txt: larger than 1 MB, left out",)


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder of a user that file modes apply to; they do not apply to root."""
    path = Path(tempfile.mkdtemp(dir="/tmp", prefix="kb-test-"))
    path.chmod(0o777)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield path
    if root:
        os.seteuid(0)
    for place, folders, _ in os.walk(path):
        for name in folders:
            (Path(place) / name).chmod(0o777)
    shutil.rmtree(path)


def test_unreadable_files_and_folders_are_reported_by_name(ordinary_user: Path) -> None:
    (ordinary_user / "open.md").write_text("text", encoding="utf-8")
    (ordinary_user / "closed.md").write_text("text", encoding="utf-8")
    (ordinary_user / "closed.md").chmod(0)
    (ordinary_user / "vault").mkdir(mode=0)
    fetched = folder(ordinary_user)
    assert [document.name for document in fetched.documents] == ["open.md"]
    assert sorted(fetched.problems) == [
        f"{ordinary_user}/closed.md: cannot be read (Permission denied)",
        f"{ordinary_user}/vault: cannot be read (Permission denied)",
    ]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses such names")
def test_a_file_name_that_is_no_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "ok.md").write_text("text", encoding="utf-8")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text("text", encoding="utf-8")
    fetched = folder(tmp_path)
    assert [document.name for document in fetched.documents] == ["ok.md"]
    assert fetched.problems == (r"'\udcff.md': its name is no valid text, left out",)


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="the folder .*/gone does not exist"):
        folder(tmp_path / "gone")


# What is packed, and where a name leads


def test_a_page_that_is_packed_in_itself_is_refused(web: Web) -> None:
    import gzip

    data = b"a" * 10_000
    for _ in range(8):
        data = gzip.compress(data)
    url = web.gives("/nested", data, content_encoding=", ".join(["gzip"] * 8))
    assert "is packed as “gzip, gzip" in refusal(url)
    assert "which nobody asked for" in refusal(web.gives("/br", data, content_encoding="br"))


def test_a_page_is_unpacked_to_the_limit_and_no_further(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gzip

    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(200_000_000))
    assert "larger than 1 MB" in refusal(web.gives("/bomb", bomb, content_encoding="gzip"))
    broken = web.gives("/broken", b"no gzip", content_encoding="gzip")
    assert "cannot be unpacked" in refusal(broken)


def test_a_redirect_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is checked, and this machine when it is looked up again."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, *rest: object, **options: object) -> object:
        looked_up.append(host)
        return real("8.8.8.8" if len(looked_up) == 1 else "127.0.0.1", *rest, **options)

    reached: list[tuple[str, str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        named = (request.headers["host"], request.extensions.get("sni_hostname"))
        reached.append((request.url.host, *named))
        if len(reached) == 1:
            return httpx.Response(302, headers={"location": "https://rebind.example/new"})
        return httpx.Response(200, stream=httpx.ByteStream(PAGE))

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    transport = httpx.MockTransport(answer)  # there is no public host here
    monkeypatch.setattr(httpx, "Client", partial(httpx.Client, transport=transport))
    assert page("http://127.0.0.1/old", hosts=("rebind.example",)).documents
    assert looked_up == ["rebind.example"]
    assert reached[1] == ("8.8.8.8", "rebind.example", "rebind.example")


def test_a_redirect_on_the_same_host_stays_at_its_address(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looked_up = socket.getaddrinfo, []

    def once(host: str, *rest: object, **options: object) -> object:
        if host in ("own.example", b"own.example"):
            looked_up.append(host)
            return real("127.0.0.1", *rest, **options)
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    web.gives("/new")
    web.redirects("/old", "/new")
    url = f"http://own.example:{web.port}/old"
    fetched = fetch(Source(id="b", kind="web", url=url), hosts=frozenset(["own.example"]))
    assert fetched.documents[0].data == PAGE
    assert len(looked_up) == 1
    assert web.requests[1][1]["host"] == f"own.example:{web.port}"
