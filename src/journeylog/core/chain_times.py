"""How long it takes to the goal: the distribution of the time by generating functions.

Every move takes the times that were seen on it, from its bins. On a lattice of equal steps the time to the goal has a
generating function that solves ``(I - Q(z)) g = r(z)``, one linear system for each point of a circle; one Fourier
transform gives the distribution back. There is no simulation: with times that lie on the lattice the result is exact
to about 1e-8, and other times are put on their two neighbours so that means stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from journeylog.core.chain import Chain
from journeylog.core.kernels.bins import bin_edges_ms
from journeylog.core.schema import REACHED
from journeylog.errors import ConfigError

__all__ = ["STEPS", "Durations", "arrival_curves", "time_quantile"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Lattice steps up to the time asked for.
STEPS = 1023
#: What wraps around is smaller than this share.
_WRAPPED = 1e-8
_BLOCK = 64
_MOST_STATES = 400
_TRIES = 100


@dataclass(frozen=True, eq=False)
class Durations:
    """Times seen on edges, in bins: `n` of edge `edge` took about `seconds`."""

    edge: Ints
    seconds: Floats
    n: Ints

    @staticmethod
    def of(edge: Ints, bins: Ints, n: Ints) -> Durations:
        """Take the middle of each bin."""
        low, high = bin_edges_ms(bins)
        return Durations(edge, (low + high) / 2000, n)


def arrival_curves(chain: Chain, durations: Durations, limit: float, steps: int = STEPS) -> Floats:
    """Return by state the share that has reached the goal by each of ``0, limit / steps, ..., limit`` seconds.

    References
    ----------
    J. Abate, W. Whitt (1992), Numerical inversion of probability generating functions. Oper. Res. Lett. 12.
    """
    if chain.n_states > _MOST_STATES + 1:
        raise ConfigError(
            f"the distribution of the time is worked out for at most {_MOST_STATES} nodes, and there are "
            f"{chain.n_states - 1:,}. Fix: ask for stages, jl.Model(node='stage')"
        )
    shares = _lattice(chain, durations, limit / steps, steps)
    n = chain.n_states
    size = 1 << steps.bit_length()
    radius = _WRAPPED ** (1 / size)
    damped = shares.multiply(radius ** np.arange(steps + 1)).tocsr()
    inner, ends = np.flatnonzero(chain.target >= 0), np.flatnonzero(chain.target == REACHED)
    rate = chain.rate[:, None]
    found = np.empty((n, size // 2 + 1), np.complex128)
    for first in range(0, size // 2 + 1, _BLOCK):
        turns = np.arange(first, min(first + _BLOCK, size // 2 + 1))
        angle = np.outer(np.arange(steps + 1), turns) % size
        at_edge = rate * (damped @ np.exp(-2j * np.pi / size * angle))
        system = np.zeros((len(turns), n, n), np.complex128)
        system[:, chain.source[inner], chain.target[inner]] = -at_edge[inner].T
        system[:, np.arange(n), np.arange(n)] += 1
        right = np.zeros((len(turns), n, 1), np.complex128)
        right[:, chain.source[ends], 0] = at_edge[ends].T
        found[:, turns] = np.linalg.solve(system, right)[:, :, 0].T
    mass = np.fft.irfft(found, size, axis=1)[:, : steps + 1] / radius ** np.arange(steps + 1)
    curves = np.cumsum(np.maximum(mass, 0.0), axis=1)
    return np.where(chain.told[:, None], np.minimum(curves, 1.0), np.nan)


def time_quantile(chain: Chain, durations: Durations, q: float) -> Floats:
    """Return by state the time by which a share `q` of the journeys that reach the goal have reached it."""
    reach, mean = chain.solution.reach.value, chain.solution.seconds.value
    out = np.where(np.nan_to_num(reach) > 0, 0.0, np.nan)
    pending = list(np.flatnonzero((np.nan_to_num(reach) > 0) & (np.nan_to_num(mean) > 0)))
    limit = 2 * float(mean[pending].max()) if pending else 0.0
    for _ in range(_TRIES):
        if not pending:
            break
        curves = arrival_curves(chain, durations, limit)
        left = []
        for state in pending:
            spot = int((curves[state] < q * reach[state] - 1e-9).sum())
            out[state] = min(spot, STEPS) * limit / STEPS
            if spot > STEPS or 0 < spot < STEPS // 16 or (spot == 0 and limit > 1e-3):
                left.append((state, limit * 4 if spot > STEPS else max(out[state] * 4, limit / 64)))
        pending = [state for state, _ in left]
        limit = left[0][1] if left else limit
    return out


def _lattice(chain: Chain, durations: Durations, step: float, steps: int) -> sparse.csr_array:
    """Return by edge the share of its moves that take 0, 1, ... steps; what takes longer is left out."""
    n_seen = len(chain.sample.source)
    factor = np.ones(len(chain.source))
    for change in chain.changes:
        factor[change.row] *= change.time_factor
    places = durations.seconds * factor[durations.edge] / step
    total = np.bincount(durations.edge, durations.n, len(chain.source))
    weight = durations.n / total[durations.edge]
    invented = np.flatnonzero((total == 0) & (np.arange(len(chain.source)) >= 0))
    # moves without times: those from the start take none; invented ones take the mean time of their state
    edge = np.concatenate((durations.edge, invented))
    places = np.concatenate((places, np.where(invented >= n_seen, chain.time[invented], 0.0) / step))
    weight = np.concatenate((weight, np.ones(len(invented))))
    low = np.floor(np.minimum(places, steps + 1.0)).astype(np.int64)
    above = np.minimum(places, steps + 1.0) - low
    edges = np.concatenate((edge, edge))
    spots = np.concatenate((low, low + 1))
    weights = np.concatenate((weight * (1 - above), weight * above))
    kept = (spots <= steps) & (weights > 0)
    return sparse.csr_array((weights[kept], (edges[kept], spots[kept])), shape=(len(chain.source), steps + 1))
