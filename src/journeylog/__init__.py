"""journeylog: from behaviour data to customer journeys.

>>> import journeylog as jl
>>> log = jl.datasets.tiny()
>>> log.compute(jl.Transitions()).table[["from", "to", "n"]].head(2)
    from    to  n
0  start  home  4
1   cart   pay  2
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

#: Every public name and the module it comes from; a module is loaded when its name is first used.
_HOME = {
    "ActorsOf": "steps.filters",
    "Clusters": "persona.clusters",
    "Collapse": "steps.collapse",
    "Drop": "steps.filters",
    "EventLog": "core.log",
    "Journeys": "steps.journeys",
    "RFM": "steps.rfm",
    "Rename": "steps.rename",
    "Sessions": "steps.sessions",
    "Stages": "steps.stages",
    "Where": "steps.filters",
    "Acquisition": "stats.acquisition",
    "Again": "journeymap.again",
    "Bootstrap": "bootstrap",
    "Bottlenecks": "stats.bottlenecks",
    "Conformance": "stats.conformance",
    "Describe": "stats.describe",
    "Dwell": "stats.dwell",
    "DropOff": "stats.dropoff",
    "Funnel": "stats.funnel",
    "MemoryTest": "stats.memory",
    "Model": "stats.model",
    "Prediction": "stats.prediction",
    "Ledger": "stats.ledger",
    "Moments": "stats.moments",
    "Opportunities": "opportunities",
    "SegmentLoss": "segmentloss",
    "Outcomes": "stats.outcomes",
    "Reaching": "stats.reaching",
    "Retention": "stats.retention",
    "Satisfaction": "stats.satisfaction",
    "PainPoints": "stats.pains",
    "StepMatrix": "stats.stepmatrix",
    "Synthetic": "core.nodes",
    "TimeTo": "stats.timeto",
    "Touchpoints": "stats.touchpoints",
    "Transitions": "stats.transitions",
    "Values": "stats.values",
    "Variants": "stats.variants",
    "Voice": "stats.voice",
    "Window": "core.window",
    "Written": "exports.write",
    "Check": "checks.result",
    "check": "checks.run",
    "Format": "ingest.formats.declare",
    "History": "ingest.roles",
    "Lifecycle": "ingest.lifecycle",
    "Link": "ingest.formats.declare",
    "Identity": "ingest.identity.whole",
    "IdentityMap": "ingest.identity.map",
    "IdentityReport": "ingest.identity.report",
    "Links": "ingest.identity.links",
    "Offset": "ingest.offsets",
    "Pseudonyms": "ingest.pseudonyms",
    "Rejects": "ingest.rejects",
    "Same": "ingest.same",
    "combine": "ingest.combine",
    "JourneyMap": "journeymap.spec",
    "compare": "comparison",
    "segments": "comparison",
    "Conversion": "comparison",
    "PerActor": "comparison",
    "experiment": "comparison",
    "Rollup": "ingest.formats.rollup",
    "Take": "ingest.formats.declare",
    "constant": "ingest.roles",
    "estimate_offset": "ingest.offsets",
    "fields": "ingest.formats",
    "parts": "ingest.formats",
    "formats": "ingest.formats.known",
    "identity": "ingest.identity.whole",
    "links": "ingest.identity.links",
    "load": "core.log",
    "logrank": "stats.timeto",
    "personas": "persona.personas",
    "read": "ingest.door",
    "read_config": "reporting.sourcelist",
    "read_design": "journeymap.design",
    "read_sql": "ingest.sql",
    "read_rejects": "ingest.rejects",
    "report": "reporting.page",
    "tables": "reporting.tidy",
    "workbook": "reporting.workbook",
    "stitch": "ingest.stitch",
    "suggest_stages": "journeymap.suggest",
    "write": "exports.write",
    "write_sql": "exports.sql",
}
_MODULES = ("datasets", "errors", "plots")

__all__ = [*_HOME, *_MODULES]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from journeylog import datasets as datasets
    from journeylog.bootstrap import Bootstrap as Bootstrap
    from journeylog.checks.result import Check as Check
    from journeylog.checks.run import check as check
    from journeylog.comparison import Conversion as Conversion
    from journeylog.comparison import PerActor as PerActor
    from journeylog.comparison import compare as compare
    from journeylog.comparison import experiment as experiment
    from journeylog.comparison import segments as segments
    from journeylog.core.log import EventLog as EventLog
    from journeylog.core.log import load as load
    from journeylog.core.nodes import Synthetic as Synthetic
    from journeylog.core.window import Window as Window
    from journeylog.exports.sql import write_sql as write_sql
    from journeylog.exports.write import Written as Written
    from journeylog.exports.write import write as write
    from journeylog.ingest.combine import combine as combine
    from journeylog.ingest.door import read as read
    from journeylog.ingest.formats import fields as fields
    from journeylog.ingest.formats import parts as parts
    from journeylog.ingest.formats.declare import Format as Format
    from journeylog.ingest.formats.declare import Link as Link
    from journeylog.ingest.formats.declare import Take as Take
    from journeylog.ingest.formats.known import formats as formats
    from journeylog.ingest.formats.rollup import Rollup as Rollup
    from journeylog.ingest.identity.links import Links as Links
    from journeylog.ingest.identity.links import links as links
    from journeylog.ingest.identity.map import IdentityMap as IdentityMap
    from journeylog.ingest.identity.report import IdentityReport as IdentityReport
    from journeylog.ingest.identity.whole import Identity as Identity
    from journeylog.ingest.identity.whole import identity as identity
    from journeylog.ingest.lifecycle import Lifecycle as Lifecycle
    from journeylog.ingest.offsets import Offset as Offset
    from journeylog.ingest.offsets import estimate_offset as estimate_offset
    from journeylog.ingest.pseudonyms import Pseudonyms as Pseudonyms
    from journeylog.ingest.rejects import Rejects as Rejects
    from journeylog.ingest.rejects import read_rejects as read_rejects
    from journeylog.ingest.roles import History as History
    from journeylog.ingest.roles import constant as constant
    from journeylog.ingest.same import Same as Same
    from journeylog.ingest.sql import read_sql as read_sql
    from journeylog.ingest.stitch import stitch as stitch
    from journeylog.journeymap.again import Again as Again
    from journeylog.journeymap.design import read_design as read_design
    from journeylog.journeymap.spec import JourneyMap as JourneyMap
    from journeylog.journeymap.suggest import suggest_stages as suggest_stages
    from journeylog.opportunities import Opportunities as Opportunities
    from journeylog.persona.clusters import Clusters as Clusters
    from journeylog.persona.personas import personas as personas
    from journeylog.reporting.page import report as report
    from journeylog.reporting.sourcelist import read_config as read_config
    from journeylog.reporting.tidy import tables as tables
    from journeylog.reporting.workbook import workbook as workbook
    from journeylog.segmentloss import SegmentLoss as SegmentLoss
    from journeylog.stats.acquisition import Acquisition as Acquisition
    from journeylog.stats.bottlenecks import Bottlenecks as Bottlenecks
    from journeylog.stats.conformance import Conformance as Conformance
    from journeylog.stats.describe import Describe as Describe
    from journeylog.stats.dropoff import DropOff as DropOff
    from journeylog.stats.dwell import Dwell as Dwell
    from journeylog.stats.funnel import Funnel as Funnel
    from journeylog.stats.ledger import Ledger as Ledger
    from journeylog.stats.memory import MemoryTest as MemoryTest
    from journeylog.stats.model import Model as Model
    from journeylog.stats.moments import Moments as Moments
    from journeylog.stats.outcomes import Outcomes as Outcomes
    from journeylog.stats.pains import PainPoints as PainPoints
    from journeylog.stats.prediction import Prediction as Prediction
    from journeylog.stats.reaching import Reaching as Reaching
    from journeylog.stats.retention import Retention as Retention
    from journeylog.stats.satisfaction import Satisfaction as Satisfaction
    from journeylog.stats.stepmatrix import StepMatrix as StepMatrix
    from journeylog.stats.timeto import TimeTo as TimeTo
    from journeylog.stats.timeto import logrank as logrank
    from journeylog.stats.touchpoints import Touchpoints as Touchpoints
    from journeylog.stats.transitions import Transitions as Transitions
    from journeylog.stats.values import Values as Values
    from journeylog.stats.variants import Variants as Variants
    from journeylog.stats.voice import Voice as Voice
    from journeylog.steps.collapse import Collapse as Collapse
    from journeylog.steps.filters import ActorsOf as ActorsOf
    from journeylog.steps.filters import Drop as Drop
    from journeylog.steps.filters import Where as Where
    from journeylog.steps.journeys import Journeys as Journeys
    from journeylog.steps.rename import Rename as Rename
    from journeylog.steps.rfm import RFM as RFM
    from journeylog.steps.sessions import Sessions as Sessions
    from journeylog.steps.stages import Stages as Stages


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"journeylog.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"journeylog.{name}")
    else:
        raise AttributeError(f"module 'journeylog' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
