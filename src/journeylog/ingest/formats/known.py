"""The formats that are known by name. A family of them is a file of declarations and a line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from journeylog.errors import ConfigError, nearest
from journeylog.ingest.formats import (
    activities,
    analytics,
    clickstream,
    crm,
    feedback,
    orders,
    payments,
    support,
    weblogs,
)
from journeylog.ingest.formats.declare import Format, mentioned, missing_of
from journeylog.ingest.formats.fields import shown
from journeylog.ingest.formats.words import page_of

__all__ = ["FAMILIES", "Formats", "fitting_formats", "formats"]

#: Modules of declarations; each has its formats in ``FORMATS``.
FAMILIES: Final = (analytics, clickstream, weblogs, crm, activities, orders, payments, feedback, support)


@dataclass(frozen=True, repr=False)
class Formats(Mapping[str, Format]):
    """Formats by name.

    Parameters
    ----------
    listed : mapping of str to Format
    """

    listed: Mapping[str, Format]

    def __getitem__(self, name: str) -> Format:
        """Return a format.

        Raises
        ------
        ConfigError
            If there is none of this name; the message names those that are like it.
        """
        if name not in self.listed:
            near = nearest(name, self.listed)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"one of {list(self.listed)}"
            raise ConfigError(f"no format is called {name!r}. Fix: {hint}")
        return self.listed[name]

    def __contains__(self, name: object) -> bool:
        """Return whether there is a format of this name."""
        return name in self.listed

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self.listed)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.listed)

    @property
    def table(self) -> pd.DataFrame:
        """What each format is and what it needs: ``format``, ``about``, ``actor``, ``event``, ``time``."""
        rows: list[dict[str, Any]] = []
        for name, form in self.listed.items():
            needs = {role: shown(*given).replace("'", "") for role, given in form.needs.items()}
            rows.append({"format": name, "about": form.about, **needs})
        return pd.DataFrame(rows, columns=["format", "about", "actor", "event", "time"])

    @staticmethod
    def page() -> str:
        """Return the page of the documentation: what each known format makes of a vendor's rows."""
        return page_of(FAMILIES)

    def __repr__(self) -> str:
        """Return the names with what each is."""
        width = max(map(len, self.listed), default=0)
        return "\n".join(f"{name:<{width}}  {form.about}" for name, form in self.listed.items())

    def _repr_html_(self) -> str:
        return str(self.table.to_html(index=False))


def formats() -> Formats:
    """Return the formats that :func:`journeylog.read` knows by name, with what each needs.

    Each is a declaration that can be changed and passed in place of the name.

    Examples
    --------
    >>> import journeylog as jl
    >>> jl.formats()["ga4"].event
    'event_name'
    >>> berlin = jl.formats()["ga4"].but(tz="Europe/Berlin")
    """
    return Formats({form.name: form for family in FAMILIES for form in family.FORMATS})


def fitting_formats(found: Sequence[str]) -> list[str]:
    """Return the names of the formats whose needs these columns meet, those that explain most columns first."""
    ranked = []
    for name, form in formats().items():
        if not missing_of(form, found):
            named = {path.split(".")[0] for path in mentioned(form)} | set(mentioned(form))
            ranked.append((-sum(column in named for column in found), len(named), name))
    return [name for score, _, name in sorted(ranked) if -score >= 3]
