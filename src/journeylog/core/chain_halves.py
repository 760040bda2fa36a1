"""What is chosen in one half of the actors and measured in the other: the mean of both ways round."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.chain_gain import Gain

__all__ = ["mean_of_halves"]

Floats = npt.NDArray[np.float64]


def mean_of_halves(gains: list[Gain], n_segments: int, n_groups: int) -> tuple[float, Floats, float]:
    """Return the mean of both ways round, its deviation, and its degrees of freedom at most.

    What both measure goes together, since both halves choose: among segments that are alike, a segment is measured high
    in one half for the reason that makes the other half choose it. Their correlation is then that of `_together`.
    """
    if not gains:
        return float("nan"), np.zeros(n_groups), 0.0
    a, b = (float(np.linalg.norm(gain.deviation)) for gain in gains)
    wider = np.sqrt(1 + 2 * _together(n_segments) * a * b / max(a * a + b * b, 1e-300))
    deviation = sum(gain.deviation for gain in gains) / len(gains) * wider
    scale = float(wider / len(gains)) ** 2
    variance = max(np.square(deviation).sum(), scale * sum(gain.variance for gain in gains))
    doubt = scale * scale * sum(gain.doubt for gain in gains)
    freedom = variance * variance / doubt if doubt > 0 else np.inf
    return float(np.mean([gain.value for gain in gains])), deviation, freedom


@functools.cache
def _together(n: int) -> float:
    """Return the correlation of what two halves measure of each other's best of n equal normals: M(n)^2 / (n - 1)."""
    x = np.linspace(-9.0, 9.0, 3601)
    density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    highest = float(np.sum(x * n * density * special.ndtr(x) ** (n - 1)) * (x[1] - x[0]))
    return highest * highest / (n - 1)
