"""Who is lost where: the rates are those of DropOff, each segment beside all others, and the planted one comes first."""

from __future__ import annotations

import numpy as np
import pytest

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, MissingColumnError


@pytest.fixture(scope="module")
def clinic() -> EventLog:
    made = jl.datasets.industry("clinic", 3000, seed=7)
    log = jl.read(made.events, actor="actor", event="event", time="time", channel="channel")
    return log.then(jl.Stages(made.stages), jl.Journeys(made.goal, "30d"))


def test_rates_are_those_of_drop_off_of_the_segment_and_of_all_others(clinic: EventLog) -> None:
    table = clinic.compute(jl.SegmentLoss(node="stage", by="insurance", min_n=1)).table
    alone = clinic.compute(jl.DropOff(node="stage"), by="insurance")
    whole = clinic.compute(jl.DropOff(node="stage")).table.set_index("node")
    assert len(table) == len(table[["node", "segment"]].drop_duplicates()) > 10
    for row in table.to_dict("records"):
        mine = alone[row["segment"]].table.set_index("node").loc[row["node"]]
        for name in ("n_followed", "n_dropped", "drop_rate", "drop_rate_low", "drop_rate_high"):
            assert row[name] == mine[name]
        all_of_it = whole.loc[row["node"]]
        assert row["n_followed"] + row["n_followed_rest"] == all_of_it["n_followed"]
        assert row["rest_rate"] == pytest.approx(
            (all_of_it["n_followed"] * all_of_it["drop_rate"] - row["n_followed"] * row["drop_rate"])
            / row["n_followed_rest"]
        )
    np.testing.assert_allclose(table["difference"], table["drop_rate"] - table["rest_rate"])
    np.testing.assert_allclose(table["excess"], table["difference"] * table["n_followed"])


def test_the_planted_segment_comes_first_and_is_supported(clinic: EventLog) -> None:
    found = clinic.compute(jl.SegmentLoss(node="stage", by="insurance"))
    first = found.table.iloc[0]
    assert (first["rank"], first["node"], first["segment"]) == (1, "booking", "public")
    assert first["supported"] and 0 < first["difference_low"] < first["difference"] < first["difference_high"]
    assert found.supported["q"].max() < 0.05
    assert "not cause" in " ".join(found.notes)


def test_few_visits_are_not_compared_and_an_empty_log_has_the_columns(clinic: EventLog) -> None:
    question = jl.SegmentLoss(node="stage", by="insurance", min_n=10_000)
    table = clinic.compute(question).table
    assert table.empty and "excess_low" in table and table["supported"].dtype == bool
    none = clinic.where(channel="no such").compute(question).table
    assert list(none) == list(table)


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(ConfigError, match="by=''"):
        jl.SegmentLoss()
    with pytest.raises(ConfigError, match="min_n=0"):
        jl.SegmentLoss(by="channel", min_n=0)
    with pytest.raises((ConfigError, MissingColumnError), match="chanel"):
        jl.datasets.tiny().compute(jl.SegmentLoss(by="chanel"))
