"""Money at risk: visits lost beyond the expected, times what such a visit brings; both are made by the same actors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.counts import Counts, Table
from journeylog.core.differences import Estimates, difference
from journeylog.core.means import cluster_mean, joined, joined_words
from journeylog.core.nodes import ratio
from journeylog.core.notes import Note, note

__all__ = ["open_note", "with_money"]

Floats = npt.NDArray[np.float64]

_MICROS = 1_000_000
#: From which share of visits in cases still open on it is said that these are left out.
_OPEN = 0.05


def with_money(drops: pd.DataFrame, counts: Counts, currency: str | None) -> pd.DataFrame:
    """Add what a visit lost has cost, and all of those beyond the expected together.

    Who drops more often may bring less, and who brings much may do so wherever he is. So the errors of the share that
    dropped and of both means go together, as far as their deviations by actor do (delta method).
    """
    if currency is None:
        return drops
    positive = not counts["cases"].values["n_negative"].any()
    on, lost = (_worth(counts["worth"], way, drops["node"], positive) for way in (0, 1))
    none = ~(np.abs(lost.value) > 0)  # nobody dropped, or nobody of them had brought anything
    of_means, of_both = _correlations(drops["node"], counts, none)
    value = difference(Estimates(*(np.where(none, 0.0, part) for part in lost)), on, of_means)
    amount = Estimates(*(drops[f"amount{bound}"].to_numpy() for bound in ("", "_low", "_high")))
    rate = Estimates(*((drops[f"rate{bound}"] * drops["n"]).to_numpy() for bound in ("", "_low", "_high")))
    risk = _product(amount, value, rate, of_both)
    varies = value.high > value.low  # where it does not, what is lost is as sure as the number of visits
    shown = Estimates(value.value, *(np.where(varies, part, np.nan) for part in value[1:]))
    for name, found in (("value", shown), ("money_at_risk", risk)):
        for bound, part in zip(("", "_low", "_high"), found, strict=True):
            drops[f"{name}{bound}"] = part
    drops["currency"] = currency or None
    return drops


def open_note(drops: pd.DataFrame, counts: Counts, currency: str | None) -> tuple[Note, ...]:
    """Return the note on visits whose value is not known as their case is still open; nothing where these are few."""
    if currency is None:
        return ()
    worth = counts["worth"]
    seen = _rows(counts["nodes"], drops["node"])
    ended = _rows(worth.take(np.flatnonzero(worth.codes("lost") == 0)), drops["node"])
    total = int((seen["n_followed"] - seen["n_dropped"]).sum())
    n = total - int(ended["n"].sum())
    if n <= _OPEN * total:
        return ()
    return (
        note(
            "{n:,} of {total:,} visits that went on are of cases still open, and are left out of the value of a lost visit: "
            "where longer journeys bring more it is too low, and so is the money at risk; a longer window leaves fewer "
            "out, and value_mean of jl.Model counts them",
            n=n,
            total=total,
        ),
    )


def _worth(worth: Table, way: int, nodes: pd.Series, positive: bool) -> Estimates:
    """Return what cases brought from a visit on, as a mean of the visits that went on (0) or dropped (1)."""
    v = _rows(worth.take(np.flatnonzero(worth.codes("lost") == way)), nodes)
    xx, xn = joined_words(v)
    bounds = cluster_mean(v["x"], v["n"], xx, xn, v["nn"], positive=positive, even=True)
    return Estimates(*(part / _MICROS for part in (ratio(v["x"], v["n"]), *bounds)))


def _correlations(nodes: pd.Series, counts: Counts, none: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return by node how both means correlate, and how the share that dropped does with their difference.

    What an actor deviates by from the share that dropped is ``k_a - p n_a``, from the mean of visits that went on
    ``x_a - m n_a`` with its own x and n; from that of the dropped likewise, which is taken as sure where it is `none`.
    """
    drops, worth = _rows(counts["nodes"], nodes), counts["worth"]
    on, off = (_rows(worth.take(np.flatnonzero(worth.codes("lost") == way)), nodes) for way in (0, 1))
    both = _rows(counts["joint"], nodes)
    p = ratio(drops["n_dropped"], drops["n_followed"])
    spread_p = drops["kk"] - 2 * p * drops["kn"] + p * p * drops["nn"]
    means, spreads, with_p = [], [], []
    for way, v in (("on", on), ("off", off)):
        m = np.nan_to_num(ratio(v["x"], v["n"]))
        xx, xn = joined_words(v)
        kx, nx = (joined([both[f"{name}_x_{way}_{word}"] for word in ("low", "high")]) for name in "kn")
        means.append(m)
        spreads.append(np.maximum(xx - 2 * m * xn + m * m * v["nn"], 0.0))
        with_p.append(kx - m * both[f"k_{way}"] - p * nx + p * m * both[f"n_{way}"])
    together = joined([both[f"xx_{word}"] for word in ("low", "mid", "high")]) - (
        means[0] * joined([both["on_x_off_low"], both["on_x_off_high"]])
        + means[1] * joined([both["off_x_on_low"], both["off_x_on_high"]])
        - means[0] * means[1] * both["on_off"]
    )
    one, other = ratio(1, on["n"]), np.where(none, 0.0, np.nan_to_num(ratio(1, off["n"])))
    spread = one * one * spreads[0] + other * other * spreads[1] - 2 * one * other * together
    of_means = np.where(none, 0.0, _correlation(together, spreads[0], spreads[1]))
    return of_means, _correlation(one * with_p[0] - other * with_p[1], spread_p, spread)


def _correlation(product: Floats, one: Floats, other: Floats) -> Floats:
    """Return a correlation between -1 and 1; 0 where one of both does not vary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        r = product / np.sqrt(np.maximum(one, 0.0) * np.maximum(other, 0.0))
    return np.clip(np.where(np.isfinite(r), r, 0.0), -1.0, 1.0)


def _rows(table: Table, nodes: pd.Series) -> Mapping[str, npt.NDArray[np.int64]]:
    """Return the values of a table by node, in the order of `nodes`; 0 where it has none."""
    row = {name: i for i, name in enumerate(table.coded("node").names({}))}
    spot = np.array([row.get(name, -1) for name in nodes], dtype=np.int64)
    return {name: np.append(values, 0)[spot] for name, values in table.values.items()}


def _product(a: Estimates, b: Estimates, shared: Estimates, correlation: Floats) -> Estimates:
    """Return ``a * b`` with its interval: what the error of each would make of it, squared and added.

    `shared` is the part of `a` whose error goes together with that of `b`, by that `correlation`.
    """
    value, toward = a.value * b.value, correlation * np.sign(a.value * b.value)
    errors = []
    for side in (-1, 1):
        of_a, of_shared = (
            np.maximum(side * (part.low - part.value) * b.value, side * (part.high - part.value) * b.value)
            for part in (a, shared)
        )
        of_b = np.maximum(side * (b.low - b.value) * a.value, side * (b.high - b.value) * a.value)
        square = of_a * of_a + of_b * of_b + 2 * toward * of_shared * of_b
        errors.append(value + side * np.sqrt(np.maximum(square, 0.0)))
    return Estimates(value, errors[0], errors[1])
