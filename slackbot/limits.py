"""Limits: how many questions a person may ask, how many are answered at once.

Knows nothing about Slack. Safe to share between threads.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

LOG = logging.getLogger("kb.slack")
_WINDOW = 60.0
"""Seconds over which questions are counted."""


class RateLimit:
    """At most so many questions a person within a minute."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._asked: dict[str, deque[float]] = {}
        self._lock = Lock()

    def wait(self, person: str) -> float:
        """Seconds until `person` may ask again; 0 means now, and that question is counted."""
        now = self._clock()
        with self._lock:
            self._forget(now)
            asked = self._asked.setdefault(person, deque())
            if len(asked) < self._most:
                asked.append(now)
                return 0.0
            return asked[0] + _WINDOW - now

    def _forget(self, now: float) -> None:
        """Who asked nothing for a minute takes no memory."""
        for person, asked in list(self._asked.items()):
            while asked and asked[0] <= now - _WINDOW:
                asked.popleft()
            if not asked:
                del self._asked[person]


class Queue:
    """Answers under way: a few at once, the others in the order in which they came."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="answer")
        self._open = 0
        self._lock = Lock()

    def put(self, job: Callable[[], None], announce: Callable[[int], None]) -> None:
        """Do `job` in its turn; before that, `announce` how many must be done first."""
        with self._lock:
            ahead = max(0, self._open + 1 - self._workers)
            self._open += 1
        try:
            announce(ahead)
        finally:
            self._pool.submit(self._do, job)

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:  # what a job did not handle must not end in silence
            LOG.exception("an answer failed")
        finally:
            with self._lock:
                self._open -= 1

    def close(self) -> None:
        """Wait for everything that was put."""
        self._pool.shutdown(wait=True)
