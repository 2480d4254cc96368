"""A browser is known again by a random id, and by nothing else."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Start

KNOWN = "0123456789abcdef" * 2


def person(app: AppTest) -> str:
    return str(app.session_state.person)


def scripts(app: AppTest) -> str:
    return "\n".join(part.value for part in app.html if "kb_person" in part.value)


def test_a_new_browser_gets_an_id_of_its_own_and_keeps_it(start: Start) -> None:
    one, other = start(), start()
    assert person(one) != person(other)
    assert f"kb_person={person(one)};" in scripts(one)
    before = person(one)
    assert person(one.run()) == before


def test_a_browser_that_was_here_before_is_known_again(
    start: Start, cookies: dict[str, str]
) -> None:
    cookies["kb_person"] = KNOWN
    app = start()
    assert person(app) == KNOWN
    assert scripts(app) == ""


@pytest.mark.parametrize("forged", ["", "x", KNOWN + "'", "';alert(1)//", KNOWN.upper()])
def test_what_is_no_id_of_ours_is_not_taken_for_one(
    start: Start, cookies: dict[str, str], forged: str
) -> None:
    cookies["kb_person"] = forged
    app = start()
    assert len(person(app)) == 32
    assert person(app) != forged
    assert "alert" not in scripts(app)
