"""Rejects: every row that was not kept, with where it stood, what it held, and why."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet as pq

import journeylog
from journeylog.core.aside import written_aside
from journeylog.errors import ConfigError, ParseError

__all__ = ["SCHEMA", "BadRow", "Reason", "Rejects", "bad_rows_table", "read_rejects"]


class Reason(StrEnum):
    """Why a row was not kept. The codes are public and stay."""

    ACTOR_NULL = "ACTOR_NULL"
    ACTOR_PLACEHOLDER = "ACTOR_PLACEHOLDER"
    EVENT_NULL = "EVENT_NULL"
    TS_NULL = "TS_NULL"
    TS_UNPARSEABLE = "TS_UNPARSEABLE"
    TS_OUT_OF_RANGE = "TS_OUT_OF_RANGE"
    TS_FUTURE = "TS_FUTURE"
    TS_AMBIGUOUS = "TS_AMBIGUOUS"
    TS_NONEXISTENT = "TS_NONEXISTENT"
    TS_MIXED_TZ = "TS_MIXED_TZ"
    TS_UNIT_SUSPECT = "TS_UNIT_SUSPECT"
    OUT_OF_WINDOW = "OUT_OF_WINDOW"
    DUP_ID_CONFLICT = "DUP_ID_CONFLICT"
    ROW_SHAPE = "ROW_SHAPE"
    ENCODING = "ENCODING"
    FIELD_TOO_LONG = "FIELD_TOO_LONG"
    VALUE_UNPARSEABLE = "VALUE_UNPARSEABLE"
    VALUE_INF = "VALUE_INF"
    VALUE_OVERFLOW = "VALUE_OVERFLOW"
    SCORE_INVALID = "SCORE_INVALID"
    NOT_AN_EVENT = "NOT_AN_EVENT"
    DURATION_NEGATIVE = "DURATION_NEGATIVE"


#: What each code says to a person.
WORDS: Final = {
    Reason.ACTOR_NULL: "no actor id",
    Reason.ACTOR_PLACEHOLDER: "the actor id stands for nobody (see placeholders=)",
    Reason.EVENT_NULL: "no event name",
    Reason.TS_NULL: "no time",
    Reason.TS_UNPARSEABLE: "the time cannot be read (see time_format=)",
    Reason.TS_OUT_OF_RANGE: "the time is not plausible (see time_range=, time_unit=)",
    Reason.TS_FUTURE: "the time is later than the plausible range, two days from now (see time_range=)",
    Reason.TS_AMBIGUOUS: "the clocks showed this time twice (see ambiguous=)",
    Reason.TS_NONEXISTENT: "the clocks never showed this time (see ambiguous=)",
    Reason.TS_MIXED_TZ: "the time has no zone while others have one (see tz=)",
    Reason.TS_UNIT_SUSPECT: "the time looks like another unit than declared (see time_unit=)",
    Reason.OUT_OF_WINDOW: "the time is outside the declared window (see window=)",
    Reason.DUP_ID_CONFLICT: "the event id was seen before with other content; the first was kept",
    Reason.ROW_SHAPE: "not a row of this table",
    Reason.ENCODING: "the bytes are no text in the declared encoding (see encoding=)",
    Reason.FIELD_TOO_LONG: "a field is too long (see max_field_bytes=)",
    Reason.VALUE_UNPARSEABLE: "the value is no plain number (see decimal=, thousands=)",
    Reason.VALUE_INF: "the value is infinite",
    Reason.VALUE_OVERFLOW: "the value is too large for millionths in 64 bits",
    Reason.SCORE_INVALID: "the score is no number on its scale",
    Reason.DURATION_NEGATIVE: "the event ends before it begins (see end=)",
    Reason.NOT_AN_EVENT: "by the format no event",
}

#: Columns of the table of rejects: public.
SCHEMA: Final = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw", pa.string()),
        ("raw_kind", pa.string()),
    ]
)

#: Raw content is kept up to this many bytes.
_RAW = 1 << 16
#: Rows that are shown of a table.
_SHOWN = 10


class BadRow(NamedTuple):
    """A row that never became columns.

    Parameters
    ----------
    row : int
        Number of the row in its file, from 1, the header not counted.
    line : int or None
        Number of the line it starts in, from 1, for text files.
    reason : Reason
    detail : str
        What exactly is wrong.
    raw : bytes
        The row as it was found.
    column : str or None
    """

    row: int
    line: int | None
    reason: Reason
    detail: str
    raw: bytes
    column: str | None = None


@dataclass(frozen=True, repr=False)
class Rejects:
    """The rejected rows of a load.

    Parameters
    ----------
    data : pyarrow.Table
        One row each: ``file``, ``row`` (from 1, header not counted), ``line`` (from 1, text files only),
        ``column``, ``reason`` (a :class:`Reason`), ``detail``, ``raw`` and ``raw_kind``: ``"json"`` (the values
        by column), ``"text"`` (the line), ``"base64"`` (its bytes, where they are no text) or ``"hmac"`` (hidden by a
        key, see :class:`journeylog.Pseudonyms`).

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> frame = pd.DataFrame({"who": ["ada", None], "what": "home", "when": "2025-01-01"})
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", jl.errors.LoadWarning)
    ...     log = jl.read(frame, actor="who", event="what", time="when", tz="UTC")
    >>> jl.Rejects(log.rejects).counts
    {'ACTOR_NULL': 1}
    """

    data: pa.Table

    def __len__(self) -> int:
        """Return the number of rejected rows."""
        return int(self.data.num_rows)

    def __repr__(self) -> str:
        """Return the reasons with their counts, and the first rows."""
        lines = [f"Rejects: {len(self):,} rows", *(f"  {n:>9,} {code}" for code, n in self.counts.items())]
        if len(self):
            first = Rejects(self.data.slice(0, _SHOWN)).table[["row", "column", "reason", "detail", "raw"]]
            lines.append(first.to_string(index=False, max_colwidth=40))
        return "\n".join(lines)

    @property
    def table(self) -> pd.DataFrame:
        """The rejected rows as a frame."""
        frame: pd.DataFrame = self.data.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    @property
    def counts(self) -> dict[str, int]:
        """Rows by reason code, most first."""
        found = pc.value_counts(self.data.column("reason")).to_pylist()
        return {c["values"]: c["counts"] for c in sorted(found, key=lambda c: (-c["counts"], c["values"]))}

    def save(self, path: str | Path) -> Path:
        """Write the rejects, by the suffix: ``.parquet`` or ``.jsonl``. What was there before is replaced.

        Raises
        ------
        ConfigError
            If the suffix is neither.
        OutputError
            If the file cannot be written; an older one is untouched.
        """
        path = Path(path)
        if path.suffix not in (".parquet", ".jsonl"):
            raise ConfigError(
                f"rejects are saved as .parquet or .jsonl, not {path.name!r}. Fix: rejects.parquet"
            )
        marked = self.data.replace_schema_metadata({"journeylog": journeylog.__version__})
        with written_aside(path, "the rejects") as aside:
            if path.suffix == ".parquet":
                pq.write_table(marked, aside, write_page_checksum=True)
            else:
                lines = self.table.to_json(orient="records", lines=True, force_ascii=False)
                aside.write_text(lines if len(self) else "", encoding="utf-8")
        return path


def read_rejects(path: str | Path) -> Rejects:
    """Read back what :meth:`Rejects.save` wrote.

    Raises
    ------
    ParseError
        If the file is not such a table.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> empty = Rejects(SCHEMA.empty_table())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(read_rejects(empty.save(pathlib.Path(folder) / "rejects.parquet")))
    0
    """
    path = Path(path)
    try:
        if path.suffix == ".jsonl":
            if path.stat().st_size == 0:
                return Rejects(SCHEMA.empty_table())
            options = pa.json.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="error")
            return Rejects(pa.json.read_json(path, parse_options=options))
        return Rejects(
            pq.read_table(path, page_checksum_verification=True).replace_schema_metadata(None).cast(SCHEMA)
        )
    except (OSError, pa.ArrowException, ValueError) as error:
        raise ParseError(f"{path} holds no rejects: {error}. Fix: a file that Rejects.save wrote") from error


def bad_rows_table(file: str, rows: Iterable[BadRow]) -> pa.Table:
    """Return rows that never became columns as a table of rejects."""
    listed = list(rows)
    kept = [_raw(bad.raw) for bad in listed]
    columns: Sequence[Any] = [
        [file] * len(listed),
        [bad.row for bad in listed],
        [bad.line for bad in listed],
        [bad.column for bad in listed],
        [bad.reason.value for bad in listed],
        [bad.detail for bad in listed],
        [text for text, _ in kept],
        [kind for _, kind in kept],
    ]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def judged_rows_table(
    file: str,
    row: np.ndarray[Any, np.dtype[np.int64]],
    line: np.ndarray[Any, np.dtype[np.int64]] | None,
    reason: pa.Array,
    column: pa.Array,
    raw: pa.Array,
) -> pa.Table:
    """Return rows that were judged by their values as a table of rejects."""
    n = len(row)
    words = pa.array([WORDS[Reason(code)] for code in reason.dictionary.to_pylist()], pa.string())
    return pa.table(
        [
            pa.repeat(pa.scalar(file, pa.string()), n),
            pa.array(row, pa.int64()),
            pa.nulls(n, pa.int64()) if line is None else pa.array(line, pa.int64()),
            column,
            reason.cast(pa.string()),
            words.take(reason.indices),
            pc.utf8_slice_codeunits(raw, 0, _RAW),
            pa.repeat(pa.scalar("json"), n),
        ],
        schema=SCHEMA,
    )


def _raw(found: bytes) -> tuple[str, str]:
    """Return raw bytes as text if they are, else as base64."""
    try:
        return found[:_RAW].decode("utf-8"), "text"
    except UnicodeDecodeError as error:
        if error.start >= _RAW - 3 and error.reason == "unexpected end of data":
            return found[: error.start].decode("utf-8"), "text"  # cut inside a character
        return base64.b64encode(found[:_RAW]).decode("ascii"), "base64"
