"""Source: knows how to walk partitions of whole actors. In memory there are as many as it was given."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Step
from journeylog.core.window import Window

__all__ = ["Memory", "Source", "default_threads"]

T = TypeVar("T")

#: Below this many events a further thread costs more than it brings.
_EVENTS_A_THREAD = 200_000


class Source(Protocol):
    """What an event log needs of the place where its events live."""

    def map(self, task: Callable[[Chunk], T], threads: int | None = None) -> list[T]:
        """Run a task on every partition, where the partition lives, and return the answers in any order."""

    def then(self, steps: Sequence[Step], window: Window) -> Source:
        """Return the source with these steps applied to every partition."""

    def whole(self) -> Chunk:
        """Return everything as one chunk in memory."""


@dataclass(frozen=True, eq=False)
class Memory:
    """Partitions held in memory, usually one; threads share it by actor ranges."""

    chunks: tuple[Chunk, ...]

    def map(self, task: Callable[[Chunk], T], threads: int | None = None) -> list[T]:
        """Run a task over actor ranges, in threads when that pays."""
        total = sum(c.n_events for c in self.chunks)
        wanted = default_threads(total) if threads is None else max(1, threads)
        parts = [part for chunk in self.chunks for part in chunk.split(wanted)]
        if wanted == 1 or len(parts) == 1:
            return [task(part) for part in parts]
        with ThreadPoolExecutor(wanted) as pool:
            return list(pool.map(task, parts))

    def then(self, steps: Sequence[Step], window: Window) -> Memory:
        """Apply the steps now."""
        chunks = list(self.chunks)
        for step in steps:
            chunks = [step.apply(chunk, window) for chunk in chunks]
        return Memory(tuple(chunks))

    def whole(self) -> Chunk:
        """Return the one chunk (several are not joined: they hold different vocabularies)."""
        if len(self.chunks) != 1:
            raise ValueError(f"{len(self.chunks)} partitions are not one chunk")
        return self.chunks[0]


def default_threads(n_events: int) -> int:
    """Return how many threads to use for this many events."""
    return max(1, min(os.cpu_count() or 1, n_events // _EVENTS_A_THREAD))
