"""The stored map: one file, Parquet or JSON, with its version and a seal; the same map gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from journeylog.core.aside import written_aside
from journeylog.core.seal import blank, is_whole, seal
from journeylog.errors import ConfigError, ParseError

__all__ = ["SCHEMA", "VERSION", "load", "save"]

#: Version of the file's layout.
VERSION: Final = 1
#: Columns of the file: public. A missing `since` is from the beginning.
SCHEMA: Final = pa.schema([("id", pa.string()), ("since", pa.timestamp("us", "UTC")), ("actor", pa.string())])
_KIND: Final = "journeylog.identity"


def save(path: Path, table: pa.Table, more: Mapping[str, Any]) -> Path:
    """Write the rows and what else belongs to them, aside, and move the file into place."""
    if path.suffix not in (".parquet", ".json"):
        raise ConfigError(
            f"an identity map is saved as .parquet or .json, not {path.name!r}. Fix: identity.parquet"
        )
    mark = blank()
    head = {"seal": mark.decode(), "kind": _KIND, "version": VERSION, **more}
    with written_aside(path, "the identity map") as aside:
        if path.suffix == ".parquet":
            _write_parquet(aside, table, head)
        else:
            columns = {"id": table["id"], "since": table["since"].cast(pa.int64()), "actor": table["actor"]}
            head |= {name: column.to_pylist() for name, column in columns.items()}
            aside.write_text(json.dumps(head, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        seal(aside, mark)
    return path


def load(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Read the file back.

    Raises
    ------
    ParseError
        If it is no map, is damaged, or was written by a newer version.
    """
    try:
        head, table = _read_json(path) if path.suffix == ".json" else _read_parquet(path)
        whole = is_whole(path)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParseError(
            f"{path} is no identity map: {error}. Fix: write it with identity.save(path)"
        ) from error
    if head.get("kind") != _KIND:
        raise ParseError(f"{path} is no identity map. Fix: write it with identity.save(path)")
    version = head.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise ParseError(f"{path} was written by a newer version (layout {version}). Fix: upgrade journeylog")
    if not whole or table is None or not _is_in_order(table):
        raise ParseError(
            f"{path} is damaged: its bytes are not those that were written. Fix: make the map again"
        )
    return table, head


def _write_parquet(path: Path, table: pa.Table, head: Mapping[str, Any]) -> None:
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({_KIND: json.dumps(head, ensure_ascii=False)})


def _read_parquet(path: Path) -> tuple[dict[str, Any], pa.Table | None]:
    with pq.ParquetFile(path) as file:
        found = (file.metadata.metadata or {}).get(_KIND.encode())
        head = json.loads(found) if found is not None else {}
        if head.get("version") != VERSION:
            return head, None
        return head, file.read().select(SCHEMA.names).replace_schema_metadata(None).cast(SCHEMA)


def _read_json(path: Path) -> tuple[dict[str, Any], pa.Table | None]:
    head = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(head, dict):
        return {}, None
    if head.get("version") != VERSION:
        return head, None
    since = pa.array(head.pop("since"), pa.int64()).cast(pa.timestamp("us", "UTC"))
    columns = [pa.array(head.pop("id"), pa.string()), since, pa.array(head.pop("actor"), pa.string())]
    return head, pa.table(columns, schema=SCHEMA)


def _is_in_order(table: pa.Table) -> bool:
    """Return whether the rows lie by id and in time order, as those who read them rely on."""
    if not table.num_rows:
        return True
    ids, since = (
        table["id"].combine_chunks(),
        table["since"].combine_chunks().cast(pa.int64()).fill_null(-(2**63)),
    )
    if ids.null_count or table["actor"].null_count:
        return False
    same = pc.equal(ids[1:], ids[:-1])
    fine = pc.or_(pc.greater(ids[1:], ids[:-1]), pc.and_(same, pc.greater(since[1:], since[:-1])))
    return bool(pc.all(fine, min_count=0).as_py())
