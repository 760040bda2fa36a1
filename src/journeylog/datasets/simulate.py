"""A simulated shop: the events, the raw files of five systems, and the truth behind them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from journeylog.datasets.dirt import soil
from journeylog.datasets.exports import export
from journeylog.datasets.spec import ShopSpec
from journeylog.datasets.story import Story, people, tell
from journeylog.datasets.truth import Truth, conversion_table, moment_table, node_table, transition_table
from journeylog.datasets.walk import Process, outcome_table, utc, walk
from journeylog.datasets.write import write_files
from journeylog.errors import ConfigError, explain

__all__ = ["Simulation", "simulate"]

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Simulation:
    """A simulated shop.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``clicks, crm, orders, feedback, tickets`` as the systems would export them; what their columns mean is in
        :data:`journeylog.datasets.ROLES`.
    events : DataFrame
        The clean truth in (actor, time) order: ``actor, event, time, stage, channel, source, value, currency, score,
        text, object, device, platform, acquisition``. `actor` is the customer number, `time` is datetime64[us, UTC]
        with no ties inside an actor, `value` is money taken at ``paid`` and given back at ``refunded``, `score` runs
        from 0 to 10, `object` is the visit, deal, order, response or ticket the event belongs to.
    truth : Truth
        The parameters, what was planted, how each customer ended, who is behind each id, and each dirty row.
    """

    tables: dict[str, pd.DataFrame] = field(repr=False)
    events: pd.DataFrame = field(repr=False)
    truth: Truth

    def write(self, folder: str | Path) -> dict[str, Path]:
        """Write the raw files, ``truth.json`` and (with dirt) ``dirt.csv``; the same bytes for the same simulation.

        Parameters
        ----------
        folder : path
            Made when missing. Files of the same names are replaced.

        Returns
        -------
        dict of str to Path
            ``clicks.csv.gz, crm.csv, orders.csv, feedback.jsonl, tickets.parquet, truth.json, dirt.csv`` by the name
            before the first dot.

        Raises
        ------
        OutputError
            When a file cannot be written.
        """
        return write_files(self.tables, self.truth, Path(folder))


def simulate(
    n_customers: int = 2000,
    *,
    seed: int = 0,
    start: str = "2025-01-06",
    days: float = 120,
    dirty: float = 0.0,
    spec: ShopSpec | None = None,
) -> Simulation:
    """Simulate the customers of a shop over several channels, with every parameter known.

    Customers arrive uniformly over the window and move by the probabilities and waits of `spec` until they drop out,
    are done, or the window ends: what comes later is cut off, so some journeys are still under way.

    Parameters
    ----------
    n_customers : int
        How many customers arrive.
    seed : int
        Same arguments, same simulation. Clean events do not depend on `dirty`.
    start : str
        First day of the window (UTC unless a zone is written).
    days : float
        Length of the window.
    dirty : float
        Dirty rows as a share of the clean rows of each table, at most 0.5. Broken rows are added, never made of good
        ones: what is left after rejecting and deduplicating is the clean shop, plus ``tie`` rows, with the clocks of
        some devices off.
    spec : ShopSpec, optional
        The shop; by default a furniture seller.

    Returns
    -------
    Simulation

    Raises
    ------
    ConfigError
        When an argument means nothing, such as a negative number of customers.

    Notes
    -----
    The process is semi-Markov: the next event depends on the present one alone (and on being in the bad segment, or on
    having met a planted moment of truth), and so does the wait. Shares counted among the events that did follow inside
    the window lean towards short waits; with a window much longer than the waits they converge to
    ``truth.transitions``.

    Examples
    --------
    >>> shop = simulate(200, seed=7)
    >>> shop.truth.bottleneck
    ('paid', 'shipped')
    >>> sorted(shop.tables)
    ['clicks', 'crm', 'feedback', 'orders', 'tickets']
    >>> bool(shop.events["time"].max() <= shop.truth.end)
    True

    With a moment of truth: whoever searched drops out less often afterwards.

    >>> from journeylog.datasets import MomentOfTruth
    >>> planted = simulate(200, seed=7, spec=ShopSpec(moment=MomentOfTruth("search", odds=3)))
    >>> planted.truth.moment_shares.set_index("node")["ratio"].round(2)["product_view"].item()
    1.83
    """
    spec = ShopSpec() if spec is None else spec
    if n_customers < 0 or not days > 0 or not 0 <= dirty <= 0.5:
        raise ConfigError(
            explain(
                "n_customers >= 0, days > 0 and 0 <= dirty <= 0.5 are needed",
                examples=[(n_customers, days, dirty)],
            )
        )
    origin = utc(start)
    length_ms = round(days * DAY_MS)
    streams = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(5)]
    crowd = people(streams[0], n_customers, spec, days)
    process = Process.of(spec.nodes, spec.segment, spec.moment)
    shift = np.zeros(n_customers, dtype=np.int64)
    if spec.segment is not None:
        inside = getattr(crowd, spec.segment.attribute) == spec.segment.value
        shift[inside] = process.n_nodes
    names = np.array([node.name for node in spec.nodes], dtype=object)
    number = {node.name: i for i, node in enumerate(spec.nodes)}
    moment = (number[spec.moment.event], number[spec.goal]) if spec.moment else None
    path = walk(
        process,
        streams[1],
        crowd.first,
        shift=shift,
        horizon_ms=length_ms - crowd.arrival_ms,
        moment=moment,
    )
    path = replace(path, time_ms=path.time_ms + crowd.arrival_ms[path.walker])
    outcomes = outcome_table(path, path.time_ms, (0, length_ms), names, origin)
    story = tell(streams[2], path, crowd, spec, origin)
    raw = export(streams[3], story, spec)
    mess = soil(streams[4], raw, dirty)
    for i, (name, column) in enumerate(
        {"actor": crowd.ids, "platform": crowd.platform, "acquisition": crowd.acquisition}.items()
    ):
        outcomes.insert(i, name, column)
    truth = Truth(
        transitions=transition_table(spec.nodes),
        nodes=node_table(spec.nodes),
        start=origin,
        end=origin + pd.Timedelta(milliseconds=length_ms),
        outcomes=outcomes.merge(_goal_times(story.events, spec.goal), on="actor", how="left"),
        spec=spec,
        segment_transitions=transition_table(spec.nodes if spec.segment else (), spec.segment),
        identity=_identity(story),
        dirt=mess.dirt,
        balance=mess.balance,
        skew=mess.skew,
        conversion=conversion_table(story.events, spec.nodes, spec.goal),
        moment_shares=moment_table(spec.nodes, spec.goal, spec.moment),
    )
    return Simulation(mess.tables, story.events, truth)


def _goal_times(events: pd.DataFrame, goal: str) -> pd.DataFrame:
    """Return ``actor, goal_time``: the first goal of each customer who met it inside the window."""
    met = events.loc[events["event"] == goal, ["actor", "time"]].drop_duplicates("actor")
    return met.rename(columns={"time": "goal_time"})


def _identity(story: Story) -> pd.DataFrame:
    """Return who is behind each id that occurs in the window; devices have the source ``device``."""
    columns = ["source", "id", "actor"]
    objects = story.events.rename(columns={"object": "id"}).loc[story.events["source"] != "clicks", columns]
    devices = story.events.rename(columns={"device": "id"}).loc[story.events["device"].notna(), columns]
    both = pd.concat([devices.assign(source="device"), objects])
    return both.drop_duplicates().sort_values(["source", "id"], ignore_index=True)
