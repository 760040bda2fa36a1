"""Prices in the report: the ledger in money, in sentence, figure and table, in both languages, in a run and its tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import ConfigError
from journeylog.reporting.cli import run
from journeylog.reporting.costs import Costs
from journeylog.reporting.page import build_page
from tests.run_logs import ASKED as ASKED_OF_BUYERS
from tests.run_logs import MONEY, SOURCE, STAGES, UTC, buyers, written
from tests.test_report import Read

PRICES = {"waiting": 0.5, "rework": 3, "lost": 40}
ASKED: dict[str, Any] = {"goal": "pay", "patience": "2d", "stages": STAGES}


@pytest.fixture(scope="module")
def log() -> jl.EventLog:
    return jl.read(
        buyers(400), actor="actor", event="event", time="time", value="value", currency=jl.constant("EUR")
    )


def text_of(html: bytes) -> tuple[str, str]:
    """Return the words of the ledger's section, and its markup."""
    found = re.search(rb'<section class="part" id="losses".*?</section>', html, re.DOTALL)
    assert found is not None
    markup = found[0].decode()
    return " ".join(re.sub(r"<[^>]+>", "", markup).replace("\u00a0", " ").split()), markup


def test_declared_prices_are_told_in_money_with_their_interval(log: jl.EventLog) -> None:
    page = build_page(log, prices=PRICES, mask=0, **ASKED)
    said, markup = text_of(page.html)
    assert "Prices: an hour of waiting 0.5 EUR, a visit made again 3 EUR, a visit lost 40 EUR." in said
    ready = log.then(jl.Stages(STAGES), jl.Journeys("pay", "2d"))
    asked = jl.Ledger(node="stage", cost_hour=0.5, cost_contact=3, cost_visit=40)
    table = ready.compute(asked).table
    row = table.loc[table["cost"].idxmax()]
    total = table["cost"].sum()
    assert f"Together this costs {total:,.0f} EUR" in said
    bounds = f"(95 % interval {row['cost_low']:,.0f} to {row['cost_high']:,.0f} EUR)"
    assert f"{row['cost']:,.0f} EUR {bounds}" in said
    bars = re.findall(r'<span class="told"><b>([^<]*)</b>', markup)
    assert bars and all("EUR" in bar for bar in bars)
    numbers = [float(bar.split("\u00a0")[0].replace(",", "")) for bar in bars]
    assert numbers == sorted(numbers, reverse=True)
    heads = next(iter(Read(page.html).tables["Losses, line by line"]))
    assert {"Cost", "95 % interval of the cost"} <= set(heads)


def test_both_languages_tell_the_same_money(log: jl.EventLog) -> None:
    told = {
        lang: text_of(build_page(log, prices=PRICES, mask=5, lang=lang, **ASKED).html)[0]
        for lang in ("en", "ru")
    }
    assert "Цены: час ожидания — 0,5 EUR, повторное посещение — 3 EUR" in told["ru"]
    english, russian = (re.findall(r"([\d., ]*\d) EUR", said) for said in told.values())
    assert len(english) > 8
    assert [n.strip(" ,.").replace(",", "") for n in english] == [
        n.strip(" ,.").replace(" ", "").replace(",", ".") for n in russian
    ]


def test_where_some_are_priced_the_figure_stays_in_shares_and_tells_their_cost(log: jl.EventLog) -> None:
    bare = log.to_pandas()[["actor", "event", "time"]]
    without = jl.read(bare, actor="actor", event="event", time="time")
    said, markup = text_of(build_page(without, prices={"waiting": 2}, mask=0, **ASKED).html)
    assert "Prices: an hour of waiting 2." in said and "visit lost" not in said
    assert all("%" in bar for bar in re.findall(r'<span class="told"><b>([^<]*)</b>', markup))
    assert "Most costs the wait from" in said
    said, _ = text_of(build_page(log, prices={"waiting": 2}, mask=0, **ASKED).html)
    assert "a visit lost what it would have brought" in said and "costs" in said


def test_without_prices_the_section_is_as_before(log: jl.EventLog) -> None:
    bare = log.to_pandas()[["actor", "event", "time"]]
    page = build_page(jl.read(bare, actor="actor", event="event", time="time"), mask=0, **ASKED)
    said, _ = text_of(page.html)
    reason = "nobody said what an hour, a repeat or a lost visit costs"
    assert reason in said and not re.search("Price|costs|Cost", said.replace(reason, ""))


def test_numbers_of_few_customers_are_not_told_in_money_either(log: jl.EventLog) -> None:
    lead = "Prices: an hour of waiting 0.5 EUR, a visit made again 3 EUR, a visit lost 40 EUR."
    few = log.sample(4, 1)
    told, whole = (text_of(build_page(few, prices=PRICES, mask=mask, **ASKED).html)[0] for mask in (5, 0))
    assert lead in told and lead in whole
    amounts = [re.findall(r"([\d.,]+)\s*EUR", said.replace(lead, "")) for said in (whole, told)]
    assert len(set(amounts[0])) > 5 and set(amounts[1]) <= {"0"}  # nobody was lost, which is no number of few
    assert "costs" in whole and "costs" not in told


@pytest.mark.parametrize(
    ("prices", "says"),
    [
        ({"waitin": 3}, "did you mean 'waiting'"),
        ({"los": 3}, "did you mean 'lost'"),
        ({"lost": -1}, "lost = -1 is no price"),
        ({"lost": "value"}, "is no price"),
        ({"waiting": True}, "waiting = True is no price"),
        ([1], "is no table"),
    ],
)
def test_what_is_no_price_is_refused(prices: Any, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_page(jl.datasets.tiny(), prices=prices)
    assert says in str(caught.value)


def test_the_prices_of_the_map_are_those_of_the_report() -> None:
    made = Costs.of(None, {"prices": {"waiting": 2, "errors": 5}, "currency": "EUR", "baseline": "1h"})
    assert made.of_lines == {"waiting": 2.0} and made.of_map == {"waiting": 2, "errors": 5}
    asked = made.ledger("stage")
    assert (asked.cost_hour, asked.currency, asked.baseline) == (2.0, "EUR", "1h")
    assert made.ledger("event").baseline is None
    assert Costs.of({"lost": 4}, {"prices": {"waiting": 2}}).of_map is None


CONFIG = f"""{ASKED_OF_BUYERS.format(patience="2d")}
[prices]
waiting = 0.5
rework = 3
lost = 40
{SOURCE}{UTC}{MONEY}
[output]
files = ["report.html", "tables.csv", "report.xlsx", "map.json"]
"""


def test_a_run_tells_them_in_the_page_the_map_and_the_tables(tmp_path: Path, log: jl.EventLog) -> None:
    config = written(tmp_path, CONFIG, buyers(400))
    assert run(["run", str(config)]) == 0
    latest = tmp_path / "out" / "latest"
    said, _ = text_of((latest / "report.html").read_bytes())
    assert "an hour of waiting 0.5 EUR" in said
    losses = pd.read_csv(latest / "losses.csv")
    assert losses["cost"].notna().any() and set(losses.loc[losses["cost"].notna(), "currency"]) == {"EUR"}
    cells = pd.read_json(latest / "map.json", typ="series")["table"]
    assert any((cell["row"], cell["measure"], cell["item"]) == ("pains", "cost", "rework") for cell in cells)
    config.write_text(CONFIG.replace("rework = 3", "rewrok = 3"), encoding="utf-8")
    assert run(["run", str(config)]) == 2
    assert run(["report", str(config), "--out", str(tmp_path / "r.html")]) == 2
    config.write_text(CONFIG.replace("[prices]", "[map.prices]").replace("lost = 40\n", ""), encoding="utf-8")
    assert run(["report", str(config), "--out", str(tmp_path / "r.html")]) == 0
    said, _ = text_of((tmp_path / "r.html").read_bytes())
    assert "an hour of waiting 0.5 EUR, a visit made again 3 EUR" in said
