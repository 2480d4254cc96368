"""A foreign page that opens a WebSocket: refused, and nobody on the internet is asked."""

from __future__ import annotations

import pytest
from streamlit import net_util
from streamlit.web.server import server_util

from screens.serve import stay_private


def test_a_foreign_web_socket_makes_nobody_look_up_our_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)  # put back later
    monkeypatch.setattr(net_util, "_make_blocking_http_get", lambda url, **_: asked.append(url))
    monkeypatch.setattr(net_util, "get_internal_ip", lambda: "192.168.0.7")
    stay_private()
    assert not server_util.is_url_from_allowed_origins("https://evil.example")
    assert server_util.is_url_from_allowed_origins("http://localhost:8501")
    assert asked == []
