"""The way in: one door (:func:`read`), its containers, its rejects, and the joining of logs."""

from journeylog.ingest.combine import combine
from journeylog.ingest.containers import READERS
from journeylog.ingest.door import read
from journeylog.ingest.rejects import Reason, Rejects, read_rejects
from journeylog.ingest.roles import History, constant
from journeylog.ingest.verdicts import PLACEHOLDERS

__all__ = [
    "PLACEHOLDERS",
    "READERS",
    "History",
    "Reason",
    "Rejects",
    "combine",
    "constant",
    "read",
    "read_rejects",
]
