"""Combine: several sources under one order."""

from __future__ import annotations

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, LoadWarning


def log_of(source, rows, **more):
    frame = pd.DataFrame(rows, columns=["who", "what", "when"]).assign(**more)
    how = {} if source is None else {"source": jl.constant(source)}
    return jl.read(frame, actor="who", event="what", time="when", tz="UTC", **how)


def named(log) -> list[tuple[str, str]]:
    frame = log.to_pandas()
    return list(zip(frame["actor"], frame["event"], strict=True))


WEB = [("ada", "cart", "2024-01-01 10:00"), ("ada", "pay", "2024-01-01 11:00"), ("bob", "home", "2024-01-03")]
CRM = [("ada", "won", "2024-01-01 11:00"), ("cy", "lead", "2024-01-02")]


def test_equal_times_are_ordered_by_precedence():
    web, crm = log_of("web", WEB), log_of("crm", CRM)
    first = jl.combine(web, crm, precedence=["web", "crm"])
    assert named(first)[:3] == [("ada", "cart"), ("ada", "pay"), ("ada", "won")]
    for logs in ((web, crm), (crm, web)):
        second = jl.combine(*logs, precedence=["crm", "web"])
        assert named(second)[:3] == [("ada", "cart"), ("ada", "won"), ("ada", "pay")]
    assert first.card.ties == 1
    assert first.n_actors == 3


def test_without_precedence_the_logs_come_in_turn():
    web, crm = log_of(None, WEB), log_of(None, CRM)
    assert named(jl.combine(crm, web))[:3] == [("ada", "cart"), ("ada", "won"), ("ada", "pay")]
    assert named(jl.combine(web, crm))[:3] == [("ada", "cart"), ("ada", "pay"), ("ada", "won")]


def test_sources_that_are_not_listed_come_after():
    a, b, c = (log_of(s, [("u", s, "2024-01-01")]) for s in "abc")
    assert [e for _, e in named(jl.combine(a, b, c, precedence=["c"]))] == ["c", "a", "b"]


def test_an_order_inside_a_log_stays():
    rows = [("u", e, "2024-01-01") for e in "zyx"]
    assert [e for _, e in named(jl.combine(log_of("a", rows), log_of("b", [("u", "q", "2024-01-01")])))] == [
        "z",
        "y",
        "x",
        "q",
    ]


def test_the_card_adds_up_and_the_rejects_are_joined():
    with pytest.warns(LoadWarning):
        web = log_of("web", [*WEB, (None, "x", "2024-01-01")])
    both = jl.combine(web, log_of("crm", CRM))
    card = both.card
    assert (card.rows_in, card.kept, card.rejected, dict(card.reasons)) == (6, 5, 1, {"ACTOR_NULL": 1})
    assert card.sources["web"] == {"rows_in": 4, "kept": 3, "rejected": 1, "deduplicated": 0}
    assert both.rejects.num_rows == 1
    assert str(both.window) == "2024-01-01 10:00:00 to 2024-01-03 00:00:00 UTC"


def test_columns_of_one_log_are_missing_in_the_other():
    web = log_of("web", WEB, price=[1.5, 2.5, 3.5], page=["a", "b", "c"])
    crm = log_of("crm", CRM, score=[1, 2], page=["d", None])
    frame = jl.combine(web, crm).to_pandas().set_index(["actor", "event"])
    assert frame.loc[("ada", "won"), "score"] == 1
    assert pd.isna(frame.loc[("ada", "won"), "price"])
    assert frame.loc[("ada", "won"), "page"] == "d"
    assert frame["page"].isna().sum() == 1


def test_money_text_and_mixed_kinds_are_joined():
    shop = jl.read(
        pd.DataFrame({"who": ["a"], "what": ["pay"], "when": ["2024-01-01"], "v": [1.5], "note": ["x"], "mix": [1]}),
        actor="who", event="what", time="when", tz="UTC", value="v", text="note", event_id="note",
    )  # fmt: skip
    other = log_of("crm", [("a", "won", "2024-01-02")], mix=["one"])
    both = jl.combine(shop, other)
    assert both.columns["value"] == "money"
    assert both.columns["text"] == "text"
    assert both.to_pandas()["text"].tolist()[0] == "x"
    assert both.to_pandas()["mix"].tolist() == ["1", "one"]


def test_mistakes_are_told():
    web, crm = log_of("web", WEB), log_of("crm", CRM)
    with pytest.raises(ConfigError, match="at least one"):
        jl.combine()
    with pytest.raises(ConfigError, match="argument 2 is list"):
        jl.combine(web, [crm])
    with pytest.raises(ConfigError, match="did you mean 'web'"):
        jl.combine(web, crm, precedence=["webb"])
    with pytest.raises(ConfigError, match="combine first"):
        jl.combine(web.then(jl.Sessions(gap="30min")), crm)


def test_an_empty_log_adds_nothing():
    web = log_of("web", WEB)
    empty = log_of("crm", [])
    both = jl.combine(web, empty)
    assert named(both) == named(web)
    assert both.window == web.window
    assert jl.combine(empty).n_events == 0
