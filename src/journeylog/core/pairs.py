"""Shares of two groups that may share actors: what each is, and how far both go together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from journeylog.core.counts import Coded, Table
from journeylog.core.differences import Estimates
from journeylog.core.intervals import cluster_share
from journeylog.core.kernels import pairs as kernel
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.nodes import ratio

__all__ = ["DENSE", "FEWEST", "Keys", "Pair", "Trials", "correlation_of_moments", "moment_tables"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Keys = dict[str, Coded | Ints]

#: Up to this many possible keys a plain table numbers them; beyond, those that occur are looked up.
DENSE: Final = 1 << 16
#: A spread that is rounding, as a share of the sum of squared numbers of trials.
_NOTHING: Final = 1e-12
#: As many actors a group has to weigh to tell how far it goes together with another.
FEWEST: Final = 20

_ROW: Final = ("k_a", "kk_a", "kn_a", "k_b", "kk_b", "kn_b", "k_ab", "kn_ab", "nk_ab")
_BASE: Final = ("n_a", "nn_a", "actors_a", "n_b", "nn_b", "actors_b", "nn_ab")


@dataclass(frozen=True, eq=False)
class Trials:
    """Trials of actors in two groups.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_actors + 1,)
        Trials of actor ``a`` are ``offsets[a]`` to ``offsets[a + 1]``.
    base, row : ndarray of int, shape (n_trials,)
        Of what it is a trial, and of what a success (-1: of nothing); a row has one base.
    group : ndarray of int8, shape (n_trials,)
        0 or 1.
    """

    offsets: Ints
    base: Any
    row: Any
    group: npt.NDArray[np.int8]

    def tables(self, row_keys: Callable[[Ints], Keys], base_keys: Callable[[Ints], Keys]) -> dict[str, Table]:
        """Return the tables ``rows`` and ``bases``: sums over actors, which add up over any partition."""
        base, bases = _numbered(self.base)
        row, rows = _numbered(self.row)
        counted, whole = kernel.pair_moments(self.offsets, base, row, self.group, len(rows), len(bases))
        return moment_tables(row_keys(rows), counted, base_keys(bases), whole)


def moment_tables(row_keys: Keys, rows: Ints, base_keys: Keys, bases: Ints) -> dict[str, Table]:
    """Return the tables of counted moments, see :func:`journeylog.core.kernels.pairs.pair_moments`."""
    return {
        "rows": Table(row_keys, dict(zip(_ROW, rows.T.copy(), strict=True))),
        "bases": Table(base_keys, dict(zip(_BASE, bases.T.copy(), strict=True))),
    }


def _numbered(keys: Any) -> tuple[Codes, Ints]:
    """Return for each key its number, and the keys by number; -1 is no key and stays."""
    if int(keys.max(initial=0)) < DENSE:
        found = np.flatnonzero(np.bincount(keys + 1, minlength=1)[1:])
        number = np.full(DENSE + 1, -1, np.int32)
        number[found] = np.arange(len(found), dtype=np.int32)
        return number[keys], found.astype(np.int64)  # -1 is the last place, which holds -1
    numbers, found, _ = number_keys(np.append(keys, -1).astype(np.int64))
    place = np.cumsum(found >= 0, dtype=np.int32) - np.int32(1)
    place[found < 0] = -1
    return place[numbers[:-1]], found[found >= 0]


@dataclass(frozen=True, eq=False)
class Pair:
    """The shares of both groups, row by row, and the correlation of each two.

    Parameters
    ----------
    n : (ndarray, ndarray)
        Trials in both groups.
    shares : (Estimates, Estimates)
    correlation : ndarray of float64
        Of the two estimates; 0 where no actor is in both.
    """

    n: tuple[Ints, Ints]
    shares: tuple[Estimates, Estimates]
    correlation: Floats

    @staticmethod
    def of(rows: Table, bases: Table, base_of_row: Ints) -> Pair:
        """Divide; `base_of_row` says for each row where in `bases` its base is."""
        x: dict[str, Any] = {name: values.astype(np.float64) for name, values in rows.values.items()}
        x |= {name: bases.values[name][base_of_row].astype(np.float64) for name in _BASE}
        shares = []
        for g in "ab":
            k, n, *products = (x[f"{name}_{g}"] for name in ("k", "n", "kk", "kn", "nn"))
            shares.append(Estimates(ratio(k, n), *cluster_share(k, n, *products)))
        return Pair(
            (bases.values["n_a"][base_of_row], bases.values["n_b"][base_of_row]),
            (shares[0], shares[1]),
            correlation_of_moments(x),
        )


def correlation_of_moments(x: Mapping[str, Floats]) -> Floats:
    """Return the correlation of ``k_a / n_a`` with ``k_b / n_b``; 0 where no actor is in both, or one does not vary.

    It is 0, too, where a group weighs less than :data:`FEWEST` actors with as many trials each: what few deviate
    from their own mean goes together for that alone, two are always of one mind or of opposite ones.

    Parameters
    ----------
    x : mapping of str to ndarray of float64
        Sums over actors: ``k, n, kk, kn, nn`` of both groups (``kk_a``), and ``k_ab, kn_ab, nk_ab, nn_ab``.
    """
    mean, spread = {}, {}
    for g in "ab":
        mean[g] = ratio(x[f"k_{g}"], x[f"n_{g}"])
        spread[g] = x[f"kk_{g}"] - 2 * mean[g] * x[f"kn_{g}"] + mean[g] ** 2 * x[f"nn_{g}"]
    a, b = mean["a"], mean["b"]
    together = x["k_ab"] - a * x["nk_ab"] - b * x["kn_ab"] + a * b * x["nn_ab"]
    with np.errstate(invalid="ignore", divide="ignore"):
        varies = (spread["a"] > _NOTHING * x["nn_a"]) & (spread["b"] > _NOTHING * x["nn_b"])
        varies &= np.minimum(x["n_a"] ** 2 / x["nn_a"], x["n_b"] ** 2 / x["nn_b"]) >= FEWEST
        found = np.where(varies, together / np.sqrt(spread["a"] * spread["b"]), 0.0)
    return np.clip(np.where(np.isfinite(found), found, 0.0), -1.0, 1.0)
