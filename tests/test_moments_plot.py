"""The forest of moments: what it draws is the table, what is not supported is grey."""

from __future__ import annotations

import numpy as np
import pytest

import journeylog as jl
from journeylog.core.contracts import Result
from journeylog.errors import ConfigError
from journeylog.plots.style import theme_of
from tests.moments_worlds import World, question

LOOK = theme_of("light")
WORLD = World(kinds=(("app", 0.5, 0.3, 0.05), ("web", 0.5, 0.1, 0.15)), more=("web", "x", 4.0))


@pytest.fixture(scope="module")
def result() -> Result:
    found: Result = WORLD.log(2500, 1).compute(question())
    return found


@pytest.mark.parametrize("part", ["node", "transition"])
def test_points_and_bounds_are_those_of_the_table(result: Result, part: str) -> None:
    figure = result.plot(part=part, rows=12)
    shown = result.table[(result.table["kind"] == part) & result.table["lift"].notna()].head(12)
    (points,) = (trace for trace in figure.data if trace.mode == "markers")
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    low, high = (10**end for end in figure.layout.xaxis.range)
    assert np.allclose(points.x, shown["lift"].clip(low, high))
    bounds = shown[["lift_low", "lift_high"]].dropna().to_numpy()
    assert np.allclose([line.x for line in lines], bounds.clip(low, high))
    assert low < 1 < high
    grey = [color == LOOK.open for color in points.marker.color]
    assert grey == (~shown["supported"]).tolist()
    assert not all(grey)
    texts = [note.text for note in figure.layout.annotations]
    assert texts.count("<b>did not</b>") == 1
    assert f"{shown['n_did'].iloc[0]:,}" in texts
    assert "not a cause" in figure.layout.title.subtitle.text.replace("<br>", " ")
    assert len(figure.layout.yaxis.ticktext) == len(shown)


def test_hover_tells_both_shares_and_how_many(result: Result) -> None:
    figure = result.plot()
    row = result.table[result.table["kind"] == "node"].iloc[0]
    (points,) = (trace for trace in figure.data if trace.mode == "markers")
    (card,) = points.customdata[0]
    for text in (
        row["moment"],
        f"{row['n_did_goal']:,} of {row['n_did']:,}",
        f"{row['lift']:.3g}",
        "stands at risk",
    ):
        assert text in card


def test_moves_from_the_start_are_typed_and_rows_left_out_are_told(result: Result) -> None:
    figure = result.plot(part="transition", rows=3)
    assert "Not shown" in figure.layout.title.subtitle.text
    wide = result.plot(part="transition", rows=99)
    assert any(text.startswith("<i>start</i> → ") for text in wide.layout.yaxis.ticktext)


def test_nothing_to_draw_says_so_and_wrong_words_are_refused(result: Result) -> None:
    empty = jl.datasets.tiny().compute(jl.Moments("pay", "1000d"))
    assert "No data" in empty.plot().layout.annotations[0].text
    with pytest.raises(ConfigError, match="part='edge'"):
        result.plot(part="edge")
