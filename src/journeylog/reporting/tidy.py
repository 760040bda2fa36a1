"""Tidy tables of a report, for Tableau, Power BI and databases: the same columns and types whatever was found."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from journeylog.core.log import EventLog
from journeylog.errors import ConfigError
from journeylog.exports.tables import FORMULA
from journeylog.journeymap.design import read_design
from journeylog.journeymap.spec import JourneyMap, JourneyMapResult
from journeylog.reporting import loaded
from journeylog.reporting.answers import Answers, answer_all
from journeylog.reporting.costs import Costs
from journeylog.reporting.language import Language, language
from journeylog.reporting.mapbooks import mask_both
from journeylog.reporting.plan import fill_map, prepare
from journeylog.reporting.tables import ARROW
from journeylog.reporting.tidyschema import DICTIONARY, TABLES, Entry, defined, schema_of
from journeylog.reporting.wording import Wording
from journeylog.reporting.write import check_mask, reserved, told

__all__ = [
    "KINDS",
    "Shared",
    "declared",
    "dictionary_of",
    "map_table",
    "share",
    "table_bytes",
    "tables",
    "tidy_tables",
]


def tables(
    log: EventLog,
    folder: str | Path,
    *,
    kinds: Sequence[str] = ("parquet", "csv"),
    goal: Any = None,
    patience: Any = "30d",
    stages: Any = None,
    funnel: Any = None,
    within: Any = None,
    prices: Mapping[str, Any] | None = None,
    design: Any = None,
    lang: str = "en",
    mask: int = 5,
) -> tuple[Path, ...]:
    """Write the tables of a report as files, one a statistic, with a dictionary of their columns.

    Parameters
    ----------
    log : EventLog
    folder : str or Path
        Made if it is not there. Files in it with these names are replaced, each whole or not at all.
    kinds : sequence of {"parquet", "csv"}
    goal, patience, stages, funnel, within, prices, design
        As in :func:`journeylog.report`.
    lang : str
        The language of the definitions and of the reasons of rejects; names of columns are the same in all.
    mask : int
        Numbers of fewer customers are missing, and what would give them away; 0 tells everything.

    Returns
    -------
    tuple of Path

    Raises
    ------
    ConfigError
        If an argument means nothing here.
    OutputError
        If a file cannot be written.

    Notes
    -----
    Tables: ``cells, outcomes, transitions, event_transitions, funnel, funnel_next, drop_off, event_drop_off, bottlenecks,
    paths, event_paths, losses, retention, design, design_ways, events, rejects`` and ``dictionary`` (``table, column,
    type, unit, definition``). Columns, their order and their types are the same in every run, also where a table has no
    row.

    Times are UTC, durations seconds, shares lie in [0, 1]. A text in CSV that a spreadsheet would run as a formula gets
    an apostrophe before it. Equal logs and arguments give equal bytes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import journeylog as jl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = jl.tables(jl.datasets.tiny(), folder, kinds=["csv"], goal="pay", patience="1h", mask=0)
    ...     print((Path(folder) / "outcomes.csv").read_text().splitlines()[1][:17])
    "reached",2,2,4,4
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or isinstance(kinds, str):
        raise ConfigError(f"kinds={kinds!r} is not possible. Fix: some of {list(KINDS)}, in a list")
    words = language(lang)
    place = Path(folder)
    found = tidy_tables(
        share(log, goal, patience, stages, funnel, within, mask, costs=Costs.of(prices, None), design=design),
        words,
    )
    with told(place):
        place.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in found.items():
        for kind in kinds:
            with reserved(place / f"{name}.{kind}") as target:
                written.append(target.put(table_bytes(table, kind)))
    return tuple(written)


@dataclass(frozen=True)
class Shared:
    """What is handed on of a log.

    Parameters
    ----------
    log : EventLog
    answers : Answers
        Without the numbers of few customers.
    filled : JourneyMapResult or None
        The map, masked likewise; None without stages.
    """

    log: EventLog
    answers: Answers
    filled: JourneyMapResult | None


def share(
    log: EventLog,
    goal: Any = None,
    patience: Any = "30d",
    stages: Any = None,
    funnel: Any = None,
    within: Any = None,
    mask: int = 5,
    filled: JourneyMapResult | None = None,
    costs: Costs | None = None,
    design: Any = None,
) -> Shared:
    """Return what is handed on of a log; the arguments are those of a report, and the map if it is there already."""
    costs = costs or Costs()
    if not isinstance(log, EventLog):
        raise ConfigError(f"{type(log).__name__} is no log. Fix: make one with jl.read(...)")
    check_mask(mask)
    plan = prepare(log, goal, patience, stages)
    if filled is None:
        filled = fill_map(log, plan, JourneyMap(goal, patience=patience, prices=costs.of_map))
    held = None if design is None else read_design(design, plan.log)
    return Shared(log, *mask_both(answer_all(plan, funnel, within, costs, held), filled, mask))


def tidy_tables(shared: Shared, words: Language) -> dict[str, pa.Table]:
    """Return all tables of the dictionary, each with its declared columns and types."""
    answers = shared.answers
    frames: dict[str, pd.DataFrame | None] = {
        "cells": None if shared.filled is None else shared.filled.table,
        "outcomes": answers.ends.table,
        "transitions": answers.flow.table,
        "event_transitions": answers.moves.table,
        "funnel": None if answers.funnel is None else answers.funnel.table,
        "funnel_next": None if answers.funnel is None else answers.funnel.lost_next,
        "drop_off": answers.leaves.table,
        "event_drop_off": answers.event_leaves.table,
        "bottlenecks": answers.waits.table,
        "paths": answers.paths.table,
        "event_paths": answers.event_paths.table,
        "losses": answers.losses.table,
        "retention": None if answers.returns is None else answers.returns.table,
        "design": None if answers.design is None else answers.design.table,
        "design_ways": None if answers.design is None else answers.design.deviations,
        "events": answers.facts.table,
        "rejects": _rejects(shared.log, words),
    }
    made = {name: declared(name, frame) for name, frame in frames.items()}
    return {**made, DICTIONARY: dictionary_of(TABLES, words)}


def map_table(result: JourneyMapResult) -> pa.Table:
    """Return the cells of a map with their declared columns and types."""
    return declared("cells", result.table)


def dictionary_of(tables: Mapping[str, Sequence[Entry]], words: Language) -> pa.Table:
    """Return what stands in each column of some tables."""
    rows = [
        (table, entry.name, entry.type, entry.unit, defined(table, entry.name, words))
        for table, entries in tables.items()
        for entry in entries
    ]
    return declared(DICTIONARY, pd.DataFrame(rows, columns=["table", "column", "type", "unit", "definition"]))


def declared(name: str, frame: pd.DataFrame | None) -> pa.Table:
    """Return a frame with the declared columns and types of a table; None is a table without rows."""
    schema = schema_of(name)
    if frame is None:
        return schema.empty_table()
    columns = []
    for field in schema:
        values = frame[field.name]
        if field.name == "path":
            values = values.map(ARROW.join)
        made = pa.array(values.astype(object) if pa.types.is_string(field.type) else values, from_pandas=True)
        columns.append(made.cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def table_bytes(table: pa.Table, kind: str) -> bytes:
    """Return a table as the bytes of a file."""
    return KINDS[kind](table)


def _rejects(log: EventLog, words: Language) -> pd.DataFrame:
    groups = loaded.rejected(log, Wording(words))
    rows = [(group.code, group.words, group.n) for group in groups]
    return pd.DataFrame(rows, columns=["reason", "meaning", "n"])


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _csv(table: pa.Table) -> bytes:
    """Return the table as CSV in which no text is run by a spreadsheet."""
    columns = []
    for column in table.columns:
        if pa.types.is_string(column.type):
            risky = pc.match_substring_regex(column, FORMULA).fill_null(False)
            column = pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)
        columns.append(column)
    out = io.BytesIO()
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    pyarrow.csv.write_csv(pa.table(columns, schema=table.schema), out, options)
    return out.getvalue()


KINDS: Final[Mapping[str, Callable[[pa.Table], bytes]]] = {"parquet": _parquet, "csv": _csv}
