"""Arrow's memory while a file is read: the system's, for a fresh process gets it several times sooner."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

__all__ = ["system_memory"]

_LOCK = threading.Lock()
_STATE: dict[str, Any] = {"readers": 0, "before": None}


@contextmanager
def system_memory() -> Iterator[None]:
    """Let Arrow take memory from the system, and put its own pool back when the last reader is done."""
    with _LOCK:
        if _STATE["readers"] == 0:
            _STATE["before"] = pa.default_memory_pool()
            pa.set_memory_pool(pa.system_memory_pool())
        _STATE["readers"] += 1
    try:
        yield
    finally:
        with _LOCK:
            _STATE["readers"] -= 1
            if _STATE["readers"] == 0:
                pa.set_memory_pool(_STATE["before"])
                _STATE["before"] = None
