"""Pseudonyms: ids leave the door only as keyed hashes, the same id as the same hash."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.encode import encode
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from journeylog.errors import ConfigError
from journeylog.ingest.ids import ids_of, is_placeholder
from journeylog.ingest.rejects import WORDS, Reason

__all__ = ["Pseudonyms", "pseudonyms"]

#: Fewer bytes than this can be tried out.
_SHORTEST: Final = 16


@dataclass(frozen=True, init=False)
class Pseudonyms:
    """A secret key under which ids are replaced by their HMAC-SHA256.

    The same id gives the same pseudonym wherever the same key is used, so logs still join; without the key nobody can
    find out whose it is by trying all ids, as one could with a plain hash.

    Parameters
    ----------
    key : bytes or str
        At least 16 bytes, or the name of an environment variable that holds as many (as UTF-8 text). Make one with
        ``python -c "import secrets; print(secrets.token_hex(32))"`` and keep it apart from the data.
    columns : sequence of str
        Further columns with ids, for example ``["user_id"]``; the actor always is one.

    Raises
    ------
    ConfigError
        If there is no key, or it is too short.

    Notes
    -----
    The pseudonym is HMAC-SHA256 of the id's UTF-8 bytes, as 64 hexadecimal digits. It is computed once for each
    distinct id. Columns that are not named stay as they are: leave out what holds ids otherwise (``columns=`` of
    :func:`journeylog.read`).

    References
    ----------
    H. Krawczyk, M. Bellare, R. Canetti (1997), HMAC: Keyed-Hashing for Message Authentication. RFC 2104.

    Examples
    --------
    >>> import journeylog as jl
    >>> key = jl.Pseudonyms(b"sixteen bytes or more", columns=["user_id"])
    >>> key.of(["anna"])[0][:16]
    '386e0a6357afe90e'
    >>> key
    Pseudonyms(columns=('user_id',), key bee994c7)
    """

    columns: tuple[str, ...]
    _key: bytes = field(repr=False)

    def __init__(self, key: bytes | str, columns: Sequence[str] = ()) -> None:
        """Take the key, from the environment if it is a name."""
        object.__setattr__(self, "columns", (columns,) if isinstance(columns, str) else tuple(columns))
        object.__setattr__(self, "_key", _checked(key))

    @property
    def fingerprint(self) -> str:
        """Eight digits by which a key is recognised and from which nobody finds it."""
        return self._of("journeylog: fingerprint of the key")[:8]

    def of(self, ids: Iterable[str]) -> list[str]:
        """Return the pseudonyms of some ids, in their order."""
        return [self._of(i) for i in ids]

    def but(self, *columns: str) -> Pseudonyms:
        """Return the same key for further columns."""
        return Pseudonyms(self._key, tuple(dict.fromkeys((*self.columns, *columns))))

    def texts(self, ids: pa.Array) -> pa.Array:
        """Return the pseudonyms of a column of ids; missing ones stay missing."""
        return pa.array([None if i is None else self._of(i) for i in ids.to_pylist()], pa.string())

    def on(self, log: EventLog) -> EventLog:
        """Return the log with pseudonyms for ids, and without the content of rejected rows.

        Of rejected rows where they stood, the column and the reason stay; their content, which may hold an id
        anywhere, is replaced by its own HMAC (``raw_kind`` is ``"hmac"``).
        """
        chunk = log.chunk
        if chunk.levels:
            raise ConfigError(
                f"the log has levels {list(chunk.levels)}. Fix: hide ids first, for example when reading (pseudonym_key=)"
            )
        names = [name for name in self.columns if name in chunk.columns]
        unknown = [name for name in self.columns if name not in chunk.columns]
        if unknown and chunk.n_events:
            chunk.column(unknown[0])  # raises with the nearest name
        columns = {name: self._column(ids_of(chunk, name)) for name in names}
        actor = encode(self.texts(chunk.actors))
        actor = Category(actor.codes[chunk.actor_of_event()], actor.labels)
        # ordered anew: the order of the ids would tell something about them
        hidden, _ = build_chunk(actor, chunk.time, {**chunk.columns, **columns})
        note = f"ids in {', '.join(['actor', *names])} are pseudonyms (HMAC-SHA256, key {self.fingerprint})"
        card = replace(log.card, notes=(*log.card.notes, note))
        return replace(log, source=Memory((hidden,)), card=card, rejects=self._hidden(log.rejects))

    def __repr__(self) -> str:
        """Return the columns and the key's fingerprint."""
        return f"Pseudonyms(columns={self.columns!r}, key {self.fingerprint})"

    def _of(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()

    def _column(self, ids: Category) -> Category:
        """Return a column of ids hidden; words that stand for nobody stay, so that they are known as such."""
        nobody = pa.array(is_placeholder(ids.labels))
        labels = encode(pc.if_else(nobody, ids.labels.cast(pa.string()), self.texts(ids.labels)))
        return Category(np.append(labels.codes, np.int32(-1))[ids.codes], labels.labels)

    def _hidden(self, rejects: pa.Table | None) -> pa.Table | None:
        if rejects is None:
            return None
        words = [WORDS[Reason(code)] for code in rejects.column("reason").to_pylist()]
        raw = self.texts(rejects.column("raw").combine_chunks())
        kind = pc.if_else(raw.is_null(), pa.scalar(None, pa.string()), pa.scalar("hmac"))
        new = {"detail": pa.array(words, pa.string()), "raw": raw, "raw_kind": kind}
        for name, column in new.items():
            rejects = rejects.set_column(rejects.schema.get_field_index(name), name, column)
        return rejects


def pseudonyms(given: Pseudonyms | Mapping[str, Any] | bytes | str | None) -> Pseudonyms | None:
    """Return what ``pseudonym_key=`` means; None where ids stay as they are.

    Raises
    ------
    ConfigError
        If there is no key, or a mapping (of a source list) holds other things than ``key`` and ``columns``.
    """
    if isinstance(given, Mapping):
        if "key" not in given or set(given) - {"key", "columns"}:
            raise ConfigError(
                f'pseudonym_key={sorted(given)} is no key. Fix: {{ key = "NAME_OF_VARIABLE", columns = ["user_id"] }}'
            )
        return Pseudonyms(given["key"], given.get("columns", ()))
    return given if given is None or isinstance(given, Pseudonyms) else Pseudonyms(given)


def _checked(key: Any) -> bytes:
    if isinstance(key, str):
        found = os.environ.get(key, "") if key else ""
        if not found:
            raise ConfigError(
                f"the environment variable {key!r} holds no key, and without one ids would stay readable. "
                "Fix: set it, or pass the key as bytes"
            )
        key = found.encode()
    if not isinstance(key, bytes | bytearray) or len(key) < _SHORTEST:
        what = f"{len(key)} bytes" if isinstance(key, bytes | bytearray) else type(key).__name__
        raise ConfigError(
            f"a key of {what} hides nothing. Fix: at least {_SHORTEST} bytes, for example secrets.token_bytes(32)"
        )
    return bytes(key)
