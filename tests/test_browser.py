"""The pages in a real browser: silent, asking for nothing, readable by everybody, and within their borders.

Names try what hostile names can: S01 a script element, S02 elements with handlers, addresses and templates of several
languages, S03 links and markup that figures might draw, S04 templates of hover boxes. S19: a move of one or two
customers is not told on a shared page. S21: the page asks for nothing, on a machine without a network.
"""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import journeylog as jl
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.mapfiles import map_bytes
from journeylog.reporting.page import build_page
from journeylog.reporting.tidy import share
from tests.report_logs import HOSTILE, hostile_log
from tests.test_report_words import shop

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pages are not opened"
)
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe is not installed: pages are not opened"
)

PROGRAM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no chromium on this machine: pages are not opened")

__all__ = ["shop"]

LANGUAGES, THEMES = ("en", "ru"), ("light", "dark")
WIDTHS = {"phone": 390, "desktop": 1440}
A3 = {"width": "420mm", "height": "297mm"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield opened
        opened.close()


def pages_of(
    log: jl.EventLog, filled: JourneyMapResult | None = None, title: str | None = None, **asked: Any
) -> dict[str, bytes]:
    """Return the report in both languages and themes, counted and masked once, as a run does."""
    before = asked.pop("before", None)
    shared, made = share(log, **asked, filled=filled), {}
    answers = shared.answers
    for lang, theme in itertools.product(LANGUAGES, THEMES):
        look: dict[str, Any] = {"lang": lang, "theme": theme, "interactive": theme == "light", "title": title}
        page = build_page(log, **asked, **look, before=before, filled=shared.filled, answers=answers)
        answers, made[f"{lang}-{theme}"] = page.answers, page.html
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, shop: jl.EventLog) -> dict[str, Path]:
    """The report of the sample shop and of hostile names, and the shop's map, in both languages and themes."""
    folder = tmp_path_factory.mktemp("pages")
    question = jl.JourneyMap("delivered", stages="shop", patience="30d")
    before, later = (
        question.fill(shop.between("2025-01-06", "2025-03-01")),
        shop.between("2025-03-01", "2025-05-05"),
    )
    filled = question.fill(later)
    asked: dict[str, Any] = {"goal": "delivered", "patience": "30d", "stages": "shop", "before": before}
    stages = {
        HOSTILE[0]: {"event": {"is": HOSTILE[0]}},
        "Имя" * 30: {"event": {"is": HOSTILE[3]}},
        "rest": "*",
    }
    ugly: dict[str, Any] = {"goal": HOSTILE[1], "patience": "2d", "stages": stages, "title": HOSTILE[2]}
    made = {f"shop-{look}": page for look, page in pages_of(later, filled, **asked).items()}
    made |= {f"ugly-{look}": page for look, page in pages_of(hostile_log(300), **ugly).items()}
    told = filled.masked()
    for lang, theme in itertools.product(LANGUAGES, THEMES):
        made[f"map-{lang}-{theme}"] = map_bytes(told, ".html", mask=0, lang=lang, theme=theme, before=before)
    made["empty"] = build_page(shop.where(channel="no such")).html
    for name, page in made.items():
        (folder / f"{name}.html").write_bytes(page)
    return {name: folder / f"{name}.html" for name in made}


class Opened:
    """A page that is open, with what it said and asked for."""

    def __init__(self, browser: Any, file: Path, width: int) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def quiet(self, file: Path) -> None:
        assert self.said == []
        assert [url for url in self.asked if not url.startswith("data:")] == [file.as_uri()]


#: Elements of no width or height, or of nothing to read, where something should be.
EMPTY = """() => [...document.querySelectorAll(
    'section, article, figure, .bars li, .plot svg, .jmap td, .facts > div, details > summary')]
  .filter(e => !e.closest('details:not([open])') || e.matches('summary'))
  .filter(e => e.getClientRects().length)
  .filter(e => { const box = e.getBoundingClientRect();
    return box.width < 4 || box.height < 4 || !(e.innerText || e.textContent).trim(); })
  .map(e => e.outerHTML.slice(0, 200))"""
#: Elements that stick out of the page, other than those in a frame of their own that scrolls.
OUTSIDE = """() => { const wide = document.documentElement.clientWidth;
  const within = '.scroll, .frame, .parts, .unseen, .skip, details:not([open])';
  return [...document.body.querySelectorAll('*')].filter(e => !e.closest(within))
  .filter(e => { const box = e.getBoundingClientRect();
    return box.width && (box.right > wide + 1 || box.left < -1); })
  .map(e => e.outerHTML.slice(0, 200)); }"""
#: Words of drawings that reach beyond their drawing.
CLIPPED = """() => [...document.querySelectorAll('.plot svg')].flatMap(svg => {
  const edge = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(t => { const box = t.getBoundingClientRect();
    return box.left < edge.left - 2 || box.right > edge.right + 2
      || box.top < edge.top - 2 || box.bottom > edge.bottom + 2; })
  .map(t => t.textContent); })"""
HANDLERS = """[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])
  .filter(a => a.name.startsWith('on')).length"""


def assert_no_wider(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def assert_within_borders(page: Any, *more: str) -> None:
    """Nothing is empty, cut off or beyond the page; `more` are further questions that find nothing."""
    assert_no_wider(page)
    for question in (OUTSIDE, EMPTY, *more):
        assert page.evaluate(question) == []


def open_all(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def assert_printable(page: Any) -> None:
    """Let a page be printed on A3: as wide as that without its margins, on white."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1587 - 68, "height": 1123 - 68})
    assert_no_wider(page)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")


def grave(page: Any) -> list[tuple[str, str, list[str]]]:
    """Return what axe calls serious or critical."""
    found = axe_module.Axe().run(page).response["violations"]
    return [
        (one["id"], one["impact"], [node["html"][:160] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["shop", "ugly", "map"])
def test_a_page_is_quiet_complete_and_within_its_borders(
    browser: Any, files: dict[str, Path], name: str, lang: str, theme: str
) -> None:
    file = files[f"{name}-{lang}-{theme}"]
    with Opened(browser, file, WIDTHS["phone"]) as opened:
        page = opened.page
        for width in WIDTHS.values():
            page.set_viewport_size({"width": width, "height": 900})
            assert_within_borders(page, CLIPPED)
        assert page.evaluate("document.documentElement.lang") == lang
        open_all(page)
        for width in WIDTHS.values():
            page.set_viewport_size({"width": width, "height": 900})
            assert_no_wider(page)
        opened.quiet(file)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("theme", THEMES)
def test_hostile_names_stay_text(browser: Any, files: dict[str, Path], lang: str, theme: str) -> None:
    file = files[f"ugly-{lang}-{theme}"]
    with Opened(browser, file, 1440) as opened:
        page = opened.page
        open_all(page)
        assert page.evaluate("window.__xss === undefined")
        assert page.title() == HOSTILE[2]
        assert (
            page.evaluate(
                "document.querySelectorAll('a:not([href^=\"#\"]), img, iframe, object, svg a').length"
            )
            == 0
        )
        assert page.evaluate("document.querySelectorAll('script').length") == (1 if theme == "light" else 0)
        assert page.evaluate(HANDLERS) == 0
        told = page.inner_text("body")
        for name in HOSTILE[:10]:
            assert name[:20] in told, name
        opened.quiet(file)


def test_figures_answer_when_they_are_pointed_at_and_tables_can_be_sorted(
    browser: Any, files: dict[str, Path]
) -> None:
    file = files["ugly-en-light"]
    with Opened(browser, file, 1440) as opened:
        page = opened.page
        page.locator("#figure-flow").scroll_into_view_if_needed()
        block = "[...document.querySelectorAll('#figure-flow rect')].find(r => r.told)"
        page.evaluate_handle(block).as_element().hover()
        assert page.is_visible(".pointed") and "300 journeys" in page.inner_text(".pointed")
        page.select_option("#figure-flow select", index=1)
        assert page.evaluate("document.querySelectorAll('#figure-flow .chosen .band.on').length") > 0
        open_all(page)
        read = "[...document.querySelectorAll('#flow table')[1].tBodies[0].rows].map(r => r.cells[2].dataset.value)"
        page.click("#flow table >> nth=1 >> thead >> button >> nth=2")
        down = [float(value) for value in page.evaluate(read) if value]
        page.click("#flow table >> nth=1 >> thead >> button >> nth=2")
        up = [float(value) for value in page.evaluate(read) if value]
        assert down == sorted(down, reverse=True) and up == sorted(up) and len(up) > 5
        opened.quiet(file)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["shop", "ugly", "map"])
def test_a_page_prints_on_a3(browser: Any, files: dict[str, Path], name: str, lang: str) -> None:
    file = files[f"{name}-{lang}-dark"]
    with Opened(browser, file, 1440) as opened:
        page = opened.page
        assert_printable(page)
        pdf = page.pdf(**A3, prefer_css_page_size=True, print_background=True)
        sizes = set(re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf))
        assert sizes and all(abs(float(w) - 1190.55) < 2 and abs(float(h) - 841.89) < 2 for w, h in sizes)
        opened.quiet(file)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name",
    [
        "shop-en-light",
        "shop-ru-dark",
        "ugly-en-dark",
        "ugly-ru-light",
        "map-en-light",
        "map-ru-dark",
        "empty",
    ],
)
def test_axe_finds_nothing_serious(browser: Any, files: dict[str, Path], name: str, width: str) -> None:
    with Opened(browser, files[name], WIDTHS[width]) as opened:
        open_all(opened.page)
        assert grave(opened.page) == []


def test_pages_keep_to_their_sizes(files: dict[str, Path]) -> None:
    for name, file in files.items():
        size = file.stat().st_size
        assert size < (1_000_000 if name.endswith("dark") or name == "empty" else 6_000_000), name
        if name.startswith("ugly"):
            continue  # it shows an address, as text
        assert "http" not in re.sub(r"http-equiv|http://www\.w3\.org/\S*", "", file.read_text("utf-8"))


# The page of personas


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, shop: jl.EventLog) -> dict[str, Path]:
    """Personas of the shop's customers and of groups with hostile names, in both languages and themes."""
    folder = tmp_path_factory.mktemp("people")
    question = jl.JourneyMap("delivered", stages="shop", patience="30d")
    ugly = jl.JourneyMap(
        HOSTILE[1], stages={HOSTILE[0]: {"event": {"is": HOSTILE[0]}}, "rest": "*"}, patience="2d"
    )
    found = {
        "rfm": (jl.personas(shop, jl.RFM("paid"), map=question), None),
        "few": (jl.personas(shop, jl.Clusters(sample=300, most=3, resamples=2)), None),
        "hostile": (jl.personas(hostile_log(300), "event", map=ugly), HOSTILE[2]),
    }
    made = {}
    for name, (result, title) in found.items():
        told = result.masked()
        for lang, theme in itertools.product(LANGUAGES, THEMES):
            file = folder / f"{name}-{lang}-{theme}.html"
            made[file.stem] = told.save(file, mask=0, lang=lang, theme=theme, title=title)
    return made


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["rfm", "few", "hostile"])
def test_personas_are_quiet_complete_and_within_their_borders(
    browser: Any, people: dict[str, Path], name: str, lang: str, theme: str
) -> None:
    file = people[f"{name}-{lang}-{theme}"]
    with Opened(browser, file, WIDTHS["phone"]) as opened:
        page = opened.page
        for width in (*WIDTHS.values(), 820):
            page.set_viewport_size({"width": width, "height": 900})
            assert_within_borders(page, OVERLAPS)
        assert page.evaluate("document.documentElement.lang") == lang
        assert page.evaluate("document.querySelectorAll('script, a:not([href^=\"#\"])[href]').length") == 0
        assert page.evaluate(HANDLERS) == 0
        assert file.stat().st_size < 1_000_000
        opened.quiet(file)


#: Texts of a card that lie on one another.
OVERLAPS = """() => [...document.querySelectorAll('.card')].flatMap(card => {
  const parts = [...card.querySelectorAll('h2, h3, p, li .thing, li .mine, li small, li .when')]
    .filter(e => e.getClientRects().length && !e.closest('.unseen'));
  const boxes = parts.map(e => e.getBoundingClientRect());
  return boxes.flatMap((a, i) => boxes.slice(i + 1).map((b, k) => [a, b, i, i + 1 + k]))
    .filter(([a, b, i, k]) => !parts[i].contains(parts[k]) && !parts[k].contains(parts[i])
      && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
    .map(([a, b, i, k]) => [parts[i].textContent.slice(0, 60), parts[k].textContent.slice(0, 60)]); })"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name",
    ["rfm-en-light", "rfm-ru-dark", "few-ru-light", "few-en-dark", "hostile-en-dark", "hostile-ru-light"],
)
def test_axe_finds_nothing_serious_in_personas(
    browser: Any, people: dict[str, Path], name: str, width: str
) -> None:
    with Opened(browser, people[name], WIDTHS[width]) as opened:
        assert grave(opened.page) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_personas_print_on_a3_and_their_maps_are_reached(
    browser: Any, people: dict[str, Path], lang: str
) -> None:
    file = people[f"rfm-{lang}-dark"]
    with Opened(browser, file, 1440) as opened:
        page = opened.page
        links = page.evaluate(
            "[...document.querySelectorAll('.to-map a')].map(a => a.getAttribute('href').slice(1))"
        )
        assert len(links) > 3 and all(
            page.evaluate("id => !!document.getElementById(id)", link) for link in links
        )
        assert_printable(page)
        opened.quiet(file)


# The report with all that may be asked of it


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, shop: jl.EventLog) -> dict[str, Path]:
    """The shop's report with voices, notes with hostile words, prices and an alert, in both languages and themes."""
    folder = tmp_path_factory.mktemp("whole")
    notes = {
        "author": HOSTILE[0],
        "stages": {
            "purchase": {
                "thinks": [HOSTILE[1], "Имя" * 60],
                "needs": {"text": "x" * 300, "link": "https://a.b"},
            }
        },
    }
    asked: dict[str, Any] = {
        "goal": "delivered", "patience": "30d", "stages": "shop", "journey_map": {"voice": True, "notes": notes},
        "prices": {"waiting": 0.5, "rework": 3, "lost": 20}, "alerts": [HOSTILE[2]],
    }  # fmt: skip
    made = {}
    for lang, theme in (("en", "light"), ("ru", "dark")):
        page = build_page(shop, lang=lang, theme=theme, interactive=theme == "light", **asked)
        made[f"{lang}-{theme}"] = folder / f"{lang}-{theme}.html"
        made[f"{lang}-{theme}"].write_bytes(page.html)
    return made


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["en-light", "ru-dark"])
def test_voices_notes_experiments_and_prices_are_within_their_borders_and_readable(
    browser: Any, whole: dict[str, Path], name: str, width: str
) -> None:
    file = whole[name]
    with Opened(browser, file, WIDTHS[width]) as opened:
        page = opened.page
        for wanted in (
            "#empathy .note",
            "#trials li",
            "#losses .bars li",
            "#figure-paths figcaption",
            ".warnings li",
        ):
            assert page.locator(wanted).count() > 0, wanted
        assert_within_borders(page, CLIPPED)
        assert page.evaluate("window.__xss === undefined") and page.evaluate(HANDLERS) == 0
        links = page.evaluate(
            "[...document.querySelectorAll('#empathy a, #trials a')].map(a => a.getAttribute('href'))"
        )
        inside = [link[1:] for link in links if link.startswith("#")]
        assert inside and all(page.evaluate("id => !!document.getElementById(id)", link) for link in inside)
        assert [link for link in links if not link.startswith("#")] == ["https://a.b"]
        open_all(page)
        assert_no_wider(page)
        assert grave(page) == []
        opened.quiet(file)
