"""Whether predictions mean what they say: told shares of held-out actors beside what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.backoff import Backoff, Fitted, Level
from journeylog.core.deviations import enlarged, share_interval
from journeylog.core.nodes import TEXT, ratio

__all__ = ["BINS", "Calibration"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Rows of the calibration table, with about as many predictions each.
BINS = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """Held-out predictions in bins of as many each, beside what came.

    Every fold's prediction for one point goes to one bin: sorted by themselves they would lean against what came, since
    each was learnt without the actors it is held against.
    """

    target: str
    level: Level
    came: npt.NDArray[np.bool_]  # cells of what is predicted
    lone: npt.NDArray[np.bool_]  # cells of what is not, in points where what is never came
    row: Ints
    grids: tuple[Floats, Floats, Floats]

    @staticmethod
    def of(target: str, model: Backoff, finest: Fitted) -> Calibration:
        """Lay out the bins; ``"outcome"`` predicts outcome 1 only, all else every outcome.

        `finest` is the last level fitted on all rows.
        """
        level, n = model.levels[-1], model.counts[-1]
        share = finest.share
        came = np.ones(len(n), bool)
        lone = ~came
        if target == "outcome":
            came = level.outcome == 1
            some = np.zeros(len(level.key), bool)
            some[level.context[came]] = True
            lone = ~came & ~some[level.context]
            share = np.where(lone, 1 - share, share)
        total = np.bincount(level.context, n, len(level.key))[level.context] * (came | lone)
        order = np.argsort(share, kind="stable")
        middle = np.cumsum(total[order]) - total[order] / 2
        row = np.empty(len(n), np.int64)
        row[order] = np.minimum((middle / max(total.sum(), 1.0) * BINS).astype(np.int64), BINS - 1)
        k, n_in, p = (np.zeros((model.n_folds, BINS)) for _ in range(3))
        return Calibration(target, level, came, lone, row, (k, n_in, p))

    def add(self, fold: int, fitted: list[Fitted], counts: list[Floats]) -> None:
        """Put what a fold holds into the bins."""
        level, told = self.level, np.where(self.lone, 1 - fitted[-1].share, fitted[-1].share)
        each = np.bincount(level.context, counts[-1], len(level.key))[level.context] * (self.came | self.lone)
        for grid, values in zip(
            self.grids, (np.where(self.came, counts[-1], 0.0), each, each * told), strict=True
        ):
            grid[fold] = np.bincount(self.row, values, BINS)

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        k, n, p = self.grids
        observed = ratio(k.sum(0), n.sum(0))
        deviation = (k - np.nan_to_num(observed) * n) / np.maximum(n.sum(0), 1.0)
        bounds = share_interval(observed, *enlarged(deviation, n), n.sum(0))
        table = pd.DataFrame(
            {
                "target": pd.array([self.target] * BINS, dtype=TEXT),
                "bin": np.arange(1, BINS + 1),
                "n": n.sum(0).astype(np.int64),
                "predicted": ratio(p.sum(0), n.sum(0)),
                "observed": observed,
                "observed_low": bounds.low,
                "observed_high": bounds.high,
            }
        )
        return table[table["n"] > 0].reset_index(drop=True)
