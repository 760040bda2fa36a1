"""Ids inside event names, the templates that would fold them, and names that are still too many."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.checks.finding import EXAMPLES, Finding, grade, passed
from journeylog.checks.rules import Rules

__all__ = ["ids_in_events"]

#: Parts of a name that count something instead of saying something (RE2), and what stands for them.
_IDS: Final = (
    (r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}", "{uuid}"),
    (r"\b(?:[0-9a-f]{16,}|[0-9A-F]{16,})\b", "{hex}"),
    (r"[0-9]{3,}", "{id}"),
    (r"[0-9]+", "{id}"),
)
#: Names that a template must fold, by what it holds; those of short numbers are often names ("step 2", "v1").
_FEWEST: Final = (2, 2, 10, 50)
_MANY_NAMES: Final = 1000


def ids_in_events(table: pa.Table, rules: Rules) -> list[Finding]:
    """Find event names that hold numbers, UUIDs or long hexadecimal ids, and the templates that would fold them.

    Also told is when more than 1,000 names are left after folding.
    """
    total = len(table)
    if not total:
        return _told(table, table, 0, 0)
    template, at = _fold(table["name"].combine_chunks())
    if not len(at):
        return _told(table, table.slice(0, 0), 0, total)
    some = table.take(pa.array(at)).append_column("template", template.take(pa.array(at)))
    sums = some.group_by("template").aggregate(
        [("n", "sum"), ("n", "count"), ("first", "min"), ("last", "max")]
    )
    return _told(table, sums, len(at), total - len(at) + len(sums))


def _fold(names: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Return the template of each name, and the names whose template folds enough of them."""
    template, least = names, np.full(len(names), _FEWEST[-1])
    for (pattern, word), fewest in zip(_IDS, _FEWEST, strict=True):
        hit = pc.match_substring_regex(template, pattern)
        if pc.any(hit).as_py():
            template = pc.replace_substring_regex(template, pattern, word)
            least = np.where(hit.to_numpy(False), np.minimum(least, fewest), least)
    coded = template.dictionary_encode()
    codes = coded.indices.to_numpy(False)
    size = np.bincount(codes, minlength=len(coded.dictionary))
    enough = np.full(len(size), _FEWEST[-1])
    np.minimum.at(enough, codes, least)
    changed = pc.not_equal(template, names).to_numpy(False)
    return template, np.flatnonzero(changed & (size >= enough)[codes])


def _told(table: pa.Table, sums: pa.Table, n: int, rest: int) -> list[Finding]:
    total = len(table)
    if not n:
        found = [passed("ids_in_events", "No ids are inside event names.", total, "names")]
    else:
        order = [("n_count", "descending"), ("template", "ascending")]
        best = sums.sort_by(order).slice(0, EXAMPLES).to_pylist()
        n_events = int(pc.sum(sums["n_sum"]).as_py())
        glob = best[0]["template"]
        for _, word in _IDS:
            glob = glob.replace(word, "*")
        found = [
            Finding(
                "ids_in_events", grade("ids_in_events", n, total),
                f"{n:,} of {total:,} event names hold an id; {len(sums):,} {'template' if len(sums) == 1 else 'templates'} "
                f"would fold them. {n_events:,} events have such a name.",
                n, total, "names", "",
                tuple(f"{row['template']} ({row['n_count']:,} names, {row['n_sum']:,} events)" for row in best),
                int(pc.min(sums["first_min"]).as_py()), int(pc.max(sums["last_max"]).as_py()),
                fix=f"fold them, for example jl.Rename({{'{glob}': '{best[0]['template']}'}})",
                facts={"n_templates": len(sums), "n_events": n_events},
            )
        ]  # fmt: skip
    if rest <= _MANY_NAMES:
        return [
            *found,
            passed("many_events", f"{total:,} event names are few enough to be read.", total, "names"),
        ]
    once = int(pc.sum(pc.equal(table["n"], 1)).as_py() or 0)
    found.append(
        Finding(
            "many_events", grade("many_events", rest, total),
            f"There are {rest:,} event names (ids in them already folded), {once:,} occur once: graphs and paths will be "
            "mostly noise.", rest, total, "names",
            fix="group names with jl.Stages or jl.Rename; is a title or a search text used as the event?",
        )
    )  # fmt: skip
    return found
