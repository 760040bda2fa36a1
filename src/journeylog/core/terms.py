"""What was declared of the cases of a level beside their patience: it travels with them into every answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["DECLARED", "Terms"]


@dataclass(frozen=True)
class Terms:
    """How a level was made.

    Parameters
    ----------
    n_returns : int
        How many return gaps the patience was estimated from; below zero when it was declared.
    sensitivity : tuple of int
        Other patiences for which drop-off is told beside, microseconds, ascending.
    stretches : bool
        Whether a case that was dropped may be followed by the next of its actor: a silence cut them, and a longer
        patience would not have.
    run_in : int
        Length of the run-in at the window's start, microseconds; 0 when there is none.
    """

    n_returns: int = -1
    sensitivity: tuple[int, ...] = ()
    stretches: bool = False
    run_in: int = 0

    @property
    def estimated(self) -> bool:
        """Whether the patience was estimated from the log."""
        return self.n_returns >= 0

    def to_dict(self) -> dict[str, Any]:
        """Return the terms as JSON-able values."""
        return asdict(self)

    @staticmethod
    def from_dict(found: Mapping[str, Any]) -> Terms:
        """Return the terms that :meth:`to_dict` wrote."""
        known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in found.items()}
        return Terms(**known)


#: Nothing but the patience.
DECLARED = Terms()
