"""Links: which id was seen together with which, and when. Read from a table, from columns, from vendors' records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.chunk import Category, Chunk, read_only
from journeylog.core.encode import side_by_side
from journeylog.core.kernels.identity import merge_sorted_texts
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError
from journeylog.ingest.door import read
from journeylog.ingest.formats import Format, formats
from journeylog.ingest.ids import ids_of, is_placeholder
from journeylog.ingest.pseudonyms import pseudonyms
from journeylog.ingest.rejects import Reason
from journeylog.ingest.roles import constant

__all__ = ["Links", "links"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
#: The time of links whose time is not known; nobody reads it.
_SOME_DAY: Final = "2000-01-01T00:00:00Z"


@dataclass(frozen=True, eq=False, repr=False)
class Links:
    """Pairs of ids that belong together, with the time at which that was seen.

    Parameters
    ----------
    ids : pyarrow.StringArray
        All ids, distinct and sorted, so that the smaller code is the smaller id.
    start, end : ndarray of int32, shape (n_links,)
        The id that was linked, and the one it was linked to.
    time : ndarray of int64 or None
        Microseconds since 1970 UTC; None when nothing is known about time.
    told : ndarray of bool, shape (n_links,)
        Whether somebody said so (a table of links, a vendor's record), or it was only seen in the columns of a log.
    by : str or None
        The column of a log that named the ids at the end, where links come from a log's own actors.
    left_out : mapping of str to int
        Rows that are no link, by reason: ``"same id"``, ``"placeholder"``, ``"rejected"``.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> seen = pd.DataFrame({"device": ["d1", "d2"], "user": ["anna", "anna"], "at": ["2025-01-06", "2025-01-07"]})
    >>> jl.links(seen, start="device", end="user", time="at", tz="UTC")
    Links: 2 between 3 ids, 2025-01-06 to 2025-01-07
    """

    ids: pa.Array
    start: Codes
    end: Codes
    time: Ints | None
    told: npt.NDArray[np.bool_]
    by: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("start", "end"):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name), dtype=np.int32)))
        object.__setattr__(self, "told", read_only(np.asarray(self.told, dtype=bool)))
        if self.time is not None:
            object.__setattr__(self, "time", read_only(np.asarray(self.time, dtype=np.int64)))

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.start)

    def __repr__(self) -> str:
        """Return how many there are and from when; no id is shown."""
        text = f"Links: {len(self):,} between {len(self.ids):,} ids"
        if self.time is None or not len(self):
            return text
        first, last = (pd.Timestamp(int(t), unit="us").date() for t in (self.time.min(), self.time.max()))
        return f"{text}, {first} to {last}"

    @property
    def table(self) -> pd.DataFrame:
        """The links as a frame: ``start, end, time``."""
        index = (pa.array(self.start), pa.array(self.end))
        frame = pd.DataFrame(
            {
                name: self.ids.take(codes).to_pandas()
                for name, codes in zip(("start", "end"), index, strict=True)
            }
        )
        if self.time is not None:
            frame["time"] = pd.to_datetime(self.time, unit="us", utc=True).astype("datetime64[us, UTC]")
        return frame

    @staticmethod
    def between(
        start: Category,
        end: Category,
        time: Ints | None,
        *,
        told: bool = True,
        by: str | None = None,
        rejected: int = 0,
    ) -> Links:
        """Return the links between two columns of ids; a missing id is no link.

        Ids that stand for nobody (``null``, ``guest``) would make one actor of all who had them, so they are left
        out and counted, as are links of an id to itself.
        """
        (a, of_start), (b, of_end) = side_by_side(_sorted, [start.labels, end.labels])
        ids, in_a, in_b = _union(a, b)
        first = np.append(in_a[of_start], -1)[start.codes]
        second = np.append(in_b[of_end], -1)[end.codes]
        nobody = np.append(is_placeholder(ids), False)
        whole = (first >= 0) & (second >= 0)
        known = whole & ~nobody[first] & ~nobody[second]
        keep = known & (first != second)
        used = np.zeros(len(ids), dtype=bool)
        used[first[known]] = used[second[known]] = True
        moved = np.where(used, np.cumsum(used) - 1, -1).astype(np.int32)
        ids = ids if used.all() else ids.filter(pa.array(used))
        lost = {
            "rejected": rejected,
            "placeholder": int(np.count_nonzero(whole & ~known)),
            "same id": int(np.count_nonzero(known & ~keep)),
        }
        at = None if time is None else np.asarray(time)[keep]
        said = np.full(int(keep.sum()), told)
        left_out = {k: v for k, v in lost.items() if v}
        return Links(ids, moved[first[keep]], moved[second[keep]], at, said, by, left_out)

    @staticmethod
    def join(parts: Iterable[Links]) -> Links:
        """Return the links of several tables or logs as one; the order of the parts does not matter.

        Raises
        ------
        ConfigError
            If there is none, or only some of them have times.
        """
        parts = list(parts)
        if not parts:
            raise ConfigError(
                "no links. Fix: pass at least one table of links, for example jl.links(log, end='user_id')"
            )
        if len(parts) == 1:
            return parts[0]
        if len({part.time is None for part in parts}) > 1:
            raise ConfigError(
                "some links have a time and some have none. Fix: pass time= for all, or for none"
            )
        ids, codes = parts[0].ids, [np.arange(len(parts[0].ids), dtype=np.int32)]
        for part in parts[1:]:
            ids, moved, new = _union(ids, part.ids)
            codes = [*(moved[code] for code in codes), new]
        names = {part.by for part in parts} - {None}
        lost: dict[str, int] = {}
        for part in parts:
            for reason, n in part.left_out.items():
                lost[reason] = lost.get(reason, 0) + n
        times = [part.time for part in parts if part.time is not None]
        return Links(
            ids,
            np.concatenate([code[part.start] for code, part in zip(codes, parts, strict=True)]),
            np.concatenate([code[part.end] for code, part in zip(codes, parts, strict=True)]),
            np.concatenate(times) if times else None,
            np.concatenate([part.told for part in parts]),
            names.pop() if len(names) == 1 else None,
            lost,
        )


def links(
    data: Any, /, *, start: str | None = None, end: str | None = None, time: str | None = "time", **how: Any
) -> Links:
    """Read which ids belong together.

    Parameters
    ----------
    data : EventLog, frame, path or whatever :func:`journeylog.read` reads
        A log whose columns occur together, a table of links, or a vendor's records.
    start, end : str
        The columns with the id that is linked (a device, an anonymous id; by default a log's actor) and the one it
        is linked to (a login, a customer number). A format knows them itself.
    time : str or None
        When that was seen. None for a table that does not say; then only ``policy="merge"`` with ``shared="apart"``
        can use the links.
    **how
        Further arguments of :func:`journeylog.read` for a table: ``tz=``, ``time_unit=``, ``pseudonym_key=``, ... With
        ``format="ga4"`` (or another one that declares its links) the vendor's identify, alias and merge records,
        and ids that occur together, are read.

    Returns
    -------
    Links

    Raises
    ------
    ConfigError
        If arguments of a table are given for a log, or the format has no links.
    MissingColumnError
        If a column is not there.

    Notes
    -----
    A table comes in through the same door as events: rows without a first id or without a readable time are
    rejected and counted, ids are text exactly as written.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> clicks = pd.DataFrame({"device": ["d1", "d1", "d2"], "user": [None, "anna", "anna"], "event": "home",
    ...                        "time": ["2025-01-06 09:00Z", "2025-01-06 09:05Z", "2025-01-07 20:00Z"]})
    >>> log = jl.read(clicks, actor="device", event="event", time="time")
    >>> len(jl.links(log, end="user"))
    2

    A vendor's own rows:

    >>> export = pd.DataFrame({"event_name": ["login", "pay"], "event_timestamp": [1736154000000000, 1736154300000000],
    ...                        "user_pseudo_id": ["d1", "d1"], "user_id": ["anna", None]})
    >>> jl.links(export, format="ga4").table[["start", "end"]].values.tolist()
    [['d1', 'anna']]
    """
    if isinstance(data, EventLog):
        return _of_log(data, start, end, time, how)
    form = _declared(how.pop("format", None))
    if form is not None:
        if start is not None or end is not None:
            raise ConfigError(
                f"the format {form.name!r} says which ids are linked. Fix: leave out start= and end="
            )
        return _read(data, {"format": form.as_links()}, "end", how, timed=True)
    if start is None or end is None:
        raise ConfigError("which columns are linked is not declared. Fix: start='device', end='user_id'")
    if time is None:
        timeless = Format(
            name="links", actor=start, event=constant("link"), time=constant(_SOME_DAY), attributes={end: end}
        )
        return _read(data, {"format": timeless, "columns": "format"}, end, how, timed=False)
    roles = {"actor": start, "event": constant("link"), "time": time, "columns": [end]}
    return _read(data, roles, end, how, timed=True)


def _of_log(
    log: EventLog, start: str | None, end: str | None, time: str | None, how: Mapping[str, Any]
) -> Links:
    if how:
        raise ConfigError(f"{', '.join(how)}= belong to a table, and this is a log. Fix: leave them out")
    if end is None:
        raise ConfigError("the column with the known id is not declared. Fix: end='user_id'")
    own = start is None or start == "actor"
    return _of_chunk(
        log.chunk,
        "actor" if start is None else start,
        end,
        time is not None,
        told=False,
        by=end if own else None,
    )


def _declared(format: Any) -> Format | None:
    """Return the format that declares links; the name of a container is none."""
    known = formats()
    if isinstance(format, str):
        return known.listed.get(format)
    return format if isinstance(format, Format) else None


def _read(data: Any, roles: dict[str, Any], end: str, how: dict[str, Any], timed: bool) -> Links:
    """Read links through the door."""
    if "format" not in roles and "format" in how:
        roles["format"] = how["format"]
    key = pseudonyms(how.pop("pseudonym_key", None))
    log = read(data, **roles, **how, pseudonym_key=None if key is None else key.but(end))
    rejected = log.card.rejected - log.card.reasons.get(
        Reason.NOT_AN_EVENT, 0
    )  # rows without a link are no loss
    return _of_chunk(log.chunk, "actor", end, timed, rejected=rejected)


def _of_chunk(
    chunk: Chunk,
    start: str,
    end: str,
    timed: bool,
    *,
    told: bool = True,
    by: str | None = None,
    rejected: int = 0,
) -> Links:
    """Return the links between two columns of a log; of a run of equal links the first and the last stay."""
    to = ids_of(chunk, end)
    if start == "actor":
        since = Category(chunk.actor_of_event().astype(np.int32), chunk.actors)
    else:
        since = ids_of(chunk, start)
    at = np.flatnonzero((to.codes >= 0) & (since.codes >= 0))
    if start == "actor":
        same = np.diff(since.codes[at]) == 0
        same &= np.diff(to.codes[at]) == 0
        at = at[~(np.append(False, same) & np.append(same, False))[: len(at)]]
    return Links.between(
        since.take(at), to.take(at), chunk.time[at] if timed else None, told=told, by=by, rejected=rejected
    )


def _sorted(labels: pa.Array) -> tuple[pa.Array, Codes]:
    """Return distinct labels sorted, and the new place of each."""
    order = pc.array_sort_indices(labels)
    moved = np.empty(len(labels), np.int32)
    moved[order.to_numpy()] = np.arange(len(labels), dtype=np.int32)
    return labels.cast(pa.string()).take(order), moved


def _union(a: pa.Array, b: pa.Array) -> tuple[pa.Array, Codes, Codes]:
    """Return the sorted union of two sorted columns, and the places of their texts in it."""
    of_a, of_b, union = merge_sorted_texts(*arrow_text.buffers(a), *arrow_text.buffers(b))
    return pa.concat_arrays([a, b]).take(pa.array(union)), of_a, of_b
