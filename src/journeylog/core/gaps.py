"""Return gaps: how long those who come back stay away, and the patience that follows from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level
from journeylog.core.counts import Counts, Table
from journeylog.core.kernels.bins import bin_edges_ms
from journeylog.core.kernels.gaps import return_bins
from journeylog.core.schema import DAY, HOUR, MINUTE, REACHED, SECOND, UNDECLARED
from journeylog.core.survival import Ends
from journeylog.core.window import Window

__all__ = ["FEWEST", "PERCENTILES", "VISIT", "gap_counts", "gap_percentiles", "written_gap"]

#: The percentile that is the patience, between the two it is held against.
PERCENTILES = (90, 95, 99)
#: Silences up to this are pauses within a visit where no sessions say otherwise.
VISIT = 30 * MINUTE
#: Return gaps without which nothing is estimated.
FEWEST = 20
#: Silences are read as far as at least this share of all could be watched, so that none weighs more than its inverse.
_WATCHED = 0.1


def gap_counts(chunk: Chunk, level: Level, window: Window) -> Counts:
    """Return how many silences in the cases of a level ended with a return, and how many had none yet.

    Only silences longer than a pause within a visit count: the sessions' own gap where there are sessions, else 30
    minutes. The silence after a case's last event has not ended when the window does; after a goal that ended its
    case nobody is waited for.

    Notes
    -----
    Table ``gaps``, keyed by the duration's bin: ``n_returned, n_waiting``. They merge by addition.
    """
    time = chunk.time if level.order is None else chunk.time[level.order]
    over = (level.outcome == REACHED) & level.goal_ends
    session = chunk.levels.get("session")
    shortest = VISIT if session is None or session.patience == UNDECLARED else session.patience
    grid = return_bins(time, level.begin, level.end, over, shortest, window.end)
    used = np.flatnonzero(grid.any(axis=1))
    values = {"n_returned": grid[used, 0].copy(), "n_waiting": grid[used, 1].copy()}
    return Counts({"gaps": Table({"bin": used}, values)}).canonical()


def gap_percentiles(counts: Counts) -> tuple[int, dict[int, int]]:
    """Return how many return gaps there are, and their percentiles in microseconds, by percentile.

    The share that has come back within a time is one minus Kaplan and Meier's survival: a silence that the window
    cut off counts as long as it was watched. Many never come back, so the share ends below 1; the percentiles are
    those of the ones who do, as far as can be seen. The share is read up to the longest time for which a tenth of
    all silences could be watched: beyond, single returns would decide.

    Returns
    -------
    n_returns : int
    percentiles : dict of int to int
        Empty when there are too few returns to tell.

    References
    ----------
    R. A. Maller, X. Zhou (1996), Survival Analysis with Long-Term Survivors. Wiley.
    """
    gaps = counts["gaps"]
    returned, waiting, bins = gaps.values["n_returned"], gaps.values["n_waiting"], gaps.codes("bin")
    n_returns = int(returned.sum())
    if n_returns < FEWEST:
        return n_returns, {}
    share = come_back(bins, returned, waiting)
    ends = bin_edges_ms(bins)[1]
    found = {p: int(ends[np.flatnonzero(share >= p / 100 - 1e-12)[0]]) * 1000 for p in PERCENTILES}
    return n_returns, found


def come_back(
    time: npt.NDArray[np.int64], returned: npt.NDArray[np.int64], waiting: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return by time which share of those who come back at all, as far as can be seen, has come back."""
    gone = np.cumsum(returned + waiting)
    at_risk = gone[-1] - gone + returned + waiting
    share = 1 - Ends(time, at_risk, returned, waiting).survival
    still = at_risk - returned  # at equal times a return comes before the end of the window
    watched = np.cumprod(1 - waiting / np.maximum(still, 1))
    before = np.concatenate((np.ones(1), watched[:-1]))
    last = max(int(np.flatnonzero(before >= _WATCHED)[-1]), int(np.flatnonzero(returned)[0]))
    return np.asarray(np.minimum(share / share[last], 1.0), dtype=np.float64)


def written_gap(micros: int) -> str:
    """Return a duration rounded up to what people would say, as text that can be read back.

    Examples
    --------
    >>> written_gap(12 * 86_400_000_000 + 3_599_000_001), written_gap(2_461_300_000)
    ('12d 1h', '41min 2s')
    """
    for unit, size, part, small in (
        ("d", DAY, "h", HOUR), ("h", HOUR, "min", MINUTE), ("min", MINUTE, "s", SECOND)
    ):  # fmt: skip
        if micros > 2 * size or size == MINUTE:
            whole, rest = divmod(-(-micros // small), size // small)
            return " ".join(f"{n}{word}" for n, word in ((whole, unit), (rest, part)) if n) or "1s"
    raise AssertionError("a minute is caught above")
