"""The journey as a model in figures: the chance of the goal by stage, where memory is, and whether predictions hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from journeylog.plots.labels import card, count, duration, full, label, labels, rate, share, time_unit
from journeylog.plots.panels import (
    add_bars,
    add_rates,
    add_texts,
    bounded,
    legend_row,
    name_rows,
    panel,
    signed_panel,
    whisker,
)
from journeylog.plots.style import HOVER, Theme, blank, faded, followed, no_data, not_shown, period, theme_of
from journeylog.stats.memory import MemoryTestResult
from journeylog.stats.model import ModelResult
from journeylog.stats.prediction import PredictionResult

__all__ = ["calibration", "memory_bars", "model_bars"]

_CHANCE = "How likely the goal is from each stage on"
_MEMORY = "Where it matters where a journey came from"
_CALIBRATION = "Whether predictions come true, on actors that were held out"
_ROW = 30
_SQUARE = 400


def model_bars(
    result: ModelResult, *, rows: int = 25, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the chance to reach the goal from each stage with its interval, and the mean time until then.

    Parameters
    ----------
    result : ModelResult
        After a change, what was before is marked.
    rows : int
        Stages to show at most, the start and the most visited; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table[result.table["goal_rate"].notna()]
    if table.empty:
        return no_data(look, _CHANCE, result, title)
    kept = table.sort_values("n", ascending=False, kind="stable").index[:rows]
    shown = table.loc[kept.sort_values()]
    figure = blank(
        look, _CHANCE, _model_words(result, len(table) - len(shown)), _ROW * len(shown) + 30, title
    )
    records = shown.to_dict("records")
    cards = [[_model_card(row), row["node"], row["n_followed"]] for row in records]
    add_rates(figure, look, 1, bounded(shown, "goal_rate"), faded(look.reached, 0.75), cards)
    size, unit = time_unit(float(np.nanmax(shown["time_mean_s"], initial=0.0)))
    times = shown["time_mean_s"].to_numpy() / size
    add_bars(figure, 2, times, faded(look.nodes[0], 0.7), cards, "time", showlegend=False, width=0.6)
    add_texts(figure, 2, np.nan_to_num(times), [duration(t) for t in shown["time_mean_s"]], look.text)
    if "difference" in result.tables:
        _mark_before(figure, look, result, shown.index.to_numpy())
    most = float(np.nanmax(shown["goal_rate_high"].fillna(shown["goal_rate"])))
    panel(
        figure,
        look,
        1,
        (0.0, 0.52),
        "share that reaches the goal (95 % interval)",
        max(most, 0.01) * 1.25,
        True,
    )
    longest = float(np.nanmax(times, initial=0.0))
    panel(figure, look, 2, (0.60, 1.0), f"mean time until then ({unit})", (longest or 1.0) * 1.45)
    names = labels(["" if k == "start" else n for n, k in zip(shown["node"], shown["kind"], strict=True)], 30)
    name_rows(
        figure,
        look,
        ["<i>start</i>" if k == "start" else n for n, k in zip(names, shown["kind"], strict=True)],
    )
    figure.update_layout(bargap=0.3)
    if "difference" in result.tables:
        legend_row(figure)
    return figure


def _mark_before(figure: go.Figure, look: Theme, result: ModelResult, rows: Any) -> None:
    table = result.tables["difference"]
    old = table.loc[table["measure"] == "goal_rate", "before"].to_numpy()[
        rows
    ]  # in the order of the main table
    figure.add_scatter(
        x=old, y=list(range(len(old))), mode="markers", name="as observed",
        marker={"symbol": "line-ns", "size": 20, "line": {"width": 2.5, "color": look.dropped}}, hoverinfo="skip",
    )  # fmt: skip


def _model_words(result: ModelResult, hidden: int) -> str:
    start = result.table.iloc[0]
    text = f"{count(start['n'])} {followed(result)}, {period(result.window)}: {share(start['goal_rate'])} reach the goal. "
    if result.changes:
        low, high = (100 * float(bound) for bound in (result.gain.low, result.gain.high))
        done = "; ".join(label(words, 60) for words in result.changes[:3])
        text += f"Changed: {done}. That is {100 * float(result.gain.value):+.1f} points ({low:+.1f} to {high:+.1f}). "
    text += "Journeys are taken to go on from a stage alike, wherever they came from."
    return text + not_shown(hidden, "rarer stages")


def _model_card(row: Mapping[Any, Any]) -> str:
    lines = [
        ("reaches the goal", rate(row["goal_rate"], row["goal_rate_low"], row["goal_rate_high"])),
        ("mean time until then", duration(row["time_mean_s"])),
        (
            "visits until then",
            "–" if row["visits_mean"] != row["visits_mean"] else f"{row['visits_mean']:.3g}",
        ),
        ("followed visits", f"{count(row['n_followed'])} of {count(row['n'])}"),
    ]
    return card("<i>start</i>" if row["kind"] == "start" else full(row["node"]), lines)


def memory_bars(
    result: MemoryTestResult, *, rows: int = 20, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw by how much the stage before improves the prediction of the next, stage by stage.

    Parameters
    ----------
    result : MemoryTestResult
    rows : int
        Stages to show at most, those that gain the most in all.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.tables["nodes"]
    if table.empty:
        return no_data(look, _MEMORY, result, title)
    shown = table.head(rows)
    words = f"{count(table['n'].sum())} moves, {period(result.window)}: {_plain(result.verdict)}."
    words += not_shown(len(table) - len(shown), "stages that gain less")
    figure = blank(look, _MEMORY, words, _ROW * len(shown) + 30, title)
    cards = [[_memory_card(row)] for row in shown.to_dict("records")]
    colors = [look.nodes[0] if yes else look.open for yes in shown["supported"]]
    gain = bounded(shown, "gain")
    spread = whisker(gain, look.text)
    add_bars(figure, 1, gain[0], colors, cards, "gain", error_x=spread, showlegend=False, width=0.6)
    signed_panel(figure, look, 1, (0.0, 1.0), "less loss for each move, nats (95 % interval)", gain)
    name_rows(figure, look, labels(shown["node"].tolist(), 30))
    return figure


def _memory_card(row: Mapping[Any, Any]) -> str:
    lines = [
        ("moves", count(row["n"])),
        ("loss by the stage alone", f"{row['log_loss_1']:.3g}"),
        ("with the one before", f"{row['log_loss_2']:.3g}"),
        ("", "supported" if row["supported"] else "may be chance"),
    ]
    return card(full(row["node"]), lines)


def _plain(text: str) -> str:
    return label(text, 260)


def calibration(result: PredictionResult, *, theme: str = "light", title: str | None = None) -> go.Figure:
    """Draw what came against what was predicted; on the diagonal, predictions mean what they say.

    Parameters
    ----------
    result : PredictionResult
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.tables["calibration"]
    if table.empty:
        return no_data(look, _CALIBRATION, result, title)
    scores = result.table.set_index("target")
    n = scores["n"]
    within = label(str(getattr(result.question, "within", "")))
    words = (
        f"{count(n['next'])} visits for what comes next, {count(n['outcome'])} for the goal within {within}, "
    )
    words += f"{period(result.window)}. Held-out log loss: "
    words += ", ".join(
        f"{name} {row['log_loss']:.3f} against {row['base_log_loss']:.3f} without knowing anything"
        for name, row in zip(
            ("next", "goal"), scores.loc[["next", "outcome"]].to_dict("records"), strict=True
        )
    )
    figure = blank(look, _CALIBRATION, words + ".", _SQUARE, title)
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": look.muted, "dash": "dot", "width": 1.4},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    for target, name, color in (
        ("next", "what comes next", look.nodes[0]),
        ("outcome", "the goal", look.dropped),
    ):
        mine = table[table["target"] == target]
        if mine.empty:
            continue
        figure.add_scatter(
            x=mine["predicted"], y=mine["observed"], mode="markers+lines", name=name,
            error_y=whisker(bounded(mine, "observed"), color),
            marker={"color": color, "size": 8}, line={"color": faded(color, 0.5), "width": 1.4},
            customdata=[[_bin_card(row, name)] for row in mine.to_dict("records")], hovertemplate=HOVER,
        )  # fmt: skip
    for axis, what in (("x", "share predicted"), ("y", "share that came (95 % interval)")):
        figure.update_layout(
            {
                f"{axis}axis": {
                    "range": [-0.01, 1.01], "tickformat": ".0%", "gridcolor": look.grid, "zeroline": False,
                    "fixedrange": True, "tickfont": {"color": look.muted}, "automargin": True,
                    "title": {"text": what, "font": {"size": 12.5, "color": look.muted}, "standoff": 10},
                }
            }
        )  # fmt: skip
    legend_row(figure)
    return figure


def _bin_card(row: Mapping[Any, Any], name: str) -> str:
    lines = [
        ("predicted", share(row["predicted"])),
        ("came", rate(row["observed"], row["observed_low"], row["observed_high"])),
        ("predictions", count(row["n"])),
    ]
    return card(name, lines)
