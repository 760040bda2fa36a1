"""The map as it looks: one screen, one sheet, nothing cut, whatever stages are called; and the curve it draws."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import journeylog as jl
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.document import asset
from journeylog.reporting.language import language
from journeylog.reporting.mapcurve import emotion_curve
from journeylog.reporting.mapdrawing import COLOURS
from journeylog.reporting.mapfiles import map_bytes

PROGRAM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
GALLERY = Path(__file__).parent.parent / "docs" / "gallery"
#: Stages nobody would wish for: without spaces, in other writings and directions, with markup, formulas and templates.
NAMES = (
    "Ознакомление_с_условиями_договора_и_риск",
    "<b>bold</b><img src=x onerror=alert(1)>",
    "pneumonoultramicroscopicsilicovolcanoconiosis" * 2,
    "buy now 🛒🎉 👩‍👩‍👧‍👦",
    "a",
    "Оформление заявки на кредит и подписание",
    "x" * 80,
    "مراجعة الطلب والدفع الإلكتروني",
    "{{7*7}}</script><script>alert(1)</script>",
    "After the purchase: help and service, now",
    "=cmd|'/c calc'!A1",
    "Welcome and onboarding of new customers 1",
)


def ugly_map(n: int) -> JourneyMapResult:
    """Return a map of `n` stages with ugly names, scores and money."""
    rng = np.random.default_rng(n)
    rows: list[tuple[Any, ...]] = []
    for actor in range(300):
        time = pd.Timestamp("2025-01-06", tz="UTC") + pd.Timedelta(minutes=int(rng.integers(0, 80_000)))
        for stage in range(n):
            for _ in range(int(rng.integers(1, 4))):
                name = f"{NAMES[-stage - 1]} {stage}.{rng.integers(0, 3)}_with_a_long_name"
                score = float(rng.integers(0, 11)) if rng.random() < 0.3 and stage != 1 else np.nan
                paid = float(rng.integers(1e5, 9e6)) if stage == n - 1 else np.nan
                rows.append((f"u{actor}", name, time, "электронная почта", score, paid, "EUR"))
                time += pd.Timedelta(minutes=float(rng.exponential(500 * (stage + 1))))
            if rng.random() < 0.15:
                break
    columns = ["actor", "event", "time", "channel", "score", "value", "currency"]
    log = jl.read(pd.DataFrame(rows, columns=columns), **{c: c for c in columns}, score_scale="nps")
    stages = {NAMES[stage]: [f"* {stage}.*"] for stage in range(n)}
    return jl.JourneyMap({"event": f"* {n - 1}.*"}, stages=stages, patience="30d").fill(log)


@pytest.fixture(scope="module")
def maps() -> dict[int, JourneyMapResult]:
    return {n: ugly_map(n) for n in (2, 6, 9, 12)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if PROGRAM is None:
        pytest.skip("no chromium on this machine: maps are not opened")
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: maps are not opened"
    )
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield opened
        opened.close()


#: Cells, names and numbers that hold more than they show, or lie on each other. A name that is cut has all of itself as a
#: hint, and as its text.
CUT = """() => [...document.querySelectorAll('.jmap td, .jmap th, .stage, .short p, .name, .bars li, .whole p')]
  .filter(e => e.getClientRects().length && e.clientWidth
    && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2))
  .filter(e => !e.querySelector('.unseen') && !e.querySelector('.curve'))
  .filter(e => !(e.closest('[title]') || {title: ''}).title.includes(e.innerText.trim()))
  .map(e => e.outerHTML.slice(0, 160))"""
OVER = """() => [...document.querySelectorAll('.bars li, .items li')].filter(e => e.getClientRects().length)
  .filter(e => e.querySelector('.name').getBoundingClientRect().right
    > e.querySelector('a:not(.badge)').getBoundingClientRect().left + 1)
  .map(e => e.innerText)"""
BOTTOM = "() => document.querySelector('.jmap table').getBoundingClientRect().bottom"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("name", ["shop", "saas", "bank", "clinic"])
def test_a_map_of_four_to_six_stages_is_seen_at_once(browser: Any, name: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto((GALLERY / f"{name}.html").as_uri())
    assert page.evaluate(BOTTOM) <= 900
    assert page.evaluate(CUT) == [] and page.evaluate(OVER) == [] and page.evaluate(WIDER) <= 0
    page.close()


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("n", [2, 6, 9, 12])
def test_two_to_twelve_stages_with_long_names_stand_on_one_screen(
    browser: Any, maps: dict[int, JourneyMapResult], tmp_path: Path, n: int, lang: str
) -> None:
    file = tmp_path / "map.html"
    file.write_bytes(map_bytes(maps[n], ".html", lang=lang))
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(file.as_uri())
    assert page.evaluate(BOTTOM) <= 900
    heads = page.locator("thead th[role=columnheader] .stage")
    assert heads.count() == n
    for head, stage in zip(heads.all(), maps[n].stages, strict=True):
        assert head.get_attribute("title") == head.text_content() == stage, (
            "the whole name, whatever is seen of it"
        )
    page.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(("n", "lang"), list(itertools.product((2, 6, 9, 12), ("en", "ru"))))
def test_nothing_is_cut_whatever_the_stages_are_called(
    browser: Any, maps: dict[int, JourneyMapResult], tmp_path: Path, n: int, lang: str, width: int
) -> None:
    file = tmp_path / "map.html"
    file.write_bytes(map_bytes(maps[n], ".html", lang=lang, theme="dark" if n == 6 else "light"))
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(file.as_uri())
    for _ in range(2):  # as it opens, then with all details
        assert page.evaluate(CUT) == [] and page.evaluate(OVER) == [] and page.evaluate(WIDER) <= 0
        page.locator(".all input").check()
    assert page.locator(".behind").first.is_visible()
    page.close()


def test_a_switch_shows_the_details_of_its_row_by_keyboard(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto((GALLERY / "clinic.html").as_uri())
    row = page.locator("tr.time")
    assert not row.locator(".behind").first.is_visible()
    page.get_by_role("checkbox", name="Details: Time").focus()
    page.keyboard.press("Space")
    assert row.locator(".behind").first.is_visible()
    assert not page.locator("tr.loss .behind").first.is_visible()
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_has_the_colours_of_the_page(theme: str) -> None:
    rules = re.findall(r"([^{}]+)\{([^{}]*--paper: [^{}]*)\}", asset("map.css").partition("@media print")[0])
    said = {name: dict(re.findall(r"--([a-z-]+): (#\w+)", body)) for name, body in rules}
    page = next(body for name, body in said.items() if ("dark" in name) == (theme == "dark"))
    names = {"page": "ground", "on": "on-head", "bad": "leave", "star": "wait", "even": "soft"}
    names["sign"] = "head" if theme == "light" else "link"
    assert len(said) == 2
    assert {name: page[names.get(name, name)] for name in COLOURS[theme]} == COLOURS[theme]


# The curve


def test_the_curve_breaks_where_nobody_was_heard_and_stays_between_its_scores(
    maps: dict[int, JourneyMapResult],
) -> None:
    some = next(c for c in maps[2].cells if c.measure == "score")
    scores = (0.5, 0.6, None, -0.2, 0.1, 0.1)
    cells = [
        None if value is None else replace(some, value=value, low=value - 0.15, high=value + 0.15)
        for value in scores
    ]
    curve = emotion_curve(cells)
    assert curve is not None and curve.line.count("M") == 2 and curve.band.count("Z") == 2
    assert [None if dot is None else dot.mood for dot in curve.dots] == [
        "good",
        "good",
        None,
        "bad",
        "even",
        "even",
    ]
    heights = [dot.y for dot in curve.dots if dot is not None]
    ys = [float(word) for word in curve.line.replace("M", " ").replace("C", " ").split()][1::2]
    assert min(heights) - 0.01 <= min(ys) and max(ys) <= max(heights) + 0.01
    assert emotion_curve([None, None]) is None
    alone = emotion_curve([None, cells[0]])
    assert alone is not None and alone.line == ""


def test_large_sums_are_told_in_three_digits_and_words_go_with_their_number() -> None:
    english, russian = language("en"), language("ru")
    written = [english.money(v, "EUR").replace("\u00a0", " ") for v in (9_999, 999_499, 1_234_567, 25e9)]
    assert written == ["9,999 EUR", "999,499 EUR", "1.23 million EUR", "25.0 billion EUR"]
    assert russian.money(31_921_107, "RUB") == "31,9\u00a0млн\u00a0RUB"
    assert [russian.of("measures", "volume.journeys", n) for n in (1, 3, 11, 25)] == [
        "путь",
        "пути",
        "путей",
        "путей",
    ]
    assert english.signed(-0.001) == "0.00" and english.signed(-0.2) == "−0.20"
