"""From an input to judged pieces: table after table, piece after piece, in threads, in order, in bounded memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Final

from journeylog.core.notes import note
from journeylog.errors import SchemaError
from journeylog.ingest.containers import Opened, open_tables
from journeylog.ingest.containers.base import Looking, Threaded
from journeylog.ingest.declared import Declared
from journeylog.ingest.formats.bound import Bound
from journeylog.ingest.formats.rollup import Rollup, lines_of, records_of
from journeylog.ingest.intake import Intake
from journeylog.ingest.judge import Judge, texts_only
from journeylog.ingest.judged import Judged
from journeylog.ingest.roles import Roles
from journeylog.ingest.threads import in_order

__all__ = ["judged_pieces"]

#: Columns that every file must have, however much else differs.
_NEEDED: Final = ("actor", "event", "time")


def judged_pieces(
    data: Any, declared: Declared, intake: Intake, drift: str, threads: int | None
) -> Iterator[Judged]:
    """Yield the judged pieces of an input, in order.

    Parameters
    ----------
    data : path, list of paths, file object or frame
    declared : Declared
    intake : Intake
        Told of attributes and notes.
    drift : {"error", "null"}
        What becomes of a column that only some of the tables have.
    threads : int or None
    """
    group = declared.group
    with closing(_tables(data, declared, intake, drift, threads)) as tables:
        works = (
            _judgements(tables, declared.judge, intake) if group is None else _lines(tables, declared, group)
        )
        made = in_order(works, threads)
        if group is None:
            yield from made
            return
        parts = list(made)
    files = {number: name for number, name, _ in parts}
    records = records_of(group, [lines for *_, lines in parts], declared.rule, declared.judge.decimal)
    intake.notes.extend(records.notes)
    for number, piece in records.pieces.items():
        kept = declared.roles.public_names(piece.rows.schema.names)
        intake.attributes.update(dict.fromkeys(kept.values()))
        yield declared.judge(piece, files[number], kept)


def _tables(
    data: Any, declared: Declared, intake: Intake, drift: str, threads: int | None
) -> Generator[Opened, None, None]:
    """Yield each table once its columns have been checked."""
    roles = declared.roles
    first: tuple[str, Sequence[str]] | None = None
    seen: dict[str, None] = {}
    last = ""
    with closing(open_tables(data, declared.dialect, declared.container, declared.fallback)) as tables:
        for table in tables:
            roles.require(table.columns if table.complete else None, table.name)
            intake.blank_is_missing |= table.blank_is_missing
            if table.complete:
                roles.check_apart(table.columns, table.name)
                roles.check(table.columns, table.name, _NEEDED if drift == "null" else None)
                first = first or (table.name, table.columns)
                _check_drift(first, table, roles, drift, intake.notes)
            if isinstance(table, Threaded):
                table.threads = threads
            yield table
            intake.notes.extend(getattr(table, "notes", ()))
            seen.update(dict.fromkeys(table.columns))
            last = table.name
    roles.check(list(seen), last)  # what only some files have, must at least be in one
    roles.check_apart(list(seen), last)


def _judgements(tables: Iterator[Opened], judge: Judge, intake: Intake) -> Iterator[Any]:
    """Yield the judging of each piece of each table."""
    roles = judge.roles
    for table in tables:
        kept = roles.public_names(table.columns)
        intake.attributes.update(dict.fromkeys(kept.values()))
        if judge.shaper is not None and isinstance(roles, Bound) and isinstance(table, Looking):
            table.look_into(roles.uncopied, judge.shaper.looked_into())
        for work in table.pieces(roles.read_only):
            if not table.complete:
                kept = roles.public_names(table.columns)
                intake.attributes.update(dict.fromkeys(kept.values()))
            yield partial(_judge, judge, work, table.name, kept)


def _lines(tables: Iterator[Opened], declared: Declared, group: Rollup) -> Iterator[Any]:
    """Yield the putting together of the lines of each piece."""
    for number, table in enumerate(tables):
        for work in table.pieces(declared.roles.read_only):
            yield partial(_put_together, declared, group, work, number, table.name)


def _judge(judge: Judge, work: Any, file: str, names: Mapping[str, str]) -> Judged:
    return judge(work(), file, names)


def _put_together(
    declared: Declared, group: Rollup, work: Any, number: int, file: str
) -> tuple[int, str, Any]:
    judge = declared.judge
    return (
        number,
        file,
        lines_of(group, texts_only(work()), number, declared.rule, judge.decimal, judge.thousands),
    )


def _check_drift(
    first: tuple[str, Sequence[str]], table: Opened, roles: Roles, drift: str, notes: list[str]
) -> None:
    """Compare the attributes of a further file with those of the first."""
    missing = [c for c in roles.others(first[1]) if c not in table.columns]
    more = [c for c in roles.others(table.columns) if c not in first[1]]
    if not missing and not more:
        return
    what = f"{table.name} has other columns than {first[0]}: without {missing}, with {more}"
    if drift == "error":
        raise SchemaError(f"{what}. Fix: pass schema_drift='null', or columns=[...] with those that all have")
    notes.append(
        note(
            "{name} has other columns than {first}: without {missing}, with {more}; what is not there is missing",
            name=table.name,
            first=first[0],
            missing=str(missing),
            more=str(more),
        )
    )
