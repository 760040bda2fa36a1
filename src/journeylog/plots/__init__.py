"""Figures: one function for each type of result, all plotly, nothing is shown or sent by itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import plotly.graph_objects as go

from journeylog.comparison.experiments import Experiment
from journeylog.comparison.ranking import Segments
from journeylog.comparison.result import Comparison
from journeylog.core.cases import check_choice
from journeylog.core.contracts import Grouped, Result
from journeylog.errors import ConfigError, nearest
from journeylog.journeymap.again import AgainResult
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.opportunities import OpportunitiesResult
from journeylog.plots.bars import bottleneck_bars, describe_bars, dropoff_bars, outcome_bars
from journeylog.plots.conformance import conformance_bars
from journeylog.plots.curves import incidence_curves
from journeylog.plots.differences import (
    difference_graph,
    difference_sankey,
    differences,
    experiment_forest,
    segment_ranking,
)
from journeylog.plots.funnel import funnel
from journeylog.plots.graph import graph
from journeylog.plots.heatmap import heatmap
from journeylog.plots.journey import journey_glance
from journeylog.plots.ledger import ledger_bars
from journeylog.plots.losses import reaching_bars, segment_loss_bars
from journeylog.plots.mapbars import acquisition_bars, again_bars, dwell_bars, voice_bars
from journeylog.plots.model import calibration, memory_bars, model_bars
from journeylog.plots.moments import moment_forest
from journeylog.plots.opportunities import opportunity_bars
from journeylog.plots.pains import pain_bars
from journeylog.plots.paths import paths
from journeylog.plots.retention import cohort_heatmap, retention_curve
from journeylog.plots.sankey import sankey
from journeylog.plots.satisfaction import satisfaction_curve
from journeylog.plots.stepheat import step_heatmap
from journeylog.plots.stepsankey import step_sankey
from journeylog.plots.style import CONFIG, node_colors
from journeylog.plots.touchpoints import touchpoint_bars
from journeylog.plots.values import value_bars
from journeylog.segmentloss import SegmentLossResult
from journeylog.stats.acquisition import AcquisitionResult
from journeylog.stats.bottlenecks import BottlenecksResult
from journeylog.stats.conformance import ConformanceResult
from journeylog.stats.describe import DescribeResult
from journeylog.stats.dropoff import DropOffResult
from journeylog.stats.dwell import DwellResult
from journeylog.stats.funnel import FunnelResult
from journeylog.stats.ledger import LedgerResult
from journeylog.stats.memory import MemoryTestResult
from journeylog.stats.model import ModelResult
from journeylog.stats.moments import MomentsResult
from journeylog.stats.outcomes import OutcomesResult
from journeylog.stats.pains import PainPointsResult
from journeylog.stats.prediction import PredictionResult
from journeylog.stats.reaching import ReachingResult
from journeylog.stats.retention import RetentionResult
from journeylog.stats.satisfaction import SatisfactionResult
from journeylog.stats.stepmatrix import StepMatrixResult
from journeylog.stats.timeto import TimeToResult
from journeylog.stats.touchpoints import TouchpointsResult
from journeylog.stats.transitions import TransitionsResult
from journeylog.stats.values import ValuesResult
from journeylog.stats.variants import VariantsResult
from journeylog.stats.voice import VoiceResult

__all__ = ["CONFIG", "node_colors", "plot"]

#: Nodes up to which the moves are drawn as a Sankey unless told otherwise.
_FEW = 8
_COUNTS = ("blocks", "edges", "nodes", "positions", "rows")

_Kinds = Mapping[str, Callable[..., go.Figure]]

#: The functions that draw each type of result, by the word of ``kind=``; the first is the usual one.
_PLOTS: Mapping[type[Result], _Kinds] = {
    AcquisitionResult: {"bars": acquisition_bars},
    AgainResult: {"bars": again_bars},
    BottlenecksResult: {"bars": bottleneck_bars},
    Comparison: {"differences": differences, "sankey": difference_sankey, "graph": difference_graph},
    ConformanceResult: {"bars": conformance_bars},
    DescribeResult: {"bars": describe_bars},
    DropOffResult: {"bars": dropoff_bars},
    DwellResult: {"bars": dwell_bars},
    Experiment: {"forest": experiment_forest},
    FunnelResult: {"funnel": funnel},
    JourneyMapResult: {"bars": journey_glance},
    LedgerResult: {"bars": ledger_bars},
    MomentsResult: {"forest": moment_forest},
    MemoryTestResult: {"bars": memory_bars},
    ModelResult: {"bars": model_bars},
    OpportunitiesResult: {"bars": opportunity_bars},
    PainPointsResult: {"bars": pain_bars},
    PredictionResult: {"calibration": calibration},
    OutcomesResult: {"bars": outcome_bars},
    ReachingResult: {"bars": reaching_bars},
    RetentionResult: {"curve": retention_curve, "heatmap": cohort_heatmap},
    SegmentLossResult: {"bars": segment_loss_bars},
    Segments: {"ranking": segment_ranking},
    SatisfactionResult: {"curve": satisfaction_curve},
    StepMatrixResult: {"sankey": step_sankey, "heatmap": step_heatmap},
    TimeToResult: {"curves": incidence_curves},
    TouchpointsResult: {"bars": touchpoint_bars},
    TransitionsResult: {"sankey": sankey, "graph": graph, "heatmap": heatmap},
    ValuesResult: {"bars": value_bars},
    VariantsResult: {"paths": paths},
    VoiceResult: {"bars": voice_bars},
}


def plot(result: Result, **options: Any) -> go.Figure:
    """Return the figure of a result.

    Parameters
    ----------
    result : Result
    **options
        ``theme="light"`` or ``"dark"`` and ``title=`` for all. Further ones by the type of the result:

        - Transitions: ``kind="sankey"`` (default up to 8 nodes), ``"graph"`` (default beyond) or ``"heatmap"``;
          ``nodes=``, ``order=``, ``colors=`` (sankey, graph), ``edges=`` (graph), ``values=`` (heatmap:
          ``"rate"``, ``"n"``, ``"time"``).
        - StepMatrix: ``kind="sankey"`` or ``"heatmap"``; ``nodes=``, ``order=``, ``positions=``, ``colors=``.
        - Acquisition, DropOff, Describe, Dwell, PainPoints, Reaching, SegmentLoss, Values, Voice: ``rows=``.
        - Bottlenecks: ``part="edge"`` or ``"node"``, ``rows=``.
        - Variants: ``rows=``, ``blocks=``, ``colors=``. TimeTo, Touchpoints, Ledger, Satisfaction: ``rows=``.
        - Moments: ``part="node"`` or ``"transition"``, ``rows=``.
        - Comparison: ``kind="differences"`` (``rows=``), and of Transitions ``"sankey"`` (``nodes=``, ``order=``) or
          ``"graph"`` (and ``edges=``). Segments, Experiment: ``rows=``. Retention: ``kind="curve"`` or ``"heatmap"``
          (``rows=``).
        - Model, MemoryTest: ``rows=``. Opportunities: ``part="stage"`` or ``"edge"``, ``rows=``.
        - Again, Conformance, Funnel, JourneyMap, Outcomes, Prediction: none.

    Returns
    -------
    plotly.graph_objects.Figure
        It fits the width of its place and has the height its content needs. An empty result gives a figure
        that says so.

    Raises
    ------
    ConfigError
        If there is no figure for the result, or no such option.

    Notes
    -----
    For a file that makes no request: ``figure.write_html(path, config=journeylog.plots.CONFIG)``.

    Examples
    --------
    >>> import journeylog as jl
    >>> figure = jl.datasets.tiny().compute(jl.Transitions()).plot(theme="dark")
    >>> figure.layout.title.text
    '<b>Where journeys go, come back and end</b>'
    """
    kinds = _kinds_of(result)
    kind = options.pop("kind", None) or _usual(result, kinds)
    check_choice("kind", kind, tuple(kinds))
    draw = kinds[kind]
    known = [name for name, p in inspect.signature(draw).parameters.items() if p.kind is p.KEYWORD_ONLY]
    for name, value in options.items():
        if name not in known:
            near = nearest(name, known)
            fix = f"did you mean {near[0]!r}?" if near else f"one of {known}"
            raise ConfigError(f"the {kind} of {type(result).__name__} has no option {name!r}. Fix: {fix}")
        if name in _COUNTS and (not isinstance(value, int) or value < 1):
            raise ConfigError(f"{name}={value!r} is not possible. Fix: a whole number of at least 1")
    return draw(result, **options)


def _kinds_of(result: Result) -> _Kinds:
    if isinstance(result, Grouped):
        one = f"result[{next(iter(result), None)!r}].plot()"
        raise ConfigError(f"this is one result for each value of {result.by!r}. Fix: plot one of them: {one}")
    for kind in type(result).__mro__:
        if kind in _PLOTS:
            return _PLOTS[kind]
    known = sorted(kind.__name__ for kind in _PLOTS)
    raise ConfigError(f"there is no plot of {type(result).__name__}. Fix: plot one of {known}")


def _usual(result: Result, kinds: _Kinds) -> str:
    """Return the kind that reads best; many nodes would make a Sankey of their moves a tangle."""
    moves = result.graph if isinstance(result, Comparison) else result
    if isinstance(moves, TransitionsResult):
        return "graph" if int((moves.nodes["kind"] == "node").sum()) > _FEW else "sankey"
    return next(iter(kinds))
