"""Nothing stays English on a Russian page: every page with all it can show, of data without a Latin letter.

As no name of the data has one, a word in Latin letters is one that somebody forgot to translate.
"""

from __future__ import annotations

import io
import itertools
import re
import string
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import journeylog as jl
from journeylog.reporting.cli import run
from journeylog.reporting.language import language
from journeylog.reporting.mapfiles import map_bytes
from journeylog.reporting.page import build_page
from journeylog.reporting.personapage import persona_bytes
from journeylog.reporting.tidy import share
from journeylog.reporting.tidyschema import TABLES
from journeylog.reporting.workbook import workbook_bytes
from journeylog.steps.presets import PRESETS
from tests.russian import Seen, World, latin

#: Warnings of the library are for the one who runs it, and in English.
pytestmark = pytest.mark.filterwarnings("ignore::journeylog.errors.JourneylogWarning")
N = 120


@pytest.fixture(scope="module")
def shop() -> World:
    return World("shop", N)


def assert_russian(page: bytes, *data: str) -> Seen:
    seen = Seen(page)
    assert len(seen.texts) > 15
    assert latin(seen.texts, data) == {}
    assert seen.english == 0, "marked as English"
    return seen


def test_the_scanner_sees_what_was_forgotten() -> None:
    page = (
        b'<p title="A hint">\xd0\x94\xd0\xb0 <b>Forgotten</b> <code>code</code></p><style>p{}</style>'
        b'<svg aria-label="drawn"><text>inside</text></svg><p>within=, jl.Journeys(goal=...), TS_NULL, UTC</p>'
    )
    assert set(latin(Seen(page).texts)) == {"A", "hint", "Forgotten", "drawn", "inside"}
    assert latin(["ad_click, e-mail"], ["ad_click", "e-mail"]) == {}


@pytest.mark.parametrize("name", list(jl.datasets.INDUSTRIES))
def test_a_map_with_all_it_can_show(name: str) -> None:
    world = World(name, N)
    filled = world.question().fill(world.log).with_notes(world.notes)
    before = world.question().fill(world.halves()[0])
    assert {cell.row for cell in filled.cells} >= {"voice", "needs", "pains", "emotion", "loss", "time"}
    assert_russian(map_bytes(filled, ".html", lang="ru", before=before, alerts=["Тревога"], mask=0))


@pytest.mark.parametrize("mask", [0, 5])
def test_a_map_as_picture_text_and_workbook(shop: World, mask: int) -> None:
    filled = shop.question().fill(shop.log).with_notes(shop.notes)
    assert_russian(map_bytes(filled, ".svg", lang="ru", mask=mask))
    text = map_bytes(filled, ".md", lang="ru", mask=mask).decode().replace("<br>", " ").replace("\\", "")
    assert latin(text.splitlines()) == {}
    assert "доходят до цели (пусто)" not in text, "a fact without a name is not a blank name"
    book = CalamineWorkbook.from_filelike(io.BytesIO(map_bytes(filled, ".xlsx", lang="ru", mask=mask)))
    grid, cells, notes = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
    assert latin([*book.sheet_names, *map(str, (text for row in (*grid, *notes) for text in row))]) == {}
    said = [str(row[cells[0].index("what")]) for row in cells[1:]]
    assert len(said) > 50 and latin(said) == {}


CONDITION = [
    "продано",
    {"channel": "сайт", "value": {">": 10}},
    {"ищут": None, "площадка": {"is_not": "иос"}},
]
REPORTS: dict[str, dict[str, Any]] = {
    "all": {
        "within": "10d",
        "title": "Отчёт",
        "journey_map": {"need": "ищут", "voice": True, "segment": "площадка"},
    },
    "events": {"stages": None},
    "no goal": {"goal": None, "interactive": False, "mask": 0},
    "funnel": {"funnel": {"раз": "ландинг", "два": "паид"}},
    "conditions": {"goal": CONDITION, "funnel": [["ландинг", "сеарцх"], {"channel": ["апп", "веб"]}, "паид"]},
    "goal and stages that fit nothing": {"goal": "нет такого", "stages": {"этап": "нет такого"}},
}


@pytest.mark.parametrize("case", list(REPORTS))
def test_a_report(shop: World, case: str) -> None:
    asked = {"goal": shop.goal, "stages": shop.stages, **REPORTS[case]}
    if case == "all":
        asked["before"] = jl.JourneyMap(shop.goal, stages=shop.stages).fill(shop.halves()[0])
    page = build_page(shop.log, lang="ru", **asked)
    assert_russian(page.html, *(("channel", "value") if case == "conditions" else ()))
    assert latin([*page.alerts, *page.findings], ("channel", "value")) == {}


def test_a_report_of_sessions_of_stretches_of_few_and_of_nothing(shop: World) -> None:
    some = shop.log.sample(50, 1)
    sessions = some.then(jl.Sessions(gap="30min"), jl.Journeys(of="session", goal=shop.goal, patience="1d"))
    stretches = some.then(jl.Journeys(of="stretch", goal=shop.goal, patience="5d"))
    for log in (sessions, stretches):
        assert_russian(build_page(log, lang="ru", stages=shop.stages).html)
    few = shop.log.sample(12, 1)
    assert_russian(build_page(few, lang="ru", stages=shop.stages, goal=shop.goal).html)
    nothing = shop.log.between("2001-01-01", "2001-01-02")
    assert_russian(build_page(nothing, lang="ru", goal=shop.goal).html)


DIRT = """,вход,2025-01-05 10:00:00,1,RUB,1
к1,,2025-01-05 10:00:00,1,RUB,1
к1,вход,,1,RUB,1
к1,вход,не время,1,RUB,1
к1,вход,1970-01-05 10:00:00,1,RUB,1
к1,вход,2099-01-05 10:00:00,1,RUB,1
к1,вход,2025-01-05 10:00:00,много,RUB,1
к1,вход,2025-01-05 10:00:00,1,RUB,99
null,вход,2025-01-05 10:00:00,1,RUB,1
к1,вход
"""


def test_the_data_of_a_report_its_rejects_sources_and_currencies(tmp_path: Path) -> None:
    rows = [
        f"к{i % 9},{('вход', 'поиск', 'покупка')[i % 3]},2025-01-{1 + i % 28:02} {i % 24:02}:00:00,{i % 7},"
        f"{('RUB', 'USD', '')[i % 3]},{i % 10}\n"
        for i in range(120)
    ]
    roles: dict[str, Any] = {
        "actor": "кто", "event": "что", "time": "когда", "value": "цена", "currency": "валюта", "score": "балл"
    }  # fmt: skip
    head, logs = "кто,что,когда,цена,валюта,балл\n", []
    for name, dirt in (("сайт.csv", DIRT), ("звонки.csv", "")):
        (tmp_path / name).write_text(head + "".join(rows) + dirt, encoding="utf-8")
        logs.append(jl.read(tmp_path / name, **roles, tz="UTC", score_scale="nps"))
    assert len(logs[0].card.reasons) >= 9
    for log in (logs[0], jl.combine(*logs)):
        page = build_page(log, lang="ru", goal="покупка", patience="3d", mask=0).html
        seen = assert_russian(page, "сайт.csv звонки.csv null USD")
        assert any("USD" in text for text in seen.texts) and b"TS_NULL" in page
    assert any("журнал 2" in text for text in seen.texts)


BY: dict[str, Any] = {
    "attribute": "площадка",
    "orders": jl.RFM("паид"),
    "clusters": jl.Clusters(seed=1, resamples=2, sample=N),
    "no clusters": jl.Clusters(seed=1, resamples=2, sample=60),
}


@pytest.mark.parametrize("by", list(BY))
def test_personas(shop: World, by: str) -> None:
    question = jl.JourneyMap(shop.goal, stages=shop.stages, patience="30d")
    found = jl.personas(shop.log, BY[by], map=question, show_actor=True, top=4)
    assert_russian(persona_bytes(found, ".html", lang="ru"))
    assert latin(persona_bytes(found, ".md", lang="ru").decode().splitlines()) == {}


def test_the_workbook_of_a_report_but_for_names_of_columns_and_codes(shop: World) -> None:
    shared = share(shop.log, shop.goal, "30d", shop.stages, None, None, 5)
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook_bytes(shared, language("ru"))))
    columns = {entry.name for entries in TABLES.values() for entry in entries}
    units = {entry.unit for entries in TABLES.values() for entry in entries}
    types = {entry.type for entries in TABLES.values() for entry in entries}
    codes = {
        "node",
        "start",
        "reached",
        "dropped",
        "open",
        "edge",
        "wait",
        "rework",
        "drop",
        *columns,
        *units,
        *types,
    }
    assert latin(book.sheet_names) == {}
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python()
        texts = [str(cell) for row in rows for cell in row if isinstance(cell, str) and cell not in codes]
        assert latin(texts, codes) == {}, name


@pytest.mark.parametrize("preset", ["shop"])
def test_stages_of_a_preset_are_told_in_russian_and_counted_by_their_names(preset: str) -> None:
    world = World("shop", N, preset=True)
    filled = jl.JourneyMap(world.goal, stages=preset, patience="30d").fill(world.log)
    stages = list(PRESETS[preset])
    told = [language("ru").words["stages"][stage] for stage in stages]
    page = map_bytes(filled, ".html", lang="ru", mask=0)
    report = build_page(world.log, lang="ru", goal=world.goal, stages=preset, mask=0).html
    personas = jl.personas(world.log, "площадка", map=jl.JourneyMap(world.goal, stages=preset))
    pages = (
        page,
        report,
        persona_bytes(personas, ".html", lang="ru"),
        map_bytes(filled, ".svg", lang="ru", mask=0),
    )
    for one in pages:
        texts = Seen(one).texts
        assert [text for text in texts if any(re.search(rf"(?<!\w){s}(?!\w)", text) for s in stages)] == []
        assert all(any(name in text for text in texts) for name in told)
        known = {*world.log.events, *world.channels, *world.segments}
        assert latin(texts, known) == {}
    assert f"== '{stages[0]}')" in page.decode().replace("&#39;", "'"), "code speaks of the data"
    assert filled.stages == tuple(stages) and filled.to_dict()["stages"] == stages
    assert stages[0] in map_bytes(filled, ".html", lang="en", mask=0).decode()


def test_a_stage_of_ones_own_stays_what_it_was_called() -> None:
    words = language("ru").of_stages(["look", "purchase", "after purchase"])
    assert words.stage("purchase") == "purchase" and not words.stages
    mixed = language("ru").of_stages([*PRESETS["shop"], "returns"])
    assert [mixed.stage(s) for s in ("purchase", "returns")] == ["покупка", "returns"]
    taken = language("ru").of_stages([*PRESETS["shop"], "покупка"])
    assert taken.stage("purchase") == "purchase" and taken.stage("awareness") == "знакомство"


def test_every_stage_of_a_preset_has_a_name_of_its_own_in_every_language() -> None:
    named = list(dict.fromkeys(stage for rules in PRESETS.values() for stage in rules))
    for lang in ("en", "ru"):
        assert sorted(language(lang).words["stages"]) == sorted(named)
        for rules in PRESETS.values():
            assert len({language(lang).words["stages"][stage] for stage in rules}) == len(rules)
    assert language("en").words["stages"] == {stage: stage for stage in named}


def test_what_contradicts_within_segments_is_told_in_russian() -> None:
    sizes = {
        ("место", "a"): (900, 720),
        ("место", "b"): (100, 20),
        ("медиана", "a"): (100, 80),
        ("медиана", "b"): (900, 180),
    }
    rows = [
        (f"{arm}{size}{i}", event, minute, arm, "площадь" if size == "a" else "угол")
        for (arm, size), (n, done) in sizes.items()
        for i in range(n)
        for minute, event in enumerate(("rate", "median") if i < done else ("rate",))
    ]
    frame = pd.DataFrame(rows, columns=["кто", "что", "минута", "вид", "где"])
    frame["когда"] = pd.Timestamp("2025-01-06", tz="UTC") + pd.to_timedelta(frame["минута"], unit="min")
    log = jl.read(frame.drop(columns="минута"), actor="кто", event="что", time="когда")
    log = log.between("2025-01-06", "2025-03-01").then(jl.Journeys("median", "1d"))
    found = jl.compare(log, jl.DropOff(), by="вид", within="где")
    told = [language("ru").note(one) for one in found.notes]
    assert latin(told, ["rate"]) == {}, "a name of the data stays, also where it is a word of notes"
    assert any(one.startswith("rate (доля уходов): разница исчезает при равных «где»: ") for one in told)
    assert all("п. п." in one for one in told if "разница" in one)


def test_what_is_blank_has_a_word_in_every_language() -> None:
    assert language("ru").short("  ") == "(пусто)" and language("en").short("\u2003") == "(blank)"
    assert language("ru").visible("паид") == "паид"


COUNTS = {
    1: "one",
    2: "few",
    5: "other",
    11: "other",
    21: "one",
    22: "few",
    25: "other",
    101: "one",
    111: "other",
}


def forms() -> list[tuple[str, dict[str, str]]]:
    """Return all texts with forms of the plural, of all tables."""
    words = language("ru").words
    tables = [(part, table) for part, table in words.items() if isinstance(table, dict) and part != "notes"]
    return [(f"{p}.{k}", text) for p, table in tables for k, text in table.items() if isinstance(text, dict)]


def test_every_text_with_a_number_has_three_forms_and_takes_the_right_one() -> None:
    words, found = language("ru"), forms()
    assert len(found) > 30
    assert [name for name, text in found if set(text) != {"one", "few", "other"}] == []
    assert {n: words.form(n) for n in COUNTS} == COUNTS
    told = [words.text("customers", n=n).replace("\u00a0", " ") for n in COUNTS]
    assert told == [
        "1 клиент", "2 клиента", "5 клиентов", "11 клиентов", "21 клиент", "22 клиента", "25 клиентов", "101 клиент",
        "111 клиентов",
    ]  # fmt: skip
    for _, text in found:
        assert (
            len(
                {frozenset(n for _, n, _, _ in string.Formatter().parse(form) if n) for form in text.values()}
            )
            <= 2
        )


def test_numbers_money_shares_and_dates_are_written_as_russians_do() -> None:
    words = language("ru")
    assert [words.count(n) for n in (0, 999, 1234, 1234567)] == ["0", "999", "1 234", "1 234 567"]
    assert [words.share(s) for s in (0.0, 0.5, 0.1234, 1.0, 3e-8)] == [
        "0 %",
        "50,0 %",
        "12,3 %",
        "100 %",
        "< 0,0001 %",
    ]
    assert words.signed(-0.256) == "−0,26" and words.times(2.345) == "×2,35"
    assert (
        words.money(1_234_567, "RUB") == "1,23\u00a0млн\u00a0RUB"
        and words.money(999.5, "RUB") == "1 000\u00a0RUB"
    )
    assert words.duration(93_784) == "1 д 2 ч" and words.duration(0.25) == "250 мс"
    assert words.moment(1_736_164_261_000_000) == "6 января 2025 г., 11:51:01"
    assert words.item("emotion", "4.5", "answer") == "4,5"


CONFIG = """title = "Наш магазин"
goal = "деливеред"
patience = "30d"
[stages]
%s
[[source]]
name = "сайт"
path = "события.csv"
actor = "actor"
event = "event"
time = "time"
channel = "channel"
value = "value"
currency = "currency"
score = "score"
score_scale = "nps"
[map]
need = "ищут"
currency = "RUB"
segment = "площадка"
notes = "заметки.toml"
[personas]
attribute = "площадка"
[prices]
waiting = 2
[output]
languages = ["ru"]
files = ["map.html", "map.json", "map.svg", "map.md", "report.html", "personas.html", "personas.md"]
mask = 3
[[alert]]
row = "loss"
measure = "dropped"
above = 0.01
"""
NOTES = """author = "Анна Ли"
date = 2025-04-02
[stages."%s"]
thinks = "А надо ли?"
"""


def test_all_files_of_a_run_and_what_its_second_run_says_of_changes(shop: World, tmp_path: Path) -> None:
    frame = shop.log.to_pandas()
    frame["score"] = (5 * frame["score"] + 5).round()
    frame.to_csv(tmp_path / "события.csv", index=False)
    rules = "\n".join(f'"{stage}" = {events}' for stage, events in shop.stages.items())
    (tmp_path / "к.toml").write_text(CONFIG % rules, encoding="utf-8")
    (tmp_path / "заметки.toml").write_text(NOTES % shop.first, encoding="utf-8")
    window = shop.log.window.to_dict()
    days = (str(window["start"])[:10], shop.middle, str(window["end"])[:10])
    assert [
        run(["run", str(tmp_path / "к.toml"), "--from", a, "--to", b]) for a, b in itertools.pairwise(days)
    ] == [4, 4]
    made = (tmp_path / "out" / "latest").resolve()
    files = {file.name: file.read_bytes() for file in made.iterdir()}
    pages = [name for name in files if name.endswith((".html", ".svg"))]
    assert {"map.html", "report.html", "map.svg"} < set(pages) and any("personas" in name for name in pages)
    for name in pages:
        assert_russian(files[name])
    assert (
        "Обратите внимание".encode() in files["map.html"] and "Что изменилось".encode() in files["map.html"]
    )
    for name in files:
        if name.endswith(".md"):
            assert latin(files[name].decode().replace("<br>", " ").replace("\\", "").splitlines()) == {}
