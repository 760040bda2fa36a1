"""A first proposal of stages, from where in the journeys events stand and what they stand next to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.chunk import Chunk
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT, ratio
from journeylog.errors import ConfigError
from journeylog.stats.transitions import Transitions
from journeylog.steps.stages import Stages

__all__ = ["Suggestion", "suggest_stages"]

Floats = npt.NDArray[np.float64]
_PARTS = 1_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Suggestion:
    """Proposed stages; to be edited by who knows the business.

    Parameters
    ----------
    rules : mapping of str to list of str
        Event names by stage, in the order of the journey: what :class:`Stages` takes.
    table : DataFrame
        One row an event name: ``stage, event, n, position, inside_rate, onward_rate, back_rate``. ``position`` is the
        mean place among the journey's events, 0 the first and 1 the last; the rates are shares of the moves from this
        name that stay in its stage, go to a later one, or back.
    """

    rules: dict[str, list[str]]
    table: pd.DataFrame

    @property
    def stages(self) -> Stages:
        """The step that puts these stages on a log."""
        return Stages(self.rules)

    def __repr__(self) -> str:
        """Return the stages and their events as they would be written in Python."""
        lines = [f"    {stage!r}: {names!r}," for stage, names in self.rules.items()]
        return "\n".join(["jl.Stages({", *lines, "})"])


def suggest_stages(log: EventLog, n: int | None = None, *, min_share: float = 0.0) -> Suggestion:
    """Propose stages for a log: events that stand at the same part of the journeys belong together.

    Parameters
    ----------
    log : EventLog
        With journeys when it has such; otherwise whole actors are followed.
    n : int, optional
        How many stages. By default as many, from 2 to 6, as make each further one explain less than a tenth of how
        the positions differ.
    min_share : float
        Names with a smaller share of the events are left out of the proposal.

    Returns
    -------
    Suggestion
        Each stage is called after its most frequent event.

    Raises
    ------
    ConfigError
        If `n` is no possible number of stages.

    Notes
    -----
    The position of a name is the mean over its events of (place - 1/2) / number of events of the journey. Names are
    cut into stages where that makes the weighted sum of squares inside stages smallest (natural breaks, exactly, by
    dynamic programming). It is a description of the data and no truth about the business: names are grouped by when
    they happen, so two errands that people run at the same time come together. Integer sums, so the proposal does not
    depend on partitions.

    References
    ----------
    W. D. Fisher (1958), On grouping for maximum homogeneity. JASA 53.

    Examples
    --------
    >>> import journeylog as jl
    >>> jl.suggest_stages(jl.datasets.tiny(), 2)
    jl.Stages({
        'home': ['home'],
        'cart': ['cart', 'search', 'pay'],
    })
    """
    totals: dict[str, list[int]] = {}
    for part in log.source.map(_places):
        for name, (count, places) in part.items():
            row = totals.setdefault(name, [0, 0])
            row[0] += count
            row[1] += places
    whole = sum(count for count, _ in totals.values())
    kept = {name: row for name, row in totals.items() if row[0] >= min_share * whole}
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= max(len(kept), 1)):
        raise ConfigError(
            f"n={n!r} stages are not possible with {len(kept)} names. Fix: from 1 to {len(kept)}"
        )
    names = sorted(kept, key=lambda name: (kept[name][1] / kept[name][0], name))
    weight = np.array([kept[name][0] for name in names], np.float64)
    position = np.array([kept[name][1] / kept[name][0] / _PARTS for name in names])
    cuts = _breaks(position, weight, n)
    groups = [names[a:b] for a, b in zip([0, *cuts], [*cuts, len(names)], strict=True) if b > a]
    rules = {max(group, key=lambda name: (kept[name][0], name)): group for group in groups}
    table = pd.DataFrame(
        {
            "stage": pd.array([stage for stage, group in rules.items() for _ in group], dtype=TEXT),
            "event": pd.array(names, dtype=TEXT),
            "n": weight.astype(np.int64),
            "position": position,
        }
    )
    return Suggestion(rules, pd.concat([table, _moves(log, rules, names)], axis=1))


def _places(chunk: Chunk) -> dict[str, tuple[int, int]]:
    """Return for each name how many events it has, and the sum of their places in millionths."""
    level = chunk.cases("journey" if "journey" in chunk.levels else "actor")
    length = level.end - level.begin
    first = (
        np.repeat(np.concatenate(([0], np.cumsum(length)[:-1])), length) if len(level) else np.zeros(0, int)
    )
    inside = np.arange(len(first)) - first
    spots = np.repeat(level.begin, length) + inside
    spots = spots if level.order is None else level.order[spots]
    place = (2 * inside + 1) * (_PARTS // 2) // np.repeat(length, length)
    codes = chunk.event.codes[spots]
    count = np.bincount(codes, minlength=len(chunk.event.labels))
    total = np.zeros(len(count), np.int64)
    np.add.at(total, codes, place)
    found = np.flatnonzero(count)
    return {chunk.event.names[i]: (int(count[i]), int(total[i])) for i in found.tolist()}


def _breaks(position: Floats, weight: Floats, n: int | None) -> list[int]:
    """Return where to cut ordered positions so that the weighted sum of squares inside the parts is smallest."""
    size = len(position)
    most = min(n or 6, size)
    sums = [np.concatenate(([0.0], np.cumsum(weight * position**k))) for k in range(3)]

    def spread(a: Any, b: Any) -> Any:
        w, s, ss = (total[b] - total[a] for total in sums)
        return np.maximum(ss - s * s / np.maximum(w, 1e-300), 0.0)

    best = [np.array([0.0] + [np.inf] * size)]
    came: list[list[int]] = [[0] * (size + 1)]
    for _ in range(most):
        row, back = np.full(size + 1, np.inf), [0] * (size + 1)
        for b in range(1, size + 1):
            costs = best[-1][:b] + spread(np.arange(b), b)
            back[b] = int(costs.argmin())
            row[b] = costs[back[b]]
        best.append(row)
        came.append(back)
    if n is None and size:
        whole = best[1][size]
        gains = [
            (best[k - 1][size] - best[k][size]) / whole if whole > 0 else 0.0 for k in range(2, most + 1)
        ]
        n = 1 + next((k for k, gain in enumerate(gains) if gain < 0.1), len(gains))
    cuts: list[int] = []
    end = size
    for k in range(min(n or 0, most), 0, -1):
        end = came[k][end]
        cuts.append(end)
    return sorted(cut for cut in cuts if 0 < cut < size)


def _moves(log: EventLog, rules: dict[str, list[str]], names: list[str]) -> pd.DataFrame:
    """Return for each name the shares of its moves that stay in its stage, go to a later one, or back."""
    stage_of = {name: number for number, group in enumerate(rules.values()) for name in group}
    table = log.compute(Transitions(node="event", quantiles=False)).table
    moves = table[(table["from_kind"] == "node") & (table["to_kind"] == "node")]
    moves = moves[moves["from"].isin(names) & moves["to"].isin(names)]
    step = moves["to"].map(stage_of).to_numpy(np.int64) - moves["from"].map(stage_of).to_numpy(np.int64)
    rows = {name: i for i, name in enumerate(names)}
    grid = np.zeros((3, len(names)))
    np.add.at(
        grid, (np.sign(step) % 3, moves["from"].map(rows).to_numpy(np.int64)), moves["n"].to_numpy(np.int64)
    )
    inside, onward, back = grid
    total = grid.sum(axis=0)
    return pd.DataFrame(
        {
            "inside_rate": ratio(inside, total),
            "onward_rate": ratio(onward, total),
            "back_rate": ratio(back, total),
        }
    )
