"""What losses cost in a report: the prices that are declared, in what currency, and beyond which wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pandas as pd

from journeylog.errors import ConfigError, cut, nearest
from journeylog.stats.ledger import Ledger, LedgerResult
from journeylog.stats.pains import PainPoints

__all__ = ["LOST", "Costs"]

#: The price of a visit lost, which the map does not ask for: it tells what such a visit would have brought.
LOST: Final = "lost"
_LINES: Final[Mapping[str, str]] = {"waiting": "cost_hour", "rework": "cost_contact", LOST: "cost_visit"}


@dataclass(frozen=True)
class Costs:
    """Prices of losses.

    Parameters
    ----------
    prices : mapping of str to float or str
        ``"waiting"`` an hour of waiting, ``"rework"`` a visit made again, ``"lost"`` a visit lost; further names are
        kinds of pain, which only the map prices.
    baseline : duration, optional
        What a wait from one stage to the next may take without a cost.
    currency : str, optional
        The currency of the prices, and the one in which amounts count.
    """

    prices: Mapping[str, Any] = field(default_factory=dict)
    baseline: Any = None
    currency: str | None = None

    @classmethod
    def of(cls, prices: Mapping[str, Any] | None, mapped: Mapping[str, Any] | None) -> Costs:
        """Return the costs of a report from its prices, else from those its map is asked with.

        Raises
        ------
        ConfigError
            If a price is none, or of nothing that has one.
        """
        asked = dict(mapped or {})
        given = asked.get("prices") if prices is None else prices
        if given is not None and not isinstance(given, Mapping):
            raise ConfigError(f"prices={cut(given)} is no table. Fix: {{'waiting': 12, 'rework': 3}}")
        own, pains = dict(given or {}), asked.get("pains")
        price = own.get(LOST, 0)
        if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < float("inf"):
            raise ConfigError(f"prices: {LOST} = {cut(price)} is no price. Fix: a number of 0 or more")
        made = cls(own, asked.get("baseline"), asked.get("currency"))
        try:
            PainPoints("usual" if pains is None else pains, prices=made.of_map)
        except ConfigError as error:
            near = next((name for name in own if name not in _LINES and nearest(str(name), [LOST])), None)
            if near is not None:
                raise ConfigError(f"prices: there is no {near!r}. Fix: did you mean {LOST!r}?") from error
            raise
        return made

    @property
    def of_map(self) -> dict[str, Any] | None:
        """The prices as a map takes them; None for none."""
        return {name: price for name, price in self.prices.items() if name != LOST} or None

    @property
    def of_lines(self) -> dict[str, float]:
        """The prices of the ledger's kinds of lines, in their order."""
        return {name: float(self.prices[name]) for name in _LINES if self.prices.get(name) is not None}

    def ledger(self, node: str) -> Ledger:
        """Return the question of what losses cost at the nodes of a column."""
        prices: dict[str, Any] = {_LINES[name]: price for name, price in self.of_lines.items()}
        baseline = self.baseline if node == "stage" else None
        return Ledger(node=node, baseline=baseline, currency=self.currency, **prices)

    def named(self, result: LedgerResult) -> LedgerResult:
        """Return the ledger with the currency at every line that costs something: prices are in that of the amounts."""
        table = result.table
        known = table["currency"].dropna().unique().tolist()
        name = self.currency if self.currency is not None else known[0] if len(known) == 1 else None
        if name is None or not self.of_lines:
            return result
        told = table["currency"].where(table["currency"].notna() | table["cost"].isna(), name)
        made: pd.DataFrame = table.assign(currency=told.astype(table["currency"].dtype))
        made.attrs.update(table.attrs)
        return replace(result, table=made)
