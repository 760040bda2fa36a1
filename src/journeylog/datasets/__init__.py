"""Data with known truth: a tiny log for examples, and simulators for tests and samples."""

from journeylog.datasets.chain import ChainSimulation, simulate_chain
from journeylog.datasets.exports import ROLES
from journeylog.datasets.industries import INDUSTRIES, Industry, industry
from journeylog.datasets.planted import Displeasure, MomentOfTruth
from journeylog.datasets.simulate import Simulation, simulate
from journeylog.datasets.spec import Edge, Node, Segment, ShopSpec, Wait
from journeylog.datasets.tiny import tiny, tiny_frame
from journeylog.datasets.truth import ChainTruth, Truth

__all__ = [
    "INDUSTRIES",
    "ROLES",
    "ChainSimulation",
    "ChainTruth",
    "Displeasure",
    "Edge",
    "Industry",
    "MomentOfTruth",
    "Node",
    "Segment",
    "ShopSpec",
    "Simulation",
    "Truth",
    "Wait",
    "industry",
    "simulate",
    "simulate_chain",
    "tiny",
    "tiny_frame",
]
