"""The thread under the flight recorder and the rollups: in turn, bounded, waited for so long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from wanfailover import worker
from wanfailover.worker import Worker


class Disk:
    """Takes what it is given once it *answers*; at the end it is *ended*."""

    def __init__(self) -> None:
        self.answers, self.ended = threading.Event(), threading.Event()
        self.took: list[tuple[int, int]] = []

    def take(self, number: int) -> None:
        self.answers.wait()
        self.took.append((number, threading.get_ident()))

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.took]


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.answers.set()


def given(disk: Disk, jobs: int, waiting: int) -> tuple[Worker, list[bool]]:
    """A worker that has been given so many jobs, the first of which it has begun."""
    made = Worker("test", waiting, disk.ended.set)
    begun = threading.Event()
    assert made.put(begun.set)
    assert begun.wait(5)
    made._jobs.join()
    taken = [made.put(partial(disk.take, 0))]
    while not made._jobs.empty():
        time.sleep(0.001)
    return made, taken + [made.put(partial(disk.take, n)) for n in range(1, jobs)]


def test_all_that_waits_is_done_in_turn_by_one_thread_and_then_it_ends(disk):
    worker, taken = given(disk, jobs=50, waiting=0)
    assert not disk.took
    disk.answers.set()
    worker.close()
    assert disk.ended.is_set()
    assert disk.numbers == [*range(50)]
    threads = {thread for _, thread in disk.took}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    assert all(taken)


def test_what_is_too_much_is_let_go_and_the_rest_is_not(disk):
    worker, taken = given(disk, jobs=6, waiting=3)
    assert taken == [True, True, True, True, False, False]
    disk.answers.set()
    worker.close()
    assert disk.numbers == [0, 1, 2, 3]


@pytest.mark.parametrize("jobs", [1, 4], ids=["room", "no room"])
def test_a_disk_that_never_answers_is_left_when_the_time_is_up(disk, monkeypatch, jobs):
    """Nor does its thread keep the program from ending."""
    monkeypatch.setattr(worker, "PATIENCE", 0.2)
    hung, _ = given(disk, jobs=jobs, waiting=3)
    began = time.monotonic()
    hung.close()
    assert 0.2 <= time.monotonic() - began < 2
    assert not disk.ended.is_set()
    assert hung._thread.daemon


def test_there_is_one_deadline_for_a_place_in_the_queue_and_for_the_end(monkeypatch):
    """A disk that takes its time is not given the whole of it twice."""
    monkeypatch.setattr(worker, "PATIENCE", 1.0)
    slow = Worker("test", 1, lambda: None)
    for _ in range(2):
        slow.put(partial(time.sleep, 0.9))
        while not slow._jobs.empty() and slow._jobs.unfinished_tasks == 1:
            time.sleep(0.001)
    began = time.monotonic()
    slow.close()
    assert 0.9 < time.monotonic() - began < 1.5
