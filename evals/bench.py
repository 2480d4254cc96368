"""Times: cold starts of the commands, and answers of an open assistant (`python -m evals.bench`).

Takes the index in use, prints a table of medians. Times belong here and in no test: these machines
are noisy, so compare two versions in one sitting only.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median, quantiles
from time import perf_counter

from kb.records import Turn
from kb.settings import read_settings
from kb.wiring import open_assistant, open_store

COLD = (
    ("--help",),
    ("image", "pytorch", "--list"),
    ("source", "notes/ja/start.md"),
    ("ask", "Which port must a serving container listen on?"),
    ("ask", "--json", "apt で MeCab を入れたい。学習だけ。どのパターン？"),
)
_ROUNDS = 5
_PASTE = "2026-11-01 12:00:00 INFO step {n} loss=0.1 throughput=812 samples/s\n"
_QUESTIONS = (
    "Which port must a serving container listen on?",
    "学習したモデルはどこに保存する？",
    "apt で MeCab を入れたい。学習だけ。どのパターン？",
    "What happens on SIGTERM?",
    "サーバーレス推論のイメージの上限は？",
    "How do I cook rice?",
)


def main() -> int:
    for words in COLD:
        times = [_cold(words) for _ in range(_ROUNDS)]
        print(f"{median(times):6.2f} s  cold  kb {' '.join(words)}")
    settings = read_settings()
    store = open_store(settings)
    assistant = open_assistant(settings, store)
    assistant.ask(_QUESTIONS[0])
    times = [_ask(assistant.ask, question) for question in _QUESTIONS * _ROUNDS]
    print(f"{median(times):6.3f} s  median of {len(times)} answers, p95 {_p95(times):.3f} s")
    paste = "".join(_PASTE.format(n=n) for n in range(45)) + "CUDA out of memory\n"
    history = [Turn("user", paste), Turn("assistant", "…")]
    for question in (_QUESTIONS * 2)[:8]:
        history += [Turn("user", question), Turn("assistant", "…")]
    times = [_ask(lambda q: assistant.ask(q, history), f"あざす{n}") for n in range(20)]
    print(
        f"{median(times):6.3f} s  median of the tenth turn after a paste, p95 {_p95(times):.3f} s"
    )
    return 0


def _cold(words: tuple[str, ...]) -> float:
    started = perf_counter()
    subprocess.run([sys.executable, "-m", "kb", *words], check=True, capture_output=True)
    return perf_counter() - started


def _ask(ask: object, question: str) -> float:
    assert callable(ask)
    started = perf_counter()
    ask(question)
    return perf_counter() - started


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


if __name__ == "__main__":
    sys.exit(main())
