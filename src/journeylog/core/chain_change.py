"""What-ifs: another rate or another time on one way on from one state, everything else as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from journeylog.core.chain import Chain, Change
from journeylog.errors import ConfigError

__all__ = ["with_rate", "with_time"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def with_rate(chain: Chain, edge: tuple[int, int], rate: float, taken_from: int | None, words: str) -> Chain:
    """Return the chain with another rate of one edge.

    Parameters
    ----------
    edge : (source, target)
        States, or ends by their codes.
    rate : float
        The rate is set, so it has no error of its own any more.
    taken_from : int or None
        The target that gives or takes the difference; None: all others of the state in proportion.
    words : str
        The edge as a reader knows it.

    Raises
    ------
    ConfigError
        If the rate cannot be had, or nothing is known of a state it touches: whoever was sent there would be taken for
        lost.
    """
    source, target = edge
    for state, which in (
        (source, "where it begins"),
        (target, "where it ends"),
        (taken_from, "at taken_from"),
    ):
        if state is not None and state >= 0 and not chain.told[state]:
            raise ConfigError(
                f"{words}: nobody was followed {which}, so nothing is known of it. "
                "Fix: change another point, or take a longer window"
            )
    chain = _with_edge(chain, source, target)
    row = np.flatnonzero(chain.source == source)
    here = int(np.flatnonzero(chain.target[row] == target)[0])
    old = chain.rate[row]
    if taken_from is None:
        rest = 1.0 - old[here]
        if rest <= 1e-12 and rate < 1:
            raise ConfigError(
                f"{words}: nobody went another way, so it is not known where the others would go. "
                "Fix: say it, taken_from=..."
            )
        scale = (1.0 - rate) / rest if rest > 1e-12 else 0.0
        jacobian: Any = sparse.lil_array((len(row), len(row)))
        jacobian.setdiag(scale)
        new = old * scale
        jacobian[:, [here]] = (old * scale / max(rest, 1e-12))[:, None]
    else:
        chain = _with_edge(chain, source, taken_from)
        row = np.flatnonzero(chain.source == source)
        old = chain.rate[row]
        there = int(np.flatnonzero(chain.target[row] == taken_from)[0])
        new = old.copy()
        new[there] = old[there] + old[here] - rate
        if not -1e-12 <= new[there] <= 1 + 1e-12:
            raise ConfigError(
                f"{words}: rate={rate:g} takes {rate - old[here]:.3g} from a way that only {old[there]:.3g} go. "
                "Fix: a smaller change, or no taken_from"
            )
        jacobian = sparse.lil_array(sparse.eye_array(len(row)))
        jacobian[there, here] = 1.0
    jacobian[[here], :] = 0.0
    new[here] = rate
    return _apply(chain, row, np.clip(new, 0.0, 1.0), jacobian, np.ones(len(row)))


def with_time(chain: Chain, edge: tuple[int, int], factor: float, words: str) -> Chain:
    """Return the chain with the time of one edge multiplied."""
    row = np.flatnonzero((chain.source == edge[0]) & (chain.target == edge[1]))
    if not len(row) or not chain.rate[row[0]] > 0:
        raise ConfigError(f"{words}: nobody went this way, so it took no time. Fix: name a way that occurs")
    time = chain.time.copy()
    time[row] *= factor
    change = Change(row, sparse.eye_array(1).tocsr(), np.array([factor]))
    return replace(chain, time=time, changes=(*chain.changes, change))


def _apply(chain: Chain, row: Ints, new: Floats, jacobian: Any, factor: Floats) -> Chain:
    rate = chain.rate.copy()
    rate[row] = new
    return replace(chain, rate=rate, changes=(*chain.changes, Change(row, jacobian.tocsr(), factor)))


def _with_edge(chain: Chain, source: int, target: int) -> Chain:
    """Return the chain with a row for this edge; where nobody went it, it takes the mean time of its state."""
    row = np.flatnonzero(chain.source == source)
    if (chain.target[row] == target).any():
        return chain
    mean = float(np.dot(chain.rate[row], chain.time[row]))
    return replace(
        chain,
        source=np.append(chain.source, source),
        target=np.append(chain.target, target),
        rate=np.append(chain.rate, 0.0),
        time=np.append(chain.time, mean),
    )
