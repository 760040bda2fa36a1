"""Voice: what customers wrote with their scores, after which stage, at both ends of the scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from journeylog.core.arrow_text import buffers
from journeylog.core.cases import PathStat
from journeylog.core.chunk import Category, Chunk, Text
from journeylog.core.contracts import Result
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.intervals import wilson
from journeylog.core.kernels.actor_hash import hash_texts
from journeylog.core.masks import removed
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.notes import note
from journeylog.core.scales import UNIT
from journeylog.core.scores import find_scores
from journeylog.core.window import Window, parse_duration
from journeylog.core.wording import has_words, words_of
from journeylog.errors import ConfigError, MissingColumnError

__all__ = ["Voice", "VoiceResult"]

Ints = npt.NDArray[np.int64]

_SIDES = ("best", "worst")
_WIDTH = 280
#: So many times the texts that are shown are kept, as some of them may say the same.
_SPARE = 4


@dataclass(frozen=True)
class Voice(PathStat):
    """Tell what customers wrote with their scores: the texts at both ends of the scale, and the words they use.

    A text belongs to the node its score follows, as in :class:`Satisfaction`. Of each customer at most one text of a
    node and an end of the scale is kept, the most extreme. Personal data is removed before anything is counted: e-mail
    addresses, phone and card numbers, tokens, network addresses, links, names at a service, the customer's id, and all
    numbers of six digits and more. Names of people in a text are not found: read the texts before sharing them.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.
    within : str
        How long after a visit a score still speaks of it.
    own : bool
        Whether a score speaks of the event it came with.
    text : str
        The column of texts, at the events that carry the scores.
    top : int
        How many texts of a node and an end are kept.

    Raises
    ------
    MissingColumnError
        If the log has no scores, or no such texts.

    Notes
    -----
    Table, one row a node that was visited (stages in their order): ``node, n, n_actors, n_best, n_best_actors, n_worst,
    n_worst_actors``: texts with a word in them, of how many customers, and those with a score above and below the
    middle of the scale.

    ``tables["verbatims"]``, the most extreme first: ``node, side, rank, score, text, n, n_actors``. ``side`` is ``best``
    (scores above the middle) or ``worst`` (below). Equal scores are in the order of a hash of the text, so the choice is
    the same for any partition and is not that of anybody's taste. ``n`` customers wrote exactly that with this score;
    ``n_actors`` wrote anything at that end.

    ``tables["words"]``, most frequent first: ``node, word, n, n_actors, n_node_actors, share, share_low, share_high``:
    of the customers who wrote after the node, the share who used the word (Wilson's interval). Words are taken as they
    stand, in small letters; stop words of English and Russian are left out.

    Counts merge by addition; of the texts, the first of the whole are among the first of its parts.

    Examples
    --------
    >>> import journeylog as jl
    >>> import pandas as pd
    >>> day = pd.Timestamp("2025-01-06", tz="UTC")
    >>> rows = [("ada", "pay", 0, None, None), ("ada", "survey", 1, 10, "Quick! Write to ada@example.com"),
    ...         ("bob", "pay", 0, None, None), ("bob", "survey", 2, 2, "Waited two weeks")]
    >>> frame = pd.DataFrame(rows, columns=["who", "what", "day", "nps", "said"])
    >>> frame["when"] = day + pd.to_timedelta(frame["day"], unit="D")
    >>> log = jl.read(frame, actor="who", event="what", time="when", score="nps", score_scale="nps", text="said")
    >>> result = log.compute(jl.Voice())
    >>> result.verbatims[["node", "side", "score", "text"]]
      node   side  score                 text
    0  pay   best    1.0  Quick! Write to ***
    1  pay  worst   -0.6     Waited two weeks
    """

    within: str = "7d"
    own: bool = False
    text: str = "text"
    top: int = 3

    def __post_init__(self) -> None:
        """Check what was asked."""
        parse_duration(self.within, name="within")
        if isinstance(self.top, bool) or not isinstance(self.top, int) or self.top < 1:
            raise ConfigError(f"top={self.top!r} is not possible. Fix: a whole number of at least 1")

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return how many wrote, the texts at both ends, and the words."""
        column = chunk.column(self.text)
        if not isinstance(column, Text | Category):
            raise MissingColumnError(
                f"column {self.text!r} holds numbers and no texts. Fix: read them with jl.read(..., text='comment')"
            )
        node = self.node_of(chunk)
        merge = self.merge if self.merge is not None else node != "event"
        within = parse_duration(self.within)
        level = chunk.cases(self.case_level(chunk))
        scores = find_scores(chunk, level, node, merge, within, self.own, None, window)
        at = np.flatnonzero(scores.node >= 0)
        texts = _texts(column, scores.event[at])
        some = has_words(texts)
        at, texts = at[some], texts.filter(pa.array(some))
        spot = scores.event[at]
        actor = np.searchsorted(chunk.offsets, spot, side="right").astype(np.int64) - 1
        said = _Said(scores.node[at], scores.units[at], chunk.time[spot], actor, texts)
        nodes = np.arange(len(scores.labels)) if scores.ordered else np.flatnonzero(scores.grid[:, 0])
        whole = {f"n_{side}": np.zeros(len(nodes), np.int64) for side in ("all", *_SIDES)}
        empty = {**whole, **{f"{name}_actors": n for name, n in whole.items()}}
        keys = {"node": scores.coded(nodes.astype(np.int64))}
        filled = [Table(keys, empty)]
        for side, mine in (
            ("all", np.ones(len(at), bool)),
            ("best", said.units > 0),
            ("worst", said.units < 0),
        ):
            filled.append(said.counted(mine, f"n_{side}", scores.coded, empty))
        return Counts(
            {
                "nodes": Table.concat(filled),
                "verbatims": said.verbatims(chunk, scores.coded, self.top),
                "words": said.words(scores.coded),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> VoiceResult:
        """Return the texts and the shares of the words."""
        nodes = counts["nodes"]
        v = nodes.values
        table = pd.DataFrame(
            {
                "node": _names(nodes.coded("node")),
                "n": v["n_all"],
                "n_actors": v["n_all_actors"],
                **{f"n_{side}{who}": v[f"n_{side}{who}"] for side in _SIDES for who in ("", "_actors")},
            }
        )
        said: tuple[str, ...] = ()
        if v["n_all"].sum():
            said = (
                note(
                    "personal data is removed from {n:,} texts as far as patterns find it; names of people are not found",
                    n=int(v["n_all"].sum()),
                ),
            )
        tables = {
            "verbatims": _verbatims(counts["verbatims"], nodes, self.top),
            "words": _words(counts["words"], nodes),
        }
        return VoiceResult(self, window, table, tables, said)


@dataclass(frozen=True, eq=False, repr=False)
class VoiceResult(Result):
    """What customers wrote; see :class:`Voice` for the tables."""

    @property
    def verbatims(self) -> pd.DataFrame:
        """The texts at both ends of the scale."""
        return self.tables["verbatims"]

    @property
    def words(self) -> pd.DataFrame:
        """The words customers use."""
        return self.tables["words"]


@dataclass(frozen=True, eq=False)
class _Said:
    """Texts with the node they belong to, their score, time and actor (its position in the chunk)."""

    node: Ints
    units: Ints
    time: Ints
    actor: Ints
    texts: pa.Array

    def counted(self, mine: Any, name: str, coded: Any, empty: dict[str, Ints]) -> Table:
        """Return by node how many of these texts there are, and of how many actors."""
        pair = np.unique(np.column_stack((self.node[mine], self.actor[mine])), axis=0)[:, 0]
        node = np.concatenate((self.node[mine], pair))
        values = {column: np.zeros(len(node), np.int64) for column in empty}
        values[name][: mine.sum()] = 1
        values[f"{name}_actors"][mine.sum() :] = 1
        return Table({"node": coded(node)}, values)

    def verbatims(self, chunk: Chunk, coded: Any, top: int) -> Table:
        """Return the most extreme texts of each node and end, one of an actor."""
        hashes = hash_texts(*buffers(self.texts), 0) if len(self.texts) else self.time
        parts = [self._extreme(side, hashes, _SPARE * top) for side in range(len(_SIDES))]
        at = np.concatenate(parts)
        side = np.repeat(np.arange(len(parts)), [len(rows) for rows in parts])
        texts = _cleaned(self.texts.take(pa.array(at)), chunk.actors.take(pa.array(self.actor[at])))
        labels = tuple(dict.fromkeys(texts))
        place = {text: i for i, text in enumerate(labels)}
        keys: dict[str, Coded | Ints] = {
            "node": coded(self.node[at]),
            "side": side,
            "rank": np.where(side == 0, -self.units[at], self.units[at]),
            "hash": hashes[at],
            "text": Coded(np.array([place[text] for text in texts], np.int64), labels),
        }
        return Table(keys, {"times": np.ones(len(at), np.int64)}, first=("rank", _SPARE * top))

    def _extreme(self, side: int, hashes: Ints, most: int) -> Ints:
        """Return the first texts by node, score and hash of the text; of an actor one for each node."""
        rank = -self.units if side == 0 else self.units
        mine = np.flatnonzero(rank < 0)
        order = mine[np.lexsort((hashes[mine], rank[mine], self.node[mine]))]
        pair = self.node[order] * (int(self.actor.max(initial=0)) + 1) + self.actor[order]
        order = order[np.sort(np.unique(pair, return_index=True)[1])]
        node, score, text = self.node[order], rank[order], hashes[order]
        new = (
            (np.diff(node, prepend=-1) != 0)
            | (np.diff(score, prepend=0) != 0)
            | (np.diff(text, prepend=-1) != 0)
        )
        group = np.cumsum(new)
        first = group[np.searchsorted(node, node, side="left")]
        return np.asarray(order[group - first < most], dtype=np.int64)

    def words(self, coded: Any) -> Table:
        """Return by node and word how many texts and actors have it."""
        row, words = words_of(self.texts)
        found = words.dictionary_encode()
        word = found.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        labels = tuple(found.dictionary.to_pylist())
        cells = np.column_stack((self.node[row], word, self.actor[row]))
        _, first = np.unique(cells, axis=0, return_index=True)
        actors = np.zeros(len(row), np.int64)
        actors[first] = 1
        keys = {"node": coded(cells[:, 0].copy()), "word": Coded(word, labels)}
        return Table(keys, {"n": np.ones(len(row), np.int64), "n_actors": actors})


def _verbatims(rows: Table, nodes: Table, top: int) -> pd.DataFrame:
    side = rows.codes("side")
    spot = nodes.find(rows, {"node": "node"})
    n = np.where(side == 0, *(np.append(nodes.values[f"n_{s}_actors"], 0)[spot] for s in _SIDES))
    frame = pd.DataFrame(
        {
            "node": _names(rows.coded("node")),
            "side": pd.array([_SIDES[code] for code in side.tolist()], dtype=TEXT),
            "rank": np.zeros(len(rows), np.int64),
            "score": np.where(side == 0, -rows.codes("rank"), rows.codes("rank")) / UNIT,
            "text": _names(rows.coded("text")),
            "n": rows.values["times"],
            "n_actors": n.astype(np.int64),
        }
    )
    frame = frame.iloc[np.lexsort((np.arange(len(frame)), side, spot))]
    frame = frame[frame["text"].str.contains(r"[^\W\d_]", regex=True)]
    frame = frame.drop_duplicates(["node", "side", "text"])
    frame["rank"] = frame.groupby(["node", "side"]).cumcount().astype(np.int64) + 1
    return frame[frame["rank"] <= top].reset_index(drop=True)


def _words(rows: Table, nodes: Table) -> pd.DataFrame:
    spot = nodes.find(rows, {"node": "node"})
    n, whole = rows.values["n_actors"], np.append(nodes.values["n_all_actors"], 0)[spot]
    low, high = wilson(n, whole)
    frame = pd.DataFrame(
        {
            "node": _names(rows.coded("node")),
            "word": _names(rows.coded("word")),
            "n": rows.values["n"],
            "n_actors": n,
            "n_node_actors": whole,
            "share": ratio(n, whole),
            "share_low": low,
            "share_high": high,
        }
    )
    return frame.iloc[np.lexsort((rows.codes("word"), -n, spot))].reset_index(drop=True)


def _texts(column: Text | Category, rows: Ints) -> pa.Array:
    if isinstance(column, Text):
        return _plain(column.values.take(pa.array(rows)))
    codes = pa.array(column.codes[rows], mask=column.codes[rows] < 0)
    return _plain(column.labels.take(codes))


def _plain(texts: Any) -> pa.Array:
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return texts.cast(pa.large_string())


def _cleaned(texts: pa.Array, ids: pa.Array) -> list[str]:
    """Return texts without personal data; the id of the customer who wrote counts as that."""
    known: dict[tuple[str, str], str] = {}
    out = []
    for text, who in zip(texts.to_pylist(), ids.to_pylist(), strict=True):
        key = (text, who if who.casefold() in text.casefold() else "")
        if key not in known:
            known[key] = _cut(removed(*key))
        out.append(known[key])
    return out


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1].rstrip() + "…"


def _names(column: Coded) -> Any:
    return pd.array(column.names({}), dtype=TEXT)
