"""Oracle of shrunk shares scored on held-out actors: dictionaries and loops, one fold and one context at a time."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Seen(NamedTuple):
    """One thing seen: the fold of its actor, what was known (coarse to fine), and what came of it."""

    fold: int
    known: tuple[Any, ...]
    came: Any


class Shares:
    """Shares learnt from some of what was seen; level 0 knows nothing, level l knows the first l things."""

    def __init__(
        self, seen: list[Seen], ways: Sequence[Any], depth: int, family: Callable[[int, tuple[Any, ...]], Any]
    ) -> None:
        self.ways = ways
        total = Counter(s.came for s in seen)
        self.tables: list[dict[Any, dict[Any, float]]] = [
            {(): {w: (total[w] + 1 / len(ways)) / (len(seen) + 1) for w in ways}}
        ]
        for level in range(1, depth + 1):
            counts: dict[Any, Counter[Any]] = defaultdict(Counter)
            for s in seen:
                counts[s.known[:level]][s.came] += 1
            families: dict[Any, list[Any]] = defaultdict(list)
            for context in counts:
                families[family(level, context)].append(context)
            table = {}
            for members in families.values():
                weight = self._weight(members, counts)
                for context in members:
                    above, n = self.share(context[:-1]), sum(counts[context].values())
                    table[context] = {
                        w: above[w]
                        if weight is None
                        else (counts[context][w] + weight * above[w]) / (n + weight)
                        for w in ways
                    }
            self.tables.append(table)

    def _weight(self, members: list[Any], counts: dict[Any, Counter[Any]]) -> float | None:
        """How many trials the coarser share is worth; None: the finer ones are no different but by chance."""
        size = sum(sum(counts[c].values()) for c in members)
        excess = room = 0.0
        for context in members:
            above, n = self.share(context[:-1]), sum(counts[context].values())
            off = sum((counts[context][w] - n * above[w]) ** 2 for w in self.ways) / n
            free = (1 - sum(above[w] ** 2 for w in self.ways)) * (1 - n / size)
            excess += off - free
            room += free * (n - 1)
        alike = min(max(excess / room, 0.0), 1.0) if room > 0 else 0.0
        return max((1 - alike) / alike, 0.5) if alike > 1e-6 else None

    def share(self, known: tuple[Any, ...]) -> dict[Any, float]:
        """Shares in a context; one that was not seen has those of the coarser."""
        table = self.tables[len(known)]
        return table[known] if known in table else self.share(known[:-1])


def held_out(
    seen: list[Seen], ways: Sequence[Any], depth: int, family: Callable[[int, tuple[Any, ...]], Any]
) -> list[tuple[Seen, list[float], list[float]]]:
    """Log loss and Brier score of everything seen, at each level, learnt from the other folds."""
    out = []
    for fold in sorted({s.fold for s in seen}):
        learnt = Shares([s for s in seen if s.fold != fold], ways, depth, family)
        for s in seen:
            if s.fold == fold:
                shares = [learnt.share(s.known[:level]) for level in range(depth + 1)]
                losses = [-math.log(p[s.came]) for p in shares]
                brier = [sum((p[w] - (w == s.came)) ** 2 for w in ways) for p in shares]
                out.append((s, losses, brier))
    return out
