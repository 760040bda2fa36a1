"""Names in figures: shown as they are, never as markup, link, template or formula, and always short enough."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeylog.plots.labels import card, full, label, label_blocks, labels, plain, safe, text_width
from tests.plot_logs import KINDS, UGLY, log_of, results_of

ALL = [(name, options) for name, kinds in KINDS.items() for options in kinds]
IDS = [f"{name}-{'-'.join(options.values())}" for name, options in ALL]
TEMPLATES = {"%{customdata[0]}<extra></extra>", "%{text}", ""}
#: The library's own marks; anything else in angle brackets would be the data's.
TAG = re.compile(r"</?(?:b|i)>|<br>")
texts = st.text(st.characters(codec="utf-8"), max_size=80)


def shown(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield (attribute, text) of everything plotly would draw."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in ("meta", "template"):
                yield from shown(value, name)
    elif isinstance(node, list):
        for value in node:
            if key == "customdata":
                yield from shown(
                    value[0] if not isinstance(value[0], list) else [c[0] for c in value], "hover"
                )
            else:
                yield from shown(value, key)
    elif isinstance(node, str) and key in ("text", "ticktext", "hover", "name", "title", "hovertext"):
        yield key, node


@pytest.mark.parametrize(("name", "options"), ALL, ids=IDS)
def test_no_name_is_markup_or_template_anywhere(name: str, options: dict[str, str]) -> None:
    figure = results_of(UGLY)[name].plot(**options)
    parts = list(shown(json.loads(figure.to_json())))
    if name not in ("again", "outcomes", "retention", "bootstrap", "prediction"):  # they have no names
        assert any(
            word in html.unescape(text) for _, text in parts for word in ("<script", "<img", "customd")
        )
    for where, text in parts:
        rest = TAG.sub("", text)
        assert not re.search("[<>$]", rest), (where, text)
        assert "%{" not in rest, (where, text)
        assert not re.search("[\x00-\x1f\u202a-\u202e]", rest), (where, text)
    for trace in figure.data:
        assert (trace.hovertemplate or "") in TEMPLATES
        assert getattr(trace, "texttemplate", None) in (None, *TEMPLATES)


@pytest.mark.parametrize("name", ["transitions", "dropoff", "variants", "steps", "describe"])
def test_the_hover_box_holds_the_whole_name(name: str) -> None:
    more: dict[str, Any] = {"kind": "sankey", "nodes": 50} if name in ("transitions", "steps") else {}
    figure = results_of(UGLY)[name].plot(**more)
    boxes = " ".join(text.replace("<br>", " ") for _, text in shown(json.loads(figure.to_json())))
    for whole in ('<a href="https://evil.example">Pay</a>', "%{customdata[0]} %{x:.2f} <extra>"):
        assert whole in plain(boxes.replace("<b>", "").replace("</b>", ""))


def test_a_page_with_the_figure_holds_no_live_markup() -> None:
    page = results_of(UGLY)["transitions"].plot().to_html(include_plotlyjs=False)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert log_of(UGLY).events[0] in UGLY


@given(texts)
def test_safe_text_is_shown_as_it_was(text: str) -> None:
    assert html.unescape(safe(text)) == html.unescape(html.escape(text, quote=False))
    assert not re.search(r"[<>$]|%\{", safe(text))


@given(texts, st.integers(4, 40))
def test_a_label_is_one_short_line(name: str, width: int) -> None:
    found = plain(label(name, width)).strip("\u2068\u2069")
    assert text_width(found) <= width
    assert found.strip()
    assert not re.search(r"[\x00-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069]", found)


@given(st.lists(texts, max_size=12, unique=True), st.integers(8, 30))
def test_labels_of_different_names_differ(names: list[str], width: int) -> None:
    found = labels(names, width)
    assert len(set(found)) == len(names)
    assert all(
        text_width(plain(text)) <= width + 2 for text in found
    )  # two marks may close off the direction


@given(texts, st.integers(6, 20))
def test_a_block_of_lines_fits(name: str, width: int) -> None:
    (lines,) = label_blocks([name], width)
    assert 1 <= len(lines) <= 2
    assert all(text_width(plain(line)) <= width + 2 for line in lines)


@given(texts)
def test_the_full_name_is_wrapped_and_bounded(name: str) -> None:
    lines = full(name).split("<br>")
    assert all(len(plain(line)) <= 58 for line in lines)
    assert len(lines) <= 6


def test_signs_that_belong_together_are_not_cut_apart() -> None:
    family = "👩‍👩‍👧‍👦"
    assert plain(label(family * 3, 5)) in (family * 2 + "…", family + "…")
    assert plain(label("e\u0301" * 10, 4)) == "e\u0301" * 3 + "…"
    assert len(label("a" + "\u0301" * 500, 10)) < 20
    assert text_width("a" + "\u0301" * 500) == 1


def test_names_written_from_right_to_left_do_not_turn_the_line_around() -> None:
    shown_name = label("مرحبا بالعالم")
    assert (shown_name[0], shown_name[-1]) == ("\u2068", "\u2069")
    assert label("abc\u202edef") == "abcdef"


def test_line_breaks_are_shown_in_the_hover_box_only() -> None:
    assert label("one\ntwo") == "one two"
    assert full("one\ntwo") == "one ↵ two"
    assert label("") == label(" ") == "(empty name)"
    assert labels(["", " ", "(empty name)"]) == ["(empty name)", "(empty name) #2", "(empty name) #3"]


def test_a_card_is_a_title_and_lines() -> None:
    assert card("t", [("n", "1"), ("", "more")]) == "<b>t</b><br>n: 1<br>more"
