"""The right answers, worked out plainly and apart from every contender, and the comparison with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from benchmarks.contenders import Pairs
from benchmarks.logs import FUNNEL, FUNNEL_DAYS, GAP_MINUTES, Ints

WINDOW_US = FUNNEL_DAYS * 86_400_000_000
GAP_US = GAP_MINUTES * 60_000_000


@dataclass(frozen=True)
class Answers:
    """What is right for one log.

    The times of each pair are sorted, so that an honest median can be told from a wrong one: it lies between
    the two middle times. ``funnel`` counts the actors that reach each step within the window, ``open_funnel``
    the same without a window.
    """

    steps_us: dict[tuple[str, str], Ints]
    sessions: tuple[int, int]
    funnel: tuple[int, ...]
    open_funnel: tuple[int, ...]


def answers(path: Path) -> Answers:
    """Work out the answers for a log file; equal times stay in the order of the rows."""
    table = pq.read_table(path)
    actor = table["actor"].combine_chunks().dictionary_encode().indices.to_numpy()
    named = table["event"].combine_chunks().dictionary_encode()
    names, event = np.array(named.dictionary.to_pylist()), named.indices.to_numpy()
    time = table["time"].combine_chunks().cast("int64").to_numpy()
    order = np.lexsort((np.arange(len(time)), time, actor))
    actor, event, time = actor[order], event[order], time[order]
    follows = actor[1:] == actor[:-1]
    return Answers(
        steps_us=times_by_pair(names, event[:-1][follows], event[1:][follows], np.diff(time)[follows]),
        sessions=session_totals(follows & (np.diff(time) <= GAP_US)),
        funnel=funnel(actor, names[event], time, WINDOW_US),
        open_funnel=funnel(actor, names[event], time, int(time.max() - time.min())),
    )


def times_by_pair(
    names: npt.NDArray[np.str_], source: Ints, target: Ints, step: Ints
) -> dict[tuple[str, str], Ints]:
    """Give the sorted times of each pair of neighbouring events."""
    pair = source.astype(np.int64) * len(names) + target
    order = np.lexsort((step, pair))
    pair, step = pair[order], step[order]
    starts = np.flatnonzero(np.diff(pair, prepend=-1))
    return {
        (str(names[pair[at] // len(names)]), str(names[pair[at] % len(names)])): times
        for at, times in zip(starts, np.split(step, starts[1:]), strict=True)
    }


def session_totals(together: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Count the sessions and add up their squared sizes, which a wrong cut anywhere would change."""
    starts = np.flatnonzero(np.concatenate([[True], ~together]))
    sizes = np.diff(np.append(starts, len(together) + 1))
    return len(sizes), int((sizes**2).sum())


def funnel(actor: Ints, event: npt.NDArray[np.str_], time: Ints, window_us: int) -> tuple[int, ...]:
    """Count the actors for whom some chain of the first k steps fits the window, for each k.

    For every step the latest possible start of a chain that ends there is remembered: a later start can only
    help the steps to come.
    """
    reached: list[set[int]] = [set() for _ in FUNNEL]
    starts: dict[int, list[int | None]] = defaultdict(lambda: [None] * len(FUNNEL))
    wanted = np.isin(event, FUNNEL)
    for who, what, when in zip(
        actor[wanted].tolist(), event[wanted].tolist(), time[wanted].tolist(), strict=True
    ):
        step = FUNNEL.index(what)
        start = when if step == 0 else starts[who][step - 1]
        if start is not None and when - start <= window_us:
            starts[who][step] = start
            reached[step].add(who)
    return tuple(len(actors) for actors in reached)


def differences(right: Answers, pairs: Pairs, relative: float, slack_s: float) -> list[str]:
    """Name the first pairs whose count, mean or median is not the right one."""
    found = {(s, t): (n, mean, median) for s, t, n, mean, median in pairs}
    if found.keys() != right.steps_us.keys():
        return [f"{len(found)} pairs instead of {len(right.steps_us)}"]
    wrong = []
    slack_s += 1e-6  # times are whole milliseconds; seconds as floating numbers are not
    for pair, times in right.steps_us.items():
        n, mean, median = found[pair]
        middle = float(times[(len(times) - 1) // 2]) / 1e6, float(times[len(times) // 2]) / 1e6
        if n != len(times):
            wrong.append(f"{pair}: {n} transitions instead of {len(times)}")
        if mean is not None and abs(mean - times.mean() / 1e6) > 1e-6 + 1e-9 * abs(mean):
            wrong.append(f"{pair}: mean {mean} s instead of {times.mean() / 1e6} s")
        if median is not None and not (
            middle[0] * (1 - relative) - slack_s <= median <= middle[1] * (1 + relative) + slack_s
        ):
            wrong.append(f"{pair}: median {median} s outside {middle} s")
    return wrong[:5]
