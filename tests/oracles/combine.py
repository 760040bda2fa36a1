"""Oracles of combining: which events another source has told already, and how far its clock is ahead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Told = tuple[str, str | None, int]


def copies(events: Sequence[Told], precedence: Sequence[str], within: int | None) -> list[bool]:
    """An event (source, key, time) is a copy if one of an earlier source has its key, near enough in time."""
    return [
        any(
            key is not None
            and other == key
            and precedence.index(first) < precedence.index(source)
            and (within is None or abs(t - time) <= within)
            for first, other, t in events
        )
        for source, key, time in events
    ]


def differences(a: Sequence[tuple[str | None, int]], b: Sequence[tuple[str | None, int]]) -> list[int]:
    """Second time minus first, for each key that occurs once in both."""
    count_a, count_b = Counter(key for key, _ in a), Counter(key for key, _ in b)
    return sorted(
        t - s
        for k, s in a
        for other, t in b
        if k is not None and k == other and count_a[k] == count_b[k] == 1
    )
