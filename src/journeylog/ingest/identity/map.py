"""The map: who is behind each id from when on. Made once, kept, and applied to every later load."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Chunk, read_only
from journeylog.core.encode import encode
from journeylog.core.kernels.identity import actors_by_time
from journeylog.core.log import EventLog
from journeylog.core.notes import note
from journeylog.core.source import Memory
from journeylog.errors import ConfigError
from journeylog.ingest.identity import store
from journeylog.ingest.identity.links import Links
from journeylog.ingest.identity.policy import ALWAYS, Policy, Rows
from journeylog.ingest.ids import ids_of, is_placeholder
from journeylog.ingest.precedence import places
from journeylog.ingest.pseudonyms import Pseudonyms, pseudonyms

__all__ = ["IdentityMap"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, repr=False)
class IdentityMap:
    """Who is behind an id, and from when on.

    Made by :func:`journeylog.identity`; immutable. An id that is not in it stands for itself. Several ids of one
    visitor lead to the one that names it, and only that one to persons.

    Parameters
    ----------
    ids : pyarrow.StringArray
        Ids that stand for another one at some time, distinct and sorted.
    offsets : ndarray of int64, shape (n_ids + 1,)
        Rows of id ``i`` are ``offsets[i]`` to ``offsets[i + 1]``, in time order.
    since : ndarray of int64
        Microseconds since 1970 UTC from which a row holds; the smallest integer: from the beginning.
    actor : ndarray of int32
        Who it is, as a code of `actors`.
    actors : pyarrow.StringArray
        Distinct and sorted.
    about : mapping
        How it was made: policy, column of known ids (``by``), number of links and of conflicts.
    forgotten : frozenset of str
        SHA-256 of ids that may not be given to any event again.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> seen = pd.DataFrame({"device": ["d1", "d2"], "user": ["anna", "anna"], "at": ["2025-01-06", "2025-01-07"]})
    >>> links = jl.links(seen, start="device", end="user", time="at", tz="UTC")
    >>> jl.identity(links, policy="merge").map.table[["id", "actor"]].values.tolist()
    [['d1', 'anna'], ['d2', 'anna']]
    """

    ids: pa.Array
    offsets: Ints
    since: Ints
    actor: Codes
    actors: pa.Array
    about: Mapping[str, Any] = field(default_factory=dict)
    forgotten: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name, kind in (("offsets", np.int64), ("since", np.int64), ("actor", np.int32)):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name), dtype=kind)))

    @staticmethod
    def of(links: Links, rows: Rows, policy: Policy, n_conflicts: int) -> IdentityMap:
        """Return the map of resolved links."""
        some = np.flatnonzero(np.diff(rows.offsets))
        used = np.flatnonzero(np.bincount(rows.actor, minlength=1))
        place = np.zeros(len(links.ids) + 1, np.int32)
        place[used] = np.arange(len(used), dtype=np.int32)
        about = {
            **policy.to_dict(),
            "by": links.by if policy.policy != "none" else None,
            "n_links": len(links),
            "n_conflicts": n_conflicts,
        }
        return IdentityMap(
            links.ids.take(pa.array(some)),
            np.append(rows.offsets[some], rows.offsets[-1]),
            rows.since,
            place[rows.actor],
            links.ids.take(pa.array(used)),
            about,
        )

    def __len__(self) -> int:
        """Return the number of ids that stand for another one."""
        return len(self.ids)

    def __repr__(self) -> str:
        """Return what it holds; no id is shown."""
        words = ", ".join(f"{k}={v!r}" for k, v in self.about.items() if v is not None)
        return f"IdentityMap: {len(self):,} ids stand for {len(self.actors):,} actors ({words})"

    @property
    def table(self) -> pd.DataFrame:
        """The map as a frame: ``id, since, actor``; `since` is missing where it holds from the beginning.

        An actor that has rows itself is followed once more: several ids of one visitor lead to the one that names it,
        and its rows say who it is when.
        """
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_arrow(self) -> pa.Table:
        """Return the map as one Arrow table, by id and in time order."""
        since = pa.array(self.since, mask=self.since == ALWAYS).cast(pa.timestamp("us", "UTC"))
        columns = [self.ids.take(pa.array(self._owner())), since, self.actors.take(pa.array(self.actor))]
        return pa.table(columns, schema=store.SCHEMA)

    def apply(self, log: EventLog, *, precedence: Sequence[str] = ()) -> EventLog:
        """Return the log with every event under the actor that is behind its id at its time.

        An event that names a person itself, in the column the links were read from, belongs to that person. Events
        that come together at equal times are put in order by `precedence` of their sources, then by the id they
        came with; those of one id keep their order.

        Parameters
        ----------
        log : EventLog
            Without levels: sessions and journeys are made afterwards.
        precedence : sequence of str, optional
            Names in the ``source`` column, as in :func:`journeylog.combine`.

        Raises
        ------
        ConfigError
            If the log has levels already, or `precedence` names no source.
        """
        chunk = log.chunk
        if chunk.levels:
            raise ConfigError(
                f"the log has levels {list(chunk.levels)}, which belong to the actors before. "
                "Fix: stitch first, then log.then(jl.Sessions(...), jl.Journeys(...))"
            )
        who = self.actors_of(chunk)
        came_with = pc.array_sort_indices(pc.array_sort_indices(chunk.actors)).to_numpy()
        ties: list[npt.NDArray[Any]] = [came_with[chunk.actor_of_event()]]
        if precedence:
            ties.insert(0, places([chunk], precedence))
        joined, tied = build_chunk(who, chunk.time, chunk.columns, ties)
        by = self.about.get("by")
        counted = {"n": chunk.n_actors, "left": joined.n_actors}
        notes = [
            note("stitched by {by}: {n:,} actors became {left:,}", by=by, **counted)
            if by
            else note("stitched: {n:,} actors became {left:,}", **counted)
        ]
        if self.about.get("n_conflicts"):
            notes.append(
                note(
                    "{n:,} conflicts between known ids, for which shared={shared!r} holds; the identity's report lists them",
                    n=self.about["n_conflicts"],
                    shared=self.about["shared"],
                )
            )
        order = f"{', '.join(precedence)} by source; " if precedence else ""
        card = replace(
            log.card,
            ties=tied,
            order=f"{order}joined ids by id; else {log.card.order}",
            notes=(*log.card.notes, *notes),
        )
        return replace(log, source=Memory((joined,)), card=card)

    def actors_of(self, chunk: Chunk) -> Category:
        """Return the actor behind each event; the answer for an event does not depend on any other."""
        names = chunk.actors.cast(pa.string())
        code: Codes = chunk.actor_of_event().astype(np.int32)
        by = self.about.get("by")
        if by is not None and by in chunk.columns:
            named = ids_of(chunk, by)
            says = np.append(self._may_be_given(named.labels), False)[named.codes]
            code = np.where(says, named.codes + np.int32(len(names)), code)
            names = pa.concat_arrays([names, named.labels.cast(pa.string())])
        entry = pc.index_in(names, self.ids).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        onward = (
            pc.index_in(self.actors, self.ids).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        )
        found = actors_by_time(chunk.time, entry[code], self.offsets, self.since, self.actor, onward)
        code = np.where(found >= 0, found + np.int32(len(names)), code)
        return _used(code, pa.concat_arrays([names, self.actors]))

    def forget(self, ids: str | Iterable[str]) -> IdentityMap:
        """Return the map without some people: their events fall back to the visitors they came with.

        The ids themselves are not kept, only their SHA-256, so that later loads do not bring them back.

        Examples
        --------
        >>> import journeylog as jl, pandas as pd
        >>> seen = pd.DataFrame({"device": ["d1"], "user": ["anna"], "at": ["2025-01-06"]})
        >>> links = jl.links(seen, start="device", end="user", time="at", tz="UTC")
        >>> len(jl.identity(links).map.forget("anna"))
        0
        """
        gone = {ids} if isinstance(ids, str) else set(ids)
        names = pa.array(sorted(gone), pa.string())
        rows = self.to_arrow()
        for head in pc.unique(rows["actor"].filter(pc.is_in(rows["actor"], names))).to_pylist():
            rows = _renamed(rows, head, names)
        own, since, actor = (rows.column(name).combine_chunks() for name in store.SCHEMA.names)
        actor = pc.if_else(pc.is_in(actor, names), own, actor)
        kept = pc.invert(pc.is_in(own, names))
        tombs = self.forgotten | {_digest(i) for i in gone}
        return _of_rows(own.filter(kept), _micros(since.filter(kept)), actor.filter(kept), self.about, tombs)

    def under(self, pseudonym_key: Pseudonyms | bytes | str) -> IdentityMap:
        """Return the map with pseudonyms for all ids, for logs that were read with the same key.

        Raises
        ------
        ConfigError
            If there is no key, or somebody was forgotten, whose id is not known any more.
        """
        key = pseudonyms(pseudonym_key)
        assert key is not None
        if self.forgotten:
            raise ConfigError(
                "who was forgotten cannot be hidden any more. Fix: use the key first, then forget"
            )
        names = {name: key.texts(column) for name, column in (("ids", self.ids), ("actors", self.actors))}
        order = pc.array_sort_indices(names["ids"])
        counts = np.diff(self.offsets)[order.to_numpy()]
        starts = np.concatenate(([0], np.cumsum(counts)))
        rows = np.repeat(self.offsets[:-1][order.to_numpy()] - starts[:-1], counts) + np.arange(
            len(self.since)
        )
        ids = names["ids"].take(order).take(pa.array(np.repeat(np.arange(len(counts)), counts)))
        actor = names["actors"].take(pa.array(self.actor[rows]))
        return _of_rows(ids, self.since[rows], actor, self.about, frozenset())

    def save(self, path: str | Path) -> Path:
        """Write the map, by the suffix: ``.parquet`` or ``.json``. The same links give the same bytes.

        Raises
        ------
        ConfigError
            If the suffix is neither.
        OutputError
            If it cannot be written; an older file is untouched.
        """
        more = {"about": dict(self.about), "forgotten": sorted(self.forgotten)}
        return store.save(Path(path), self.to_arrow(), more)

    @staticmethod
    def load(path: str | Path) -> IdentityMap:
        """Read a map back.

        Raises
        ------
        ParseError
            If the file is no map, is damaged, or was written by a newer version.
        """
        table, more = store.load(Path(path))
        ids, since, actor = (table.column(name).combine_chunks() for name in store.SCHEMA.names)
        return _of_rows(ids, _micros(since), actor, more["about"], frozenset(more["forgotten"]))

    def _owner(self) -> Ints:
        return np.repeat(np.arange(len(self.ids)), np.diff(self.offsets))

    def _may_be_given(self, labels: pa.Array) -> npt.NDArray[np.bool_]:
        """Return which named ids stand for somebody, and for nobody who was forgotten."""
        allowed = ~is_placeholder(labels)
        if self.forgotten:
            allowed &= np.array([_digest(i) not in self.forgotten for i in labels.to_pylist()], dtype=bool)
        return allowed


def _of_rows(
    ids: pa.Array, since: Ints, actor: pa.Array, about: Mapping[str, Any], forgotten: frozenset[str]
) -> IdentityMap:
    """Return the map of rows that lie by id and in time order, without those that change nothing."""
    opens = _differs(ids)
    before = pc.if_else(pa.array(opens), ids, _shifted(actor))
    changes = pc.not_equal(actor, before).to_numpy(zero_copy_only=False)
    kept = pa.array(changes)
    ids, since, actor = ids.filter(kept), since[changes], actor.filter(kept)
    coded = encode(actor)
    order = pc.array_sort_indices(coded.labels).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    starts = np.flatnonzero(_differs(ids))
    return IdentityMap(
        ids.take(pa.array(starts)),
        np.append(starts, len(ids)),
        since,
        rank[coded.codes],
        coded.labels.take(pa.array(order)),
        about,
        forgotten,
    )


def _renamed(rows: pa.Table, head: str, gone: pa.Array) -> pa.Table:
    """Return the rows with the visitor that `head` names, if it names one, named by its next id."""
    first = rows["since"].is_null()
    led = pc.and_(pc.and_(pc.equal(rows["actor"], head), first), pc.invert(pc.is_in(rows["id"], gone)))
    following = pc.min(rows["id"].filter(led)).as_py()
    if following is None or not pc.any(pc.equal(rows["id"], head)).as_py():
        return rows
    for name in ("id", "actor"):
        moved = pc.if_else(pc.equal(rows[name], head), following, rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), name, moved)
    rows = rows.filter(pc.invert(pc.and_(first, pc.equal(rows["id"], rows["actor"]))))
    return rows.sort_by([("id", "ascending"), ("since", "ascending")])


def _micros(since: pa.Array) -> Ints:
    return np.asarray(since.cast(pa.int64()).fill_null(ALWAYS).to_numpy(zero_copy_only=False))


def _differs(ids: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which ids are not the one before."""
    return np.asarray(pc.not_equal(ids, _shifted(ids)).fill_null(True).to_numpy(zero_copy_only=False))


def _shifted(texts: pa.Array) -> pa.Array:
    """Return the column one place later, the first missing."""
    return pa.concat_arrays([pa.nulls(1, pa.string()), texts.cast(pa.string())]).slice(0, len(texts))


def _used(codes: Codes, names: pa.Array) -> Category:
    """Return codes into names, of which some are equal, as codes into those that occur, each once."""
    seen = np.zeros(len(names), dtype=bool)
    seen[codes] = True
    at = np.flatnonzero(seen)
    coded = encode(names.take(pa.array(at)))
    moved = np.zeros(len(names), np.int32)
    moved[at] = coded.codes
    return Category(moved[codes], coded.labels)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
