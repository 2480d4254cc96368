"""Which error of the notes a message shows: the same, another of its form, or none."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kb.search.index import Index
from kb.search.wordings import GAP, Shown, as_quoted, errors_in


class Wordings:
    """An index as far as its error wordings go."""

    def __init__(self, **wordings: tuple[str, ...]) -> None:
        self.wordings = wordings
        self.wrappers = frozenset({"wrapper"} & {*wordings})


def shown(message: str, **wordings: tuple[str, ...]) -> Shown:
    return errors_in(message, cast(Index, cast(Any, Wordings(**wordings))))


ENDSWITH = ("'NoneType' object has no attribute 'endswith'",)
KILLED = ("exit code 137", "ExitCode 137")
TRAIN = ('exec: "train": executable file not found',)


@pytest.mark.parametrize(
    ("message", "wordings", "fit"),
    [
        ("AttributeError: 'NoneType' object has no attribute 'endswith'", ENDSWITH, "same"),
        ("AttributeError: ‘NoneType’ object has no attribute ‘endswith’", ENDSWITH, "same"),
        ("AttributeError: 'NoneType' object has no attribute 'encode'", ENDSWITH, "other"),
        ("AttributeError: 'Model' object has no attribute 'endswith'", ENDSWITH, "other"),
        ("job failed with exit code 137", KILLED, "same"),
        ("job failed with exit code 139", KILLED, "other"),
        ("job failed with exit code 1370", KILLED, "other"),
        (r"exec: \"train\": executable file not found in $PATH", TRAIN, "same"),
        ('exec: "serve": executable file not found in $PATH', TRAIN, "other"),
        ("what must a training image hold?", TRAIN, "absent"),
    ],
)
def test_names_and_numbers_tell_errors_apart(
    message: str, wordings: tuple[str, ...], fit: str
) -> None:
    assert shown(message, one=wordings).fit("one") == fit


def test_a_star_stands_for_what_differs_but_not_for_pages() -> None:
    wording = ("Unsupported * version: * upgrade",)
    near = "Unsupported pytorch version: 2.13. You may need to upgrade"
    assert shown(near, one=wording).fit("one") == "same"
    far = f"Unsupported pytorch version: {'x ' * GAP} upgrade"
    assert shown(far, one=wording).fit("one") != "same"


def test_the_parts_around_a_star_keep_their_order() -> None:
    wording = ("first line*second line",)
    assert shown("second line, then first line", one=wording).fit("one") != "same"
    assert shown("first line; first line again; second line", one=wording).fit("one") == "same"


def test_blanks_beside_japanese_do_not_matter() -> None:
    assert shown("trainが見つからないと出ます", one=("train が見つから",)).fit("one") == "same"


def test_the_longest_wording_that_is_shown_goes_first() -> None:
    found = shown(
        "ModuleNotFoundError: No module named 'pkg_resources'",
        any=("ModuleNotFoundError: No module named",),
        one=("ModuleNotFoundError: No module named 'pkg_resources'",),
    )
    assert found.named == ("one", "any")


def test_an_error_that_no_note_knows_is_one_all_the_same() -> None:
    assert shown("RuntimeError: Unknown builtin op", one=TRAIN).has_error
    assert not shown("where does train come from?", one=TRAIN).has_error


def test_a_section_without_wordings_is_not_about_an_error() -> None:
    assert shown("exit code 1", one=TRAIN).fit("two") is None


def test_a_message_of_one_character_many_times_costs_little() -> None:
    wording = ("a" * 40 + "*" + "a" * 40,)
    assert shown("a" * 100_000, one=wording).fit("one") != "same"


def test_a_wording_is_quoted_with_an_ellipsis() -> None:
    assert as_quoted("KeyError: 'SM_*'") == "KeyError: 'SM_ … '"


def test_an_error_that_names_no_cause_comes_behind_one_that_does() -> None:
    message = "variant x did not pass the ping health check\nexec /serve: exec format error"
    both = shown(
        message, wrapper=("did not pass the ping health check",), format=("exec format error",)
    )
    assert both.named == ("format", "wrapper")
    alone = shown(message, wrapper=("did not pass the ping health check",))
    assert alone.named == ("wrapper",)


@pytest.mark.parametrize(
    "message",
    [
        "create_model says:\n\nThrottledException\nThe zebra of your image does not run.",
        '  File "/opt/app/serve.py", line 12, in main\nhydra.MissingThing: no value',
    ],
)
def test_an_error_that_nobody_knows_is_brought_along(message: str) -> None:
    assert shown(message, train=TRAIN).has_error


def test_an_error_that_is_spoken_of_is_none() -> None:
    assert not shown("When do I get a ThrottledException from create_model?").has_error
