"""The one door: rows of any container, with declared roles, become a log; what cannot be one is kept apart."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from journeylog.core.build import load_kernels
from journeylog.core.log import EventLog
from journeylog.core.memory import memory_told
from journeylog.core.progress import progress
from journeylog.core.time import moment
from journeylog.core.window import Window
from journeylog.errors import ConfigError, LoadWarning, warn
from journeylog.ingest.containers import one_ordered_stream, preset_roles, same_files
from journeylog.ingest.declared import ENCODING, NO_MARK, POINT, QUOTE, choose_format, declare, of_sheet
from journeylog.ingest.formats.declare import Format
from journeylog.ingest.formats.fields import AnyField
from journeylog.ingest.gate import gate
from journeylog.ingest.intake import Intake
from journeylog.ingest.judged import Judged
from journeylog.ingest.lifecycle import Lifecycle
from journeylog.ingest.pool import system_memory
from journeylog.ingest.pseudonyms import Pseudonyms, pseudonyms
from journeylog.ingest.roles import History
from journeylog.ingest.streams import judged_pieces
from journeylog.ingest.threads import beside, meanwhile

__all__ = ["read"]


@memory_told
def read(
    data: Any,
    /,
    *,
    actor: AnyField | None = None,
    event: AnyField | None = None,
    time: AnyField | None = None,
    source: AnyField | None = None,
    channel: AnyField | None = None,
    value: AnyField | None = None,
    currency: AnyField | None = None,
    score: AnyField | None = None,
    score_scale: str | tuple[float, float] | None = None,
    text: AnyField | None = None,
    event_id: AnyField | None = None,
    received: AnyField | None = None,
    order_by: str | Sequence[str] = (),
    columns: str | Sequence[str] = "all",
    numbers: Sequence[str] = (),
    stamps: Mapping[str, str] | None = None,
    history: History | None = None,
    end: str | Lifecycle | None = None,
    object_type: str | None = None,
    types: Mapping[str, str] | None = None,
    time_unit: str | None = None,
    time_format: str | None = None,
    tz: str | dt.tzinfo | None = None,
    ambiguous: str = "reject",
    time_range: Sequence[str | dt.date | None] | None = None,
    window: Sequence[str | dt.date] | None = None,
    format: str | Format | None = None,
    container: str | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    quote: str | None = QUOTE,
    encoding: str = ENCODING,
    names: Sequence[str] | os.PathLike[str] | None = None,
    decimal: str = POINT,
    thousands: str = NO_MARK,
    max_field_bytes: int = 1 << 16,
    max_decompressed_bytes: int | None = None,
    placeholders: Sequence[str] | None = None,
    schema_drift: str = "error",
    on_error: str = "quarantine",
    max_rejected: float | None = None,
    pseudonym_key: Pseudonyms | Mapping[str, Any] | bytes | str | None = None,
    now: dt.datetime | None = None,
    threads: int | None = None,
) -> EventLog:
    """Read events from files or a frame into a log.

    Every row is kept, rejected with a reason, or counted as a duplicate; the log's card shows the three numbers
    and ``log.rejects`` holds the rejected rows. Nothing is guessed and nothing is repaired: what is needed and
    not declared is an error that names the fix.

    Parameters
    ----------
    data : path, list of paths, file object or frame
        A path to a file of CSV, TSV, JSON lines, JSON (a list of objects, or an object that holds one), Parquet, Arrow
        or Excel, a log file of a vendor's format, or a log of process mining in XES or OCEL, which says itself what
        is actor, event and time (packed with gzip or zstd or not); a glob, a folder, a list of these, ``"-"`` for
        standard input, an open binary file, or anything with ``__arrow_c_stream__`` (pandas, Polars, DuckDB,
        pyarrow).
    actor, event, time : str
        Columns of the three things every event has. Ids and names are text exactly as written; `event` may be
        ``jl.constant("name")`` where a table holds one kind of event.
    source, channel, currency : str or constant, optional
        Columns (or one word for all rows) of the system it comes from, the channel, and the money's currency.
    value : str, optional
        Column of an amount of money; kept exactly in millionths, rounded half to even.
    score, score_scale : str, optional
        Column of a satisfaction score and its scale: ``"nps"``, ``"csat5"``, ``"stars5"``, ``"csat7"``,
        ``"ces7"``, ``"csat10"``, ``"thumbs"`` or ``(lowest, highest)``. Scaled to [-1, 1]; the original stays
        as an attribute.
    text : str, optional
        Column of free text, for example a comment.
    event_id : str, optional
        Column of an id for each event. Rows with the same id are duplicates: equal ones are counted, different
        ones rejected. Without it nothing is a duplicate.
    received : str, optional
        Column of the time at which the event arrived; written like `time`.
    order_by : str or list of str, optional
        Columns that decide between events of one actor at the same time.
    columns : "all" or list of str
        Further columns to keep, under their own names.
    numbers : list of str, optional
        Columns of a text file that hold numbers.
    stamps : mapping of str to str, optional
        For a wide table: the event each column of times stands for, ``{"ordered": "ordered_at", "paid":
        "paid_at"}``. Takes the place of `event` and `time`.
    history : History, optional
        For a table of field changes. Takes the place of `event` and `time`.
    end : str or Lifecycle, optional
        When an event ended: the column of its end, or ``jl.Lifecycle()`` for a log that tells starts and
        completions in rows of their own. Kept as the attribute ``end``; an event that ends before it begins is a
        reject.
    object_type : str, optional
        For a log of objects (OCEL): the type of those whose journeys are meant.
    types : mapping of str to str, optional
        Kinds of columns that are written as text: ``"number"``, ``"bool"``, ``"time"`` (with its zone) or
        ``"money"``. A row whose value is none is a reject.
    time_unit : {"s", "ms", "us", "ns"}, optional
        Unit of times that are numbers since 1970.
    time_format : str, optional
        How times are written, in the letters of ``strptime``; by default ISO 8601.
    tz : str, optional
        Zone of times that carry none, for example ``"Europe/Berlin"``.
    ambiguous : {"reject", "first", "last"}
        What becomes of a time that the clocks showed twice, or never.
    time_range : pair, optional
        Plausible times; by default 1990-01-01 to two days from now.
    window : pair, optional
        What was observed, from and to, both included; events outside are rejected. A day as the end means all
        of it. By default the first and the last event.
    format : str or Format, optional
        Name of a vendor's format (``jl.formats()`` lists them), or one of your own: it says what all of these
        arguments say. What is given beside it goes before what it says; a role may be any field of a format
        then, and `columns` may be ``"format"``: only what the format names. A kind of file is understood too.
    container : {"csv", "tsv", "jsonl", "json", "parquet", "arrow", "xlsx", ...}, optional
        Kind of the files where their names do not say it; of a workbook with several sheets ``"xlsx:Sheet"``.
    sheet : str, optional
        The sheet of a workbook: short for ``container="xlsx:Sheet"``.
    delimiter, quote, encoding, names : optional
        How CSV is written; `names` are the columns of a file without a header, or the path of the file that
        names them.
    decimal, thousands : str
        Marks in amounts written as text, for example ``decimal=","``, ``thousands=" "``.
    max_field_bytes : int
        Longest text; rows with a longer one are rejected.
    max_decompressed_bytes : int, optional
        What a packed file may unpack to; by default 200 times its own size, or 64 MiB.
    placeholders : sequence of str, optional
        Actor ids that stand for nobody, by default a list of usual ones; ``()`` keeps them.
    schema_drift : {"error", "null"}
        What becomes of a column that only some of the files have: an error, or missing where it is not. Keys of
        JSON lines may always be absent.
    on_error : {"quarantine", "raise"}
        Whether a rejected row stops the load.
    max_rejected : float, optional
        Largest share of rejected rows; more stop the load.
    pseudonym_key : Pseudonyms, bytes, str or mapping, optional
        Replace ids by keyed HMAC-SHA256 pseudonyms: the key, the name of an environment variable that holds it, or
        :class:`journeylog.Pseudonyms` (in a source list a table of ``key`` and ``columns``) to name further columns with
        ids. The content of rejected rows is hidden too.
    now : datetime, optional
        The present, for repeatable runs.
    threads : int, optional
        Threads that read; the log does not depend on it.

    Returns
    -------
    EventLog

    Raises
    ------
    ConfigError
        If something needed is not declared, or what is declared means nothing.
    MissingColumnError
        If a declared column is not there.
    SchemaError
        If a file is empty, or its columns cannot be told apart.
    ParseError
        If a file cannot be read, is damaged, or is something else than its name says.
    MemoryLimitError
        If the log does not fit in the memory that the process may use.
    DataQualityError
        If rows were rejected and the caller asked to be stopped.

    Warns
    -----
    LoadWarning
        If rows were rejected, or a file is there twice.

    Notes
    -----
    Order of the verdicts on a row: its shape and encoding, actor, event, time, value, score; the first one
    counts. One file or one frame is an ordered stream: ties keep their order. With several files, or a relation
    of a database, ties are put in order by the event's name and the content of the row, so that neither the
    order of the files nor that of the rows matters.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> frame = pd.DataFrame({"who": ["ada", "ada"], "what": ["home", "pay"], "when": ["2025-01-01", "2025-01-02"]})
    >>> log = jl.read(frame, actor="who", event="what", time="when", tz="UTC")
    >>> log.n_actors, log.n_events
    (1, 2)
    """
    _check_words(on_error, schema_drift, max_rejected)
    form, container = choose_format(format, container if sheet is None else of_sheet(sheet, container))
    standard = form is None and stamps is None and history is None
    preset = preset_roles(data, container) if standard else {}
    actor, event, time = (
        preset.get(role) if given is None else given
        for role, given in (("actor", actor), ("event", event), ("time", time))
    )
    if standard and actor is event is time is None and getattr(data, "reads", None):
        raise ConfigError(
            f"{os.fspath(data)} was written by jl.write, which noted its columns. Fix: written.read(), or "
            "jl.read(written, **written.reads)"
        )
    hidden = pseudonyms(pseudonym_key)
    roles = {
        "actor": actor, "event": event, "time": time, "source": source, "channel": channel, "value": value,
        "currency": currency, "score": score, "score_scale": score_scale, "text": text, "event_id": event_id,
        "received": received, "order_by": order_by,
    }  # fmt: skip
    declared = declare(
        form,
        container,
        roles=roles,
        writing={"delimiter": delimiter, "quote": quote, "encoding": encoding, "names": names},
        amounts={"decimal": decimal, "thousands": thousands, "placeholders": placeholders},
        objects={"object_type": object_type, "types": types or {}},
        columns=columns,
        numbers=numbers,
        shapes={"stamps": stamps, "history": history},
        max_field=max_field_bytes,
        max_unpacked=max_decompressed_bytes,
        keep_original=window is not None or end is not None,
        unit=time_unit,
        format=time_format,
        tz=tz,
        ambiguous=ambiguous,
        time_range=time_range,
        now=now,
    )
    seen = _window(window, declared.rule.tz)
    intake = Intake(declared.roles, declared.rule, seen, labels=declared.judge.labels, end=end)
    with system_memory(), progress("reading") as told:

        def take(piece: Judged) -> None:
            intake.take(piece)
            told(piece.rows_in)

        with meanwhile(load_kernels):  # while the first bytes are read
            beside(judged_pieces(data, declared, intake, schema_drift, threads), take, threads)
        log = intake.finish(one_ordered_stream(data))
    if hidden is not None:
        log = hidden.on(log)
    vendors = form.name if form is not None and time_unit is None else None
    gate(log, on_error, max_rejected, declared.rule.unit, vendors)
    if declared.roles.event_id is None:
        _tell_copies(data, {piece.file for piece in intake.pieces if piece.rows_in})
    return log


def _tell_copies(data: Any, with_rows: set[str]) -> None:
    """Warn of a file that is there twice: without an id of each event its rows are events of their own."""
    for copy, first in same_files(data):
        if copy in with_rows:
            warn(
                f"{copy} holds the same bytes as {first}; its events count twice. Fix: leave it out, or pass event_id=",
                LoadWarning,
            )


def _check_words(on_error: str, schema_drift: str, max_rejected: float | None) -> None:
    for name, given, known in (
        ("on_error", on_error, ("quarantine", "raise")),
        ("schema_drift", schema_drift, ("error", "null")),
    ):
        if given not in known:
            raise ConfigError(f"{name}={given!r} is unknown. Fix: one of {list(known)}")
    if max_rejected is not None and not 0 <= max_rejected <= 1:
        raise ConfigError(
            f"max_rejected={max_rejected} is no share. Fix: a number from 0 to 1, for example 0.01"
        )


def _window(window: Sequence[str | dt.date] | None, tz: str | None) -> Window | None:
    if window is None:
        return None
    if isinstance(window, str) or len(window) != 2:
        raise ConfigError(
            f"window={window!r} is no pair. Fix: for example window=('2025-01-01', '2025-03-31')"
        )
    start, end = window
    first = moment(start, "window", tz or "UTC")
    if not _is_day(end):
        return Window(first, moment(end, "window", tz or "UTC"), declared=True)
    following = dt.date.fromisoformat(str(end)) + dt.timedelta(days=1)
    return Window(first, moment(following, "window", tz or "UTC") - 1, declared=True)


def _is_day(bound: str | dt.date) -> bool:
    """Return whether a bound names a whole day."""
    if isinstance(bound, str):
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", bound) is not None
    return not isinstance(bound, dt.datetime)
