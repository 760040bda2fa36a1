"""Personas of a configuration: pages, data and tables in the folder of the run, the same bytes each time, masked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

import journeylog as jl
from journeylog.reporting.cli import run
from journeylog.reporting.tidyschema import PERSONA_TABLES, schema_of
from tests.run_logs import ASKED, MONEY, SOURCE, STAGES, UTC, buyers, tree, written

CONFIG = f"""{ASKED.format(patience="10d")}{SOURCE}{UTC}{MONEY}
[personas]
attribute = "kind"
rfm = "pay"
clusters = {{ most = 4, resamples = 3, sample = 200 }}

[output]
languages = ["ru", "en"]
files = ["personas.html", "personas.json", "personas.md", "report.xlsx", "tables.csv", "tables.parquet"]
"""


def shop(folder: Path, text: str = CONFIG) -> Path:
    """Write a log of three kinds of customers, three of whom are of one kind of their own."""
    frame = buyers(300)
    frame["kind"] = frame["kind"].where(frame["actor"].str[1:].astype(int) >= 3, "secret <few>")
    return written(folder, text, frame)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, after a second one that changed no byte."""
    config = shop(tmp_path_factory.mktemp("personas"))
    assert run(["run", str(config)]) == 0
    out = config.parent / "out"
    first = tree(out)
    assert run(["run", str(config)]) == 0
    assert tree(out) == first
    return out / "latest"


def test_each_way_of_grouping_has_its_files_in_each_language(place: Path) -> None:
    names = {file.name for file in place.iterdir()}
    for way in ("attribute", "rfm", "clusters"):
        assert {f"personas_{way}.{end}" for end in ("html", "en.html", "md", "en.md", "json")} <= names
        assert 'lang="ru"' in (place / f"personas_{way}.html").read_text("utf-8")
        assert 'lang="en"' in (place / f"personas_{way}.en.html").read_text("utf-8")
    manifest = json.loads((place / "manifest.json").read_text("utf-8"))
    assert names - {"manifest.json"} == set(manifest["files"])


def test_the_pages_are_those_of_the_library(place: Path, tmp_path: Path) -> None:
    log = jl.read_config(place.parent.parent / "shop.toml")
    question = jl.JourneyMap("pay", stages=STAGES, patience="10d")
    for way, by in (("attribute", "kind"), ("rfm", jl.RFM("pay"))):
        file = jl.personas(log, by, map=question).save(tmp_path / f"{way}.html", lang="en")
        assert file.read_bytes() == (place / f"personas_{way}.en.html").read_bytes()


def test_small_groups_are_told_nowhere(place: Path) -> None:
    for file in place.iterdir():
        if file.name.startswith("persona") and "attribute" in file.name and file.suffix != ".html":
            assert b"secret <few>" not in file.read_bytes() or file.suffix == ".md"
    groups = pd.read_csv(place / "persona_groups.csv")
    mine = groups[groups["made_by"] == "attribute"]
    assert len(mine) == 2 and (mine["n"] >= 5).all()
    cells = pd.read_csv(place / "persona_cells.csv")
    told = cells[(cells["measure"] == "customers") & ~cells["masked"]]
    assert (told["value"] >= 5).all() and cells["masked"].any()


def test_the_workbook_has_the_groups_of_the_tables(place: Path) -> None:
    """One sheet a table, called in the language of the workbook, with its columns explained."""
    for file, sheets, last in (
        ("report.en.xlsx", ("Personas", "What tells personas apart", "Journeys of personas"), "Dictionary"),
        ("report.xlsx", ("Персоны", "Чем различаются персоны", "Пути персон"), "Словарь"),
    ):
        book = CalamineWorkbook.from_path(place / file)
        explained = {tuple(row[:2]) for row in book.get_sheet_by_name(last).to_python()}
        for sheet, name in zip(sheets, ("persona_groups", "personas", "persona_journeys"), strict=True):
            table = pq.read_table(place / f"{name}.parquet").to_pandas()
            head, *lines = book.get_sheet_by_name(sheet).to_python()
            assert head == list(table.columns) and {(sheet, column) for column in head} <= explained
            assert len(lines) == len(table) > 3
            texts = [str(cell) for line in lines for cell in line]
            assert "secret <few>" not in texts and "secret" not in " ".join(texts)
            if name == "persona_groups":
                assert [line[head.index("n")] for line in lines] == table["n"].tolist()


def test_tables_have_their_declared_columns_and_numbers(place: Path) -> None:
    for name in PERSONA_TABLES:
        table = pq.read_table(place / f"{name}.parquet")
        assert table.schema.equals(schema_of(name)), name
        assert set(table.column("made_by").to_pylist()) == {"attribute", "rfm", "clusters"}
    groups = pq.read_table(place / "persona_groups.parquet").to_pandas().set_index(["made_by", "group"])
    page = (place / "personas_rfm.en.html").read_text("utf-8")
    for (way, _), row in groups.iterrows():
        if way == "rfm":
            assert re.search(rf"\b{int(row['n']):,} customer", page)
    dictionary = pd.read_csv(place / "dictionary.csv")
    assert set(PERSONA_TABLES) < set(dictionary["table"])
    assert dictionary["definition"].str.len().min() > 2


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ('attribute = "kind"\ntop = 2', {"personas_attribute.html"}),
        ('rfm = { order = "pay", frequency = [2, 3, 4, 5] }\nmaps = false', {"personas_rfm.html"}),
    ],
)
def test_only_what_is_asked_for_is_made(table: str, names: set[str], tmp_path: Path) -> None:
    text = (
        CONFIG[: CONFIG.index("[personas]")] + f'[personas]\n{table}\n[output]\nfiles = ["personas.html"]\n'
    )
    assert run(["run", str(shop(tmp_path, text))]) == 0
    latest = tmp_path / "out" / "latest"
    assert {file.name for file in latest.iterdir()} == {*names, "manifest.json"}
    page = (latest / next(iter(names))).read_text("utf-8")
    assert ('class="own-map"' in page) == ("maps" not in table)


def test_orders_without_amounts_are_grouped_by_how_many(tmp_path: Path) -> None:
    text = CONFIG.replace(MONEY, "").replace('attribute = "kind"\n', "")
    text = text[: text.index("clusters")] + 'maps = false\n[output]\nfiles = ["personas.json"]\n'
    config = written(tmp_path, text, buyers(300).drop(columns="value"))
    assert run(["run", str(config)]) == 0
    data: dict[str, Any] = json.loads((tmp_path / "out/latest/personas_rfm.json").read_text("utf-8"))
    assert data["step"]["value"] is None and len(data["tables"]["groups"]) > 2


def test_an_attribute_that_is_not_there_is_told_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = shop(tmp_path, CONFIG.replace('"kind"', '"kinds"'))
    assert run(["run", str(config)]) in (2, 3)
    assert "'kinds'" in (said := capsys.readouterr().err) and "'kind'" in said
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_without_the_table_nothing_of_personas_is_written(tmp_path: Path) -> None:
    text = re.sub(r"\[personas\][^[]*", "", CONFIG)
    text = re.sub(r"files = .*", 'files = ["map.json", "tables.csv"]', text)
    assert run(["run", str(shop(tmp_path, text))]) == 0
    latest = tmp_path / "out" / "latest"
    assert not list(latest.glob("persona*"))
    assert "persona" not in (latest / "dictionary.csv").read_text("utf-8")
