"""Clocks: events that arrive late, arrive before they happen, or happen in the future."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.checks.finding import Finding, grade, passed, skipped, span, top
from journeylog.checks.loaded import places
from journeylog.checks.places import column_names, source_codes, source_names
from journeylog.checks.rules import Rules
from journeylog.core.chunk import Chunk, Number
from journeylog.core.kernels.bins import BIN_BITS, bin_edges_ms
from journeylog.core.kernels.quality import count_lateness, lateness_of_actors
from journeylog.core.log import EventLog
from journeylog.core.masks import hide
from journeylog.core.schema import MINUTE, SECOND
from journeylog.core.window import format_duration, utc_text
from journeylog.ingest.rejects import Reason

__all__ = ["clocks", "future"]

Ints = npt.NDArray[np.int64]
#: Stamps of sending and receiving may be cut to whole seconds, each by itself.
_TOLERANCE = SECOND
#: A clock that is off by less is not looked for: delays differ by as much.
_LEAST_OFFSET = MINUTE


class _Lateness(NamedTuple):
    """Lateness of one source: how many events, in bins of milliseconds, and what lies outside."""

    n: int
    bins: Ints
    late: tuple[int, int, int]
    ahead: tuple[int, int, int]
    least: int
    most: int

    def quantile(self, q: float) -> float:
        """Return a quantile in microseconds; earlier than never counts as zero."""
        rank = max(int(np.ceil(q * self.n - 1e-9)), 1)
        at = int(np.searchsorted(np.cumsum(self.bins), rank))
        low, high = bin_edges_ms(np.array([at], np.int64))
        return float(low[0] + high[0]) / 2 * 1000

    def share_from(self, late: Ints) -> npt.NDArray[np.float64]:
        """Return the share of events at least so late, two added on either side for what a small sample does not show."""
        first = np.searchsorted(bin_edges_ms(np.arange(len(self.bins)))[1] * 1000, late)
        later = np.append(np.cumsum(self.bins[::-1])[::-1], 0)
        return np.asarray((later[first] + 2) / (self.n + 4))


def future(log: EventLog, rules: Rules) -> list[Finding]:
    """Count events later than the present, kept or rejected at the door."""
    found = []
    total = log.n_events
    n_rejected = log.card.reasons.get(Reason.TS_FUTURE.value, 0)
    if n_rejected:
        rows = log.card.rows_in
        found.append(
            Finding(
                "future", grade("future", n_rejected, rows),
                f"{n_rejected:,} of {rows:,} rows were rejected because their time is more than two days ahead.",
                n_rejected, rows, "rows", "rejected at the door", places(log.rejects, Reason.TS_FUTURE.value),
                fix="find the devices whose clocks are wrong; where the stamp is a due date, leave it out",
            )
        )  # fmt: skip
    limit = rules.now + _TOLERANCE
    n, first, last = span(log.source.map(lambda chunk: _beyond(chunk.time, limit)))
    if n:
        found.append(
            Finding(
                "future", grade("future", n, total), f"{n:,} of {total:,} events are later than now "
                f"({utc_text(rules.now)} UTC).",
                n, total, "events", "in the log", (), first, last,
                fix="check the zone of times without one (tz=), and the clocks of devices",
            )
        )  # fmt: skip
    return found or [passed("future", "No event is later than now.", total)]


def clocks(log: EventLog, rules: Rules) -> list[Finding]:
    """Tell how late events arrive, and whose clocks are ahead or behind; needs the role ``received``."""
    if "received" not in column_names(log):
        why = "No column says when an event was received (received=), so its delay cannot be known."
        return [skipped(check, why) for check in ("late", "clock_ahead", "clock_behind")]
    names = source_names(log)
    found: list[Finding] = []
    parts = log.source.map(lambda chunk: _tally(chunk, names, rules))
    by_source = {name: _add([part[0][i] for part in parts]) for i, name in enumerate(names)}
    for name, seen in by_source.items():
        if seen.n:
            found += [_late(seen, name, rules), _ahead(seen, name)]
    if not found:
        return [
            skipped(check, "No event says when it was received.")
            for check in ("late", "clock_ahead", "clock_behind")
        ]
    return [*found, *_behind(by_source, names, parts, rules)]


def _late(seen: _Lateness, where: str, rules: Rules) -> Finding:
    n, first, last = seen.late
    when = (first, last) if n else (None, None)
    q = {f"p{round(100 * p)}_s": seen.quantile(p) / SECOND for p in (0.5, 0.9, 0.99)}
    told = ", ".join(
        f"{words} {format_duration(q[key] * SECOND)}"
        for key, words in (("p50_s", "half within"), ("p90_s", "90 % within"), ("p99_s", "99 % within"))
    )
    return Finding(
        "late", grade("late", n, seen.n),
        f"{n:,} of {seen.n:,} events arrived more than {format_duration(rules.late_after)} after they happened: {told}, "
        f"the latest after {format_duration(max(seen.most, 0))}.",
        n, seen.n, "events", where, first=when[0], last=when[1],
        fix="count a day again until so many days have passed; results of the last days will change" if n else "",
        facts={**q, "largest_s": seen.most / SECOND},
    )  # fmt: skip


def _ahead(seen: _Lateness, where: str) -> Finding:
    n, first, last = seen.ahead
    if not n:
        return passed("clock_ahead", "No event was received before it happened.", seen.n, where=where)
    return Finding(
        "clock_ahead", grade("clock_ahead", n, seen.n),
        f"{n:,} of {seen.n:,} events were received before they happened, by up to {format_duration(-seen.least)}: "
        "the clocks of their devices are ahead.",
        n, seen.n, "events", where, (), first, last,
        fix="take the time of the receiver for these, or correct each device by its own delay",
        facts={"largest_s": -seen.least / SECOND},
    )  # fmt: skip


def _behind(
    by_source: dict[str, _Lateness], names: list[str], parts: list[tuple[Any, pa.Table, Ints]], rules: Rules
) -> list[Finding]:
    """Find actors all of whose events come late by nearly the same: their clocks are behind.

    Were delays independent, all `k` events of an actor would be as late as its earliest with probability ``S ** k``, S
    being the share of all events of the source at least as late. The probability that any of the actors looks like this
    by chance is kept below the false-alarm rate (Bonferroni). The delays of one actor must also lie as close together as
    delays usually do, which those of a device that was offline for a while do not.
    """
    found = []
    rows = pa.concat_tables([part[1] for part in parts])
    tried = np.sum([part[2] for part in parts], axis=0) * len(names)
    for s, name in enumerate(names):
        seen = by_source[name]
        if not seen.n:
            continue
        own = rows.filter(pc.equal(rows["source"], s))
        k, least, most = (own[key].to_numpy() for key in ("n", "least", "most"))
        close = most - least <= np.maximum(_LEAST_OFFSET, np.minimum(seen.quantile(0.9), least / 2))
        flagged = own.filter(pa.array(close & (tried[s] * seen.share_from(least) ** k < rules.false_alarm)))
        if not len(flagged):
            found.append(passed("clock_behind", "No device's clock is behind.", seen.n, where=name))
            continue
        n = int(pc.sum(flagged["n"]).as_py())
        told = tuple(
            f"{row['actor'] if rules.show_ids else hide(row['actor'])}: {row['n']:,} events, "
            f"{format_duration(row['least'])} behind"
            for row in top(flagged, "n")
        )
        found.append(
            Finding(
                "clock_behind", grade("clock_behind", n, seen.n),
                f"{n:,} of {seen.n:,} events come from {len(flagged):,} actors all of whose events arrive late by nearly "
                "the same: the clocks of their devices are behind.",
                n, seen.n, "events", name, told, int(pc.min(flagged["first"]).as_py()), int(pc.max(flagged["last"]).as_py()),
                "correct each device by its own delay, or take the time of the receiver",
                {"n_actors": len(flagged), "false_alarm_rate": rules.false_alarm},
            )
        )  # fmt: skip
    return found


def _tally(chunk: Chunk, names: list[str], rules: Rules) -> tuple[list[_Lateness], pa.Table, Ints]:
    """Return lateness by source, the actors that may be behind, and how many actors each source has."""
    column = chunk.column("received")
    assert isinstance(column, Number)
    valid = column.valid if column.valid is not None else np.zeros(0, bool)
    codes = source_codes(chunk, names)
    bins = np.zeros((len(names), 1 << BIN_BITS), np.int64)
    ends = np.zeros((len(names), 9), np.int64)
    count_lateness(chunk.time, column.values, valid, codes, _TOLERANCE, rules.late_after, bins, ends)
    out = []
    for s in range(len(names)):
        n, *rest = ends[s].tolist()
        out.append(_Lateness(n, bins[s], tuple(rest[:3]), tuple(rest[3:6]), rest[6], rest[7]))
    who, of, n, least, most = lateness_of_actors(
        chunk.time, chunk.offsets, column.values, valid, codes, len(names)
    )
    at = np.flatnonzero((least >= _LEAST_OFFSET) & (n > 1) & (most - least <= least))
    actors = who[at]
    table = pa.table(
        {
            "actor": chunk.actors.take(pa.array(actors)).cast(pa.large_string()),
            "source": of[at],
            "n": n[at],
            "least": least[at],
            "most": most[at],
            "first": chunk.time[chunk.offsets[actors]],
            "last": chunk.time[chunk.offsets[actors + 1] - 1],
        }
    )
    return out, table, np.bincount(of, minlength=len(names))


def _beyond(time: Ints, limit: int) -> tuple[int, int, int]:
    far = time[time > limit]
    return (len(far), int(far.min()), int(far.max())) if len(far) else (0, 0, 0)


def _add(parts: list[_Lateness]) -> _Lateness:
    some = [part for part in parts if part.n] or parts[:1]
    return _Lateness(
        sum(part.n for part in parts), np.sum([part.bins for part in parts], axis=0),
        _span(part.late for part in parts), _span(part.ahead for part in parts),
        min(part.least for part in some), max(part.most for part in some),
    )  # fmt: skip


def _span(parts: Iterable[tuple[int, int, int]]) -> tuple[int, int, int]:
    n, first, last = span(parts)
    return n, first or 0, last or 0
