"""Slack's rules for blocks and views, as docs.slack.dev gives them: fields, counts, lengths.

Gives the reasons to refuse, none when Slack would take it. A field that is not listed is a reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

Block = dict[str, Any]

MESSAGE_BLOCKS = 50
MODAL_BLOCKS = 100
ALL_BLOCKS = 13_000
"""Characters of a message's blocks as JSON; not documented, found by people (bolt-js#2509)."""
_CONTROL = re.compile(r"<(?:(?:https?|mailto):[^<>|\s]+(?:\|[^<>\n]*)?|[@#!][^<>\s]+)>")


def reasons(blocks: Any, *, modal: bool = False) -> list[str]:
    """Why Slack refuses these blocks."""
    if not isinstance(blocks, list):
        return ["blocks are not a list"]
    most = MODAL_BLOCKS if modal else MESSAGE_BLOCKS
    found = [f"{len(blocks)} blocks, at most {most}"] if len(blocks) > most else []
    for number, block in enumerate(blocks):
        kind = block.get("type")
        check = _KINDS.get(kind)
        if check is None or (modal and kind == "context_actions"):
            found.append(f"blocks[{number}]: no such block here: {kind}")
            continue
        found += [f"blocks[{number}] ({kind}): {reason}" for reason in check(block)]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        found.append("block_id twice")
    return found


def size(blocks: list[Block]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))


def view_reasons(view: Block) -> list[str]:
    """Why Slack refuses this modal."""
    allowed = {"type", "title", "blocks"}
    optional = {"close", "submit", "private_metadata", "callback_id"}
    found = list(_fields(view, allowed, optional))
    for name in ("title", "close", "submit"):
        if name in view:
            found += _text(view[name], 24, ("plain_text",))
    if len(view.get("private_metadata", "")) > 3_000:
        found.append("private_metadata too long")
    if any(block.get("type") == "input" for block in view["blocks"]) and "submit" not in view:
        found.append("an input needs submit")
    return found + reasons(view["blocks"], modal=True)


def unescaped(text: str) -> str:
    """What is left of mrkdwn without its control sequences and escapes: no < > & of its own."""
    return re.sub(r"&(?:amp|lt|gt);", "", _CONTROL.sub("", text).replace("\n>", "\n").lstrip(">"))


def controls(text: str) -> list[str]:
    """The control sequences in mrkdwn: links, mentions."""
    return [found[0] for found in _CONTROL.finditer(text)]


def texts(blocks: Iterable[Block]) -> list[str]:
    """All mrkdwn of the blocks."""
    found = []
    for block in blocks:
        for part in [block.get("text"), *block.get("elements", [])]:
            if isinstance(part, dict) and part.get("type") == "mrkdwn":
                found.append(part["text"])
    return found


def _section(block: Block) -> Iterable[str]:
    yield from _fields(block, {"type", "text"}, {"block_id", "accessory", "expand"})
    yield from _text(block.get("text"), 3_000)


def _context(block: Block) -> Iterable[str]:
    yield from _fields(block, {"type", "elements"}, {"block_id"})
    yield from _count(block, 10)
    for element in block.get("elements", []):
        yield from _text(element, 3_000)


def _actions(block: Block) -> Iterable[str]:
    yield from _fields(block, {"type", "elements"}, {"block_id"})
    yield from _count(block, 25)
    for element in block.get("elements", []):
        yield from _button(element)
    ids = [element.get("action_id") for element in block.get("elements", [])]
    if len(ids) != len(set(ids)):
        yield "action_id twice"


def _context_actions(block: Block) -> Iterable[str]:
    yield from _fields(block, {"type", "elements"}, {"block_id"})
    yield from _count(block, 5)
    for element in block.get("elements", []):
        if element.get("type") != "feedback_buttons":
            yield f"element {element.get('type')}"
            continue
        buttons = {"positive_button", "negative_button"}
        yield from _fields(element, {"type", *buttons}, {"action_id"})
        for name in buttons:
            button = element[name]
            yield from _fields(button, {"text", "value"}, {"accessibility_label"})
            yield from _text(button["text"], 75, ("plain_text",))
            yield from _length("value", button["value"], 2_000)
            yield from _length("accessibility_label", button.get("accessibility_label", "x"), 75)


def _input(block: Block) -> Iterable[str]:
    yield from _fields(
        block, {"type", "label", "element"}, {"block_id", "hint", "optional", "dispatch_action"}
    )
    yield from _text(block["label"], 2_000, ("plain_text",))
    element = block["element"]
    if element.get("type") != "plain_text_input":
        yield f"element {element.get('type')}"
    yield from _fields(
        element,
        {"type"},
        {"action_id", "multiline", "max_length", "min_length", "placeholder", "initial_value"},
    )
    if not 1 <= element.get("max_length", 3_000) <= 3_000:
        yield "max_length"


def _divider(block: Block) -> Iterable[str]:
    yield from _fields(block, {"type"}, {"block_id"})


def _button(element: Block) -> Iterable[str]:
    if element.get("type") != "button":
        yield f"element {element.get('type')}"
        return
    yield from _fields(
        element,
        {"type", "text"},
        {"action_id", "value", "url", "style", "confirm", "accessibility_label"},
    )
    yield from _text(element["text"], 75, ("plain_text",))
    yield from _length("action_id", element.get("action_id", "x"), 255)
    yield from _length("value", element.get("value", "x"), 2_000)


def _text(text: Any, most: int, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> Iterable[str]:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"text is {text!r}"
        return
    own = {"verbatim"} if text["type"] == "mrkdwn" else {"emoji"}
    yield from _fields(text, {"type", "text"}, own)
    yield from _length("text", text.get("text", ""), most)


def _count(block: Block, most: int) -> Iterable[str]:
    if not 1 <= len(block.get("elements", [])) <= most:
        yield f"{len(block.get('elements', []))} elements, 1 to {most}"


def _length(name: str, text: str, most: int) -> Iterable[str]:
    if not 1 <= len(text) <= most:
        yield f"{name} has {len(text)} characters, 1 to {most}"


def _fields(thing: Block, needed: set[str], optional: set[str]) -> Iterable[str]:
    missing, unknown = needed - set(thing), set(thing) - needed - optional
    if missing or unknown:
        yield f"missing {sorted(missing)}, unknown {sorted(unknown)}"


_KINDS: dict[str, Callable[[Block], Iterable[str]]] = {
    "section": _section,
    "context": _context,
    "actions": _actions,
    "context_actions": _context_actions,
    "input": _input,
    "divider": _divider,
}
