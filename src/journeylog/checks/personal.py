"""Personal data where it should not be: in names, ids, URLs and text. Found, counted, and never told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from journeylog.checks.finding import Finding, grade, passed
from journeylog.checks.places import column_names
from journeylog.checks.rules import Rules
from journeylog.core import arrow_text
from journeylog.core.chunk import Category, Chunk, Number, Text
from journeylog.core.encode import side_by_side
from journeylog.core.kernels.quality import ADDRESS, EMAIL, MANY_DIGITS, NUMBERED, PHONE, TOKEN, text_signs
from journeylog.core.log import EventLog
from journeylog.core.masks import KINDS, Kind, luhn, masked

__all__ = ["personal_data"]

Mask = npt.NDArray[np.bool_]
#: The sign a text must hold for each kind to be looked for.
_SIGN: Final = {
    "token": TOKEN, "email": EMAIL, "card": MANY_DIGITS, "phone": PHONE, "ip": ADDRESS, "passport": NUMBERED,
}  # fmt: skip
#: Texts are looked at up to this many bytes.
_LONGEST: Final = 1 << 16
_SHORTEST_CARD: Final = 10**14
#: Texts that are looked at once more, one by one.
_AGAIN: Final = 10_000
#: Whole numbers are cards when right check digits are rarer by chance than this.
_CHANCE: Final = 0.02
_VERSION: Final = re.compile("version|build|agent|release", re.IGNORECASE)


@dataclass
class _Hits:
    """What one column holds of one kind; parts add up."""

    n: int = 0
    first: int | None = None
    last: int | None = None
    examples: list[str] = field(default_factory=list)
    likely: int = 0
    valid: int = 0

    def add(self, n: int, times: Any, examples: list[str]) -> None:
        self.n += n
        if len(times):
            low, high = int(times.min()), int(times.max())
            self.first = low if self.first is None else min(low, self.first)
            self.last = high if self.last is None else max(high, self.last)
        self.examples = sorted({*self.examples, *examples})[:3]


def personal_data(log: EventLog, rules: Rules) -> list[Finding]:
    """Find e-mail addresses, phone numbers, card numbers, tokens, IP addresses and passport numbers in every text.

    Patterns run in linear time over distinct values. A card number has a known beginning, the right length and the right
    check digit; whole columns of digits in which one in ten check digits is right by chance are ids and are not told.
    """
    hits: dict[tuple[str, str], _Hits] = {}
    totals: dict[str, int] = {}
    for chunk in log.source.map(lambda c: c, 1):
        jobs = list(_texts(chunk))
        for name, total, found in side_by_side(lambda job: _search(chunk, *job), jobs):  # noqa: B023
            totals[name] = totals.get(name, 0) + total
            for kind, part in found.items():
                _merge(hits.setdefault((name, kind), _Hits()), part)
    columns = column_names(log)
    for column in columns:
        for look in KINDS:
            if masked(column) != column and _pattern_in(look, column):
                hits.setdefault(("names of columns", look.name), _Hits()).add(1, (), [masked(column)])
                totals["names of columns"] = len(columns)
    told: list[Finding] = []
    for (name, key), hit in sorted(hits.items(), key=lambda item: (-item[1].n, item[0])):
        of = next(kind for kind in KINDS if kind.name == key)
        if hit.n and not (key == "card" and _by_chance(hit)):
            told.append(_finding(of, name, hit, totals[name]))
    return told or [passed("personal_data", "No personal data in names, ids, URLs or text.", log.n_events)]


def _finding(kind: Kind, name: str, hit: _Hits, total: int) -> Finding:
    unit = {"actor": "actors", "names of columns": "names"}.get(name, "events")
    inside = "actor ids" if name == "actor" else name if name == "names of columns" else f"“{name}”"
    fix = {
        "actor": "replace ids by pseudonyms when reading, before anything is stored",
        "names of columns": "rename the column",
    }.get(
        name,
        "cut it out where it is written (URL parameters, free text), or leave the column out with columns=[...]",
    )
    if kind.secret:
        fix = f"treat it as a leak: have it revoked. Then {fix}"
    return Finding(
        "personal_data", grade("secrets" if kind.secret else "personal_data", hit.n, total),
        f"{hit.n:,} of {total:,} {unit} hold {kind.words} in {inside}." if unit != "names"
        else f"{hit.n:,} of {total:,} columns hold {kind.words} in their names.",
        hit.n, total, unit, f"{name}: {kind.name}", tuple(hit.examples), hit.first, hit.last, fix, {"kind": kind.name},
    )  # fmt: skip


def _texts(chunk: Chunk) -> Iterator[tuple[str, pa.Array, Any]]:
    """Yield (column, distinct texts, codes); codes are None where every event has its own text."""
    yield "actor", chunk.actors, None
    for name, column in chunk.columns.items():
        if isinstance(column, Category):
            yield name, column.labels, column.codes
        elif isinstance(column, Text):
            yield name, column.values, None
        elif column.unit == "" and column.values.dtype.kind == "i":
            yield name, *_numbers(column)


def _numbers(column: Number) -> tuple[pa.Array, Any]:
    """Return the whole numbers long enough to be a card's as texts, and the codes of all events."""
    long = column.values >= _SHORTEST_CARD
    if column.valid is not None:
        long &= column.valid
    codes = np.full(len(long), -1, np.int64)
    found, codes[long] = np.unique(column.values[long], return_inverse=True)
    return pa.array(found).cast(pa.string()), codes


def _search(chunk: Chunk, name: str, texts: pa.Array, codes: Any) -> tuple[str, int, dict[str, _Hits]]:
    texts = arrow_text.plain(texts)
    data, offsets = arrow_text.buffers(texts)
    signs = np.zeros(len(texts), np.uint8)
    if len(texts):
        text_signs(data, offsets, signs)
        if texts.null_count:
            signs[texts.is_null().to_numpy(False)] = 0
    total = chunk.n_actors if name == "actor" else chunk.n_events
    found: dict[str, _Hits] = {}
    if not signs.any():
        return name, total, found
    for kind in KINDS:
        if kind.name == "ip" and _VERSION.search(name):
            continue  # 120.0.0.0 is a version there
        at = np.flatnonzero(signs & _SIGN[kind.name])
        if not len(at):
            continue
        likely = _short(texts.take(pa.array(at)))
        hit = pc.match_substring_regex(likely, kind.re2).fill_null(False).to_numpy(False)
        at = at[hit]
        if len(at):
            found[kind.name] = _count(chunk, name, kind, texts, at, codes)
    return name, total, found


def _count(chunk: Chunk, name: str, kind: Kind, texts: pa.Array, at: Any, codes: Any) -> _Hits:
    hits = _Hits()
    matched = _short(texts.take(pa.array(at)))
    if kind.name == "card":
        good = _cards(matched, kind, hits)
        at, matched = at[good], matched.filter(pa.array(good))
        if not len(at):
            return hits
    first = matched.slice(0, 1000)
    data = pc.struct_field(pc.extract_regex(first, kind.re2), "it").to_pylist()
    examples = sorted({kind.mask(text) if text else "***" for text in data})[:3]
    if name == "actor":
        times = chunk.time[chunk.offsets[:-1][at]] if chunk.n_events else ()
        hits.add(len(at), times, examples)
    elif codes is None:
        hits.add(len(at), chunk.time[at], examples)
    else:
        mask = np.zeros(len(texts) + 1, dtype=bool)
        mask[at] = True
        times = chunk.time[mask[codes]]
        hits.add(len(times), times, examples if len(times) else [])
    return hits


def _cards(matched: pa.Array, kind: Kind, hits: _Hits) -> Mask:
    """Return which texts hold a card number, and keep what tells chance: bare columns of digits."""
    good = _right_digits(pc.struct_field(pc.extract_regex(matched, kind.re2), "it"))
    bare = pc.match_substring_regex(matched, r"^[0-9]+$").to_numpy(False)
    hits.likely, hits.valid = int(bare.sum()), int((bare & good).sum())
    for i in np.flatnonzero(~good & ~bare)[:_AGAIN].tolist():  # the card may be the second number of a text
        text = matched[i].as_py()
        good[i] = masked(text[:_LONGEST]) != text[:_LONGEST] and any(
            luhn(re.sub(r"[ -]", "", found["it"])) for found in kind.python.finditer(text)
        )
    return good


def _right_digits(numbers: pa.Array) -> Mask:
    """Return which card numbers have the right check digit (Luhn)."""
    digits = pc.replace_substring_regex(numbers, "[^0-9]", "")
    size = pc.binary_length(digits).to_numpy(False)
    good = np.zeros(len(digits), dtype=bool)
    for length in np.unique(size).tolist():
        at = np.flatnonzero(size == length)
        data, offsets = arrow_text.buffers(digits.take(pa.array(at)))
        value = data[offsets[0] : offsets[-1]].reshape(len(at), length).astype(np.int64) - 48
        value[:, -2::-2] = value[:, -2::-2] * 2 - 9 * (value[:, -2::-2] > 4)
        good[at] = value.sum(axis=1) % 10 == 0
    return good


def _by_chance(hit: _Hits) -> bool:
    """Return whether whole-number values have right check digits as often as chance gives them, one in ten."""
    if hit.likely == 0 or hit.valid == 0:
        return False
    return bool(stats.binom.sf(hit.valid - 1, hit.likely, 0.1) > _CHANCE)


def _short(texts: pa.Array) -> pa.Array:
    """Return texts cut at the length that is looked at."""
    if len(texts) and pc.max(pc.binary_length(texts)).as_py() > _LONGEST:
        return pc.utf8_slice_codeunits(texts, 0, _LONGEST)
    return texts


def _merge(hits: _Hits, part: _Hits) -> None:
    times = [t for t in (part.first, part.last) if t is not None]
    hits.add(part.n, np.array(times, np.int64), part.examples)
    hits.likely += part.likely
    hits.valid += part.valid


def _pattern_in(kind: Kind, text: str) -> bool:
    return bool(pc.match_substring_regex(pa.scalar(text), kind.re2).as_py())
