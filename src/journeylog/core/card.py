"""The card of a load: what came in, and where every row went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["COUNTS", "Card"]

#: What becomes of rows: the first is the sum of the others.
COUNTS: Final = ("rows_in", "kept", "rejected", "deduplicated")


@dataclass(frozen=True)
class Card:
    """The reconciliation of a load: ``rows_in == kept + rejected + deduplicated``, always.

    Parameters
    ----------
    rows_in, kept, rejected, deduplicated : int
        Rows (for wide tables: stamps) by what became of them.
    reasons : mapping of str to int
        Rejected rows by reason code.
    ties : int
        Events that stand at the same time as the event before them, within one actor.
    order : str
        How ties were put in order.
    sources : mapping of str to mapping
        The same four numbers for each source that was joined; they add up too, each and all together.
    notes : tuple of str
        What a reader of the numbers must know (mixed currencies, unit chosen, zone used).
    """

    rows_in: int
    kept: int
    rejected: int = 0
    deduplicated: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    ties: int = 0
    order: str = "position in the input"
    sources: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a card that does not add up."""
        if self.rows_in != self.kept + self.rejected + self.deduplicated:
            raise AssertionError(
                f"rows were lost: {self.rows_in} in, {self.kept} kept, {self.rejected} rejected, "
                f"{self.deduplicated} deduplicated"
            )
        for name, counts in self.sources.items():
            rest = sum(counts.get(key, 0) for key in COUNTS[1:])
            if counts.get("rows_in", 0) != rest:
                raise AssertionError(
                    f"rows of {name!r} were lost: {counts['rows_in']} in, {rest} accounted for"
                )

    @property
    def rejected_share(self) -> float:
        """Rejected rows as a share of the rows in (0 when nothing came in)."""
        return self.rejected / self.rows_in if self.rows_in else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the card as JSON-able values."""
        return {
            "rows_in": self.rows_in,
            "kept": self.kept,
            "rejected": self.rejected,
            "deduplicated": self.deduplicated,
            "reasons": dict(self.reasons),
            "ties": self.ties,
            "order": self.order,
            "sources": {name: dict(counts) for name, counts in self.sources.items()},
            "notes": list(self.notes),
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Card:
        """Read a card back."""
        return Card(**{**data, "notes": tuple(data.get("notes", ()))})
