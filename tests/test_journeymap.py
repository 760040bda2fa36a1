"""The map: every cell can be computed anew from its own lines, and the page shows what the cells say."""

from __future__ import annotations

import json
import math
import re
import tomllib
import warnings
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, LoadWarning, MissingColumnError, OutputError
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.masking import mask_small
from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import language
from journeylog.reporting.mapfindings import change_lines, findings
from journeylog.reporting.maplayout import SHOWN
from journeylog.reporting.mappage import map_page
from journeylog.reporting.sourcelist import read_source_list
from tests.plot_logs import UGLY, log_of

ROOT = Path(__file__).parent.parent
RULES = {"look": ["home", "search"], "buy": ["cart", "pay"]}
QUESTION = jl.JourneyMap("pay", stages=RULES, patience="1h", need="channel")


def recomputed(cell: Cell, log: Any) -> Any:
    told: dict[str, Any] = {"jl": jl, "log": log}
    assert len(cell.code.splitlines()) == 3
    exec(cell.code, told)
    return told["value"]


@pytest.fixture(scope="module")
def raw() -> EventLog:
    """The sample shop of five systems, as it is read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        return read_source_list(ROOT / "data" / "samples" / "shop.toml").load()


@pytest.fixture(scope="module")
def shop(raw: EventLog) -> EventLog:
    """The sample shop with its stages and journeys."""
    return raw.then(jl.Stages("shop"), jl.Journeys("delivered", "30d", goal_ends=False))


@pytest.fixture(scope="module")
def shop_map(shop: EventLog) -> JourneyMapResult:
    return shop.compute(
        jl.JourneyMap(
            "delivered",
            need="page",
            voice=True,
            reason="reason",
            spend={"web": 9e4, "app": 5e4, "tv": 1e3},
            currency="RUB",
            prices={
                "returns and refunds": 900.0,
                "contacts with support": 300.0,
                "waiting": 2.0,
                "rework": 15.0,
            },
        )
    )


class Once:
    """A log, with the steps and each question answered once."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.known: dict[str, Any] = {}

    def then(self, *steps: Any) -> Any:
        """Return the log with steps."""
        return self.known.setdefault(repr(steps), Once(self.log.then(*steps)))

    def compute(self, question: Any, by: str | None = None) -> Any:
        """Return the answer."""
        key = repr((question, by))
        if key not in self.known:
            self.known[key] = self.log.compute(question, by=by)
        return self.known[key]


def test_every_cell_can_be_computed_anew_from_its_own_three_lines(
    shop: EventLog, shop_map: JourneyMapResult
) -> None:
    assert {cell.row for cell in shop_map.cells} == set(ROWS)
    once = Once(shop)
    for cell in shop_map.cells:
        np.testing.assert_equal(float(recomputed(cell, once)), cell.value)
    assert len(once.known) == len(shop_map.question.parts())


def test_every_cell_of_a_filled_map_can_be_computed_anew_from_the_log_that_was_passed(
    raw: EventLog, shop_map: JourneyMapResult
) -> None:
    filled = replace(shop_map.question, stages=jl.Stages("shop")).fill(raw)
    assert [cell.value for cell in filled.cells] == [
        pytest.approx(c.value, nan_ok=True) for c in shop_map.cells
    ]
    once = Once(raw)
    for cell in filled.cells:
        np.testing.assert_equal(float(recomputed(cell, once)), cell.value)
    (ready,) = once.known.values()
    assert len(ready.known) == len(filled.question.parts())
    told = "log.then(jl.Stages('shop'), jl.Journeys('delivered', patience='30d', goal_ends=False)).compute("
    assert unescape(map_page(filled).decode()).count(told) == len(filled.cells)


def test_every_cell_of_a_group_can_be_computed_anew_from_the_log_that_was_passed() -> None:
    log = jl.datasets.tiny()
    once = Once(log)
    for one in QUESTION.fill(log, by="channel").values():
        for cell in one.cells:
            np.testing.assert_equal(float(recomputed(cell, once)), cell.value)


def test_filling_puts_the_declared_steps_on_and_keeps_journeys_there_are() -> None:
    log = jl.datasets.tiny()
    own = log.then(QUESTION.stages, jl.Journeys("pay", "1h", goal_ends=False))
    whole = own.compute(QUESTION).table
    assert QUESTION.fill(log).table.drop(columns="code").equals(whole.drop(columns="code"))
    assert jl.JourneyMap("pay", need="channel").fill(own).table.equals(whole)


def test_one_map_for_each_value_of_an_attribute() -> None:
    log = jl.datasets.tiny()
    maps = QUESTION.fill(log, by="channel")
    whole = QUESTION.fill(log).cell(None, "volume", "journeys")
    assert sum(one.cell(None, "volume", "journeys").value for one in maps.values()) == whole.value


def test_a_group_has_only_its_own_customers_in_what_counts_customers(shop: EventLog) -> None:
    maps = shop.compute(jl.JourneyMap("delivered", segment=None, pains=None), by="channel")
    for name, one in maps.items():
        n = one.cell(None, "volume", "customers").value
        own = shop.where(channel=name) if name is not None else None
        for measure in ("again", "back"):
            cell = one.cell(None, "loss", measure)
            assert cell is None or cell.n <= n, (name, measure, cell.n, n)
        assert own is None or own.n_actors >= n
    assert any(one.cell(None, "loss", "again") is not None for one in maps.values())


def test_a_log_without_stages_says_what_to_do() -> None:
    with pytest.raises(MissingColumnError, match=r"jl\.Stages"):
        jl.JourneyMap("pay").fill(jl.datasets.tiny())
    with pytest.raises(ConfigError, match="top=0"):
        jl.JourneyMap(top=0)


@pytest.mark.parametrize("asked", ["segment", "channel", "need", "reason"])
def test_a_column_that_was_asked_for_and_is_not_there_is_refused(asked: str) -> None:
    with pytest.raises(MissingColumnError, match=r"no column 'chanel'.*did you mean 'channel'"):
        replace(QUESTION, **{asked: "chanel"}).fill(jl.datasets.tiny())
    bare = jl.datasets.tiny_frame().drop(columns="channel")
    log = jl.read(bare, actor="actor", event="event", time="time")
    assert "opportunities" not in replace(QUESTION, need=None).fill(log).answers, "by default what is there"


def test_a_cell_is_found_by_its_place() -> None:
    filled = QUESTION.fill(jl.datasets.tiny())
    cell = filled.cell("look", "loss", "drop")
    assert cell is not None and (cell.value, cell.n, cell.unit) == (0.25, 4, "share")
    assert filled.cell("look", "loss", "no such") is None
    for place, says in ((("loo", "loss", "drop"), "no stage 'loo'. Fix: did you mean 'look'"),
                        (("look", "los", "drop"), "no row 'los'. Fix: did you mean 'loss'")):  # fmt: skip
        with pytest.raises(jl.errors.ConfigError, match=says):
            filled.cell(*place)
    assert filled.to_dict()["stages"] == ["look", "buy"]
    assert filled.to_dict()["schema"] == "journeylog/journey-map/1"


# The page


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_number_of_the_page_is_that_of_a_cell_and_links_to_its_code(lang: str) -> None:
    filled = QUESTION.fill(jl.datasets.tiny())
    page = map_page(filled, lang=lang).decode()
    assert page == map_page(filled, lang=lang).decode()
    links = re.findall(
        r'<a href="#c(\d+)"(?: title="[^"]*")?>([^<]+)</a>',
        re.sub(r'<section class="short".*?</section>', "", page, flags=re.DOTALL),
    )
    assert len(links) > 20
    for number, text in links:
        cell = filled.cells[int(number)]
        if cell.unit == "count":
            assert int(re.sub(r"\D", "", text)) == round(cell.value)
        if cell.measure in ("again", "back") and not cell.value > 0:
            assert text in ("nobody", "никто")
        elif cell.unit == "share":
            written = float(re.sub(r"[^\d.,]", "", text).replace(",", "."))
            assert written == pytest.approx(100 * cell.value, abs=0.06)
        assert f'<div id="c{number}">' in page
    assert page.count("<div id=") == len(filled.cells)


def test_both_languages_hold_the_same_numbers_and_no_word_of_the_other() -> None:
    filled = QUESTION.fill(jl.datasets.tiny())
    english, russian = (
        map_page(filled, lang=lang).decode().split('<section class="below">')[0] for lang in ("en", "ru")
    )
    digits = [re.findall(r'href="#c\d+"[^>]*>[^<\d]*(\d+)', page) for page in (english, russian)]
    assert digits[0] == digits[1]
    words = set(re.findall(r"(?<=>)[^<]+", russian.split("<body")[1]))
    names = {"look", "buy", "home", "search", "cart", "pay", "web", "app"}
    latin = {w.strip() for w in words if re.search(r"[A-Za-z]{2,}", w)} - names
    assert not {w for w in latin if re.search(r"[A-Za-z]{2,}", re.sub("|".join(names), "", w))}


def test_catalogues_have_the_same_keys_and_words_for_every_row_and_measure(
    shop_map: JourneyMapResult,
) -> None:
    folder = Path(jl.__file__).parent / "reporting" / "words"
    english, russian = (tomllib.loads((folder / f"{name}.toml").read_text("utf-8")) for name in ("en", "ru"))
    for part in english:
        if isinstance(english[part], dict):
            assert english[part].keys() == russian[part].keys(), part
    assert set(english["rows"]) == set(ROWS) == set(SHOWN) == set(english["asks"])
    told = {f"{c.row}.{c.measure}" for c in shop_map.cells}
    assert told == set(english["measures"]), "no measure without words, and no words without a measure"


def test_names_nobody_would_wish_for_stay_text() -> None:
    log = log_of(UGLY)
    page = map_page(log.compute(jl.JourneyMap()), title="<script>alert(1)</script>").decode()
    body = page.split("</style>", 1)[1]
    assert "<script" not in body and "<img" not in body and 'href="http' not in body
    assert "&lt;script&gt;alert(1)" in body
    assert "\u202e" not in body


def test_a_map_is_saved_as_a_page_or_as_data(tmp_path: Path) -> None:
    filled = QUESTION.fill(jl.datasets.tiny())
    page = filled.save(tmp_path / "map.html", lang="ru", title="Путь", mask=0)
    assert page.read_bytes() == map_page(filled, lang="ru", title="Путь")
    data = json.loads(filled.save(tmp_path / "map.json", mask=0).read_text("utf-8"))
    assert len(data["table"]) == len(filled.cells)
    assert data == json.loads(json.dumps(filled.to_dict()))


def test_the_text_page_holds_the_same_facts(tmp_path: Path) -> None:
    log = log_of(UGLY)
    filled = log.compute(jl.JourneyMap())
    for lang in ("en", "ru"):
        text = filled.save(tmp_path / "map.md", lang=lang).read_text("utf-8")
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in rows}) == 1, "every row has as many cells"
        assert len(rows) - 2 == len({c.row for c in filled.cells if c.stage is not None})
        assert "<script" not in text and "<img" not in text


def test_the_workbook_has_real_numbers_and_no_formula(tmp_path: Path) -> None:
    filled = log_of(("=1+1", "@sum", "+1", "-1", "http://evil.example", "plain")).compute(jl.JourneyMap())
    book = filled.save(tmp_path / "map.xlsx", lang="ru", mask=0)
    assert book.read_bytes() == filled.save(tmp_path / "again.xlsx", lang="ru", mask=0).read_bytes()
    with zipfile.ZipFile(book) as files:
        sheets = "".join(files.read(n).decode() for n in files.namelist() if "worksheets/" in n)
    assert "<f>" not in sheets and "<hyperlink" not in sheets
    rows = CalamineWorkbook.from_path(book).get_sheet_by_name("Ячейки").to_python()
    assert len(rows) == 1 + len(filled.cells)
    for row, cell in zip(rows[1:], filled.cells, strict=True):
        assert row[0] == (cell.stage or "") and row[8] == cell.n
        assert (row[4] == "") if np.isnan(cell.value) else row[4] == pytest.approx(cell.value)
    grid = CalamineWorkbook.from_path(book).get_sheet_by_index(0).to_python()
    assert grid[0][1:] == list(filled.stages)


def test_wrong_ways_to_save_are_told(tmp_path: Path) -> None:
    filled = QUESTION.fill(jl.datasets.tiny())
    with pytest.raises(ConfigError, match="lang='xx'"):
        filled.save(tmp_path / "map.html", lang="xx")
    with pytest.raises(ConfigError, match=r"\.docx"):
        filled.save(tmp_path / "map.docx")
    with pytest.raises(ConfigError, match="mask=-1"):
        filled.save(tmp_path / "map.json", mask=-1)
    with pytest.raises(ConfigError, match="theme"):
        filled.save(tmp_path / "map.json", theme="dark")
    with pytest.raises(OutputError):
        filled.save(tmp_path / "no folder" / "map.html")
    assert list(tmp_path.iterdir()) == []


def test_the_page_says_first_what_was_planted_in_the_shop(shop_map: JourneyMapResult) -> None:
    told = {
        title: (sentence, shop_map.cells[int(anchor[1:])])
        for title, sentence, anchor in findings(shop_map, language("en"))
    }
    slow = told["Where most time is lost"][1]
    assert (slow.stage, slow.item) == ("purchase", "after purchase"), "between paid and shipped"
    lost = told["Where most is lost"][1]
    assert lost.value == max(c.value for c in shop_map.cells if c.measure == "beyond" and c.known)
    assert told["The least happy stage"][1].value == min(
        c.value for c in shop_map.cells if c.measure == "score" and c.known
    )
    moment, cell = told["The moment of truth"]
    assert str(cell.item) in moment and cell.low == max(c.low for c in shop_map.cells if c.measure == "helps")


# Small cells


@pytest.mark.parametrize("k", [5, 40])
def test_no_cell_tells_of_fewer_customers_nor_gives_them_away(shop_map: JourneyMapResult, k: int) -> None:
    shown = shop_map.masked(k)
    assert len(shown.cells) == len(shop_map.cells)
    assert any(cell.masked for cell in shown.cells) and not all(cell.masked for cell in shown.cells)
    for cell, true in zip(shown.cells, shop_map.cells, strict=True):
        if cell.masked:
            assert (cell.n, cell.known, cell.stage, cell.measure) == (0, False, true.stage, true.measure)
            continue
        assert cell == true or not true.known
        if not cell.known:
            continue
        assert not 0 < cell.n < k
        if cell.unit == "share" and cell.measure not in ("waiting", "gain"):  # which are no shares of n
            part = round(cell.value * cell.n)
            assert not 0 < part < k and not 0 < cell.n - part < k
        if cell.unit == "count":
            assert not 0 < abs(cell.value) < k - 0.5
    for stage in shop_map.stages:
        told = [
            c
            for c in shown.cells
            if (c.stage, c.row) == (stage, "ways") and c.measure in ("next", "continue")
        ]
        hidden = [c for c in told if c.masked]
        assert len(hidden) != 1 or not any(c.known and c.value > 0 for c in told)
    assert shop_map.masked(0).table.equals(shop_map.table)


def test_what_tells_the_same_in_money_is_masked_with_it() -> None:
    def cell(measure: str, item: str, value: float, unit: str, n: int) -> Cell:
        return Cell("a", "pains", measure, item, value, unit, math.nan, math.nan, n, "q", "", (), "c")

    told = mask_small(
        [cell("hurts", "errors", 0.02, "share", 100), cell("cost", "errors", 60.0, "EUR", 20),
         cell("hurts", "delays", 0.5, "share", 100), cell("cost", "delays", 90.0, "EUR", 50)], 5,
    )  # fmt: skip
    assert [c.masked for c in told] == [True, True, False, False]


def test_a_saved_map_is_masked_unless_told_otherwise(tmp_path: Path) -> None:
    filled = QUESTION.fill(jl.datasets.tiny())
    rows = json.loads(filled.save(tmp_path / "map.json").read_text("utf-8"))["table"]
    assert all(
        row["masked"] and row["value"] is None
        for row in rows
        if row["n"] == 0 and row["unit"] != "count" and row["measure"] != "back"
    ) and any(row["masked"] for row in rows)
    page = filled.save(tmp_path / "map.html").read_text("utf-8")
    assert "[hidden]" in page and "fewer than 5 customers" in page


# Changes


def test_what_changed_is_told_and_only_where_it_is_supported(
    shop: EventLog, shop_map: JourneyMapResult
) -> None:
    same = shop_map.changes(shop_map)
    assert len(same) > 50 and not same["supported"].any() and (same["difference"].dropna() == 0).all()
    web = shop.where({"channel": "web"}).compute(shop_map.question)
    table = web.changes(json.loads(json.dumps(shop_map.to_dict())))
    pd.testing.assert_frame_equal(table, web.changes(shop_map), check_exact=False, rtol=1e-12)
    told = table[table["supported"]]
    assert 0 < len(told) < len(table)
    row = told.iloc[0]
    cell, old = (
        one.cell(*(None if pd.isna(v) else v for v in row[["stage", "row", "measure", "item"]]))
        for one in (web, shop_map)
    )
    assert (row["now"], row["before"]) == pytest.approx((cell.value, old.value))
    assert row["difference"] == pytest.approx(cell.value - old.value)
    assert (
        told["q"].max() < 0.05 and (np.sign(told["difference_low"]) == np.sign(told["difference_high"])).all()
    )
    page = map_page(web, before=shop_map).decode()
    assert page.count("<li>") >= len(told)
    assert "Nothing changed" in map_page(web, before=web).decode()


def test_touchpoints_and_channels_that_changed_are_among_them(
    shop: EventLog, shop_map: JourneyMapResult
) -> None:
    web = shop.where({"channel": "web"}).compute(shop_map.question)
    told = web.changes(shop_map)
    told = told[told["supported"] & (told["row"] == "touchpoints")]
    assert {"does", "channel"} == set(told["measure"])
    lines = change_lines(web, language("en"), shop_map)
    assert any(line.startswith("Touchpoints and channels") for line in lines)


def test_pain_points_are_ranked_by_what_they_cost(shop_map: JourneyMapResult) -> None:
    cells = [c for c in shop_map.cells if (c.row, c.measure) == ("pains", "cost")]
    assert [c.value for c in cells] == sorted((c.value for c in cells), reverse=True)
    assert {c.unit for c in cells} == {"RUB"} and all(c.low < c.value < c.high and c.n > 0 for c in cells)
    assert (cells[0].stage, cells[0].item) == ("purchase", "waiting"), "what was planted"
    order = [(c.stage, c.item) for c in cells]
    for measure in ("hurts", "hit", "rank"):
        same = [c for c in shop_map.cells if (c.row, c.measure) == ("pains", measure)]
        assert [(c.stage, c.item) for c in same] == order, "one ranking"
    assert [c.value for c in same][:3] == [1.0, 2.0, 3.0]
    bare = shop_map.answers["pains"].table
    assert {"waiting", "rework", "repeat contacts", "returns and refunds"} <= set(bare["kind"])
    with pytest.raises(ConfigError, match=r"no pain 'error'.*did you mean 'errors'"):
        jl.JourneyMap(prices={"error": 3})
    with pytest.raises(ConfigError, match="is no price"):
        jl.JourneyMap(prices={"errors": -3})
    with pytest.raises(ConfigError, match="is no amount"):
        jl.JourneyMap(spend="much")


def test_a_target_without_bounds_is_taken_as_known() -> None:
    filled = QUESTION.fill(jl.datasets.tiny())
    target = filled.to_dict()
    target["table"] = [
        dict(row, value=0.999, low=None, high=None) for row in target["table"] if row["measure"] == "drop"
    ]
    table = filled.changes(target)
    assert len(table) == 2 and (table["before"] == 0.999).all() and table["supported"].all()
    with pytest.raises(ConfigError, match="no map"):
        filled.changes({"table": []})


# Words


def test_that_nobody_came_again_or_could_be_seen_to_is_said_in_words() -> None:
    start = pd.Timestamp("2025-01-06", tz="UTC")

    def told(days: int, lang: str) -> list[str]:
        lines = [
            (f"u{i}", name, start + pd.Timedelta(minutes=i)) for i in range(30) for name in ("go", "buy")
        ]
        lines.append(("late", "go", start + pd.Timedelta(days=days)))
        frame = pd.DataFrame(lines, columns=["actor", "event", "time"])
        log = jl.read(frame, actor="actor", event="event", time="time")
        filled = jl.JourneyMap("buy", stages={"all": ["go", "buy"]}, patience="1d", again="30d").fill(log)
        page = map_page(filled, lang=lang).decode().split('<section class="short"')[0].split("<main")[0]
        return re.findall(r'">(nobody|никто)</a> <span class="what">([^<]+)</span>', page)

    seen = [words for _, words in told(200, "en")]
    assert seen == ["who reached it reached it again", "who reached it was back 30 to 60 days later"]
    unseen = [words for _, words in told(3, "en")]
    assert unseen == [
        "who reached it was watched long enough to tell who comes again",
        "who reached it was watched for 60 days after it",
    ]
    assert len(told(200, "ru")) == len(told(3, "ru")) == 2


def test_names_from_right_to_left_do_not_turn_the_sentence_around() -> None:
    name = "الدفع"
    stages = {name: ["home", "search"], "buy": ["cart", "pay"]}
    filled = jl.JourneyMap("pay", stages=stages, patience="1h").fill(jl.datasets.tiny())
    sentences = [sentence for _, sentence, _ in findings(filled, language("en"))]
    assert any(f"\u2068{name}\u2069" in sentence for sentence in sentences)
    assert all(
        sentence.count("\u2068") == sentence.count("\u2069") == sentence.count(name) for sentence in sentences
    )
    page = map_page(filled).decode()
    assert f'<span class="clamp" dir="auto">{name}</span>' in page
    names = {"look": ["home", "search"], "buy": ["cart", "pay"]}
    plain = jl.JourneyMap("pay", stages=names, patience="1h").fill(jl.datasets.tiny())
    assert "\u2068" not in map_page(plain).decode()
