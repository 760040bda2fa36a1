"""The page of a check: whole, silent, without a request, and nothing of the data acts in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import journeylog as jl
from journeylog.checks.result import CHECKS
from journeylog.errors import ConfigError, OutputError
from tests.browser import Browser, found
from tests.checks import planted
from tests.report_logs import HOSTILE


def hostile() -> jl.Check:
    frame = planted.outage()[0]
    for i, name in enumerate(HOSTILE):
        frame.loc[10 * i : 10 * i + 4, "what"] = name
        frame.loc[10 * i + 5 : 10 * i + 6, "what"] = f"{name} "
        frame.loc[10 * i + 7, ["who", "cur"]] = name
    frame["src"] = frame["src"].map({"web": HOSTILE[0], "app": "a very long name of a source " * 6})
    frame.loc[:20, "comment"] = " ".join(planted.SECRETS.values())
    return planted.check(frame, fail_on={"*": "warning"}, tz="Asia/Tokyo", show_ids=True)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {
        "hostile": hostile().to_html(folder / "a.html", title=HOSTILE[0], theme="dark"),
        "clean": planted.check(planted.clean(n=1500), fail_on="warning").to_html(folder / "b.html"),
        "empty": planted.check(planted.clean().head(0)).to_html(folder / "c.html"),
    }


def test_a_page_says_what_was_found_and_what_was_not(pages: dict[str, Path]) -> None:
    page = pages["hostile"].read_text(encoding="utf-8")
    assert "Silent hours the week&#39;s pattern does not explain" in page and "Failed" in page
    clean = pages["clean"].read_text(encoding="utf-8")
    assert "Nothing failed" in clean and "Nothing to remark" in clean
    assert all(name.replace("_", " ") in clean for name in CHECKS)
    assert "The log holds no event" in pages["empty"].read_text(encoding="utf-8")


def test_equal_checks_give_equal_bytes(tmp_path: Path) -> None:
    one, two = (
        planted.check(planted.ties()[0]).to_html(tmp_path / f"{i}.html").read_bytes() for i in range(2)
    )
    assert one == two


def test_no_address_but_the_page_itself(pages: dict[str, Path]) -> None:
    for path in pages.values():
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text.lower()
        assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", text)
        assert "default-src &#39;none&#39;; script-src &#39;none&#39;" in text


def test_wrong_themes_and_places_are_refused(tmp_path: Path) -> None:
    check = jl.check(jl.datasets.tiny())
    with pytest.raises(ConfigError):
        check.to_html(tmp_path / "a.html", theme="pink")
    with pytest.raises(OutputError):
        check.to_html(tmp_path / "no" / "a.html")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


@pytest.mark.skipif(found() is None, reason="no chromium on this machine: pages are not opened")
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", ["hostile", "clean", "empty"])
def test_a_page_is_silent_asks_for_nothing_and_fits(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    page = browser.open(
        pages[name],
        width,
        "window.__xss === undefined",
        "document.documentElement.scrollWidth <= window.innerWidth",
        "document.querySelectorAll('.found > li').length",
        "document.scripts.length + document.querySelectorAll('img, iframe, a[href^=http], a[href^=javascript]').length",
    )
    assert page.said == []
    assert [address for address in page.asked if not address.startswith("data:")] == [pages[name].as_uri()]
    unharmed, fits, findings, foreign = page.answers
    assert unharmed and fits and foreign == 0
    assert (findings > 5) == (name == "hostile")
