"""Machines among the actors: too fast, too regular, without sleep, too many events, or saying so themselves."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.checks.finding import Finding, grade, passed, skipped, top
from journeylog.checks.order import resolution
from journeylog.checks.places import column_names
from journeylog.checks.rules import Rules
from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.kernels.quality import pace_of_actors
from journeylog.core.log import EventLog
from journeylog.core.masks import hide
from journeylog.core.schema import DAY, MINUTE, SECOND
from journeylog.core.window import format_duration
from journeylog.errors import MissingPackageError
from journeylog.ingest.formats.agents import is_bot

__all__ = ["bot_agents", "bots"]

Ints = npt.NDArray[np.int64]
#: More different times in one minute than a person makes: two a second, kept up for a minute.
RATE: Final = 120
#: Regular: this many gaps at least, nine in ten within a tenth of their median.
GAPS, ALIKE = 30, 0.9
#: Without sleep: no pause of half an hour for a whole day.
PAUSE, STRETCH = 30 * MINUTE, DAY
#: Heavy: this many events at least, and a hundred times the median actor's.
HEAVY, TIMES = 1000, 100

#: What user agents of machines hold, where the maintained list is not installed (RE2).
AGENTS: Final = (
    r"(?i)bot\b|bot[/;_ -]|crawler|spider|slurp|headless|phantomjs|selenium|puppeteer|playwright|lighthouse|pingdom"
    r"|curl/|wget/|libwww|python-requests|python-urllib|aiohttp|go-http-client|node-fetch|scrapy|facebookexternalhit"
)
_COLUMNS: Final = ("user_agent", "useragent", "ua", "agent", "http_user_agent", "user agent")
_FLAGS: Final = ("bot", "is_bot", "isbot")
_WORDS: Final = {
    "bot_rate": "made more than 120 events at different times within one minute",
    "bot_gaps": "go on like clockwork: nine in ten of their gaps are within a tenth of the same length",
    "bot_endless": "go on for a day and longer without a pause of 30 minutes",
    "heavy_actors": "have at least 1,000 events and a hundred times those of the median actor",
}
_FIX: Final = {
    "bot_rate": "leave them out (log.where, jl.Drop) or find the loop that sends the same thing again and again",
    "bot_gaps": "leave them out: monitors and scripts are no customers",
    "bot_endless": "a machine, a screen in a shop, or one id for many people: leave them out or mend the id",
    "heavy_actors": "look at who they are: a machine, a test account, or one id for many people",
}


def bots(log: EventLog, rules: Rules) -> list[Finding]:
    """Find the actors whose pace is no person's: by rate, by regular gaps, by never pausing, by sheer number.

    Counted are the events of these actors. An actor may be told by several of the four.
    """
    total = log.n_events
    if not total:
        return []
    unit = resolution(log)
    sizes = np.concatenate(log.source.map(lambda chunk: np.diff(chunk.offsets)))
    heavy = max(HEAVY, TIMES * int(np.median(sizes)))
    parts = log.source.map(lambda chunk: _suspects(chunk, unit, heavy))
    found = []
    for check, words in _WORDS.items():
        rows = pa.concat_tables([part[check] for part in parts])
        n = int(pc.sum(rows["n"]).as_py() or 0)
        coarse = (check == "bot_rate" and unit > SECOND) or (check == "bot_endless" and unit > MINUTE)
        if coarse:
            found.append(skipped(check, "Times are too coarse to know the pace of an actor."))
        elif not n:
            found.append(passed(check, f"No actors {words}.", total))
        else:
            first, last = int(pc.min(rows["first"]).as_py()), int(pc.max(rows["last"]).as_py())
            found.append(
                Finding(
                    check, grade(check, n, total),
                    f"{len(rows):,} of {log.n_actors:,} actors {words}; they have {n:,} of {total:,} events.",
                    n, total, "events", "", tuple(_told(check, row, rules) for row in top(rows, "n")), first, last,
                    fix=_FIX[check], facts={"n_actors": len(rows)},
                )
            )  # fmt: skip
    return found


def bot_agents(log: EventLog, rules: Rules) -> list[Finding]:
    """Count events whose user agent is a machine's, or that a column flags as a bot's."""
    chunks = log.source.map(lambda c: c, 1)
    columns = column_names(log)
    flag = next((name for name in columns if name.lower() in _FLAGS), None)
    agent = next((name for name in columns if name.lower().replace("-", "_") in _COLUMNS), None)
    name = flag or agent
    if name is None:
        return [
            skipped("bot_agents", "No column holds user agents (user_agent) or flags bots (bot, is_bot).")
        ]
    total, times, examples = log.n_events, [], dict[str, int]()
    for chunk in chunks:
        mask, texts = _flagged(chunk, name, flag is not None)
        times.append(chunk.time[mask])
        for text, often in texts.items():
            examples[text] = examples.get(text, 0) + often
    at = np.concatenate(times) if times else np.zeros(0, np.int64)
    if not len(at):
        return [
            passed("bot_agents", f"No event comes from a machine that says so ({name}).", total, where=name)
        ]
    largest = sorted(examples, key=lambda text: (-examples[text], text))[:3]
    return [
        Finding(
            "bot_agents", grade("bot_agents", len(at), total),
            f"{len(at):,} of {total:,} events come from machines that say so in “{name}”.",
            len(at), total, "events", name, tuple(f"{text} ({examples[text]:,})" for text in largest),
            int(at.min()), int(at.max()), fix="leave them out before counting people: log.where(...), jl.Drop",
        )
    ]  # fmt: skip


def _suspects(chunk: Chunk, unit: int, heavy: int) -> dict[str, pa.Table]:
    sizes = np.diff(chunk.offsets)
    fastest, alike, median, stretch = pace_of_actors(chunk.time, chunk.offsets, MINUTE, PAUSE, GAPS)
    gaps = np.maximum(_gaps(chunk), 1)
    masks = {
        "bot_rate": (fastest > RATE, fastest),
        # Gaps of few units are alike because the clock is coarse.
        "bot_gaps": ((median >= 5 * unit) & (alike >= ALIKE * gaps), median),
        "bot_endless": (stretch >= STRETCH, stretch),
        "heavy_actors": (sizes >= heavy, sizes),
    }
    return {check: _rows(chunk, mask, measure) for check, (mask, measure) in masks.items()}


def _gaps(chunk: Chunk) -> Ints:
    """Return for each actor the number of gaps above zero."""
    fresh = np.zeros(chunk.n_events + 1, np.int64)
    fresh[1:-1] = chunk.time[1:] != chunk.time[:-1] if chunk.n_events else 0
    running = np.concatenate(([0], np.cumsum(fresh)))
    begin, end = chunk.offsets[:-1], chunk.offsets[1:]
    return np.where(end > begin, running[end] - running[np.minimum(begin + 1, chunk.n_events)], 0)


def _rows(chunk: Chunk, mask: npt.NDArray[np.bool_], measure: Ints) -> pa.Table:
    at = np.flatnonzero(mask & (chunk.offsets[1:] > chunk.offsets[:-1]))
    begin, end = chunk.offsets[at], chunk.offsets[at + 1]
    return pa.table(
        {
            "actor": chunk.actors.take(pa.array(at)).cast(pa.large_string()),
            "n": end - begin,
            "measure": measure[at].astype(np.int64),
            "first": chunk.time[begin] if len(at) else np.zeros(0, np.int64),
            "last": chunk.time[end - 1] if len(at) else np.zeros(0, np.int64),
        }
    )


def _told(check: str, row: dict[str, Any], rules: Rules) -> str:
    who = row["actor"] if rules.show_ids else hide(row["actor"])
    measure = {
        "bot_rate": f"{row['measure']:,} in one minute",
        "bot_gaps": f"one every {format_duration(row['measure'])}",
        "bot_endless": f"{format_duration(row['measure'])} without a pause",
        "heavy_actors": "",
    }[check]
    return f"{who}: {row['n']:,} events" + (f", {measure}" if measure else "")


def _flagged(chunk: Chunk, name: str, is_flag: bool) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    column = chunk.columns.get(name)
    none = np.zeros(chunk.n_events, dtype=bool)
    if isinstance(column, Number):
        known = column.values != 0
        return (known if column.valid is None else known & column.valid), {}
    if not isinstance(column, Category):
        return none, {}
    if is_flag:
        words = pc.utf8_lower(column.labels)
        hit = ~pc.is_in(
            words, pa.array(["", "0", "false", "no", "f", "n", "human", "none", "null"])
        ).to_numpy(False)
    else:
        hit = _machines(column.labels).fill_null(False).to_numpy(False)
    mask = np.append(hit, False)[column.codes]
    often = np.bincount(column.codes[mask], minlength=len(hit))
    best = [int(k) for k in np.argsort(-often, kind="stable")[:3] if often[k]]
    return mask, {column.labels[k].as_py(): int(often[k]) for k in best}


def _machines(agents: pa.Array) -> pa.Array:
    """Return which user agents are machines: by the maintained list where it is installed, else by a short one."""
    try:
        return is_bot(agents)
    except MissingPackageError:
        return pc.match_substring_regex(agents, AGENTS)
