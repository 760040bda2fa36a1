"""The report: what stitching does to the number of actors and to conversion, and what stands against it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Chunk
from journeylog.core.condition import Condition, freeze, matches, warn_unseen
from journeylog.core.intervals import wilson
from journeylog.ingest.identity.links import Links
from journeylog.ingest.identity.map import IdentityMap
from journeylog.ingest.identity.policy import ALWAYS, Conflicts, Policy, Rows

__all__ = [
    "IdentityReport",
    "conflict_table",
    "effect_tables",
    "ids_table",
    "size_table",
    "sizes_of",
    "words",
]

_SHOWN: Final = 10
_SENTENCES: Final = {
    "none": "nothing is joined",
    "forward": "a login speaks for the events from it to the next login",
    "back": "a login speaks for the events from it to the next login; the first one also for {} before it",
    "merge": "a login speaks for the events from it to the next login; the first one also for all before it",
}
_SHARED: Final = {
    "split": "each login begins a new stretch",
    "first": "the first one has it",
    "last": "the last one has it",
    "apart": "it stays apart",
}


@dataclass(frozen=True, eq=False, repr=False)
class IdentityReport:
    """What an identity map does.

    Parameters
    ----------
    table : pandas.DataFrame
        Two rows, ``when`` being before and after: ``n_actors``; with a goal also ``n_started``, ``n_converted``,
        ``conversion_rate`` with its 95 % Wilson interval (``conversion_low``, ``conversion_high``).
    tables : mapping of str to pandas.DataFrame
        ``"sizes"``: ``n_ids, n_actors``, how many actors have how many ids (of a log: ids their events came with).
        ``"conflicts"``: ``id, kind, n_known,
        known, resolved``, one row a visitor with several people (``kind`` is ``several people``) or a known id that
        is linked to other known ids (``linked known ids``); `known` lists up to ten.
    notes : tuple of str
        The policy in words, what was left out, and what the numbers count.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> seen = pd.DataFrame({"device": ["d1", "d2", "d2"], "user": ["anna", "anna", "ben"],
    ...                      "at": ["2025-01-06", "2025-01-07", "2025-01-08"]})
    >>> report = jl.identity(jl.links(seen, start="device", end="user", time="at", tz="UTC")).report
    >>> report.sizes
       n_ids  n_actors
    0      1         2
    1      2         1
    2      3         1
    >>> report.conflicts[["id", "known"]].values.tolist()
    [['d2', 'anna, ben']]
    """

    table: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def sizes(self) -> pd.DataFrame:
        """How many actors have how many ids."""
        return self.tables["sizes"]

    @property
    def conflicts(self) -> pd.DataFrame:
        """Visitors with several people, and known ids that are linked."""
        return self.tables["conflicts"]

    def to_arrow(self) -> pa.Table:
        """Return the main table as Arrow."""
        return pa.Table.from_pandas(self.table, preserve_index=False)

    def to_dict(self) -> dict[str, Any]:
        """Return notes and all tables as JSON-able values."""
        return {
            "notes": list(self.notes),
            "table": _records(self.table),
            "tables": {name: _records(table) for name, table in self.tables.items()},
        }

    def __repr__(self) -> str:
        """Return the main table, the notes, and the first rows of the others."""
        parts = ["Identity", *(f"note: {note}" for note in self.notes), _text(self.table)]
        for name, table in self.tables.items():
            parts += [
                "",
                f"{name} ({len(table):,} rows)",
                *([_text(table.head(_SHOWN))] if len(table) else []),
            ]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        """Return the report for notebooks."""
        parts = [
            "<p><b>Identity</b></p>",
            *(f"<p><small>{html.escape(n, quote=False)}</small></p>" for n in self.notes),
        ]
        parts.append(_html(self.table))
        for name, table in self.tables.items():
            more = f" (first {_SHOWN} of {len(table):,})" if len(table) > _SHOWN else ""
            parts += [f"<p>{html.escape(name, quote=False)}{more}</p>", _html(table.head(_SHOWN))]
        return "".join(parts)


def words(policy: Policy, links: Links) -> list[str]:
    """Return the policy in words, and which links were used."""
    reach = "everything" if policy.lookback is None else policy.lookback
    notes = [f"policy {policy.policy!r}: {_SENTENCES[policy.policy].format(reach)}"]
    if policy.policy != "none":
        notes.append(f"a visitor with several people: {_SHARED[policy.shared]} (shared={policy.shared!r})")
    notes.append(f"{len(links):,} links between {len(links.ids):,} ids")
    lost = ", ".join(f"{reason} {n:,}" for reason, n in sorted(links.left_out.items()))
    return [*notes, f"left out: {lost}"] if lost else notes


def sizes_of(rows: Rows) -> npt.NDArray[np.int64]:
    """Return how many ids each id is the actor of; an id that stands for several in turn counts for each."""
    n = len(rows.name)
    members = np.bincount(rows.name, minlength=n)
    owner = np.repeat(np.arange(n, dtype=np.int64), np.diff(rows.offsets))
    stretch = rows.name[owner] == owner  # all other rows lead to these
    pairs = np.sort(owner[stretch] * np.int64(n) + rows.actor[stretch])
    pairs = pairs[np.append(True, np.diff(pairs) != 0)[: len(pairs)]]
    sizes = np.zeros(n, np.int64)
    np.add.at(sizes, pairs % max(n, 1), members[pairs // max(n, 1)])
    at_once = owner[stretch & (rows.since == ALWAYS)]
    members[at_once] = 0
    return sizes + members


def ids_table(sizes: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return how many actors the linked ids are, before and after."""
    counts = [len(sizes), int(np.count_nonzero(sizes))]
    return pd.DataFrame({"when": ["before", "after"], "n_actors": counts})


def size_table(sizes: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return how many actors have how many ids."""
    counts = np.bincount(sizes[sizes > 0])
    found = np.flatnonzero(counts)
    return pd.DataFrame({"n_ids": found.astype(np.int64), "n_actors": counts[found].astype(np.int64)})


def conflict_table(links: Links, conflicts: Conflicts, policy: Policy) -> pd.DataFrame:
    """Return the conflicts, one row an id, with up to ten of the ids at odds."""
    opens = np.append(True, (np.diff(conflicts.of) != 0) | np.diff(conflicts.linked_known))[
        : len(conflicts.of)
    ]
    starts = np.flatnonzero(opens)
    counts = np.diff(np.append(starts, len(conflicts.of)))
    listed = np.arange(len(conflicts.of)) - np.repeat(starts, counts) < _SHOWN
    text = links.ids.take(pa.array(conflicts.person[listed]))
    ends = np.append(0, np.cumsum(np.minimum(counts, _SHOWN))).astype(np.int32)
    linked = conflicts.linked_known[starts]
    resolved = "nothing is joined" if policy.policy == "none" else _SHARED[policy.shared]
    return pd.DataFrame(
        {
            "id": _texts(links.ids.take(pa.array(conflicts.of[starts]))),
            "kind": pd.array(np.where(linked, "linked known ids", "several people"), dtype="str"),
            "n_known": counts.astype(np.int64),
            "known": _texts(pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), text), ", ")),
            "resolved": pd.array(np.where(linked, "they stay apart", resolved), dtype="str"),
        }
    )


def effect_tables(
    chunk: Chunk, mapped: IdentityMap, goal: Condition, start: Condition
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return actors, and those who met the goal, before and after the map is applied; and how many ids they have."""
    before = chunk.actor_of_event()
    after = mapped.actors_of(chunk).codes.astype(np.int64)
    pairs = np.unique(after * np.int64(max(chunk.n_actors, 1)) + before)
    sizes = np.bincount(pairs // max(chunk.n_actors, 1)) if len(pairs) else np.zeros(0, np.int64)
    counts = [int(np.count_nonzero(np.diff(chunk.offsets))), int(np.count_nonzero(sizes))]
    table = pd.DataFrame({"when": ["before", "after"], "n_actors": counts})
    if goal is not None:
        table = table.assign(**_conversions(chunk, (before, after), goal, start))
    return table, size_table(sizes)


def _conversions(
    chunk: Chunk, actors: tuple[npt.NDArray[Any], ...], goal: Condition, start: Condition
) -> dict[str, npt.NDArray[Any]]:
    """Return how many actors began and met the goal, by each way to name them."""
    won = _met(chunk, goal)
    began = np.ones(chunk.n_events, dtype=bool) if start is None else _met(chunk, start)
    started, converted = zip(*(_conversion(who, began, won) for who in actors), strict=True)
    k, n = np.array(converted, np.int64), np.array(started, np.int64)
    with np.errstate(invalid="ignore"):
        rate = k / n.astype(np.float64)
    low, high = wilson(k, n)
    return {
        "n_started": n, "n_converted": k, "conversion_rate": rate, "conversion_low": low, "conversion_high": high,
    }  # fmt: skip


def _conversion(
    who: npt.NDArray[Any], began: npt.NDArray[np.bool_], won: npt.NDArray[np.bool_]
) -> tuple[int, int]:
    """Return how many actors began, and how many of them have won."""
    started = np.unique(who[began])
    return len(started), int(np.isin(started, who[won]).sum())


def _met(chunk: Chunk, condition: Condition) -> npt.NDArray[np.bool_]:
    asked = freeze(condition)
    warn_unseen(chunk, asked)
    return np.asarray(matches(chunk, asked))


def _texts(column: pa.Array) -> pd.Series[str]:
    return pd.Series(column.to_pylist(), dtype="str")


def _text(table: pd.DataFrame) -> str:
    return str(table.to_string(index=False, max_colwidth=40, float_format="%.4g"))


def _html(table: pd.DataFrame) -> str:
    return str(table.to_html(escape=True, index=False, border=0, float_format="{:.4g}".format))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows
