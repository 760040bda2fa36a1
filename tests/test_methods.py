"""Pages of methods: the same headings everywhere, their code runs, and their pictures are there and linked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from scripts.method_figures import PAGES, figure_of

HEADINGS = ["Question", "Formula", "Assumptions", "When it misleads", "Figure", "Reference"]
INDEX = PAGES[0].parent / "README.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_answers_the_same_questions_as_the_others(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"^## (.+)$", prose, re.MULTILINE) == HEADINGS
    sections = re.split(r"^## .+$", prose, flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)
    assert f"]({page.name})" in INDEX.read_text(encoding="utf-8"), "the page is not in docs/methods/README.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_figure_of_a_page_is_made_by_its_code(page: Path) -> None:
    figure = figure_of(page)
    assert isinstance(figure, go.Figure) and _points(figure) > 1
    shown = re.findall(r"!\[(.+)\]\((images/.+\.svg)\)", page.read_text(encoding="utf-8"))
    assert [name for _, name in shown] == [f"images/{page.stem}.svg"]
    picture = (page.parent / shown[0][1]).read_text(encoding="utf-8")
    title = figure.layout.title.text
    assert title and all(word in picture for word in re.findall(r"\w{4,}", re.sub(r"<[^>]+>", " ", title)))


def _points(figure: Any) -> int:
    """Return how many numbers are drawn."""
    return sum(
        len(values)
        for trace in figure.data
        for values in (getattr(trace, "x", None), getattr(trace, "z", None), getattr(trace, "value", None))
        if values is not None
    )
