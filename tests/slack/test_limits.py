"""How much and how often: bounded memory, a questions' limit, a queue."""

from __future__ import annotations

import threading

from slackbot.expiring import Expiring
from slackbot.limits import Queue, RateLimit


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_an_entry_is_kept_once_and_for_a_time() -> None:
    clock = Clock()
    recent: Expiring[str, int] = Expiring(10, 60, clock)
    assert recent.add("a", 1)
    assert not recent.add("a", 2)
    assert recent.get("a") == 1
    clock.now += 61
    assert recent.get("a") is None
    assert recent.add("a", 2)


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    recent: Expiring[int, int] = Expiring(3, 60, Clock())
    for number in range(10):
        recent.add(number, number)
    assert [recent.get(number) for number in range(10)] == [None] * 7 + [7, 8, 9]


def test_of_many_at_once_one_is_first() -> None:
    recent: Expiring[str, bool] = Expiring(10, 60)
    first: list[bool] = []
    threads = [
        threading.Thread(target=lambda: first.append(recent.add("ts", value=True)))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(first) == [False] * 19 + [True]


def test_a_person_may_ask_so_often_in_any_minute() -> None:
    clock = Clock()
    limit = RateLimit(2, clock)
    assert limit.wait("U1") == 0
    clock.now += 20
    assert limit.wait("U1") == 0
    assert limit.wait("U1") == 40, "until the first one is a minute old"
    assert limit.wait("U2") == 0, "others are not concerned"
    clock.now += 41
    assert limit.wait("U1") == 0
    assert limit.wait("U1") == 19


def test_who_is_quiet_takes_no_memory() -> None:
    clock = Clock()
    limit = RateLimit(2, clock)
    for number in range(100):
        limit.wait(f"U{number}")
    clock.now += 61
    limit.wait("U1")
    assert len(limit._asked) == 1


def test_a_queue_says_how_many_come_before_and_finishes_all() -> None:
    queue = Queue(2)
    go, done, ahead = threading.Event(), [], []  # type: ignore[var-annotated]
    for number in range(5):

        def job(number: int = number) -> None:
            go.wait(5)
            if number == 1:
                raise RuntimeError("one job fails")
            done.append(number)

        queue.put(job, ahead.append)
    assert ahead == [0, 0, 1, 2, 3]
    go.set()
    queue.close()
    assert sorted(done) == [0, 2, 3, 4]


def test_a_question_is_answered_though_its_announcement_fails() -> None:
    queue = Queue(1)
    done: list[int] = []

    def announce(ahead: int) -> None:
        raise RuntimeError("no status")

    try:
        queue.put(lambda: done.append(1), announce)
    except RuntimeError:
        pass
    queue.close()
    assert done == [1]
