"""Stages of the journeys most people have: a shop, software by subscription, a bank; and the models of the textbooks.

Each stage is a text of phrases (see :mod:`journeylog.steps.phrases`). Stages stand in the order of the journey and the
first that matches wins, so what is said early must be narrow.
"""

from __future__ import annotations

import functools
from typing import Final

from journeylog.steps.models import MODELS
from journeylog.steps.phrases import HELPING, PAYING, REACHING_OUT, patterns

__all__ = ["PRESETS", "preset_rules"]

PRESETS: Final[dict[str, dict[str, str]]] = {
    "shop": {
        "awareness": REACHING_OUT,
        "consideration": """
            search*|searched*|view search results|site search*|product search*|products searched|catalog*
            catalogue*|category*|view category|browse*|list view*|view item list|product list*|filter*
            sort*|view|view item|view product|viewed product|product|product view*|product viewed*
            product page*|product detail*|product click*|item view*|select item|select promotion
            detail view*|product shared|compare*|comparison*|wishlist*|wish list*|add to wishlist
            added to wishlist|product added to wishlist|favorite*|favourite*|add to favorites|like|liked
            add to cart|added to cart|product added|product removed|remove from cart|removed from cart
            update cart|view cart|cart|cart *|basket|basket *|add to basket|remove from basket
            view basket|size guide*|store locator*|showroom visit*|store visit*|repeat visit*
            return visit*|site poll*|question asked|ask question|quote requested|request quote|quote sent
            consultation*|signup*|sign up*|signed up|register*|registered|registration*|account created
            create account|subscribe|subscribed|back in stock*|price alert*
        """,
        "purchase": PAYING,
        "after purchase": f"""{HELPING}
            shipped|shipment*|order shipped|ship|dispatched|order dispatched|out for delivery|delivered
            order delivered|delivery completed|delivery failed|delivery delayed|received|order received
            picked up|fulfilled|order fulfilled|order cancelled|order canceled|cancel order|cancelled
            canceled|returned|return|return *|order returned|refund*|refunded|order refunded|chargeback*
            exchange|exchanged|exchange *|review|reviewed|review submitted|review left|review written
            review posted|review added|leave review|write review|product reviewed|warranty*|reorder*
            repeat order*|repeat purchase*|loyalty*
        """,
    },
    "saas": {
        "awareness": REACHING_OUT,
        "consideration": """
            pricing*|pricing page|features*|feature page|docs viewed|docs|documentation*|case study*
            whitepaper*|ebook*|download|downloaded|demo*|book demo|request demo|demo requested|signup*
            sign up*|signed up|register*|registered|registration*|account created|create account
            email verified|verify email|onboarding*|trial|trial start*|trial started|trial extend*
            trial activ*|trial end*|trial ended|trial expired|start trial|started trial|free trial*
            activated|activation|workspace created|project created|first project|integration connected
            invite sent|teammate invited|invited teammate|lead|lead created|lead qualified|new lead|mql
            sql|marketing qualified lead|sales qualified lead|opportunity*|deal created|discovery*
            meeting*|call scheduled|qualified|proposal sent|proposal viewed|quote requested|quote sent
            negotiation*|evaluation*|proof of concept*|security review|comparison*|compare*
        """,
        "purchase": f"""{PAYING}
            trial converted|converted|conversion|upgrade|upgraded|upgrade started|submit upgrade
            plan selected|select plan|choose plan|subscribe|subscribed|subscription started
            subscription created|subscription activated|closed won|deal won|won|contract sent
        """,
        "after purchase": f"""{HELPING}
            renew*|renewed|subscription renewed|subscription updated|subscription cancelled
            subscription canceled|subscription paused|subscription expired|cancel*|cancelled|canceled
            cancellation*|churn*|churned|downgrade*|downgraded|submit downgrade|plan changed
            plan upgraded|expansion*|upsell*|cross sell*|seat added|seats added|feature used
            feature used *|health score*|qbr|business review|refund*|refunded|reactivat*|reactivated
            win back*|review|reviewed|review submitted|review left
        """,
    },
    "bank": {
        "awareness": REACHING_OUT,
        "consideration": """
            product view*|product viewed*|product page*|view product|view item|products|rates|rates view*
            tariff*|calculator*|loan calculator*|mortgage calculator*|simulation*|quote*|offer
            offer view*|offer viewed|offer sent|offer created|offer opened|compare*|comparison*
            branch visit*|branch locator*|find branch|callback*|call back requested|consultation*
            appointment*|meeting*|eligibility*|prequalif*|pre approved|pre approval*|preapproved|lead
            lead created|new lead|search*|questionnaire*|signup*|sign up*|register*|registered
            registration*
        """,
        "purchase": """
            application|application *|applied|apply|apply now|apply *|submit application|kyc|kyc *
            identity *|identification*|verification*|verify identity|document*|documents uploaded
            upload documents|id uploaded|credit check*|credit score*|scoring*|scored|underwriting*
            approved|approval|declined|rejected|denied|loan approved|loan declined|loan application*
            mortgage application*|card application*|card ordered|offer accepted|accept offer|offer signed
            contract sent|contract signed|sign contract|agreement signed|account opened|account opening*
            open account|deposit opened|open deposit|policy issued|loan issued|loan disbursed|disbursed
            disbursement|card issued|funded|account funded
        """,
        "after purchase": f"""{HELPING}
            card delivered|card activated|activate card|card blocked|card reissued|first login
            first deposit|first transaction|transaction*|transfer*|payment|payment *|paid|deposit
            withdrawal*|atm *|cash *|balance*|statement*|login|logged in|repaid|repayment*|loan repaid
            loan closed|early repayment|overdue*|late payment|collection*|default|defaulted|refinanc*
            limit increase*|fraud*|dispute*|chargeback*|insurance claim*|account closed|close account
            account blocked|renew*|renewed|cross sell*|upsell*|second product*|churn*|churned
        """,
    },
    **MODELS,
}


@functools.cache
def preset_rules(name: str) -> dict[str, tuple[str, ...]]:
    """Return the rules of a preset: patterns by stage, in the order of the journey."""
    return {stage: patterns(text) for stage, text in PRESETS[name].items()}
