"""From the counts of a chain to the chain, and from the chain to tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.chain import Chain, Part
from journeylog.core.chain_sample import Sample
from journeylog.core.chain_times import Durations
from journeylog.core.counts import Coded, Counts
from journeylog.core.deviations import gap_interval, mean_interval, share_interval
from journeylog.core.differences import Estimates
from journeylog.core.money import check_currencies, currency_of
from journeylog.core.nodes import TEXT, node_columns, ratio
from journeylog.core.notes import Note, note
from journeylog.core.schema import OPEN, REACHED, START
from journeylog.errors import cut

__all__ = [
    "MEASURES",
    "ModelParts",
    "difference_frame",
    "endless_note",
    "model_frame",
    "move_frame",
    "parts_of",
    "priced_parts",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: What the chain tells of every state: the word, the column of the table, and its unit.
MEASURES = {
    "goal": ("goal_rate", "share"),
    "visits": ("visits_mean", "visits"),
    "time": ("time_mean_s", "s"),
    "value": ("value_mean", "value"),
}


@dataclass(frozen=True, eq=False)
class ModelParts:
    """What was counted, with the names of the states.

    Parameters
    ----------
    nodes : Coded
        The nodes, one row each, the start last.
    n, n_followed, n_actors : ndarray of int64, shape (n_states,)
        Visits; followed ones; their actors.
    sample : Sample
    edge_n : ndarray of int64, shape (n_edges,)
        All moves seen, also those not followed.
    durations : Durations or None
    valued : bool
        Whether values were counted.
    """

    nodes: Coded
    n: Ints
    n_followed: Ints
    n_actors: Ints
    sample: Sample
    edge_n: Ints
    durations: Durations | None
    valued: bool

    @cached_property
    def order(self) -> Ints:
        """States in the order of tables: the start, then stages in their order, else the most visited first."""
        inner = np.arange(len(self.n) - 1)
        if not self.nodes.ordered:
            inner = inner[np.argsort(-self.n[:-1], kind="stable")]
        return np.concatenate((np.array([len(self.n) - 1]), inner)).astype(np.int64)

    def state_columns(self, states: Ints, name: str) -> dict[str, Any]:
        """Return name and kind of states, or of ends by their codes."""
        codes = np.where(states == len(self.n) - 1, START, states)
        return node_columns(Coded(codes, self.nodes.labels, self.nodes.ordered), name)


def parts_of(counts: Counts, n_groups: int) -> ModelParts:
    """Read the (merged) counts of a chain."""
    nodes, moves = counts["nodes"], counts["moves"]
    column = nodes.coded("node")
    n_states = len(column.labels) + 1
    by_state = {}
    place = np.where(column.codes == START, n_states - 1, column.codes)
    for name, values in nodes.values.items():
        by_state[name] = np.zeros(n_states, np.int64)
        by_state[name][place] = values
    source, target = (moves.coded(side).onto(column) for side in ("from", "to"))
    source = np.where(source == START, n_states - 1, source)
    told = target != OPEN
    key = source[told] * (n_states + 8) + target[told] + 8
    edges, edge = np.unique(key, return_inverse=True)
    source, target = edges // (n_states + 8), edges % (n_states + 8) - 8
    money: Floats = np.zeros((n_groups, n_states))
    brought = counts["values"]
    node = brought.coded("node").onto(column)
    np.add.at(money, (brought.codes("group"), node), brought.values["value_micros"] / 1e6)
    numbers = {name: moves.values[name][told] for name in ("n", "n_followed", "time_ms")}
    edge_n = np.zeros(len(edges), np.int64)
    np.add.at(edge_n, edge, numbers["n"])
    kept = numbers["n_followed"] > 0
    sample = Sample(
        n_states,
        n_groups,
        source.astype(np.int64),
        target.astype(np.int64),
        moves.codes("group")[told][kept],
        edge[kept].astype(np.int64),
        numbers["n_followed"][kept].astype(np.float64),
        numbers["time_ms"][kept] / 1000,
        money,
    )
    shape = Coded(np.arange(n_states, dtype=np.int64), column.labels, column.ordered)
    n, n_followed, n_actors = (by_state[name] for name in ("n", "n_followed", "n_followed_actors"))
    durations = _durations(counts, column, n_states, edges)
    valued = bool(counts["cases"].values["valued"].max(initial=0))
    return ModelParts(shape, n, n_followed, n_actors, sample, edge_n, durations, valued)


def priced_parts(
    counts: Counts, n_groups: int, value: str | None, currency: str | None
) -> tuple[ModelParts, tuple[Note, ...]]:
    """Read the counts of a chain, without values where their currency cannot be told, and a note that says why.

    Raises
    ------
    ConfigError
        If values were asked for by the name of their column, and are in several currencies: they are never added.
    """
    parts, seen = parts_of(counts, n_groups), counts["currencies"]
    if value is not None:
        check_currencies(seen, currency)
    why = currency_of(seen, currency)[1] if parts.valued and len(seen) else None
    return (parts, ()) if why is None else (replace(parts, valued=False), (why,))


def endless_note(parts: ModelParts, chain: Chain) -> tuple[Note, ...]:
    """Return the note of what money cannot be told of, as journeys never end; nothing where there is none."""
    if not parts.valued or not chain.told[-1] or chain.sure[-1]:
        return ()
    names = [name for name, on in zip(parts.nodes.labels, chain.endless, strict=False) if on]
    return (
        note(
            "no visit of {n:,} nodes was seen to end there or later ({names}): in the chain such journeys go on for ever, "
            "and what is gained in money is not known",
            n=len(names),
            names=cut(names),
        ),
    )


def _durations(counts: Counts, column: Coded, n_states: int, edges: Ints) -> Durations | None:
    if "bins" not in counts.tables:
        return None
    bins = counts["bins"]
    source, target = (bins.coded(side).onto(column) for side in ("from", "to"))
    edge = np.searchsorted(edges, source * (n_states + 8) + target + 8)
    return Durations.of(edge, bins.codes("bin"), bins.values["n"])


def measures(parts: ModelParts, chain: Chain) -> dict[str, tuple[Part, Estimates]]:
    """Return each quantity by state with its interval."""
    found = chain.solution
    visits = mean_interval(*found.visits)
    out = {
        "goal": (
            found.reach,
            share_interval(*found.reach, parts.n_actors.astype(float)),
        ),
        "visits": (
            found.visits,
            visits._replace(low=np.maximum(visits.low, 1.0)),
        ),  # who reaches a goal made one
        "time": (found.seconds, mean_interval(*found.seconds)),
    }
    value = (
        found.value if parts.valued else found.value._replace(value=np.full_like(found.value.value, np.nan))
    )
    return out | {"value": (value, gap_interval(*value))}


def model_frame(parts: ModelParts, chain: Chain) -> pd.DataFrame:
    """Return one row a state, the start first."""
    columns: dict[str, Any] = {
        **parts.state_columns(np.arange(chain.n_states), "node"),
        "n": parts.n,
        "n_followed": parts.n_followed,
        "n_followed_actors": parts.n_actors,
    }
    for name, (_, estimates) in measures(parts, chain).items():
        stem = MEASURES[name][0]
        head, tail = (stem[:-2], "_s") if stem.endswith("_s") else (stem, "")
        columns |= {
            stem: estimates.value,
            f"{head}_low{tail}": estimates.low,
            f"{head}_high{tail}": estimates.high,
        }
    return pd.DataFrame(columns).iloc[parts.order].reset_index(drop=True)


def move_frame(parts: ModelParts, chain: Chain) -> pd.DataFrame:
    """Return one row a move of the chain: how often it was gone, its rate and its mean time in the chain."""
    sample, extra = parts.sample, len(chain.source) - len(parts.sample.source)
    followed = np.concatenate((sample.edge_n, np.zeros(extra)))
    base = sample.bases.sum(0)[chain.source]
    timed = (chain.source != chain.n_states - 1) & ((chain.target >= 0) | (chain.target == REACHED))
    place = np.empty(chain.n_states, np.int64)
    place[parts.order] = np.arange(chain.n_states)
    frame = pd.DataFrame(
        {
            **parts.state_columns(chain.source, "from"),
            **parts.state_columns(chain.target, "to"),
            "n": np.concatenate((parts.edge_n, np.zeros(extra, np.int64))),
            "n_followed": followed.astype(np.int64),
            "n_from_followed": base.astype(np.int64),
            "rate": np.where(base > 0, chain.rate, np.nan),
            "time_mean_s": np.where(timed & (chain.rate > 0), chain.time, np.nan),
        }
    )
    return frame.iloc[np.lexsort((chain.target, -chain.rate, place[chain.source]))].reset_index(drop=True)


def difference_frame(parts: ModelParts, before: Chain, after: Chain) -> pd.DataFrame:
    """Return what changed from one chain to another of the same sample, by state and measure."""
    old, new = measures(parts, before), measures(parts, after)
    frames = []
    for name, (stem, unit) in MEASURES.items():
        (was, moved, some), (now, also, rest) = old[name][0], new[name][0]
        gap = gap_interval(now - was, also - moved, np.minimum(some, rest))
        columns = {
            **parts.state_columns(np.arange(before.n_states), "node"),
            "measure": stem,
            "unit": unit,
            "before": was,
            "after": now,
            "difference": gap.value,
            "difference_low": gap.low,
            "difference_high": gap.high,
            "ratio": ratio(now, was),
        }
        frames.append(pd.DataFrame(columns).iloc[parts.order])
    table = pd.concat(frames, ignore_index=True)
    for name in ("measure", "unit"):
        table[name] = pd.array(table[name].tolist(), dtype=TEXT)
    return table
