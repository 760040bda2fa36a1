"""Comparing groups, periods, segments and variants of an experiment: compositions of statistics."""

from journeylog.comparison.comparing import compare
from journeylog.comparison.experiments import Experiment, experiment
from journeylog.comparison.metrics import Conversion, PerActor
from journeylog.comparison.ranking import Segments, segments
from journeylog.comparison.result import Comparison

__all__ = [
    "Comparison",
    "Conversion",
    "Experiment",
    "PerActor",
    "Segments",
    "compare",
    "experiment",
    "segments",
]
