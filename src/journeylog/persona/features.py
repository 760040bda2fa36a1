"""What is known of each actor as numbers: what it did, in which order, how much and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.schema import MINUTE, SECOND
from journeylog.persona.owners import lowest

__all__ = [
    "PACE",
    "Names",
    "Rows",
    "common_names",
    "counted",
    "features",
    "rows_of_chunk",
    "rows_of_counts",
    "usual_shares",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: The numbers of the block of pace.
PACE: Final = ("events", "seconds", "visits")
#: As many usual things as are added to what each actor did.
_LEAN: Final = 5
#: A silence longer than this parts two visits.
_PAUSE: Final = 30 * MINUTE
#: Names, and moves between them, that fewer of the sampled actors have are left out; and at most so many are used.
_RARE: Final = {"nodes": 0.02, "moves": 0.05, "channels": 0.02}
_MOST: Final = {"nodes": 30, "moves": 30, "channels": 10}


@dataclass(frozen=True)
class Names:
    """What is looked at: nodes, moves between them, channels."""

    nodes: tuple[str, ...]
    moves: tuple[tuple[str, str], ...]
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Rows:
    """One row an actor.

    Parameters
    ----------
    nodes, moves, channels : ndarray of int64, shape (n_actors, number of names)
        How often each has it.
    n_nodes, n_moves, n_channels : ndarray of int64, shape (n_actors,)
        Of how many in all, also those that are not looked at.
    pace : ndarray of int64, shape (n_actors, 3)
        Events, seconds from the first to the last, and visits.
    """

    nodes: Ints
    moves: Ints
    channels: Ints
    n_nodes: Ints
    n_moves: Ints
    n_channels: Ints
    pace: Ints


def usual_shares(rows: Rows) -> Floats:
    """Return the shares of all actors together: of nodes, of moves, and of channels."""
    return np.concatenate([part.sum(axis=0) / max(int(whole.sum()), 1) for part, whole in _blocks(rows)])


def features(rows: Rows, usual: Floats) -> Floats:
    """Return the features: roots of shares (of events, of moves, of channels), and logarithms of the pace.

    Shares lean on the usual ones as if each actor had done so many more things as is usual: of one event nothing can be
    told. The root of a share has about the same spread whether the share is small or large (Hellinger's distance); the
    logarithm of one more than a number does the same for counts and times.
    """
    parts, first = [], 0
    for part, whole in _blocks(rows):
        share = usual[first : first + part.shape[1]]
        parts.append(np.sqrt((part + _LEAN * share) / (whole + _LEAN)[:, None]))
        first += part.shape[1]
    return np.concatenate([*parts, np.log1p(rows.pace)], axis=1)


def _blocks(rows: Rows) -> tuple[tuple[Ints, Ints], ...]:
    return (rows.nodes, rows.n_nodes), (rows.moves, rows.n_moves), (rows.channels, rows.n_channels)


def counted(chunk: Chunk, of: str, channel: str | None, sample: int, seed: int) -> Counts:
    """Return what the sampled actors of a chunk did, keyed by their hash.

    Notes
    -----
    Tables ``nodes``, ``moves``, ``channels`` (``n`` by hash and name), ``firsts`` and ``lasts`` (the first and the last
    node) and ``pace``. They merge by addition; those of the lowest hashes of all parts are those of the whole.
    """
    actors, hashes = lowest(chunk, np.zeros(chunk.n_actors, np.int64), sample, seed)
    mine = np.zeros(chunk.n_actors, bool)
    mine[actors] = True
    column, owner = chunk.category(of), chunk.actor_of_event()
    known = np.flatnonzero((column.codes >= 0) & mine[owner])
    who, codes = owner[known], column.codes[known].astype(np.int64)
    same = who[1:] == who[:-1]
    first = np.flatnonzero(np.append(True, ~same)) if len(who) else np.zeros(0, np.int64)
    last = np.flatnonzero(np.append(~same, True)) if len(who) else np.zeros(0, np.int64)
    tables = {
        "nodes": _table(hashes, who, codes, ("node",), (column.names,)),
        "firsts": _table(hashes, who[first], codes[first], ("node",), (column.names,)),
        "lasts": _table(hashes, who[last], codes[last], ("node",), (column.names,)),
        "moves": _table(
            hashes, who[1:][same], codes[:-1][same] * len(column.names) + codes[1:][same], ("from", "to"),
            (column.names, column.names),
        ),
        "pace": Table(
            {"hash": hashes[actors]}, dict(zip(PACE, _pace(chunk)[actors].T.copy(), strict=True))
        ),
    }  # fmt: skip
    if channel is not None:
        where = chunk.category(channel)
        at = np.flatnonzero((where.codes >= 0) & mine[owner])
        tables["channels"] = _table(
            hashes, owner[at], where.codes[at].astype(np.int64), ("channel",), (where.names,)
        )
    return Counts(tables)


def common_names(counts: Counts, hashes: Ints) -> Names:
    """Return the names that enough of the sampled actors have, those that most have first."""
    found: dict[str, list[Any]] = {}
    for part in ("nodes", "moves", "channels"):
        table = counts.tables.get(part)
        if table is None:
            found[part] = []
            continue
        keys = [key for key in table.keys if key != "hash"]
        rows = list(zip(*(table.coded(key).names({}) for key in keys), strict=True))
        have: dict[Any, int] = {}
        for key, mine in zip(rows, np.isin(table.codes("hash"), hashes).tolist(), strict=True):
            have[key] = have.get(key, 0) + mine
        enough = max(_RARE[part] * len(hashes), 2)
        usual = sorted((-n, key) for key, n in have.items() if n >= enough)
        found[part] = [key for _, key in usual[: _MOST[part]]]
    return Names(
        tuple(key[0] for key in found["nodes"]),
        tuple((key[0], key[1]) for key in found["moves"]),
        tuple(key[0] for key in found["channels"]),
    )


def rows_of_counts(counts: Counts, hashes: Ints, names: Names) -> Rows:
    """Return one row for each of the hashes, which ascend."""
    parts = {}
    for part, wanted in (
        ("nodes", [(name,) for name in names.nodes]),
        ("moves", list(names.moves)),
        ("channels", [(name,) for name in names.channels]),
    ):
        grid, total = np.zeros((len(hashes), len(wanted)), np.int64), np.zeros(len(hashes), np.int64)
        table = counts.tables.get(part)
        if table is not None:
            spot = np.searchsorted(hashes, table.codes("hash"))
            mine = np.flatnonzero(spot < len(hashes))
            mine = mine[hashes[spot[mine]] == table.codes("hash")[mine]]
            np.add.at(total, spot[mine], table.values["n"][mine])
            keys = [key for key in table.keys if key != "hash"]
            place = {key: i for i, key in enumerate(wanted)}
            things = zip(*(table.coded(key).names({}) for key in keys), strict=True)
            column = np.array([place.get(key, -1) for key in things], np.int64)
            mine = mine[column[mine] >= 0]
            np.add.at(grid, (spot[mine], column[mine]), table.values["n"][mine])
        parts[part] = (grid, total)
    pace = counts["pace"].take(np.flatnonzero(np.isin(counts["pace"].codes("hash"), hashes)))
    return Rows(
        parts["nodes"][0], parts["moves"][0], parts["channels"][0],
        parts["nodes"][1], parts["moves"][1], parts["channels"][1],
        np.stack([pace.values[name] for name in PACE], axis=1).reshape(-1, len(PACE)),
    )  # fmt: skip


def rows_of_chunk(chunk: Chunk, of: str, channel: str | None, names: Names) -> Rows:
    """Return one row for each actor of a chunk."""
    column, owner = chunk.category(of), chunk.actor_of_event()
    known = np.flatnonzero(column.codes >= 0)
    who, codes = owner[known], _places(column.names, names.nodes)[column.codes[known]]
    same = who[1:] == who[:-1]
    nodes = _grid(chunk.n_actors, who, codes, len(names.nodes))
    everything = {name: i for i, name in enumerate(column.names)}
    wide = max(len(column.names), 1)
    wanted = np.array(
        [everything[a] * wide + everything[b] for a, b in names.moves if a in everything and b in everything],
        np.int64,
    )
    number = [i for i, (a, b) in enumerate(names.moves) if a in everything and b in everything]
    whole = column.codes[known].astype(np.int64)
    pairs = whole[:-1] * wide + whole[1:]
    lut = np.full(wide * wide, -1, np.int64) if wide <= 2048 else None
    if lut is not None:
        lut[wanted] = number
        place = lut[pairs]
    else:
        order = np.argsort(wanted)
        spot = np.minimum(np.searchsorted(wanted[order], pairs), max(len(wanted) - 1, 0))
        hit = wanted[order][spot] == pairs if len(wanted) else np.zeros(len(pairs), bool)
        place = np.where(hit, np.array([*number, -1], np.int64)[order[spot] if len(wanted) else -1], -1)
    moves = _grid(chunk.n_actors, who[1:][same], place[same], len(names.moves))
    channels, n_channels = np.zeros((chunk.n_actors, 0), np.int64), np.zeros(chunk.n_actors, np.int64)
    if channel is not None:
        where = chunk.category(channel)
        at = np.flatnonzero(where.codes >= 0)
        mine = _places(where.names, names.channels)[where.codes[at]]
        channels = _grid(chunk.n_actors, owner[at], mine, len(names.channels))
        n_channels = np.bincount(owner[at], minlength=chunk.n_actors).astype(np.int64)
    return Rows(
        nodes, moves, channels,
        np.bincount(who, minlength=chunk.n_actors).astype(np.int64),
        np.bincount(who[1:][same], minlength=chunk.n_actors).astype(np.int64),
        n_channels, _pace(chunk),
    )  # fmt: skip


def _table(hashes: Ints, who: Ints, codes: Ints, keys: tuple[str, ...], names: Any) -> Table:
    """Return how often each actor has each code, keyed by its hash."""
    wide = max(len(names[0]), 1) ** len(keys)
    found: Any = number_keys(who * wide + codes)
    actor, code = found[1] // wide, found[1] % wide
    columns: dict[str, Coded | Ints] = {"hash": hashes[actor]}
    for key, labels in zip(reversed(keys), reversed(names), strict=True):
        columns[key] = Coded(code % max(len(labels), 1), labels)
        code = code // max(len(labels), 1)
    return Table({"hash": columns["hash"], **{key: columns[key] for key in keys}}, {"n": found[2]})


def _places(labels: tuple[str, ...], names: tuple[str, ...]) -> Ints:
    """Return for each label its place among the names, -1 for none."""
    place = {name: i for i, name in enumerate(names)}
    return np.array([place.get(label, -1) for label in labels], np.int64)


def _grid(n: int, row: Ints, column: Ints, wide: int) -> Ints:
    kept = column >= 0
    return np.bincount(row[kept] * wide + column[kept], minlength=n * wide).reshape(n, wide).astype(np.int64)


def _pace(chunk: Chunk) -> Ints:
    """Return events, seconds from the first to the last, and visits of each actor."""
    sizes = np.diff(chunk.offsets)
    some = sizes > 0
    out = np.zeros((chunk.n_actors, len(PACE)), np.int64)
    out[:, 0] = sizes
    first, last = chunk.offsets[:-1][some], chunk.offsets[1:][some] - 1
    out[some, 1] = (chunk.time[last] - chunk.time[first]) // SECOND
    pause = np.zeros(chunk.n_events, np.int64)
    pause[1:] = np.diff(chunk.time) > _PAUSE
    pause[first] = 1
    np.add.at(out[:, 2], chunk.actor_of_event(), pause)
    return out
