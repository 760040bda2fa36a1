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
        """Return what was compared and the supported differences."""
        tested = int(self.table["p"].notna().sum())
        head = f"{self.b} against {self.a}: {len(self.supported):,} of {tested:,} differences are supported"
        return "\n".join(
            [
                head,
                *(f"note: {n}" for n in self.notes),
                self.supported.head(20).to_string(float_format="%.4g"),
            ]
        )
