"""Dirty rows, put into the raw tables on purpose and written down one by one.

Kinds, and the verdict a loader must reach:

=================  ==================  ==================================================================
kind               code                what it is
=================  ==================  ==================================================================
missing_id         ACTOR_NULL          no customer and no device id
placeholder_id     ACTOR_PLACEHOLDER   ``null``, ``undefined``, ... where an id belongs
missing_event      EVENT_NULL          no event name
no_time            TS_NULL             no time
bad_time           TS_UNPARSEABLE      a text that is no time, or a day that does not exist
out_of_range       TS_OUT_OF_RANGE     seconds in a column of milliseconds; the year 1900
future             TS_FUTURE           the year 2099
id_conflict        DUP_ID_CONFLICT     the id of an earlier row with another content
exact_duplicate    DUP_EXACT           a row sent twice, byte for byte; the later one goes
late               (kept)              a row that reached the file days after it happened
tie                (kept)              another event of the same actor at the very same time
skewed_clock       (kept)              all rows of a device whose clock is off
=================  ==================  ==================================================================

Every kind but ``late`` and ``skewed_clock`` adds a row and leaves the good ones alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from journeylog.datasets.exports import ROLES, Raw, epoch_text
from journeylog.datasets.story import Texts, scrambled
from journeylog.datasets.walk import Ints

__all__ = ["CODES", "Mess", "soil"]

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
CODES = {
    "missing_id": "ACTOR_NULL",
    "placeholder_id": "ACTOR_PLACEHOLDER",
    "missing_event": "EVENT_NULL",
    "no_time": "TS_NULL",
    "bad_time": "TS_UNPARSEABLE",
    "out_of_range": "TS_OUT_OF_RANGE",
    "future": "TS_FUTURE",
    "id_conflict": "DUP_ID_CONFLICT",
    "exact_duplicate": "DUP_EXACT",
    "late": "",
    "tie": "",
    "skewed_clock": "",
}
WEIGHTS = dict.fromkeys(CODES, 1) | {"exact_duplicate": 3, "late": 3, "skewed_clock": 3}
PLACEHOLDERS = ("null", "undefined", "anonymous", "00000000-0000-0000-0000-000000000000")
SKEWS_S = (-86_400, -10_800, -420, 420, 3_600)

_ISO = ["2025-02-30T10:15:00.000Z", "31/13/2025 10:15", "yesterday"]
_ISO_EDGE = {
    "bad_time": _ISO,
    "out_of_range": ["1900-01-01T00:00:00.000Z"],
    "future": ["2099-03-01T08:00:00.000Z"],
}


@dataclass(frozen=True)
class Layout:
    """Where a table can be soiled: kinds, id columns, what a conflict changes, texts of broken times."""

    kinds: tuple[str, ...]
    actors: tuple[str, ...]
    changed: str = ""
    times: dict[str, list[str]] = field(default_factory=dict)


_COMMON = ("missing_id", "placeholder_id", "missing_event", "no_time", "bad_time", "out_of_range", "future")
_DOUBLES = ("id_conflict", "exact_duplicate")
LAYOUTS = {
    "clicks": Layout(
        (*_COMMON, *_DOUBLES, "late", "tie", "skewed_clock"),
        ("device_id", "user_id"),
        "page",
        {"bad_time": ["abc", "1736l54000000", "12:30"], "out_of_range": [], "future": ["4076035200000"]},
    ),
    "crm": Layout((*_COMMON, *_DOUBLES), ("contact",), "changed_by", _ISO_EDGE),
    "orders": Layout(
        ("missing_id", "placeholder_id", "bad_time", "out_of_range", "future"),
        ("customer_id",),
        times={
            "bad_time": ["2025-02-30 10:15:00.000", "31/13/2025 10:15", "yesterday"],
            "out_of_range": ["1900-01-01 00:00:00.000"],
            "future": ["2099-03-01 08:00:00.000"],
        },
    ),
    "feedback": Layout((*_COMMON, *_DOUBLES), ("respondent",), "score", _ISO_EDGE),
    "tickets": Layout(
        (*(kind for kind in _COMMON if kind != "bad_time"), *_DOUBLES, "late"),
        ("requester",),
        "reason",
        {"out_of_range": ["1900-01-01T00:00:00Z"], "future": ["2099-03-01T08:00:00Z"]},
    ),
}


@dataclass(frozen=True)
class Mess:
    """Soiled tables and what was done to them; see :class:`journeylog.datasets.Truth`."""

    tables: dict[str, pd.DataFrame]
    dirt: pd.DataFrame
    balance: pd.DataFrame
    skew: pd.DataFrame


def soil(rng: np.random.Generator, raw: dict[str, Raw], share: float) -> Mess:
    """Put dirt into every table, `share` of its rows, and keep the books."""
    tables, notes, sums = {}, [], []
    skew = pd.DataFrame({"device_id": np.array([], dtype=object), "skew_s": np.array([], dtype=np.int64)})
    for name, table in raw.items():
        soiled = _soil_table(rng, name, table, share, skew)
        tables[name], dirt, skew = soiled
        notes.append(dirt)
        sums.append(_balance(name, tables[name], dirt))
    return Mess(tables, pd.concat(notes, ignore_index=True), pd.DataFrame(sums), skew)


def _soil_table(
    rng: np.random.Generator, name: str, raw: Raw, share: float, skew: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    frame, arrived = raw.frame.copy(), raw.arrived_ms.copy()
    layout = LAYOUTS[name]
    able = np.flatnonzero(frame["field"] == "stage") if name == "crm" else np.arange(len(frame))
    numbers = _quotas(layout.kinds, round(share * len(able)))
    kinds = np.full(len(frame), "", dtype=object)
    if numbers.get("skewed_clock"):
        rows, skew = _skewed(rng, frame, numbers.pop("skewed_clock"))
        moves = skew.set_index("device_id")["skew_s"].reindex(frame["device_id"].iloc[rows]).to_numpy()
        shifted = _numbers(frame["ts_ms"].iloc[rows]) + moves.astype(np.int64) * 1000
        _put(frame, "ts_ms", rows, epoch_text(shifted))
        kinds[rows] = "skewed_clock"
    victims = rng.permutation(able[kinds[able] == ""])
    parts, keys, labels = [frame], [arrived], [kinds]
    used = 0
    for kind, wanted in numbers.items():
        before, used = used, used + wanted
        rows = np.sort(victims[before:used])
        if not len(rows):
            continue
        if kind == "late":
            delay = rng.integers(2 * DAY_MS, 10 * DAY_MS, size=len(rows))
            arrived[rows] += delay
            _delay(frame, ROLES[name]["received"], rows, delay)
            kinds[rows] = kind
            continue
        ids = _new_ids(name, frame, before, len(rows))
        parts.append(_broken(rng, name, frame.iloc[rows].copy(), kind, ids))
        keys.append(arrived[rows] + rng.integers(1, 6 * HOUR_MS, size=len(rows)))
        labels.append(np.full(len(rows), kind, dtype=object))
    if used == 0 and not kinds.any():
        return frame.infer_objects(), _note(name, frame, kinds), skew
    order = np.argsort(np.concatenate(keys), kind="stable")
    whole = pd.concat(parts, ignore_index=True).iloc[order].reset_index(drop=True)
    return whole.infer_objects(), _note(name, whole, np.concatenate(labels)[order]), skew


def _quotas(kinds: tuple[str, ...], total: int) -> dict[str, int]:
    """Divide `total` rows among `kinds` by weight, largest remainder first."""
    weight = np.array([WEIGHTS[kind] for kind in kinds], dtype=float)
    exact = total * weight / weight.sum()
    number = np.floor(exact).astype(int)
    number[np.argsort(number - exact, kind="stable")[: total - int(number.sum())]] += 1
    return dict(zip(kinds, number.tolist(), strict=True))


def _skewed(rng: np.random.Generator, frame: pd.DataFrame, wanted: int) -> tuple[Ints, pd.DataFrame]:
    """Choose devices until they have `wanted` rows or more, and a clock error for each."""
    devices = frame.groupby("device_id", sort=True).size()
    order = rng.permutation(len(devices))
    n = int(np.searchsorted(np.cumsum(devices.to_numpy()[order]), wanted)) + 1
    chosen = devices.index.to_numpy(dtype=object)[order[:n]]
    skew = pd.DataFrame({"device_id": chosen, "skew_s": rng.choice(SKEWS_S, size=len(chosen))})
    return np.flatnonzero(frame["device_id"].isin(chosen)), skew.sort_values("device_id", ignore_index=True)


def _delay(frame: pd.DataFrame, column: str, rows: Ints, delay_ms: Ints) -> None:
    """Move the time of receipt of `rows`."""
    if column == "received_ms":
        _put(frame, column, rows, epoch_text(_numbers(frame[column].iloc[rows]) + delay_ms))
    else:
        moved = frame[column].to_numpy(dtype="M8[us]")
        moved[rows] += delay_ms * np.timedelta64(1000, "us")
        frame[column] = pd.Series(moved, index=frame.index).dt.tz_localize("UTC")


def _numbers(texts: pd.Series[str]) -> Ints:
    return texts.to_numpy(dtype=object).astype(np.int64)


def _put(frame: pd.DataFrame, column: str, rows: Ints, values: Texts) -> None:
    """Replace the values of some rows."""
    whole = frame[column].to_numpy(dtype=object).copy()
    whole[rows] = values
    frame[column] = whole


def _new_ids(name: str, frame: pd.DataFrame, before: int, n: int) -> list[str]:
    """Return ids that no row has: the system's own numbers go on."""
    if name == "clicks":
        return scrambled(n, 48, first=len(frame) + before + 1)
    parts = frame[_id_column(name)].str.extract(r"^(\D*)(\d+)$")
    last, width = int(parts[1].astype("int64").max()), len(parts[1].iloc[0])
    return [f"{parts[0].iloc[0]}{last + before + i + 1:0{width}d}" for i in range(n)]


def _broken(
    rng: np.random.Generator, name: str, rows: pd.DataFrame, kind: str, ids: list[str]
) -> pd.DataFrame:
    """Turn copies of good rows into rows of this kind."""
    layout, roles = LAYOUTS[name], ROLES[name]
    if kind == "exact_duplicate":
        return rows
    if kind == "id_conflict":
        old = rows[layout.changed]
        rows[layout.changed] = (old + 5) % 11 if name == "feedback" else old.astype(object) + " (2)"
        if "received" in roles:
            _delay(rows, roles["received"], np.arange(len(rows)), np.full(len(rows), 1000))
        return rows
    rows[_id_column(name)] = ids
    if kind in ("missing_id", "placeholder_id"):
        rows[list(layout.actors)] = None
        if kind == "placeholder_id":
            rows[layout.actors[0]] = np.array(PLACEHOLDERS, dtype=object)[rng.integers(4, size=len(rows))]
    elif kind == "missing_event":
        rows[_event_column(name)] = None
    elif kind == "tie":
        rows["action"] = "banner_view"
    else:
        _break_time(rng, name, rows, kind)
    return rows


def _break_time(rng: np.random.Generator, name: str, rows: pd.DataFrame, kind: str) -> None:
    """Break the time of every row; an order keeps only the broken one, so that nothing of it is good."""
    time = _time_column(name, rows)
    if name == "orders":
        rows[[column for column in rows.columns if column.endswith("_at")]] = None
    texts = LAYOUTS[name].times.get(kind, [])
    values: object
    if name == "clicks" and kind == "out_of_range":
        values = epoch_text(_numbers(rows[time]) // 1000)
    elif kind == "no_time":
        values = pd.NaT if name == "tickets" else None
    else:
        values = np.array(texts, dtype=object)[rng.integers(len(texts), size=len(rows))]
    if name == "tickets":
        values = pd.Series(pd.to_datetime(pd.Series(values, index=rows.index), utc=True)).dt.as_unit("us")
    rows[time] = values


def _note(name: str, frame: pd.DataFrame, kinds: Texts) -> pd.DataFrame:
    """Return the dirty rows of a finished table."""
    rows = np.flatnonzero(kinds != "")
    kind = kinds[rows]
    column = {k: _time_column(name, frame) for k in CODES}
    column |= dict.fromkeys(("missing_id", "placeholder_id"), ROLES[name]["actor"])
    column |= dict.fromkeys(("id_conflict", "exact_duplicate"), _id_column(name))
    column |= {"missing_event": _event_column(name), "late": ROLES[name].get("received", "")}
    return pd.DataFrame(
        {
            "table": np.full(len(rows), name, dtype=object),
            "row": rows,
            "kind": kind,
            "code": np.array([CODES[k] for k in kind], dtype=object),
            "column": np.array([column[k] for k in kind], dtype=object),
            "n_events": _events_in(name, frame)[rows],
        }
    )


def _balance(name: str, frame: pd.DataFrame, dirt: pd.DataFrame) -> dict[str, str | int]:
    total = int(_events_in(name, frame).sum())
    doubles = int(dirt.loc[dirt["code"] == "DUP_EXACT", "n_events"].sum())
    rejected = int(dirt.loc[~dirt["code"].isin(["", "DUP_EXACT"]), "n_events"].sum())
    return {
        "table": name,
        "rows": len(frame),
        "n_events": total,
        "n_kept": total - rejected - doubles,
        "n_rejected": rejected,
        "n_deduplicated": doubles,
    }


def _events_in(name: str, frame: pd.DataFrame) -> Ints:
    """Return how many events each row holds."""
    if name == "orders":
        times = [column for column in frame.columns if column.endswith("_at")]
        return frame[times].notna().sum(axis=1).to_numpy(dtype=np.int64)
    if name == "crm":
        return np.asarray(frame["field"] == "stage", dtype=np.int64)
    return np.ones(len(frame), dtype=np.int64)


def _id_column(name: str) -> str:
    return str(ROLES[name].get("event_id", ROLES[name].get("object")))


def _event_column(name: str) -> str:
    return str(ROLES[name].get("event", ROLES[name].get("new", "")))


def _time_column(name: str, frame: pd.DataFrame) -> str:
    if name == "orders":
        return str(next(column for column in frame.columns if column.endswith("_at")))
    return str(ROLES[name]["time"])
