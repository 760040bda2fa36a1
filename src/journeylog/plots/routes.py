"""Where the nodes of a graph stand, and the ways its arrows take around them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from journeylog.plots.flows import Key, Move

__all__ = ["HALF_X", "HALF_Y", "Route", "free_spot", "place_nodes", "route"]

Floats = npt.NDArray[np.float64]

#: Half the size of a node: columns across, pixels down.
HALF_X, HALF_Y = 0.30, 27.0
#: Pixels of a column on a page about 1,100 pixels wide; only used to judge what is near.
_COLUMN = 160.0
_ROW = 104.0
_LAYERS = 6
#: Arrows onward leave and arrive this far below the middle of a node's side, arrows back as far above it.
_PORT = 8.0
_T = np.linspace(0.0, 1.0, 33)


@dataclass(frozen=True, eq=False)
class Route:
    """The way of one arrow: points from source to target, and whether it runs back."""

    move: Move
    x: Floats
    y: Floats
    back: bool


def place_nodes(nodes: Sequence[Key], moves: Iterable[Move]) -> dict[Key, tuple[float, float]]:
    """Return (column, y in pixels) of each node: the order from left to right, neighbours level with each other."""
    n_layers = min(_LAYERS, len(nodes)) or 1
    bounds = np.linspace(0, len(nodes), n_layers + 1).round().astype(int)
    layers = [list(nodes[a:b]) for a, b in itertools.pairwise(bounds.tolist())]
    links = [(m.source, m.target, m.n) for m in moves if m.source != m.target]
    spot: dict[Key, tuple[float, float]] = {Key("start"): (0.0, 0.0)}
    for column, layer in enumerate(layers, start=1):
        spot |= {key: (float(column), y) for key, y in zip(layer, _levels(len(layer), column), strict=True)}
    for _ in range(8):
        for column, layer in enumerate(layers, start=1):
            pull = {key: _pull(key, links, spot) for key in layer}
            layer.sort(key=lambda key: (pull[key], nodes.index(key)))
            spot |= {
                key: (float(column), y) for key, y in zip(layer, _levels(len(layer), column), strict=True)
            }
    return spot


def route(move: Move, spot: dict[Key, tuple[float, float]], order: dict[Key, int]) -> Route:
    """Return the way that meets the fewest other nodes and is short; of two alike, above onward and below back."""
    (xa, ya), (xb, yb) = spot[move.source], spot[move.target]
    back = order[move.target] < order[move.source]
    others = np.array([p for key, p in spot.items() if key not in (move.source, move.target)]).reshape(-1, 2)
    ways = list(_ways_back(xa, ya, xb, yb) if back and xa != xb else _ways_on(xa, ya, xb, yb, back))
    middle = (ya + yb) / 2
    wrong = [(y[len(y) // 2] > middle + HALF_Y) != back for _, y in ways]
    costs = [
        3 * _hits(x, y, others) + _length(x, y) / 60 + 0.8 * w for (x, y), w in zip(ways, wrong, strict=True)
    ]
    x, y = ways[int(np.argmin(costs))]
    return Route(move, x, y, back)


def free_spot(
    way: Route, taken: list[tuple[float, float]], spot: dict[Key, tuple[float, float]]
) -> tuple[float, float] | None:
    """Return a point of the way where a short text meets no node and no other text."""
    blocks = [(x * _COLUMN, y, HALF_X * _COLUMN + 20, HALF_Y + 14) for x, y in spot.values()]
    blocks += [(x * _COLUMN, y, 46.0, 17.0) for x, y in taken]
    upright = float(np.ptp(way.x)) < 0.05  # beside a short upright arrow, not on it
    beside = 0.17 if upright else 0.0
    if upright:
        blocks = [b for b in blocks if abs(b[0] - float(way.x[0]) * _COLUMN) > 1 or b[3] < HALF_Y]
    for i in (16, 13, 19, 10, 22, 8, 24):
        x, y = float(way.x[i]) + beside, float(way.y[i])
        if all(abs(x * _COLUMN - bx) > wide or abs(y - by) > tall for bx, by, wide, tall in blocks):
            return x, y
    return None


def _levels(n: int, column: int) -> list[float]:
    """Return the heights of a layer; every second one stands a little lower, so that nothing lies in one line."""
    shift = 0.28 * _ROW * (column % 2) if n > 1 else 0.0
    return [(i - (n - 1) / 2) * _ROW + shift for i in range(n)]


def _pull(key: Key, links: Sequence[tuple[Key, Key, int]], spot: dict[Key, tuple[float, float]]) -> float:
    around = [
        (spot[b if a == key else a][1], n) for a, b, n in links if key in (a, b) and a in spot and b in spot
    ]
    total = sum(n for _, n in around)
    return sum(y * n for y, n in around) / total if total else spot[key][1]


def _ways_on(xa: float, ya: float, xb: float, yb: float, back: bool) -> Iterable[tuple[Floats, Floats]]:
    if xa == xb:
        down = 1.0 if yb > ya else -1.0
        at = xa + (0.08 if back else -0.08)
        yield _curve(
            (at, ya + down * HALF_Y),
            (at, ya + down * HALF_Y),
            (at, yb - down * HALF_Y),
            (at, yb - down * HALF_Y),
        )
        for side, far in itertools.product((1.0, -1.0), (0.16, 0.24)):
            x = xa + side * HALF_X
            yield _curve((x, ya), (x + side * far, ya), (x + side * far, yb), (x, yb))
        return
    a, b, ya, yb = xa + HALF_X, xb - HALF_X, ya + _PORT, yb + _PORT
    reach = max((b - a) * 0.5, 0.15)
    for bow in (0, *(s * d for d in (45, 80, 120, 165, 215, 270) for s in (-1, 1))):
        lift = bow - 3 * _PORT if bow < 0 else bow
        yield _curve((a, ya), (a + reach, ya + lift), (b - reach, yb + lift), (b, yb))


def _ways_back(xa: float, ya: float, xb: float, yb: float) -> Iterable[tuple[Floats, Floats]]:
    """Return ways from the left side of the source, and from below or above it."""
    a, b = xa - HALF_X, xb + HALF_X
    reach = max((a - b) * 0.5, 0.15)
    for bow in (0, *(s * d for d in (60, 110, 165, 225, 285) for s in (1, -1))):
        if bow or ya != yb or a - b < 0.5:
            lift = bow - _PORT
            yield _curve((a, ya - _PORT), (a - reach, ya + lift), (b + reach, yb + lift), (b, yb - _PORT))
    first = 14 + 24 * (xa - xb)
    for deep, side in itertools.product((0, 35, 75, 120, 170, 230), (1, -1)):
        level = (max(ya, yb) if side > 0 else min(ya, yb)) + side * (HALF_Y + first + deep)
        yield _curve(
            (xa - 0.1, ya + side * HALF_Y),
            (xa - 0.1, level),
            (xb + 0.1, level),
            (xb + 0.1, yb + side * HALF_Y),
        )


def _curve(*points: tuple[float, float]) -> tuple[Floats, Floats]:
    weights = np.array([(1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3])
    x, y = np.array(points).T @ weights
    return x, y


def _length(x: Floats, y: Floats) -> float:
    return float(np.hypot(np.diff(x) * _COLUMN, np.diff(y)).sum())


def _hits(x: Floats, y: Floats, others: Floats) -> int:
    """Return at how many points the way lies on a node or close beside one."""
    near_x = np.abs(x[:, None] - others[:, 0]) < HALF_X + 0.03
    near_y = np.abs(y[:, None] - others[:, 1]) < HALF_Y + 8
    return int((near_x & near_y).sum())
