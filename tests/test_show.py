"""Which parts of a report are shown, in which order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from journeylog.errors import ConfigError
from journeylog.reporting.cli import run
from journeylog.reporting.page import build_page
from journeylog.reporting.parts import PARTS
from tests.test_report_masking import OPTIONS, small_log
from tests.test_runs import CONFIG, written_config

LAST = ["data", "words", "method"]


def parts(html: bytes) -> list[str]:
    text = html.decode()
    found = re.findall(r'<section class="(?:part|jmap|answer)"(?: id="([a-z]+)")?', text)
    return [one or "short" for one in found]


def links(html: bytes) -> list[str]:
    nav = html.decode().partition('<nav class="parts"')[2].partition("</nav>")[0]
    return re.findall('href="#([a-z]+)"', nav)


def page(**options: Any) -> bytes:
    return build_page(small_log(), mask=0, **OPTIONS, **options).html


def test_by_default_everything_stands_in_its_order() -> None:
    html = page(design={"ways": {"look": ["buy"]}})
    anchors = [anchor for anchor in PARTS.values() if anchor in parts(html)]
    assert parts(html) == [*anchors, *LAST, "evidence"]
    assert {"map", "short", "design", "flow", "funnel", "leaves", "losses", "paths"} <= set(anchors)
    assert links(html) == [anchor for anchor in anchors if anchor != "short"] + [*LAST, "evidence"]


def test_the_order_is_that_asked_for() -> None:
    html = page(show=["paths", "map", "flow", "flow", "design"])
    assert parts(html) == ["paths", "map", "flow", *LAST, "evidence"]
    assert links(html) == ["paths", "map", "flow", *LAST, "evidence"]
    assert html.count(b"<div") == html.count(b"</div>")


def test_no_link_leads_to_what_is_not_shown() -> None:
    for show in (["short"], ["short", "flow"], ["experiments", "short"], ["map"]):
        text = page(show=show).decode()
        ids = set(re.findall(r'\bid="([^"]+)"', text))
        assert set(re.findall(r'href="#([^"]+)"', text)) <= ids, show


def test_an_unknown_part_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no part 'funel'\. Fix: did you mean 'funnel'"):
        page(show=["funel"])
    for show in ([], "map"):
        with pytest.raises(ConfigError, match="is no list of parts"):
            page(show=show)


def test_a_configuration_says_what_to_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = written_config(tmp_path)
    text = re.sub("files = .*", 'files = ["report.html"]', CONFIG)
    config.write_text('show = ["flow", "map"]\n' + text, "utf-8")
    assert run(["run", str(config)]) == 0
    made = tmp_path / "out" / "latest"
    assert parts((made / "report.html").read_bytes())[:2] == ["flow", "map"]
    assert parts((made / "report.ru.html").read_bytes())[:2] == ["flow", "map"]
    config.write_text('show = ["flows"]\n' + text, "utf-8")
    capsys.readouterr()
    assert run(["run", str(config)]) == 2
    assert "did you mean 'flow'" in capsys.readouterr().err
