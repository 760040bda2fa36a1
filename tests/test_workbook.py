"""The workbook of the report: numbers, dates and texts are what they are, in both languages."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import journeylog as jl
from journeylog.errors import ConfigError, OutputError

STAGES = {"look": ["home", "search"], "buy": ["cart", "pay"]}
ASKED: dict[str, Any] = {"goal": "pay", "patience": "30min", "stages": STAGES}
SHEETS = {
    "en": [
        "Map",
        "Transitions",
        "Funnel",
        "Drop-off",
        "Bottlenecks",
        "Losses",
        "Paths",
        "Rejects",
        "Dictionary",
    ],
    "ru": [
        "Карта",
        "Переходы",
        "Воронка",
        "Уходы",
        "Узкие места",
        "Потери",
        "Цепочки",
        "Отклонённые строки",
        "Словарь",
    ],
}
DESIGNED = {
    "en": ["Designed journey", "Ways not planned"],
    "ru": ["Задуманный путь", "Незапланированные переходы"],
}
DESIGN = {"ways": {"look": ["buy"]}, "start": ["look"], "rules": [{"within": ["cart", "pay", "15min"]}]}


def book(path: Path, **options: Any) -> CalamineWorkbook:
    jl.workbook(jl.datasets.tiny(), path, **{**ASKED, "mask": 0, **options})
    return CalamineWorkbook.from_path(path)


def rows(found: CalamineWorkbook, sheet: str) -> list[list[Any]]:
    return found.get_sheet_by_name(sheet).to_python()


def xml(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as parts:
        return parts.read(name).decode("utf-8")


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("design", [None, DESIGN])
def test_the_dictionary_explains_every_column_of_every_sheet(
    lang: str, design: dict[str, Any] | None, tmp_path: Path
) -> None:
    found = book(tmp_path / "report.xlsx", lang=lang, design=design)
    assert found.sheet_names == [*SHEETS[lang][:-2], *(DESIGNED[lang] if design else []), *SHEETS[lang][-2:]]
    first, *others = found.sheet_names
    explained = {(row[0], row[1]) for row in rows(found, SHEETS[lang][-1])[1:]}
    heads = {(sheet, head) for sheet in others for head in rows(found, sheet)[0]}
    assert heads == {pair for pair in explained if pair[0] != first}
    assert any(pair[0] == first for pair in explained)
    assert all(len(str(row[4])) > 3 for row in rows(found, SHEETS[lang][-1])[1:])
    assert any(SHEETS[lang][-1] in str(cell) for row in rows(found, first) for cell in row), (
        "the map leads to it"
    )
    if lang == "ru":
        assert all(re.search("[а-я]{3}", str(row[4])) for row in rows(found, SHEETS[lang][-1])[1:])


def test_the_two_languages_hold_the_same_numbers(tmp_path: Path) -> None:
    english, russian = (book(tmp_path / f"{lang}.xlsx", lang=lang) for lang in ("en", "ru"))
    for one, other in list(zip(SHEETS["en"], SHEETS["ru"], strict=True))[1:-2]:
        assert rows(english, one) == rows(russian, other), one


def test_numbers_are_those_of_the_statistics(tmp_path: Path) -> None:
    found = rows(book(tmp_path / "report.xlsx"), "Drop-off")
    ready = jl.datasets.tiny().then(jl.Stages(STAGES), jl.Journeys("pay", "30min"))
    table = ready.compute(jl.DropOff(node="stage")).table
    for row, record in zip(found[1:], table.to_dict("records"), strict=True):
        for name, value in zip(found[0], row, strict=True):
            known = record[name]
            wanted = (
                "" if known != known else known if isinstance(known, str) else pytest.approx(known, rel=1e-15)
            )
            assert value == wanted, name  # a sheet keeps 16 digits


@pytest.mark.parametrize("mask", [0, 5])
def test_sheets_of_losses_and_of_a_design_hold_what_the_tables_hold(mask: int, tmp_path: Path) -> None:
    found = book(tmp_path / "report.xlsx", mask=mask, design=DESIGN)
    jl.tables(jl.datasets.tiny(), tmp_path, kinds=["parquet"], **ASKED, mask=mask, design=DESIGN)
    few = []
    for sheet, name in zip(["Losses", *DESIGNED["en"]], ["losses", "design", "design_ways"], strict=True):
        table = pd.read_parquet(tmp_path / f"{name}.parquet")
        head, *lines = rows(found, sheet)
        assert head == list(table.columns) and len(lines) == len(table) > 0, sheet
        for line, record in zip(lines, table.to_dict("records"), strict=True):
            for value, (column, known) in zip(line, record.items(), strict=True):
                missing = known is None or known != known
                assert value == ("" if missing else known if isinstance(known, str) else pytest.approx(known))
                few += [value] if column.startswith("n") and value in (1, 2, 3, 4) else []
    assert bool(few) == (mask == 0)


def test_shares_are_percentages_dates_are_dates_and_heads_stay(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    found = book(path)
    assert "0.0%" in xml(path, "xl/styles.xml") and "yyyy-mm-dd" in xml(path, "xl/styles.xml")
    times = [cell for row in rows(found, "Map") for cell in row if isinstance(cell, dt.datetime)]
    window = jl.datasets.tiny().window
    assert times == [
        dt.datetime.fromtimestamp(t / 1e6, dt.UTC).replace(tzinfo=None) for t in (window.start, window.end)
    ]
    assert any("UTC" in str(cell) for row in rows(found, "Map") for cell in row)
    for number in range(2, 10):
        sheet = xml(path, f"xl/worksheets/sheet{number}.xml")
        assert 'state="frozen"' in sheet and "<autoFilter" in sheet


def test_no_text_of_the_data_becomes_a_formula_or_a_link(tmp_path: Path) -> None:
    evil = ['=HYPERLINK("http://x.example")', "http://x.example", "+1+cmd|' /C calc'!A0", "@SUM(A1)"]
    frame = pd.DataFrame(
        {"actor": [f"u{i}" for i in range(6) for _ in evil], "event": evil * 6,
         "time": pd.date_range("2025-01-01", periods=24, freq="h", tz="UTC")}
    )  # fmt: skip
    log = jl.read(frame, actor="actor", event="event", time="time")
    path = jl.workbook(
        log, tmp_path / "evil.xlsx", patience="1h", stages={evil[0]: evil[:2], evil[3]: evil[2:]}, mask=0
    )
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            text = parts.read(name).decode("utf-8")
            assert "<f>" not in text and "<hyperlink" not in text
            assert 'relationships/hyperlink"' not in text
    assert 'quotePrefix="1"' in xml(path, "xl/styles.xml")
    cells = {
        cell
        for sheet in SHEETS["en"]
        for row in rows(CalamineWorkbook.from_path(path), sheet)
        for cell in row
    }
    assert evil[0] in cells and evil[3] in cells


def test_what_few_customers_did_is_not_told(tmp_path: Path) -> None:
    found = book(tmp_path / "report.xlsx", mask=5)
    transitions = rows(found, "Transitions")
    at = transitions[0].index("n")
    assert all(row[at] == "" for row in transitions[1:])
    assert any("fewer than 5 customers" in str(cell) for row in rows(found, "Map") for cell in row)
    told = rows(book(tmp_path / "all.xlsx", mask=0), "Transitions")
    assert all(row[at] > 0 for row in told[1:])


def test_a_log_without_stages_and_an_empty_one_have_all_sheets(tmp_path: Path) -> None:
    path = jl.workbook(jl.datasets.tiny(), tmp_path / "events.xlsx", goal="pay", patience="1h", mask=0)
    assert CalamineWorkbook.from_path(path).sheet_names == SHEETS["en"]
    empty = jl.datasets.tiny().between("2030-01-01", "2030-01-02")
    found = CalamineWorkbook.from_path(jl.workbook(empty, tmp_path / "empty.xlsx"))
    assert found.sheet_names == SHEETS["en"]
    full = CalamineWorkbook.from_path(path)
    for sheet in SHEETS["en"][1:-1]:
        assert rows(found, sheet)[0] == rows(full, sheet)[0]


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    book(tmp_path / "a.xlsx")
    book(tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_rejects_are_counted_by_reason(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"actor": ["a", None, "b"], "event": "x", "time": ["2025-01-01", "2025-01-01", "never"]}
    )
    with pytest.warns(jl.errors.LoadWarning):
        log = jl.read(frame, actor="actor", event="event", time="time", tz="UTC")
    path = jl.workbook(log, tmp_path / "rejects.xlsx", mask=0, lang="ru")
    found = rows(CalamineWorkbook.from_path(path), "Отклонённые строки")
    assert {row[0]: row[2] for row in found[1:]} == {"ACTOR_NULL": 1, "TS_UNPARSEABLE": 1}
    assert all(re.search("[а-я]", str(row[1])) for row in found[1:])


def test_wrong_arguments_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lang"):
        jl.workbook(jl.datasets.tiny(), tmp_path / "a.xlsx", lang="xx")
    with pytest.raises(OutputError, match="does not exist"):
        jl.workbook(jl.datasets.tiny(), tmp_path / "nowhere" / "a.xlsx")
    assert list(tmp_path.iterdir()) == []
