"""Kernels of the data-quality checks: hours, ties, lateness, gaps of actors, and signs in texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.bins import bin_of_ms

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

__all__ = [
    "ADDRESS",
    "EMAIL",
    "MANY_DIGITS",
    "NUMBERED",
    "PHONE",
    "TOKEN",
    "bounds_by_code",
    "count_hours",
    "count_lateness",
    "lateness_of_actors",
    "pace_of_actors",
    "text_hashes",
    "text_signs",
    "tied_events",
]

#: What a text may hold, by the signs in it.
EMAIL, TOKEN, MANY_DIGITS, PHONE, ADDRESS, NUMBERED = 1, 2, 4, 8, 16, 32


@njit(cache=True, nogil=True)
def bounds_by_code(codes: Codes, time: Ints, first: Ints, last: Ints) -> None:
    """Put the first and the last time of each code into `first` and `last`."""
    for i in range(codes.size):
        c = codes[i]
        first[c], last[c] = min(first[c], time[i]), max(last[c], time[i])


@njit(cache=True, nogil=True)
def count_hours(
    time: Ints,
    offsets: Ints,
    source: Codes,
    hour0: int,
    hour: int,
    day: int,
    out: npt.NDArray[Any],
    actors: Ints,
) -> None:
    """Count events, hours of actors and days of actors by source and hour, into `out` (source, hour, 3).

    An actor's hour counts once for a source however many events it holds. `actors` gets the actors of each source.
    `source` holds -1 where nothing is to be counted; empty, all is of source 0.
    """
    n_sources = out.shape[0]
    last_hour = np.empty(n_sources, np.int64)
    last_day = np.empty(n_sources, np.int64)
    last_actor = np.full(n_sources, -1, np.int64)
    given = source.size > 0
    for a in range(offsets.size - 1):
        for i in range(offsets[a], offsets[a + 1]):
            s = np.int64(source[i]) if given else np.int64(0)
            if s < 0:
                continue
            h, d = time[i] // hour, time[i] // day
            out[s, h - hour0, 0] += 1
            fresh = last_actor[s] != a
            actors[s] += fresh
            if fresh or last_hour[s] != h:
                out[s, h - hour0, 1] += 1
            if fresh or last_day[s] != d:
                out[s, h - hour0, 2] += 1
            last_actor[s], last_hour[s], last_day[s] = a, h, d


@njit(cache=True, nogil=True)
def tied_events(time: Ints, offsets: Ints) -> Any:
    """Return the events that share their time with another of their actor, and for each the number of its group."""
    n = 0
    for a in range(offsets.size - 1):
        for i in range(offsets[a], offsets[a + 1]):
            back = i > offsets[a] and time[i] == time[i - 1]
            on = i + 1 < offsets[a + 1] and time[i] == time[i + 1]
            n += back or on
    rows, group = np.empty(n, np.int64), np.empty(n, np.int64)
    k, g = np.int64(0), np.int64(-1)
    for a in range(offsets.size - 1):
        for i in range(offsets[a], offsets[a + 1]):
            back = i > offsets[a] and time[i] == time[i - 1]
            on = i + 1 < offsets[a + 1] and time[i] == time[i + 1]
            if back or on:
                g += not back
                rows[k], group[k] = i, g
                k += 1
    return rows, group


@njit(cache=True, nogil=True)
def count_lateness(
    time: Ints,
    received: Ints,
    valid: npt.NDArray[np.bool_],
    source: Codes,
    tolerance: int,
    late_after: int,
    bins: Ints,
    ends: Ints,
) -> None:
    """Count by source how late events were received, into `bins` (source, bin of milliseconds) and `ends` (source, 9).

    `ends` holds the number received; number, first and last time of the late ones; the same of those received before
    they happened; least and largest lateness. `valid` and `source` may be empty.
    """
    for i in range(time.size):
        s = np.int64(source[i]) if source.size else np.int64(0)
        if s < 0 or (valid.size and not valid[i]):
            continue
        late = received[i] - time[i]
        bins[s, bin_of_ms((late + 500) // 1000)] += 1
        if ends[s, 0] == 0:
            ends[s, 7], ends[s, 8] = late, late
        ends[s, 0] += 1
        ends[s, 7], ends[s, 8] = min(ends[s, 7], late), max(ends[s, 8], late)
        k = 1 if late > late_after else 4 if late < -tolerance else 0
        if k:
            if ends[s, k] == 0:
                ends[s, k + 1], ends[s, k + 2] = time[i], time[i]
            ends[s, k] += 1
            ends[s, k + 1], ends[s, k + 2] = min(ends[s, k + 1], time[i]), max(ends[s, k + 2], time[i])


@njit(cache=True, nogil=True)
def lateness_of_actors(
    time: Ints, offsets: Ints, received: Ints, valid: npt.NDArray[np.bool_], source: Codes, n_sources: int
) -> Any:
    """Return for each (actor, source) met: actor, source, how many were received, least and largest lateness.

    `valid` and `source` may be empty: all were received, all is of source 0.
    """
    found = np.empty((1024, 5), np.int64)
    own = np.zeros((n_sources, 3), np.int64)
    met = np.empty(n_sources, np.int64)
    used = 0
    for a in range(offsets.size - 1):
        n_met = 0
        for i in range(offsets[a], offsets[a + 1]):
            s = np.int64(source[i]) if source.size else np.int64(0)
            if s < 0 or (valid.size and not valid[i]):
                continue
            late = received[i] - time[i]
            if own[s, 0] == 0:
                met[n_met] = s
                n_met += 1
                own[s, 1], own[s, 2] = late, late
            own[s, 0] += 1
            if late < own[s, 1]:
                own[s, 1] = late
            if late > own[s, 2]:
                own[s, 2] = late
        if used + n_met > found.shape[0]:
            wider = np.empty((2 * (used + n_met), 5), np.int64)
            wider[:used] = found[:used]
            found = wider
        for k in range(n_met):
            s = met[k]
            found[used, 0], found[used, 1] = a, s
            found[used, 2], found[used, 3], found[used, 4] = own[s, 0], own[s, 1], own[s, 2]
            own[s, 0] = 0
            used += 1
    return found[:used, 0], found[:used, 1], found[:used, 2], found[:used, 3], found[:used, 4]


@njit(cache=True, nogil=True)
def pace_of_actors(time: Ints, offsets: Ints, minute: int, pause: int, least_gaps: int) -> Any:
    """Return four numbers for each actor that tell people from machines.

    Returns
    -------
    fastest : most different times inside one minute
    alike : gaps within a tenth of the median gap (actors with `least_gaps` gaps above zero; else 0)
    median : the median of the gaps above zero (0 where `alike` is not counted)
    stretch : longest time without a gap above `pause`
    """
    n_actors = offsets.size - 1
    fastest, alike = np.zeros(n_actors, np.int64), np.zeros(n_actors, np.int64)
    median, stretch = np.zeros(n_actors, np.int64), np.zeros(n_actors, np.int64)
    for a in range(n_actors):
        first, last = offsets[a], offsets[a + 1]
        begin, low, inside, gaps = first, first, 0, 0
        for i in range(first, last):
            fresh = i == first or time[i] != time[i - 1]
            if i > first:
                if time[i] - time[i - 1] > pause:
                    begin = i
                gaps += fresh
                stretch[a] = max(stretch[a], time[i] - time[begin])
            inside += fresh
            while time[i] - time[low] >= minute:
                # a time leaves the minute with the last of its events
                inside -= time[low + 1] != time[low]
                low += 1
            fastest[a] = max(fastest[a], inside)
        if gaps >= least_gaps:
            found = np.empty(gaps, np.int64)
            k = 0
            for i in range(first + 1, last):
                if time[i] != time[i - 1]:
                    found[k] = time[i] - time[i - 1]
                    k += 1
            found.sort()
            middle = found[gaps // 2]
            median[a] = middle
            for k in range(gaps):
                alike[a] += abs(found[k] - middle) * 10 <= middle
    return fastest, alike, median, stretch


@njit(cache=True, nogil=True)
def text_hashes(data: Bytes, offsets: npt.NDArray[Any], out: Ints) -> None:
    """Put a hash of 62 bits of each text into `out`: two of 31 bits, whose products never leave 64."""
    low = np.int64(0x7FFFFFFF)
    for row in range(offsets.size - 1):
        one, two = np.int64(0x11C9DC5), np.int64(offsets[row + 1] - offsets[row])
        for i in range(offsets[row], offsets[row + 1]):
            c = np.int64(data[i])
            one = ((one ^ c) * 16777619) & low
            two = (two * 1000003 + c + (two >> 17)) & low
        out[row] = one << 31 | two


@njit(cache=True, nogil=True)
def text_signs(data: Bytes, offsets: npt.NDArray[Any], found: Bytes) -> None:
    """Say of each text which kinds of personal data its signs allow, so that only those are looked at closely."""
    for row in range(offsets.size - 1):
        first, last = offsets[row], offsets[row + 1]
        digits, dots, colons, letters = 0, 0, 0, 0
        at, plus, mark, upper = False, False, False, False
        for i in range(first, last):
            c = data[i]
            if 48 <= c <= 57:
                digits += 1
            elif 97 <= c <= 122 or c >= 128:
                letters += 1
            elif 65 <= c <= 90:
                letters += 1
                upper = True
            elif c == 46:
                dots += 1
            elif c == 58:
                colons += 1
            elif c == 64 or c == 37:
                at = True
            elif c == 43 or c == 40 or c == 45 or c == 61:
                plus = True
            mark |= c == 61 or c == 58 or c == 95 or c == 45 or c == 46 or c == 32
        size = last - first
        sign = 0
        if at:
            sign |= EMAIL
        if (mark and size >= 9) or (upper and size >= 20):
            sign |= TOKEN
        if digits >= 15:
            sign |= MANY_DIGITS
        if digits >= 10 and (plus or at or colons > 0):
            sign |= PHONE
        if (dots >= 3 and digits >= 4) or colons >= 3:
            sign |= ADDRESS
        if digits >= 7 and letters >= 3 and size >= 10:
            sign |= NUMBERED
        found[row] = sign
