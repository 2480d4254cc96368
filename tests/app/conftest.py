"""The browser app without a browser, against the small knowledge base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "app.py"
Start = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def own_caches() -> Iterator[None]:
    """Resources are shared between the AppTests of one process."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(autouse=True)
def settings(index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of the tests, and no .env of whoever runs them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KB_INDEX_DIR", str(index_dir))


@pytest.fixture(autouse=True)
def cookies(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a browser would bring along; AppTest has no cookies of its own."""
    brought: dict[str, str] = {}
    monkeypatch.setattr(ContextProxy, "cookies", brought)
    return brought


@pytest.fixture
def start() -> Start:
    """Open the app; what the address says of the language only a browser brings along."""

    def run(
        page: str = "",
        language: str = "",
        locale: str | None = "ja-JP",
        url: str = "http://localhost:8501",
        **query: str,
    ) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.context["locale"] = locale
        app.context["url"] = url
        for name, value in query.items():
            app.query_params[name] = value
        if page:
            app.switch_page(page)
        app.run()
        return app.sidebar.segmented_control[0].set_value(language).run() if language else app

    return run
