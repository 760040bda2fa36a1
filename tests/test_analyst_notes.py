"""Notes of analysts: read strictly, shown apart, and never mixed into a number."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

import journeylog as jl
from journeylog.errors import ConfigError, ParseError
from journeylog.journeymap.analysts import NOTE_KINDS, AnalystNote, read_notes
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import language

STAGES = ("look", "buy")
NOTES = """
author: Ann Lee
date: 2025-04-02
stages:
  buy:
    thinks: Is my card safe here?
    needs:
      - To pay without an account
      - {text: "An <b>invoice</b> & =1+1", author: Bob, link: "https://example.com/a?b=1&c=2"}
    ideas: []
  look:
    pains: ["Too many pop-ups"]
    date: 2025-03-01
"""
SAME = """
author = "Ann Lee"
date = 2025-04-02
[stages.buy]
thinks = "Is my card safe here?"
needs = ["To pay without an account", {text = "An <b>invoice</b> & =1+1", author = "Bob", link = "https://example.com/a?b=1&c=2"}]
[stages.look]
pains = ["Too many pop-ups"]
date = "2025-03-01"
"""


@pytest.fixture(scope="module")
def plain() -> JourneyMapResult:
    question = jl.JourneyMap(
        "pay", stages={"look": ["home", "search"], "buy": ["cart", "pay"]}, patience="1h"
    )
    result: JourneyMapResult = question.fill(jl.datasets.tiny())
    return result


def file_of(folder: Path, text: str, name: str = "notes.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_and_toml_say_the_same(tmp_path: Path) -> None:
    from_yaml = read_notes(file_of(tmp_path, NOTES), STAGES)
    assert from_yaml == read_notes(file_of(tmp_path, SAME, "notes.toml"), STAGES)
    assert from_yaml == (
        AnalystNote("look", "pains", "Too many pop-ups", "Ann Lee", "2025-03-01", None),
        AnalystNote("buy", "thinks", "Is my card safe here?", "Ann Lee", "2025-04-02", None),
        AnalystNote("buy", "needs", "To pay without an account", "Ann Lee", "2025-04-02", None),
        AnalystNote(
            "buy", "needs", "An <b>invoice</b> & =1+1", "Bob", "2025-04-02", "https://example.com/a?b=1&c=2"
        ),
    )
    assert read_notes(file_of(tmp_path, ""), STAGES) == read_notes({}, STAGES) == ()


@pytest.mark.parametrize(
    "given, said",
    [
        ({"stage": {}}, "unknown key 'stage'. Fix: did you mean 'stages'"),
        (
            {"stages": {"bye": {}}},
            r"no stage 'bye'; its stages are \['look', 'buy'\]. Fix: did you mean 'buy'",
        ),
        ({"stages": {"buy": {"think": "x"}}}, "unknown key 'think'. Fix: did you mean 'thinks'"),
        ({"stages": {"buy": {"needs": [{"text": "x", "autor": "A"}]}}}, "unknown key 'autor'.*'author'"),
        ({"stages": {"buy": {"needs": [{"author": "A"}]}}}, "needs: None is no text"),
        ({"stages": {"buy": {"needs": [7]}}}, "needs: 7 is no text"),
        ({"stages": {"buy": {"needs": "  "}}}, "is no text"),
        ({"stages": {"buy": ["x"]}}, "is no table"),
        ({"stages": ["buy"]}, "no table of stages"),
        ({"author": 7}, "author is no text but 7"),
        ({"stages": {"buy": {"date": "2 April", "needs": "x"}}}, "'2 April' is no day"),
        ({"link": "javascript:alert(1)"}, "is no address"),
    ],
)
def test_what_is_wrong_is_told_with_the_fix(given: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_notes(given, STAGES)


@pytest.mark.parametrize(
    "text, said",
    [
        ("stages: !!python/object/apply:os.system [true]", "line 1: tags and anchors"),
        ("a: &x {b: 1}\nstages: *x", "line 1: tags and anchors"),
        ("stages:\n  buy: {}\n  buy: {}", "line 3: 'buy' stands twice"),
        ("stages: [", "is not YAML"),
        ("- one", "no table of notes"),
        ("a: 2025-99-99", "is not YAML"),
        ("[" * 5000, "is not YAML"),
    ],
)
def test_yaml_that_notes_need_not_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        read_notes(file_of(tmp_path, text), STAGES)


def test_files_that_are_no_notes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"\.json"):
        read_notes(file_of(tmp_path, "{}", "notes.json"), STAGES)
    with pytest.raises(ParseError, match="cannot be read"):
        read_notes(tmp_path / "none.yaml", STAGES)
    with pytest.raises(ParseError, match="too large"):
        read_notes(file_of(tmp_path, "#" * ((1 << 20) + 1)), STAGES)
    with pytest.raises(ParseError, match="is not toml"):
        read_notes(file_of(tmp_path, "a b", "notes.toml"), STAGES)
    (tmp_path / "latin.yaml").write_bytes(b"author: J\xf6rg")
    with pytest.raises(ParseError, match="is not yaml"):
        read_notes(tmp_path / "latin.yaml", STAGES)


def test_notes_touch_no_number(plain: JourneyMapResult, tmp_path: Path) -> None:
    noted = plain.with_notes(file_of(tmp_path, NOTES))
    assert noted.table.equals(plain.table) and noted.cells == plain.cells
    assert not plain.analyst_notes, "a map is never changed"
    data = json.loads(noted.save(tmp_path / "map.json").read_text("utf-8"))
    assert [note["text"] for note in data["analyst_notes"]] == [n.text for n in noted.analyst_notes]
    assert data["table"] == plain.masked().to_dict()["table"]


def test_thinking_and_needing_comes_from_notes_alone(plain: JourneyMapResult, tmp_path: Path) -> None:
    assert set(plain.empathy["part"]) <= {"says", "does", "feels"}
    view = plain.with_notes(file_of(tmp_path, NOTES)).empathy
    by_origin = view.groupby("origin")["part"].agg(set)
    assert by_origin["analyst"] == {"thinks", "needs", "pains"} <= set(NOTE_KINDS)
    assert by_origin["data"] <= {"says", "does", "feels"}
    assert view.loc[view["origin"] == "analyst", "value"].isna().all()


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_notes_stand_apart_on_the_page_and_stay_text(
    plain: JourneyMapResult, tmp_path: Path, lang: str
) -> None:
    noted, words = plain.with_notes(file_of(tmp_path, NOTES)), language(lang)
    page = noted.save(tmp_path / "map.html", lang=lang, mask=0).read_text("utf-8")
    section = re.findall(r'<section class="empathy".*?</section>', page, re.DOTALL)
    assert len(section) == 1
    assert section[0].count('<p class="note">') == len(noted.analyst_notes) == 4
    assert "&lt;b&gt;invoice" in section[0] and "<b>invoice" not in page
    assert words.text("from_notes").replace("'", "&#39;") in section[0]
    assert 'class="note"' not in page.replace(section[0], "")
    bare = plain.save(tmp_path / "bare.html", lang=lang, mask=0).read_text("utf-8")
    assert 'class="empathy"' not in bare


def test_notes_stand_apart_in_text_and_workbook(plain: JourneyMapResult, tmp_path: Path) -> None:
    noted = plain.with_notes(file_of(tmp_path, NOTES))
    text = noted.save(tmp_path / "map.md", mask=0).read_text("utf-8")
    table, rest = text.split("## What customers say", 1)
    assert (
        "Is my card safe" not in table and "*Thinks:* Is my card safe here? (Ann Lee, 2 April 2025)" in rest
    )
    assert "<b>" not in text
    book = noted.save(tmp_path / "map.xlsx", mask=0)
    sheet = CalamineWorkbook.from_path(book).get_sheet_by_name(language("en").text("noted"))
    rows = sheet.to_python()
    assert len(rows) == 1 + 4 and rows[1][:4] == ["look", "Pains", "Too many pop-ups", "Ann Lee"]
    assert rows[1][4].isoformat()[:10] == "2025-03-01", "days are days"
    assert rows[4][2] == "An <b>invoice</b> & =1+1"
    assert book.read_bytes() == noted.save(tmp_path / "again.xlsx", mask=0).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plain.with_notes({}).analyst_notes == ()
