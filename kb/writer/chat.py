"""Chat: a chat model of any provider, opened and read as a stream that cannot hang.

Takes settings and messages, gives pieces of text. Every failure leaves as one `ChatFailed` that
says whether another try makes sense. Knows nothing about sources or citations. LangChain is
imported only when a model is opened, because that takes a second.
"""

from __future__ import annotations

import math
import os
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from kb.errors import ChatModelError, SettingsError
from kb.records import Usage
from kb.settings import Settings
from kb.text.secrets import without_secrets

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Message = tuple[str, str]
"""Role (`system`, `human`, `ai`) and text, as LangChain takes them."""

Spend = Callable[[Usage], None]
"""Is told what one call of a chat model came to."""

PINNED = ("langchain-aws", "langchain-anthropic", "langchain-ollama", "langchain-openai")
"""Providers' packages of requirements-chat.txt."""
_FINISH = ("finish_reason", "stop_reason", "stopReason", "done_reason", "finishReason")
_CUT_SHORT = re.compile(
    r"length|max.?tokens|filter|safety|guardrail|recitation|blocked|context_window", re.I
)
_SENTENCE_END = re.compile(r"[.!?。！？\]】］`|]\s*$")
_TRANSIENT = frozenset({408, 409, 424, 425, 429})
_LONGEST = 20_000
"""Characters after which a model is taken to run in circles."""
_CHARACTERS = 3
"""Characters that count as one token where the provider counts none."""
_CACHING = re.compile(
    r"claude-(?:3-7|[4-9]|\w+-[4-9])|claude-3-5-haiku|nova-(?:micro|lite|pro|premier)"
)
"""Models on Bedrock that take a mark for their cache; others refuse the call."""


class ChatFailed(ChatModelError):
    """One call of a chat model gave nothing that can be used; the text is for the log."""

    def __init__(
        self, reason: str, *, retry: bool = True, wait: float = 0.0, status: int = 0
    ) -> None:
        super().__init__(without_secrets(reason))
        self.retry = retry
        self.wait = wait
        """Seconds that the provider asked to wait before another try."""
        self.status = status


def open_chat_model(settings: Settings, *, temperature: float | None = 0.0) -> BaseChatModel:
    """The model of KB_CHAT_MODEL; raises SettingsError with one sentence that says what to do.

    `temperature` None leaves it to the model, for those that refuse any other.
    """
    name = settings.chat_model
    try:
        from langchain.chat_models import init_chat_model  # takes a second
    except ImportError as error:
        raise SettingsError(
            f"KB_CHAT_MODEL is {name!r}, which needs LangChain; install it with "
            "`pip install langchain`."
        ) from error
    options = _options(settings)
    if temperature is not None:
        options["temperature"] = temperature
    try:
        model: BaseChatModel = init_chat_model(name, **options)
        return model
    except ImportError as error:
        raise SettingsError(
            f"KB_CHAT_MODEL is {name!r}, whose provider has a package of its own; install it with "
            f"`{_installs(error, name)}`."
        ) from error
    except Exception as error:  # each provider has exceptions of its own
        if "infer model provider" in str(error) or "Unsupported provider" in str(error):
            raise SettingsError(
                f"KB_CHAT_MODEL is {name!r}, which names no provider that LangChain knows; write "
                "provider:model, for example bedrock_converse:…, openai:… or ollama:…."
            ) from error
        raise SettingsError(
            f"KB_CHAT_MODEL is {name!r}, and its provider refused the set-up: {_first_line(error)} "
            "Check the provider's key, region and KB_CHAT_BASE_URL in the environment."
        ) from error


def _options(settings: Settings) -> dict[str, Any]:
    """Arguments that every provider takes, with the few that differ."""
    provider = settings.chat_model.split(":", 1)[0]
    patience = math.ceil(settings.chat_timeout)
    options: dict[str, Any] = {"timeout": patience, "max_retries": 0}
    if provider == "ollama":
        options = {"client_kwargs": {"timeout": patience}}
    if settings.chat_base_url:
        options["base_url"], authorization = _without_userinfo(settings.chat_base_url)
        if authorization and provider == "ollama":
            options["client_kwargs"]["headers"] = {"Authorization": authorization}
        elif authorization:
            # As part of the URL it would stand in httpx's log of every request.
            options["default_headers"] = {"Authorization": authorization}
        if provider == "openai" and not os.environ.get("OPENAI_API_KEY"):
            options["api_key"] = "none"  # local servers ask for none, the client insists on one
    return options


def _without_userinfo(url: str) -> tuple[str, str]:
    """`url` without user and password, and the header that stands for them."""
    parts = urlsplit(url)
    userinfo, found, host = parts.netloc.rpartition("@")
    if not found:
        return url, ""
    code = b64encode(unquote(userinfo).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), f"Basic {code}"


def _installs(error: ImportError, name: str) -> str:
    """The command for a provider's package; the pinned ones fit what else is installed."""
    found = re.search(r"pip install ([\w\[\]-]+)", str(error))
    package = found[1] if found else f"langchain-{name.split(':', 1)[0].replace('_', '-')}"
    wanted = "-r requirements-chat.txt" if package in PINNED else package
    return f".venv/bin/pip install {wanted}"


def _first_line(error: Exception) -> str:
    """What went wrong, without the values passed, which pydantic prints with keys and all."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [
        type(error).__name__
    ]
    line = lines[1] if len(lines) > 1 and "validation error" in lines[0] else lines[0]
    text = re.sub(r"\s*\[type=.*$", "", line).removeprefix("Value error, ").rstrip(".")
    return without_secrets(text[:300]) + "."


def stream_text(
    model: BaseChatModel,
    messages: Sequence[Message],
    patience: float,
    *,
    within: float = math.inf,
    slots: threading.Semaphore | None = None,
    spend: Spend | None = None,
) -> Iterator[str]:
    """The model's text as it comes. Raises ChatFailed, also when `patience` seconds bring nothing.

    `within`: seconds for all of it. `slots`: one is taken while the model runs; waiting for it
    counts. `spend` is told what the call came to, whether it succeeds or not. The model runs in a
    thread of its own, so that a provider that ignores its time-out cannot hold up the answer; the
    thread ends with the next piece, or with the provider's own time-out.
    """
    started = time.monotonic()
    patience = min(patience, within)
    if slots is not None and not slots.acquire(timeout=patience):
        raise ChatFailed(f"no slot was free for {patience:g} s; see KB_CHAT_CONCURRENCY")
    queue: SimpleQueue[Any] = SimpleQueue()
    stopped = threading.Event()
    run = (model, messages, queue, stopped, slots)
    threading.Thread(target=_run, args=run, daemon=True).start()
    text, finish = "", ""
    counted = Usage()
    waited = time.monotonic() - started
    try:
        while True:
            left = min(patience - waited, started + within - time.monotonic())
            chunk = _next(queue, left, len(text))
            waited = 0.0
            if chunk is None:
                break
            piece = str(chunk.text)
            finish = _finish(chunk) or finish
            counted += _counted(chunk)
            text += piece
            if len(text) > _LONGEST:
                raise ChatFailed(f"still writing after {_LONGEST} characters")
            if piece:
                yield piece
    finally:
        stopped.set()
        if spend is not None:
            spend(_usage(counted, messages, text))
    if _CUT_SHORT.search(finish):
        raise ChatFailed(f"cut short by the provider: {finish}")
    if not finish and (_reports_finish(model) or not _SENTENCE_END.search(text)):
        raise ChatFailed(f"the stream broke off after {len(text)} characters")


def _next(queue: SimpleQueue[Any], seconds: float, length: int) -> Any:
    """The next piece of a stream, None at its end; raises ChatFailed."""
    try:
        chunk = queue.get(timeout=max(seconds, 0.001))
    except Empty:
        raise ChatFailed(f"stalled: no token for {seconds:g} s after {length} characters") from None
    if isinstance(chunk, Exception):
        raise _failed(chunk) from chunk
    return chunk


def _run(
    model: BaseChatModel,
    messages: Sequence[Message],
    queue: SimpleQueue[Any],
    stopped: threading.Event,
    slots: threading.Semaphore | None,
) -> None:
    try:
        for chunk in model.stream(_as_provider(model, messages)):
            queue.put(chunk)
            if stopped.is_set():
                return
        queue.put(None)
    except Exception as error:  # noqa: BLE001 whatever a provider raises, `_failed` tells it apart
        queue.put(error)
    finally:
        if slots is not None:
            slots.release()


def _as_provider(model: BaseChatModel, messages: Sequence[Message]) -> list[Any]:
    """The messages; the rules, which are the same each time, marked to be cached by those that can.

    Anthropic and Claude on Bedrock cache what is marked and longer than about 1,000 tokens.
    """
    (role, rules), *others = messages
    module, name = type(model).__module__, str(getattr(model, "model_id", ""))
    if role != "system":
        return list(messages)
    if module.startswith("langchain_anthropic"):
        block = {"type": "text", "text": rules, "cache_control": {"type": "ephemeral"}}
        return [("system", [block]), *others]
    if module.startswith("langchain_aws") and _CACHING.search(name):
        return [("system", [{"text": rules}, {"cachePoint": {"type": "default"}}]), *others]
    return list(messages)


def _counted(chunk: Any) -> Usage:
    """The tokens that the provider counts on this chunk; they add up over a stream."""
    metadata = getattr(chunk, "usage_metadata", None) or {}
    return Usage(0, metadata.get("input_tokens", 0), metadata.get("output_tokens", 0))


def _usage(counted: Usage, messages: Sequence[Message], text: str) -> Usage:
    """One call as it was counted, or estimated where the provider counts nothing."""
    if counted.tokens_in:
        return replace(counted, calls=1)
    given = sum(len(content) for _, content in messages)
    return Usage(1, given // _CHARACTERS, len(text) // _CHARACTERS, is_estimate=True)


def _finish(chunk: Any) -> str:
    """Why the provider ended its text, when this chunk tells."""
    metadata = getattr(chunk, "response_metadata", None) or {}
    return next((str(metadata[key]) for key in _FINISH if metadata.get(key)), "")


def _reports_finish(model: BaseChatModel) -> bool:
    """Providers that end every complete stream with a reason."""
    module = type(model).__module__
    return module.startswith(
        ("langchain_openai", "langchain_aws", "langchain_anthropic", "langchain_ollama")
    )


def _failed(error: Exception) -> ChatFailed:
    status, headers = _response(error)
    reason = f"{type(error).__name__} {status or ''}: {error}"[:500]
    retry = not 400 <= status < 500 or status in _TRANSIENT
    return ChatFailed(reason, retry=retry, wait=_retry_after(headers), status=status)


def _response(error: Exception) -> tuple[int, dict[str, str]]:
    """HTTP status (0: none) and headers, in the forms of httpx, botocore and Google."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        metadata = response.get("ResponseMetadata", {})
        status, headers = metadata.get("HTTPStatusCode"), metadata.get("HTTPHeaders", {})
    else:
        status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
        status = status or getattr(error, "code", None)
        headers = getattr(response, "headers", None) or {}
    lowered = {str(name).lower(): str(value) for name, value in dict(headers).items()}
    return status if isinstance(status, int) else 0, lowered


def _retry_after(headers: dict[str, str]) -> float:
    """Seconds of Retry-After (RFC 9110: a number or a date), 0 when there is none."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
