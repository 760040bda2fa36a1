"""What losses say in sentences: the largest of each kind, and what they cost where prices were declared."""

from __future__ import annotations

from markupsafe import Markup

from journeylog.reporting.answers import Answers
from journeylog.reporting.sentences import in_brackets
from journeylog.reporting.wording import Wording

__all__ = ["cost_findings", "loss_findings", "prices_lead"]


def loss_findings(answers: Answers, words: Wording) -> Markup:
    """Tell the largest loss of each kind."""
    table = answers.losses.table
    table = table[table["amount"] > 0]
    told = []
    for kind in ("wait", "rework", "drop"):
        mine = table[table["kind"] == kind].sort_values("share", ascending=False, kind="stable")
        if mine.empty:
            continue
        row = dict(mine.iloc[0])
        write = words.duration if kind == "wait" else words.count
        bounds = (row["amount_low"], row["amount_high"])
        spread = "–" if bounds[0] != bounds[0] else words.words.range(*map(write, bounds))
        told.append(
            words(
                f"ledger_{kind}", a=words.named(row["node"]), b=words.named(row["to"]), n=words.count(row["n"]),
                share=words.share(row["share"]), amount=write(row["amount"]), range=in_brackets(words, spread),
                usual=words.share(row["baseline"]),
            )
        )  # fmt: skip
    return Markup(" ").join(told) if told else words("ledger_none")


def prices_lead(answers: Answers, words: Wording) -> Markup:
    """Say which prices were declared, and what a visit lost costs where nobody priced it."""
    prices, table = answers.costs.of_lines, answers.losses.table
    unit = next(iter(table["currency"].dropna()), None)
    told = [words.plain(f"price_{name}", money=words.price(price, unit)) for name, price in prices.items()]
    drops = table[table["kind"] == "drop"]
    if "lost" not in prices and drops["cost"].notna().any():
        told.append(words.plain("price_at_risk"))
    return words("ledger_prices", prices=", ".join(told))


def cost_findings(answers: Answers, words: Wording) -> Markup:
    """Tell what the priced losses come to, and which costs most."""
    table = answers.losses.table
    table = table[table["cost"] > 0].sort_values("cost", ascending=False, kind="stable")
    if table.empty:
        return words("ledger_cost_none")
    unit = table["currency"].iloc[0]
    row = dict(table.iloc[0])
    kinds = [
        words.plain(f"kind_{kind}") + f" {words.money(table.loc[table['kind'] == kind, 'cost'].sum(), unit)}"
        for kind in ("wait", "rework", "drop")
        if (table["kind"] == kind).any()
    ]
    spread = words.moneys(row["cost_low"], row["cost_high"], unit)
    way = f"cost_{row['kind']}"
    most = words(way, a=words.named(row["node"]), b=words.named(row["to"]))
    return words(
        "ledger_cost", total=words.money(table["cost"].sum(), unit), kinds=", ".join(kinds), most=most,
        money=words.money(row["cost"], unit), range=in_brackets(words, spread),
    )  # fmt: skip
