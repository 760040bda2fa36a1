"""Stages: rules in order, presets on real event names, and what is told about names that do not occur."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.core.chunk import Category
from journeylog.core.condition import matches
from journeylog.core.encode import encode
from journeylog.core.source import Memory
from journeylog.core.window import Window
from journeylog.datasets.shop import SHOP
from journeylog.errors import ConfigError, UnseenNameWarning
from journeylog.steps.phrases import spellings
from journeylog.steps.presets import PRESETS, preset_rules
from tests.step_logs import make_chunk, plain

NOW = Window(0, 1)
FOUR = ("awareness", "consideration", "purchase", "after purchase")


def stage_of(step: jl.Stages, names: list[str]) -> dict[str, str | None]:
    events = [{"actor": "u", "event": name, "time": i} for i, name in enumerate(names)]
    rest = dict.fromkeys(("channel", "sid", "order", "value", "rate", "at", "note"))
    chunk = step.apply(make_chunk([{**e, **rest} for e in events]), NOW)
    return {row["event"]: row["stage"] for row in plain(chunk)}


def test_the_first_rule_that_matches_names_the_stage() -> None:
    step = jl.Stages({"late": ["pay"], "early": "*a*", "never": "pay"})
    assert stage_of(step, ["pay", "cart", "x"]) == {"pay": "late", "cart": "early", "x": None}
    assert step.names == ("late", "early", "never")


def test_upper_and_lower_case_are_different() -> None:
    assert stage_of(jl.Stages({"see": "home"}), ["home", "Home"]) == {"home": "see", "Home": None}


def test_stages_stand_in_the_order_of_the_rules_whatever_occurs() -> None:
    log = jl.datasets.tiny().then(jl.Stages({"buy": ["cart", "pay"], "browse": ["home", "search"]}))
    column = log.chunk.category("stage")
    assert (column.names, column.ordered) == (("buy", "browse"), True)


def test_rules_on_other_columns_and_on_names_mix() -> None:
    rules = {"app": {"channel": "app"}, "money": {"value": {">": 0}}, "rest": ["home", "search"]}
    found = jl.datasets.tiny().then(jl.Stages(rules)).to_pandas()
    assert found["stage"].isna().tolist() == [
        e == "cart" and c == "web" for e, c in found[["event", "channel"]].values
    ]
    assert found.loc[found["event"] == "pay", "stage"].tolist() == ["money", "app"]


def test_a_column_of_the_users_own_is_not_overwritten() -> None:
    chunk = jl.datasets.tiny().chunk
    chunk = chunk.with_columns(stage=encode(pa.array(["deal won"] * chunk.n_events)))
    with pytest.raises(ConfigError, match=r"column 'stage' of its own.*column='journey_stage'"):
        jl.Stages({"buy": "pay"}).apply(chunk, NOW)
    staged = jl.Stages({"buy": {"stage": "deal*"}}, column="journey_stage").apply(chunk, NOW)
    assert set(staged.category("journey_stage").codes.tolist()) == {0}
    assert staged.columns["stage"] is chunk.columns["stage"]


def test_a_later_change_of_the_rules_given_does_not_matter() -> None:
    rules: dict[str, Any] = {"buy": ["pay"]}
    step = jl.Stages(rules)
    rules["buy"].append("home")
    rules["more"] = "cart"
    assert step == jl.Stages({"buy": ["pay"]})


# -------------------------------------------------------------------------------------------------- presets

#: Names as shops, web analytics and CRM systems write them.
SHOP_NAMES = {
    "awareness": """
        home landing page_view session_start first_visit AdClick email_open Email_Opened blog/post-1
        promo_page
    """,
    "consideration": """
        search product_view view_item ProductViewed catalog filter_results add_to_cart addToCart cart
        compare wishlist_add view_item_list select_item basket view quote_sent showroom_visit
        add-to-wishlist site_poll remove_from_cart
    """,
    "purchase": """
        checkout begin_checkout add_payment_info pay paid ordered purchase order_placed payment_error
        checkout_survey shipping_details payment_details checkout_bug quote_approved transaction
        add_shipping_info OrderCompleted
    """,
    "after purchase": """
        shipped delivered review returned refunded refund ticket_opened support_chat support_survey
        order_cancelled nps feedback_left out_for_delivery OrderShipped
    """,
}
SAAS_NAMES = {
    "awareness": """
        landing webinar_attended ad_click blog
    """,
    "consideration": """
        pricing signup SignedUp sign_up trial_started trial demo_requested lead_created proposal_sent
        onboarding_done
    """,
    "purchase": """
        upgrade subscription_started closed_won contract_signed trial_converted invoice_paid payment_failed
    """,
    "after purchase": """
        renewed subscription_cancelled churned downgrade nps ticket_created feature_used upsell
    """,
}
BANK_NAMES = {
    "awareness": """
        landing banner_view email_open
    """,
    "consideration": """
        loan_calculator branch_visit product_page offer_sent consultation callback_requested
    """,
    "purchase": """
        application_submitted application kyc_passed documents_uploaded scoring approved offer_accepted
        loan_disbursed account_opened card_issued contract_signed
    """,
    "after purchase": """
        card_activated transfer payment_received loan_repaid complaint overdue statement_downloaded
        account_closed
    """,
}


MODEL_NAMES = {
    "aida": {
        "attention": "ad_click landing email_open",
        "interest": "search product_view ArticleRead",
        "desire": "add_to_cart pricing trial_started wishlist_add",
        "action": "checkout paid order_placed subscribed",
    },
    "aarrr": {
        "acquisition": "landing ad_click app_install",
        "activation": "signup onboarding_done trial_started project_created",
        "retention": "login feature_used ticket_created",
        "referral": "invite_sent referred_friend shared",
        "revenue": "paid upgraded subscription_started renewed",
    },
    "buyer": {
        "awareness": "landing blog webinar_attended",
        "consideration": "pricing demo_requested lead_created whitepaper",
        "decision": "proposal_sent negotiation contract_signed closed_won",
    },
    "deposit": {
        "interest": "landing rates_view deposit_calculator",
        "application": "application_submitted apply branch_visit",
        "opening": "kyc_passed documents_uploaded deposit_opened",
        "funding": "funded top_up transfer",
        "service": "statement_downloaded login complaint",
        "renewal or closing": "renewed matured withdrawal deposit_closed",
    },
    "clinic": {
        "finding": "landing doctor_view search",
        "booking": "appointment_booked appointment_confirmed reminder_sent",
        "visit": "check_in arrived no_show consultation",
        "treatment": "diagnosis lab_test prescription surgery",
        "payment": "invoice_paid paid insurance_claim",
        "follow-up": "follow_up_call results_viewed review complaint",
    },
    "trial": {
        "discovery": "landing pricing demo_requested",
        "signup": "signup trial_started EmailVerified",
        "onboarding": "onboarding_done invite_sent workspace_created",
        "use": "login feature_used ticket_created",
        "conversion": "trial_converted upgrade paid",
        "renewal or leaving": "renewed cancelled churned downgrade",
    },
}


@pytest.mark.parametrize(
    ("preset", "names"),
    [*MODEL_NAMES.items(), ("shop", SHOP_NAMES), ("saas", SAAS_NAMES), ("bank", BANK_NAMES)],
)
def test_presets_place_the_usual_names(preset: str, names: dict[str, str]) -> None:
    step = jl.Stages.preset(preset)
    assert step.names == (tuple(names) if preset in MODEL_NAMES else FOUR)
    expected = {name: stage for stage, text in names.items() for name in text.split()}
    assert stage_of(step, list(expected)) == expected


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "name",
    ["Product Added to Nothing", "error_page", "add", "logout", "adx", "heartbeat", "viewport", "Scroll"],
)
def test_presets_leave_alone_what_they_do_not_know(preset: str, name: str) -> None:
    assert stage_of(jl.Stages.preset(preset), [name]) == {name: None}


def test_the_shop_preset_knows_titles_with_blanks() -> None:
    titles = [
        "Product Viewed",
        "Add to Cart",
        "Added To Cart",
        "Checkout Started",
        "Order Completed",
        "Order Shipped",
        "Page View",
    ]
    assert list(stage_of(jl.Stages.preset("shop"), titles).values()) == [
        "consideration", "consideration", "consideration", "purchase", "purchase", "after purchase", "awareness",
    ]  # fmt: skip


def test_the_shop_preset_agrees_with_the_simulated_shop() -> None:
    assert stage_of(jl.Stages.preset("shop"), list(SHOP)) == {
        name: row["stage"] for name, row in SHOP.items()
    }


def test_the_shop_preset_places_the_tiny_log() -> None:
    assert stage_of(jl.Stages.preset("shop"), ["home", "search", "cart", "pay"]) == dict(
        zip(
            ["home", "search", "cart", "pay"],
            ["awareness", "consideration", "consideration", "purchase"],
            strict=True,
        )
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_no_phrase_of_a_preset_is_shadowed_by_an_earlier_stage(preset: str) -> None:
    rules = preset_rules(preset)
    plain_names = [
        (stage, p.replace("?", "_")) for stage, patterns in rules.items() for p in patterns if "*" not in p
    ]
    found = stage_of(jl.Stages.preset(preset), [name for _, name in plain_names])
    early = {stage: k for k, stage in enumerate(rules)}
    wrong = [
        (name, stage, found[name]) for stage, name in plain_names if early[str(found[name])] < early[stage]
    ]
    assert wrong == []


def test_a_preset_can_be_mended() -> None:
    mended = jl.Stages({**jl.Stages.preset("shop").conditions, "after purchase": ["unboxing", "delivered"]})
    assert mended.names == FOUR
    assert stage_of(mended, ["unboxing", "pay", "review"]) == {
        "unboxing": "after purchase",
        "pay": "purchase",
        "review": None,
    }


def test_spellings_are_those_systems_use() -> None:
    for name in (
        "add_to_cart",
        "add-to-cart",
        "add to cart",
        "Add to cart",
        "Add to Cart",
        "Add To Cart",
        "addToCart",
        "AddToCart",
        "ADD_TO_CART",
    ):
        chunk = jl.datasets.tiny().chunk
        named = chunk.with_columns(event=Category(np.zeros(chunk.n_events, np.int32), pa.array([name])))
        assert matches(named, spellings("add to cart")).all(), name


# ------------------------------------------------------------------------------------------------- warnings


def test_a_name_that_does_not_occur_is_told_once_however_the_log_is_split() -> None:
    log = jl.datasets.tiny()
    split = replace(log, source=Memory(tuple(log.chunk.split(3))))
    assert len(split.source.chunks) > 1
    with pytest.warns(UnseenNameWarning, match=r"no event matches 'chekout'") as caught:
        staged = split.then(jl.Stages({"see": ["home", "s*"], "buy": ["chekout", "cart", "pay"]}))
    assert len(caught) == 1 and caught[0].filename == __file__
    assert sum(staged.source.map(lambda c: int((c.category("stage").codes >= 0).sum()))) == 12


def test_names_are_those_after_the_steps_before() -> None:
    log = jl.datasets.tiny()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log.then(jl.Rename({"pay": "paid"}), jl.Stages({"buy": "paid"}), jl.Journeys("paid"))
        log.then(jl.Drop({"event": "pay", "channel": "web"}), jl.Stages({"buy": "pay"}))
        log.where("home").then(jl.Collapse())
    for before in (jl.Drop("pay"), jl.Where(["home", "cart"]), jl.Rename({"pay": "paid"})):
        with pytest.warns(UnseenNameWarning, match="'pay'"):
            log.then(before, jl.Journeys("pay"))


@pytest.mark.parametrize(
    "step",
    [jl.Stages({"x": "nothing"}), jl.Sessions(start="nothing"), jl.Journeys("nothing"), jl.Journeys(start="nothing"),
     jl.Rename({"nothing": "x"}), jl.Drop("nothing"), jl.Where(["home", "nothing"])],
    ids=repr,
)  # fmt: skip
def test_every_step_tells_names_that_do_not_occur(step: Any) -> None:
    with pytest.warns(UnseenNameWarning, match="'nothing'"):
        jl.datasets.tiny().then(step)


def test_presets_and_empty_logs_tell_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jl.datasets.tiny().then(jl.Stages.preset("bank"))
        empty = jl.EventLog.from_chunk(make_chunk([]))
        assert empty.then(jl.Stages({"buy": "pay"}), jl.Journeys("pay")).n_events == 0


def test_a_preset_that_knows_no_event_is_told() -> None:
    with pytest.warns(
        UnseenNameWarning, match=r"no event has a stage: the preset 'shop' knows none of .*'x'.* Fix:"
    ):
        jl.datasets.tiny().then(
            jl.Rename({"home": "x", "search": "x", "cart": "x", "pay": "x"}), jl.Stages("shop")
        )


# ------------------------------------------------------------------------------------------ coverage, errors


def test_coverage_counts_every_event_once() -> None:
    log = jl.datasets.tiny()
    step = jl.Stages({"buy": {"event": ["cart", "pay"], "channel": "web"}, "see": "home"})
    table = step.coverage(log)
    rows = [(e, None if s != s or s is None else s, n) for e, s, n in table.itertuples(index=False)]
    assert rows == [
        ("search", None, 2),
        ("cart", None, 1),
        ("pay", None, 1),
        ("cart", "buy", 2),
        ("pay", "buy", 1),
        ("home", "see", 5),
    ]
    split = replace(log, source=Memory(tuple(log.chunk.split(3))))
    assert step.coverage(split).equals(table)
    none = step.coverage(jl.EventLog.from_chunk(make_chunk([])))
    assert (
        list(none.columns) == ["event", "stage", "n_events"]
        and (none.dtypes == table.dtypes).all()
        and none.empty
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rules": "shopp"}, "did you mean 'shop'"),
        ({"rules": "zoo"}, "one of \\['shop', 'saas', 'bank', 'aida'"),
        ({"rules": {}}, "names no stage"),
        ({"rules": ["home"]}, "names no stage"),
        ({"rules": {"": "home"}}, "'' is not a stage name"),
        ({"rules": {1: "home"}}, "1 is not a stage name"),
        ({"rules": {"see": []}}, "empty list of conditions"),
        ({"rules": {"see": "home"}, "column": "event"}, "column='event' cannot hold stages"),
    ],
)
def test_wrong_choices_are_refused_at_once(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        jl.Stages(**options)
    assert "Fix: " in str(caught.value)
