"""Scales of satisfaction scores: from [-1, 1] back to the answers people gave, and what a scale is read as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from journeylog.errors import ConfigError

__all__ = ["LEVELS", "SCALES", "UNIT", "Scale", "levels_of", "scale_of", "units_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Lowest and highest answer of the scales that have a name.
SCALES: Final[Mapping[str, tuple[float, float]]] = {
    "nps": (0, 10),
    "csat5": (1, 5),
    "stars5": (1, 5),
    "csat7": (1, 7),
    "ces7": (1, 7),
    "csat10": (1, 10),
    "thumbs": (0, 1),
}

#: Scores are added up in this fraction of 1. Every answer of a scale with 1 to 10, 12, 14 to 16, 18, 20, 25, 50 or
#: 100 equal steps is a whole number of it.
UNIT: Final = 25_200
#: Cells from -1 to 1; answers of a scale of up to 100 steps never share one.
LEVELS: Final = 101

_WORDS: Final = re.compile(r"(-?[0-9.]+) to (-?[0-9.]+)")


@dataclass(frozen=True)
class Scale:
    """A scale people answer on.

    Parameters
    ----------
    name : str
        A name of :data:`SCALES`, or ``"lowest to highest"``.
    low, high : float
        Lowest and highest answer.
    """

    name: str
    low: float
    high: float

    @property
    def reading(self) -> str | None:
        """What answers are read as: ``"nps"``, ``"csat"``, ``"ces"``, or None when the scale does not say."""
        return {"nps": "nps", "ces7": "ces"}.get(self.name, "csat" if self.name in SCALES else None)

    @property
    def steps(self) -> int | None:
        """Number of steps from the lowest to the highest answer, where answers are whole numbers and few."""
        wide = self.high - self.low
        return int(wide) if wide == int(wide) and self.low == int(self.low) and wide < LEVELS else None

    def answer(self, score: Any) -> Any:
        """Return scores of [-1, 1] as answers."""
        return self.low + (score + 1) / 2 * (self.high - self.low)

    def answers(self, level: Ints) -> Floats:
        """Return the answer in each cell: the one whole number, or the middle of the cell."""
        found = self.answer(level / (LEVELS - 1) * 2 - 1)
        return np.asarray(np.rint(found) if self.steps is not None else found, dtype=np.float64)

    def points(self, answer: Floats) -> Ints:
        """Return what an answer counts for in the reading of the scale.

        NPS: 9 and 10 count 1 (promoters), 0 to 6 count -1 (detractors). CSAT: the two highest answers count 1 (of
        two answers the higher one). CES: 5, 6 and 7 of 7 count 1, those who found it easy.
        """
        if self.reading == "nps":
            return (answer >= 9).astype(np.int64) - (answer <= 6)
        top = 5 if self.reading == "ces" else self.high if self.name == "thumbs" else self.high - 1
        return (answer >= top).astype(np.int64)


def scale_of(given: Any) -> Scale:
    """Return a declared scale: a name, a pair, or ``"lowest to highest"``.

    Raises
    ------
    ConfigError
        If it is none of them.

    Examples
    --------
    >>> scale_of("ces7"), scale_of((1, 4)).name
    (Scale(name='ces7', low=1, high=7), '1 to 4')
    """
    if isinstance(given, str) and given in SCALES:
        return Scale(given, *SCALES[given])
    words = _WORDS.fullmatch(given) if isinstance(given, str) else None
    pair: Any = (float(words[1]), float(words[2])) if words else given
    if isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(b, int | float) for b in pair):
        low, high = float(pair[0]), float(pair[1])
        if low < high and np.isfinite(low) and np.isfinite(high):
            return Scale(f"{low:g} to {high:g}", low, high)
    raise ConfigError(
        f"scale={given!r} is no scale. Fix: one of {list(SCALES)}, or (lowest, highest), for example (1, 5)"
    )


def units_of(scores: Floats) -> Ints:
    """Return scores of [-1, 1] in units of ``1 / UNIT``."""
    return np.rint(scores * UNIT).astype(np.int64)


def levels_of(units: Ints) -> Ints:
    """Return the cell of each score."""
    step = 2 * UNIT // (LEVELS - 1)
    return (units + UNIT + step // 2) // step
