"""A few pieces at a time in threads, their results in order, memory bounded."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread
from typing import TypeVar

__all__ = ["beside", "in_order", "meanwhile"]

T = TypeVar("T")


def in_order(tasks: Iterable[Callable[[], T]], threads: int | None = None, ahead: int = 2) -> Iterator[T]:
    """Run tasks in threads and yield their results in the order of the tasks.

    Tasks are taken from the iterable in the calling thread, at most `ahead` a thread ahead of what was yielded.
    """
    n = threads or min(4, os.cpu_count() or 1)
    if n <= 1:
        for task in tasks:
            yield task()
        return
    with ThreadPoolExecutor(n) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(task))
                if len(waiting) > ahead * n:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def beside(items: Iterable[T], task: Callable[[T], None], threads: int | None = None) -> None:
    """Do a task with one item after the other in a thread of its own, while the next items are made here."""
    if threads == 1:
        for item in items:
            task(item)
        return
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[None]] = deque()
        for item in items:
            waiting.append(pool.submit(task, item))
            if len(waiting) > 2:
                waiting.popleft().result()
        for future in waiting:
            future.result()


@contextmanager
def meanwhile(task: Callable[[], None]) -> Iterator[None]:
    """Do a task in a thread of its own during the block; it has ended when the block is left, however it is left.

    A thread that outlived its call could compile code then, and compiling sets the process' warning filters aside.
    """
    ended = Event()

    def run() -> None:
        try:
            task()
        finally:
            ended.set()

    thread = Thread(target=run)
    try:
        try:
            thread.start()  # interrupted by a signal, it may run all the same
        except RuntimeError:  # no room for one more
            ended.set()
            raise
        yield
    finally:
        ended.wait()
        if thread.is_alive():
            thread.join()
