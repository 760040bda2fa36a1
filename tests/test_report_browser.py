"""The page in a real browser: nothing on the console, no request, nothing acts, and it fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import journeylog as jl
from tests.browser import Browser, found
from tests.report_logs import HOSTILE, hostile_log

pytestmark = pytest.mark.skipif(found() is None, reason="no chromium on this machine: pages are not opened")

QUESTIONS = (
    "document.querySelectorAll('.plot').length",
    "document.querySelectorAll('.plot > .plot-container').length",
    "window.__xss === undefined",
    "document.documentElement.scrollWidth <= window.innerWidth",
    "[...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title).join()",
    "document.querySelectorAll('.main-svg a, a[href^=http]').length",
    "document.body.innerText.includes('alert(1)')",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    log = hostile_log()
    name, goal = HOSTILE[:2]
    stages = {"</script><script>window.__xss=4</script>": {"event": {"is": name}}, "rest": "*"}
    return {
        "stages": jl.report(log, folder / "a.html", goal=goal, patience="1d", stages=stages, title=name),
        "events": jl.report(log, folder / "b.html", patience="1d", theme="dark"),
        "empty": jl.report(log.where(channel="no such"), folder / "c.html"),
    }


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", ["stages", "events", "empty"])
def test_a_page_is_silent_asks_for_nothing_and_fits(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    page = browser.open(pages[name], width, *QUESTIONS)
    assert page.said == []
    assert [address for address in page.asked if not address.startswith("data:")] == [pages[name].as_uri()]
    plots, drawn, unharmed, fits, buttons, links, told = page.answers
    assert plots == drawn == {"stages": 6, "events": 4, "empty": 0}[name]
    assert unharmed and fits and links == 0
    assert not any(word in buttons.lower() for word in ("share", "cloud", "plotly"))
    assert told == (name != "empty")
