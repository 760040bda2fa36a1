"""The report as one workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from journeylog.core.log import EventLog
from journeylog.core.window import Window
from journeylog.persona.personas import Personas
from journeylog.reporting.costs import Costs
from journeylog.reporting.language import Language, language
from journeylog.reporting.personafiles import persona_tables
from journeylog.reporting.sheets import Book, map_sheet, new_book, table_sheet, when
from journeylog.reporting.tidy import Shared, share, tidy_tables
from journeylog.reporting.tidyschema import DICTIONARY, PERSONA_TABLES, TABLES, Entry, defined
from journeylog.reporting.write import reserved

__all__ = ["workbook", "workbook_bytes"]

#: The sheets after the map, each a table of the dictionary; those of a design and of personas where there are such.
_SHEETS: Final = ("transitions", "funnel", "drop_off", "bottlenecks", "losses", "paths")
_DESIGN: Final = ("design", "design_ways")
_PERSONAS: Final = ("persona_groups", "personas", "persona_journeys")
_COLUMNS: Final = {**TABLES, **PERSONA_TABLES}


def workbook(
    log: EventLog,
    path: str | Path,
    *,
    title: str | None = None,
    goal: Any = None,
    patience: Any = "30d",
    stages: Any = None,
    funnel: Any = None,
    within: Any = None,
    prices: Mapping[str, Any] | None = None,
    design: Any = None,
    lang: str = "en",
    mask: int = 5,
) -> Path:
    """Write the report as one Excel workbook, for those who go on computing with it.

    Parameters
    ----------
    log : EventLog
    path : str or Path
        The file, in a folder that exists.
    title : str, optional
        The title in the file's properties.
    goal, patience, stages, funnel, within, prices, design
        As in :func:`journeylog.report`.
    lang : str
        The language of the map and of the dictionary: ``"en"``, ``"ru"``, or the path of a catalogue.
    mask : int
        Numbers of fewer customers are not told, nor what would give them away; 0 tells everything.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        If an argument means nothing here.
    MissingPackageError
        If XlsxWriter is not installed (``pip install 'journeylog[excel]'``).
    OutputError
        If the file cannot be written; what was there before is untouched.

    Notes
    -----
    Sheets: the map, transitions, funnel, drop-off, bottlenecks, losses, paths, with a design its rules and the ways that
    were not planned, rejects by reason, and a dictionary that explains every column of every sheet. Numbers are numbers,
    shares are formatted as percentages, times are dates in UTC, and no text of the data is a formula or a link. Equal
    logs and arguments give equal bytes.

    Examples
    --------
    >>> import tempfile
    >>> import journeylog as jl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     jl.workbook(jl.datasets.tiny(), folder + "/report.xlsx", goal="pay", patience="1h").name
    'report.xlsx'
    """
    with reserved(path, ".xlsx") as target:
        costs = Costs.of(prices, None)
        shared = share(log, goal, patience, stages, funnel, within, mask, costs=costs, design=design)
        return target.put(workbook_bytes(shared, language(lang), title))


def workbook_bytes(
    shared: Shared, words: Language, title: str | None = None, personas: Mapping[str, Personas] | None = None
) -> bytes:
    """Return the workbook of what is handed on, and of personas, masked, by the way of grouping."""
    window, found = shared.log.window, tidy_tables(shared, words)
    book = new_book(title or words.of("sheets", "map"), when(window.end))
    if shared.filled is None:
        sheet, line = book.made.add_worksheet(words.of("sheets", "map")), 0
        sheet.set_column(0, 0, 24)
    else:
        sheet, line = map_sheet(book, shared.filled, words.of_stages(shared.filled.stages))
    _about(book, sheet, line + 1, window, shared.answers.mask, words)
    names = (*_SHEETS, *(() if shared.answers.design is None else _DESIGN))
    if personas:
        found |= persona_tables(personas, words)
        names += _PERSONAS
    columns = {name: _COLUMNS[name] for name in (*names, "rejects")}
    for name, entries in columns.items():
        table_sheet(book, words.of("sheets", name), found[name], entries)
    table_sheet(book, words.of("sheets", DICTIONARY), _explained(columns, words), TABLES[DICTIONARY])
    return book.data()


def _about(book: Book, sheet: Any, line: int, window: Window, mask: int, words: Language) -> None:
    """Write below the map what was observed, as dates, and what is not told."""
    book.text(sheet, line, 0, words.of("sheets", "observed"), "row")
    book.time(sheet, line, 1, when(window.start))
    book.time(sheet, line + 1, 1, when(window.end))
    sheet.set_column(1, 1, 36)
    notes = [
        words.of("sheets", "heads").format(sheet=words.of("sheets", DICTIONARY)),
        words.of("sheets", "zone"),
    ]
    if mask > 1:
        notes.append(words.of("sheets", "masked").format(k=words.count(mask)))
    for at, note in enumerate(notes, line + 2):
        book.text(sheet, at, 0, note)


def _explained(columns: Mapping[str, Sequence[Entry]], words: Language) -> pa.Table:
    """Return what stands in each column of each sheet."""
    first = words.of("sheets", "map")
    rows = [
        (first, words.text("stage"), "text", "", words.of("sheets", "grid")),
        *(
            (words.of("sheets", name), entry.name, entry.type, entry.unit, defined(name, entry.name, words))
            for name, entries in {**columns, DICTIONARY: TABLES[DICTIONARY]}.items()
            for entry in entries
        ),
    ]
    names = [entry.name for entry in TABLES[DICTIONARY]]
    return pa.table(dict(zip(names, (list(part) for part in zip(*rows, strict=True)), strict=True)))
