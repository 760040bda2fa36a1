"""Kernel of the cumulative incidence of competing ends, with variances that know which cases go together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

__all__ = ["competing_ends"]


@njit(cache=True, nogil=True)
def competing_ends(
    at: Ints,
    way: Ints,
    group: Ints,
    n: Ints,
    at_risk: Ints,
    ended: Ints,
    n_ways: int,
    n_groups: int,
    hashed: int,
    alone: bool,
) -> Any:
    """Return the shares that went each way with their variances, where they change.

    Rows are cases that ended (`way` 0 or more) or were watched no longer (-1) at the same time: `at` is the time's
    place, ascending. Cases of one `group` go together, those of group -1 each stand for themselves.

    A case moves the share F of a way by ``U - F Q`` (its infinitesimal jackknife): while it is watched, U and Q are the
    same for all, minus `u` and minus `q`; what they were when it left stays. So six sums over the groups of what has
    stayed, and of how many are watched, are the variance at any time, and a case that leaves changes them once. Groups
    made by a hash with `hashed` values (0: by no hash) hold strangers, and the square of the whole sum over groups,
    divided by their number, is what these add to the squares.

    Returns
    -------
    spot, came, gone, share, variance : ndarray, shape (n_pairs,)
        A row for each time and way at which some went it, way by way: the time's place, the way (``n_ways`` is any),
        how many, the share after it and its variance.
    """
    wide = n_ways + 1
    share, u = np.zeros(wide), np.zeros(wide)
    now, inner = np.zeros(wide, np.int64), np.zeros(wide)
    cu, cq, alive = np.zeros((n_groups, wide)), np.zeros(n_groups), np.zeros(n_groups)
    au, uu, uq = np.zeros(wide), np.zeros(wide), np.zeros(wide)
    aa, aq, qq, q, survival = 0.0, 0.0, 0.0, 0.0, 1.0
    whole_u, whole_q, whole_alive = np.zeros(wide), 0.0, 0.0  # sums over all groups
    for r in range(at.size):
        if group[r] >= 0:
            alive[group[r]] += n[r]
            whole_alive += n[r]
        else:
            aa += n[r]
    aa += (alive * alive).sum()
    free = _first_rows(at, way, n_ways, ended)  # where the next row of each way goes
    spot, many = np.empty(free[wide], np.int64), np.empty(free[wide], np.int64)
    kind, value, variance = np.empty(free[wide], np.int64), np.empty(free[wide]), np.empty(free[wide])
    for w in range(wide):
        kind[free[w] : free[w + 1]] = w
    p = 0
    for t in range(at_risk.size):
        first, risk, gone, before = p, np.float64(at_risk[t]), ended[t], survival
        while p < at.size and at[p] == t:
            if way[p] >= 0:
                now[way[p]] += n[p]
            p += 1
        now[n_ways] = gone
        left = risk - gone
        if gone > 0:
            survival *= 1 - gone / risk
            for w in range(n_ways):
                share[w] = 1 - survival if alone and now[w] > 0 else share[w] + before * now[w] / risk
            share[n_ways] = 1 - survival
            rise = gone / (risk * left) if left > 0 else 0.0
            q += rise
            for w in range(wide):
                u[w] += before * now[w] / (risk * risk) + share[w] * rise
        for r in range(first, p):
            came = way[r] >= 0
            once = 1 / left if came and left > 0 else 0.0
            own_q = once - q
            for w in range(wide):
                inner[w] = share[w] * once - u[w]
            if came:
                inner[way[r]] += before / risk
                inner[n_ways] += before / risk
            g, m = group[r], np.float64(n[r])
            if g < 0:
                aa -= m
                qq += m * own_q * own_q
                for w in range(wide):
                    uu[w] += m * inner[w] * inner[w]
                    uq[w] += m * inner[w] * own_q
                continue
            whole_alive -= m
            whole_q += m * own_q
            was, is_now = alive[g], alive[g] - m
            was_q, is_q = cq[g], cq[g] + m * own_q
            aa += is_now * is_now - was * was
            aq += is_now * is_q - was * was_q
            qq += is_q * is_q - was_q * was_q
            for w in range(wide):
                was_u = cu[g, w]
                is_u = was_u + m * inner[w]
                au[w] += is_now * is_u - was * was_u
                uu[w] += is_u * is_u - was_u * was_u
                uq[w] += is_u * is_q - was_u * was_q
                cu[g, w] = is_u
                whole_u[w] += m * inner[w]
            alive[g], cq[g] = is_now, is_q
        for w in range(wide):
            if now[w] == 0:
                continue
            f, v = share[w], u[w]
            u_u = uu[w] - 2 * v * au[w] + v * v * aa
            u_q = uq[w] - v * aq - q * au[w] + v * q * aa
            q_q = qq - 2 * q * aq + q * q * aa
            whole = whole_u[w] - v * whole_alive - f * (whole_q - q * whole_alive)
            strangers = whole * whole / hashed if hashed > 0 else 0.0
            row = free[w]
            spot[row], many[row] = t, now[w]
            value[row], variance[row] = min(f, 1.0), u_u - 2 * f * u_q + f * f * q_q - strangers
            free[w] += 1
            now[w] = 0
    return spot, kind, many, value, variance


@njit(cache=True, nogil=True)
def _first_rows(at: Ints, way: Ints, n_ways: int, ended: Ints) -> Ints:
    """Return where the rows of each way begin, when each has one a time at which some went it; the last is any way."""
    latest, n = np.full(n_ways, -1, np.int64), np.zeros(n_ways + 2, np.int64)
    for r in range(at.size):
        if way[r] >= 0 and latest[way[r]] != at[r]:
            latest[way[r]] = at[r]
            n[way[r] + 1] += 1
    n[n_ways + 1] = (ended > 0).sum()
    return n.cumsum()
