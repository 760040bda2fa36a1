"""What a comparison returns: two answers side by side, and which differences are supported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from journeylog.core.contracts import Result
from journeylog.stats.transitions import TransitionsResult

__all__ = ["SUPPORTED", "Comparison"]

#: A difference with a q-value below this is called supported.
SUPPORTED: Final = 0.05
#: Differences that are shown where none is supported.
_NEAREST: Final = 5


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """Two results of one question side by side; see :func:`journeylog.compare` for the table."""

    a: str = "a"
    b: str = "b"
    graph: TransitionsResult | None = None

    @property
    def supported(self) -> pd.DataFrame:
        """The rows whose difference is supported, the largest differences of shares first."""
        found = self.table[self.table["supported"]]
        order = found["difference"].abs().sort_values(ascending=False, kind="stable").index
        return found.loc[order].reset_index(drop=True)

    def __repr__(self) -> str:
        """Return what was compared and the supported differences; where there is none, those that come nearest."""
        tested = int(self.table["p"].notna().sum())
        head = f"{self.b} against {self.a}: {len(self.supported):,} of {tested:,} differences are supported"
        lines = [head, *(f"note: {n}" for n in self.notes)]
        shown = self.supported.head(20)
        if not len(shown) and tested:
            lines.append("the nearest, each of which may be chance:")
            shown = self.table.dropna(subset="p").sort_values("p", kind="stable").head(_NEAREST)
        return "\n".join([*lines, *([shown.to_string(float_format="%.4g")] if len(shown) else [])])
