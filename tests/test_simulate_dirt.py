"""Every dirty row of a simulated shop is noted with the verdict it must get, and nothing else is dirty."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylog.datasets import ROLES, Simulation, simulate


@pytest.fixture(scope="module")
def clean() -> Simulation:
    return simulate(3000, seed=5)


@pytest.fixture(scope="module")
def dirty() -> Simulation:
    return simulate(3000, seed=5, dirty=0.1)


def verdicts(name: str, table: pd.DataFrame) -> list[str]:
    """Judge the rows of a table one after the other, by the plainest means."""
    roles = ROLES[name]
    time, event = roles.get("time", "ordered_at"), roles.get("event", roles.get("new"))
    seen: dict[str, tuple[object, ...]] = {}
    out = []
    for row in table.astype(object).where(table.notna(), None).to_dict("records"):
        when = None if name == "orders" and row[time] is None else moment(name, row[time])
        key = row.get(str(roles.get("event_id")))
        # the time of receipt is no part of what happened
        content = tuple(v for k, v in row.items() if k != roles.get("received"))
        if key is not None and key in seen:
            out.append("DUP_EXACT" if seen[key] == content else "DUP_ID_CONFLICT")
        elif row[roles["actor"]] is None:
            out.append("ACTOR_NULL")
        elif row[roles["actor"]] in (
            "null",
            "undefined",
            "anonymous",
            "0" * 8 + "-0000-0000-0000-" + "0" * 12,
        ):
            out.append("ACTOR_PLACEHOLDER")
        elif event and row[event] is None:
            out.append("EVENT_NULL")
        elif isinstance(when, str):
            out.append(when)
        else:
            out.append("")
        if key is not None:
            seen.setdefault(key, content)
    return out


def moment(name: str, value: object) -> str | pd.Timestamp:
    """Return the time a cell means, or the code of what is wrong with it."""
    if value is None:
        return "TS_NULL"
    try:
        stamp = pd.Timestamp(int(str(value)), unit="ms") if name == "clicks" else pd.Timestamp(str(value))
    except ValueError:
        return "TS_UNPARSEABLE"
    return "TS_OUT_OF_RANGE" if stamp.year < 1990 else "TS_FUTURE" if stamp.year > 2090 else stamp


@pytest.mark.parametrize("name", sorted(ROLES))
def test_every_dirty_row_gets_its_code_and_no_other_row_does(dirty: Simulation, name: str) -> None:
    table = dirty.tables[name]
    noted = dirty.truth.dirt.query("table == @name")
    assert noted["row"].is_unique
    codes = pd.Series("", index=range(len(table)))
    codes[noted["row"].to_list()] = noted["code"].to_list()
    assert verdicts(name, table) == codes.to_list()
    assert set(noted["column"]) <= set(table.columns)


@pytest.mark.parametrize("name", sorted(ROLES))
def test_the_books_balance(dirty: Simulation, clean: Simulation, name: str) -> None:
    book = dirty.truth.balance.set_index("table").loc[name]
    was = clean.truth.balance.set_index("table").loc[name]
    assert book["rows"] == len(dirty.tables[name])
    assert book["n_events"] == book["n_kept"] + book["n_rejected"] + book["n_deduplicated"]
    ties = int((dirty.truth.dirt.query("table == @name")["kind"] == "tie").sum())
    assert book["n_kept"] == was["n_kept"] + ties == was["n_events"] + ties
    rows = len(clean.tables["crm"].query("field == 'stage'")) if name == "crm" else was["rows"]
    noted = dirty.truth.dirt.query("table == @name and kind != 'skewed_clock'")
    skewed = dirty.truth.dirt.query("table == @name and kind == 'skewed_clock'")
    asked = round(0.1 * rows)
    assert len(noted) <= asked <= len(noted) + len(skewed)
    assert dirty.truth.dirt_counts[name].sum() == len(noted) + len(skewed)


@pytest.mark.parametrize("name", sorted(ROLES))
def test_what_is_kept_is_the_clean_table(dirty: Simulation, clean: Simulation, name: str) -> None:
    noted = dirty.truth.dirt.query("table == @name")
    added = noted[~noted["kind"].isin(["late", "skewed_clock"])]["row"].to_list()
    kept = dirty.tables[name].drop(index=added)
    pristine = clean.tables[name]
    loose = [c for c in ("ts_ms", "received_ms", "synced_at") if c in kept]
    key = {"clicks": "event_id", "crm": "history_id", "orders": "order_id", "feedback": "response_id"}.get(
        name, "event_id"
    )
    kept, pristine = (f.sort_values(key, ignore_index=True) for f in (kept, pristine))
    pd.testing.assert_frame_equal(kept.drop(columns=loose), pristine.drop(columns=loose))
    if name != "clicks":
        return
    skew = kept["device_id"].map(dirty.truth.skew.set_index("device_id")["skew_s"]).fillna(0)
    off = kept["ts_ms"].astype("int64") - pristine["ts_ms"].astype("int64")
    assert (off == skew * 1000).all()
    assert (off != 0).sum() == (noted["kind"] == "skewed_clock").sum() > 0
    delay = kept["received_ms"].astype("int64") - pristine["received_ms"].astype("int64")
    assert (delay > 0).sum() == (noted["kind"] == "late").sum() > 0
    assert delay[delay > 0].min() >= 2 * 86_400_000


def test_ties_tie(dirty: Simulation) -> None:
    clicks = dirty.tables["clicks"]
    rows = clicks.loc[dirty.truth.dirt.query("kind == 'tie'")["row"]]
    same = clicks.groupby(["device_id", "ts_ms"])["event_id"].nunique()
    assert len(rows) > 10
    assert (same[pd.MultiIndex.from_frame(rows[["device_id", "ts_ms"]])] >= 2).all()


def test_a_clean_shop_has_no_dirt(clean: Simulation) -> None:
    assert clean.truth.dirt.empty
    assert list(clean.truth.dirt.columns) == ["table", "row", "kind", "code", "column", "n_events"]
    assert not any(any(verdicts(name, table)) for name, table in clean.tables.items())


def test_an_empty_shop_has_all_its_columns() -> None:
    none, some = simulate(0, dirty=0.5), simulate(50)
    for name, table in none.tables.items():
        assert table.empty
        assert list(table.columns) == list(some.tables[name].columns)
    assert list(none.events.columns) == list(some.events.columns)
    assert none.truth.balance["n_events"].sum() == 0
