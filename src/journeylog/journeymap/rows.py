"""The rows of the map: which question each asks, and which cells it takes from the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from journeylog.core.contracts import Result
from journeylog.journeymap.cells import Cell, Source

__all__ = ["ROWS", "Answers"]

#: A scale of more answers than this is told by its mean alone.
_MOST_ANSWERS: Final = 11
#: Kinds of pain that are told of a stage, at least.
_PAINS: Final = 5
#: Answers by the name of their part; what the log has no data for is not there.
Answers = Mapping[str, Result]


#: What stands for a currency that nobody names.
_MONEY: Final = "¤"


def volume(answers: Answers, top: int) -> list[Cell]:
    """How many journeys and customers come to each stage."""
    source = Source("volume", answers["touchpoints"], "stages")
    whole = Source("volume", answers["outcomes"])
    by: dict[str, Any] = {"stage": "stage", "keys": ["stage"], "n": "n_cases_total"}
    total = whole.frame.iloc[:1]
    return [
        *whole.cells(total, "journeys", "n_total", "count", keys=["outcome"], n="n_total"),
        *whole.cells(total, "customers", "n_actors_total", "count", keys=["outcome"], n="n_actors_total"),
        *source.cells(source.frame, "journeys", "n_cases", "count", **by),
        *source.cells(source.frame, "customers", "n_actors", "count", **by),
        *source.cells(source.frame, "share", "share", "share", **by),
    ]


def touchpoints(answers: Answers, top: int) -> list[Cell]:
    """What customers do in each stage, and where."""
    found: list[Cell] = []
    for part, measure in (("touchpoints", "does"), ("channels", "channel")):
        if part not in answers:
            continue
        source = Source("touchpoints", answers[part])
        lines = source.frame.groupby("stage", sort=False, observed=True).head(top)
        keys = ["stage", "touchpoint"]
        found += source.cells(
            lines, measure, "share", "share", stage="stage", item="touchpoint", keys=keys, n="n_stage_cases"
        )
    if "channels" in answers:
        source = Source("touchpoints", answers["channels"], "stages")
        found += source.cells(
            source.frame,
            "channel_switches",
            "n_switches",
            "count",
            stage="stage",
            keys=["stage"],
            n="n_cases",
        )
    return found


def ways(answers: Answers, top: int) -> list[Cell]:
    """Where journeys go from each stage."""
    source = Source("ways", answers["flow"])
    table = source.frame
    on = table[(table["from_kind"] == "node") & (table["to_kind"] == "node") & (table["from"] != table["to"])]
    lines = on.sort_values("n", ascending=False, kind="stable").groupby("from", sort=False).head(top)
    keys = ["from", "from_kind", "to", "to_kind"]
    found = source.cells(
        lines, "next", "rate", "share", stage="from", item="to", keys=keys, n="n_from_followed"
    )
    ends = Source("ways", answers["drop_off"])
    found += ends.cells(
        ends.frame, "continue", "continue_rate", "share", stage="node", keys=["node"], n="n_followed"
    )
    goal = Source("ways", answers["reaching"])
    return found + goal.cells(
        goal.frame, "goal", "reach_rate", "share", stage="node", keys=["node"], n="n_cases"
    )


def times(answers: Answers, top: int) -> list[Cell]:
    """How long journeys stay in each stage and wait for the next, and how long they take."""
    source = Source("time", answers["waits"])
    table = source.frame
    nodes = table[table["part"] == "node"]
    by: dict[str, Any] = {"stage": "from", "n": "n_timed"}
    bounds = ("time_median_low_s", "time_median_high_s")
    found = source.cells(nodes, "stay", "time_median_s", "s", keys=["part", "from"], bounds=bounds, **by)
    found += source.cells(nodes, "stay_p90", "time_p90_s", "s", keys=["part", "from"], **by)
    dwells = Source("time", answers["dwells"])
    found += dwells.cells(
        dwells.frame,
        "dwell",
        "time_median_s",
        "s",
        stage="node",
        keys=["node"],
        n="n_timed",
        bounds=("time_median_low_s", "time_median_high_s"),
    )
    edges = table[(table["part"] == "edge") & (table["from"] != table["to"])]
    slow = (
        edges.sort_values("time_total_s", ascending=False, kind="stable").groupby("from", sort=False).head(1)
    )
    keys = ["part", "from", "to"]
    found += source.cells(slow, "wait", "time_median_s", "s", item="to", keys=keys, bounds=bounds, **by)
    found += source.cells(slow, "wait_p90", "time_p90_s", "s", item="to", keys=keys, **by)
    if "cycle" in answers:
        cycle = Source("time", answers["cycle"])
        goal = cycle.frame[cycle.frame["to_kind"] == "node"]
        found += cycle.cells(
            goal,
            "cycle",
            "median_s",
            "s",
            keys=["to", "to_kind"],
            n="n_cases",
            bounds=("median_low_s", "median_high_s"),
        )
    return found


def emotion(answers: Answers, top: int) -> list[Cell]:
    """What customers say of each stage in scores, and how many of them say anything."""
    if "scores" not in answers:
        return []
    source = Source("emotion", answers["scores"])
    by: dict[str, Any] = {"stage": "node", "keys": ["node"]}
    return [
        *source.cells(source.frame, "score", "mean", "score", n="n_scores", **by),
        *source.cells(source.frame, "answered", "response_rate", "share", n="n_followed", **by),
        *_answers(Source("emotion", answers["scores"], "answers")),
    ]


def _answers(source: Source) -> list[Cell]:
    """How often each answer was given, where there are few enough to tell."""
    lines = source.frame[source.frame["node"].notna()]
    given = lines.groupby("node", sort=False, observed=True)
    lines = lines.assign(named=lines["answer"].map("{:g}".format), n_answers=given["n"].transform("sum"))
    lines = lines[given["n"].transform("size") <= _MOST_ANSWERS]
    found: list[Cell] = []
    for keys, some in (
        (["node", "answer"], lines[lines["scale"].isna()]),
        (["node", "scale", "answer"], lines[lines["scale"].notna()]),
    ):
        found += source.cells(
            some, "answer", "share", "share", stage="node", item="named", keys=keys, n="n_answers"
        )
    return found


def voice(answers: Answers, top: int) -> list[Cell]:
    """What customers wrote at both ends of the score, the words they use, and why they get in touch."""
    found: list[Cell] = []
    if "voice" in answers:
        said = Source("voice", answers["voice"], "verbatims")
        for side in ("worst", "best"):
            lines = said.frame[(said.frame["side"] == side) & (said.frame["rank"] <= top)]
            keys = ["node", "side", "rank"]
            found += said.cells(
                lines, side, "score", "score", stage="node", item="text", keys=keys, n="n_actors"
            )
        words = Source("voice", answers["voice"], "words")
        some = words.frame[words.frame["n_actors"] > 1]
        lines = some.groupby("node", sort=False, observed=True).head(2 * top)
        keys = ["node", "word"]
        found += words.cells(
            lines, "word", "share", "share", stage="node", item="word", keys=keys, n="n_node_actors"
        )
    if "reasons" in answers:
        source = Source("voice", answers["reasons"])
        lines = source.frame.groupby("stage", sort=False, observed=True).head(top)
        keys = ["stage", "touchpoint"]
        found += source.cells(
            lines, "reason", "share", "share", stage="stage", item="touchpoint", keys=keys, n="n_stage_cases"
        )
    return found


def moments(answers: Answers, top: int) -> list[Cell]:
    """What goes with reaching the goal, or with not reaching it, among journeys at risk at that moment."""
    if "moments" not in answers:
        return []
    source = Source("moments", answers["moments"])
    pairs = answers["touchpoints"].table
    home = pairs.sort_values("n", ascending=False, kind="stable").drop_duplicates("touchpoint")
    lines = source.frame[source.frame["supported"]].merge(
        home[["touchpoint", "stage"]], left_on="moment", right_on="touchpoint"
    )
    found: list[Cell] = []
    for measure, side in (("helps", lines["lift"] > 1), ("hinders", lines["lift"] < 1)):
        first = lines[side].groupby("stage", sort=False, observed=True).head(top)
        keys = ["kind", "moment"]
        found += source.cells(
            first, measure, "lift", "times", stage="stage", item="moment", keys=keys, n="n_did"
        )
    return found


def needs(answers: Answers, top: int) -> list[Cell]:
    """What people search and ask for in each stage."""
    if "needs" not in answers:
        return []
    source = Source("needs", answers["needs"])
    lines = source.frame.groupby("stage", sort=False, observed=True).head(top)
    keys = ["stage", "touchpoint"]
    return source.cells(
        lines, "asks", "share", "share", stage="stage", item="touchpoint", keys=keys, n="n_stage_cases"
    )


def pains(answers: Answers, top: int) -> list[Cell]:
    """What goes wrong in each stage, the worst first over all kinds and stages, and where the time goes."""
    found: list[Cell] = []
    if "pains" in answers:
        source = Source("pains", answers["pains"])
        lines = source.frame[source.frame["rank_of_stage"] <= max(top, _PAINS)]
        by: dict[str, Any] = {"stage": "stage", "item": "kind", "keys": ["stage", "kind"]}
        found += source.cells(lines, "hurts", "share", "share", n="n_stage_cases", **by)
        found += source.cells(lines, "hit", "rate", "share", n="n_cases_total", **by)
        found += source.cells(lines, "rank", "rank", "rank", n="n_cases", **by)
        unit = _currency(answers)
        found += source.cells(lines[lines["cost"].notna()], "cost", "cost", unit, n="n_cases", **by)
    ledger = Source("pains", answers["ledger"])
    lines = ledger.frame
    waits = lines[(lines["kind"] == "wait") & (lines["amount"] > 0)].groupby("node", sort=False).head(1)
    keys = ["kind", "node", "to"]
    return found + ledger.cells(waits, "waiting", "share", "share", stage="node", item="to", keys=keys, n="n")


def loss(answers: Answers, top: int) -> list[Cell]:
    """Who leaves, who is still under way, and how journeys ended."""
    ends, whole = Source("loss", answers["drop_off"]), Source("loss", answers["outcomes"])
    by: dict[str, Any] = {"stage": "node", "keys": ["node"]}
    found = ends.cells(ends.frame, "drop", "drop_rate", "share", n="n_followed", **by)
    found += ends.cells(ends.frame, "dropped", "n_dropped", "count", n="n_entered", **by)
    found += ends.cells(ends.frame, "open", "n_open", "count", n="n_entered", **by)
    ledger = Source("loss", answers["ledger"])
    lost = ledger.frame[ledger.frame["kind"] == "drop"]
    by |= {"keys": ["kind", "node"], "n": "n"}
    found += ledger.cells(lost, "beyond", "amount", "count", **by)
    priced = lost[lost["money_at_risk"].notna()]
    for currency, lines in priced.groupby("currency", sort=True):
        found += ledger.cells(lines, "at_risk", "money_at_risk", str(currency), **by)
    if "segments" in answers:
        source = Source("loss", answers["segments"])
        lines = source.frame[source.frame["supported"] & (source.frame["difference"] > 0)]
        lines = lines.drop_duplicates("node")
        keyed: dict[str, Any] = {
            "stage": "node",
            "item": "segment",
            "keys": ["node", "segment"],
            "n": "n_followed",
        }
        found += source.cells(lines, "hit", "drop_rate", "share", **keyed)
        found += source.cells(lines, "excess", "excess", "count", **keyed)
    for end in ("reached", "dropped", "open"):
        line = whole.frame[whole.frame["outcome"] == end]
        found += whole.cells(line, end, "share", "share", keys=["outcome"], n="n_total")
    return found + value(answers)


def value(answers: Answers) -> list[Cell]:
    """What journeys that reached the goal brought, what customers have cost, and who comes again."""
    found: list[Cell] = []
    if "values" in answers:
        money = Source("loss", answers["values"], "cases")
        reached = money.frame[(money.frame["outcome"] == "reached") & (money.frame["n_valued"] > 0)]
        unit = _currency(answers)
        found += money.cells(reached, "brought", "value_total", unit, keys=["outcome"], n="n_cases")
    if "acquisition" in answers:
        spent = Source("loss", answers["acquisition"])
        unit = _currency(answers)
        for part, name, keys in (("all", "cost", ["part"]), ("channel", "channel", ["part", "channel"])):
            lines = spent.frame[spent.frame["part"] == part]
            by: dict[str, Any] = {"keys": keys, "item": "channel"}
            for who, n in (("actor", "n_actors"), ("reached", "n_reached")):
                found += spent.cells(lines[lines[n] > 0], f"{name}_{who}", f"cost_{who}", unit, n=n, **by)
    if "again" in answers:
        again, back = Source("loss", answers["again"]), Source("loss", answers["back"])
        lines = again.frame[again.frame["n_actors"] > 0]
        found += again.cells(lines, "again", "share", "share", keys=[], n="n_actors")
        lines = back.frame[(back.frame["n_actors"] > 0) & (back.frame["period"] == 1)]
        found += back.cells(lines, "back", "rate", "share", keys=["period"], n="n_eligible")
    return found


def _currency(answers: Answers) -> str:
    """Return the currency that was asked for, else the one of the log's amounts; where there is none, a sign of money."""
    asked = getattr(answers["ledger"].question, "currency", None)
    return asked or getattr(answers.get("values"), "currency", None) or _MONEY


def opportunities(answers: Answers, top: int) -> list[Cell]:
    """What the goal would gain if a stage went as in its best segment."""
    if "opportunities" not in answers:
        return []
    source = Source("opportunities", answers["opportunities"])
    lines = source.frame
    whole = lines["gain_journeys"].round() >= 1  # what rounding leaves of no gain is none
    points = lines[(lines["part"] == "stage") & (lines["kind"] == "node") & lines["supported"] & whole]
    by: dict[str, Any] = {
        "stage": "node",
        "item": "segment",
        "keys": ["part", "node", "kind"],
        "n": "n_followed",
    }
    found = source.cells(points, "gain", "gain", "share", **by)
    found += source.cells(points, "gain_journeys", "gain_journeys", "count", **by)
    found += source.cells(points, "goal_now", "goal_rate", "share", **by)
    found += source.cells(points, "goal_then", "goal_rate_then", "share", **by)
    return found + source.cells(points, "sample", "n_needed", "count", **by)


Reading = Callable[[Answers, int], Sequence[Cell]]

#: The rows in the order of the map.
ROWS: Final[Mapping[str, Reading]] = {
    "volume": volume,
    "touchpoints": touchpoints,
    "ways": ways,
    "time": times,
    "emotion": emotion,
    "voice": voice,
    "needs": needs,
    "pains": pains,
    "moments": moments,
    "loss": loss,
    "opportunities": opportunities,
}
