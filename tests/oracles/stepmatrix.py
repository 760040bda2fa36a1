"""The step matrix in plain loops: write every case out position by position, then count."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.oracles.variants import visits


def states(path: list[str], outcome: str, positions: range) -> list[tuple[str, str]]:
    """Return (kind, name) at each position, where position 0 is the first entry of `path`."""
    out = []
    for k in positions:
        if k < 0:
            out.append(("start", "start"))
        elif k < len(path):
            out.append(("node", path[k]))
        else:
            out.append((outcome, outcome))
    return out


def anchor_of(case: Any, node: str, merge: bool, hit: Any) -> int | None:
    """Return the number of the first visit that holds a hit event."""
    for n in range(len(case.events)):
        if hit(case.events[n]) and getattr(case.events[n], node) is not None:
            return len(visits(case.events[: n + 1], node, merge)) - 1
    return None


def step_matrix(
    cases: list[Any], node: str, merge: bool, steps: int, hit: Any, before: int, after: int
) -> Any:
    """Return cells (position, kind, name), flows (position, from, to), and how many cases count."""
    cells: Counter[Any] = Counter()
    flows: Counter[Any] = Counter()
    n = 0
    for case in cases:
        path = [name for name, _, _ in visits(case.events, node, merge)]
        if not path:
            continue
        pivot = 0 if hit is None else anchor_of(case, node, merge, hit)
        if pivot is None:
            continue
        n += 1
        first, last, label = (0, steps - 1, 1) if hit is None else (-before, after, 0)
        row = states(path, case.outcome, range(pivot + first, pivot + last + 1))
        for k, state in enumerate(row):
            cells[first + k + label, *state] += 1
            if k + 1 < len(row):
                going = state[0] == "node" or (state[0] == "start" and row[k + 1][0] != "start")
                if going:
                    flows[first + k + label, *state, *row[k + 1]] += 1
    return cells, flows, n
