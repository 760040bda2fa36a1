"""Stages of the journeys most people have: a shop, software by subscription, a bank.

Each stage is a list of phrases. A phrase stands for the ways systems write it: ``"add to cart"`` is
``add_to_cart``, ``add-to-cart``, ``Add to Cart``, ``addToCart``, ``AddToCart``, ``ADD_TO_CART``. A ``*`` at
the end is any ending. Stages stand in the order of the journey and the first that matches wins, so what is
said early must be narrow.
"""

from __future__ import annotations

import functools
import itertools

__all__ = ["PRESETS", "preset_rules", "spellings"]

_SMALL = ("a", "for", "from", "in", "of", "the", "to")  # words that titles leave small

_REACHING_OUT = """
    ad click*|ad clicked*|ad view*|ad impression*|ad shown|impression*|banner*|campaign*|promo|promo page
    promotion view*|view promotion|email delivered|email open*|email click*|email sent|newsletter*
    push sent|push open*|push click*|sms sent|sms click*|message sent|call outbound|referral*
    social click*|landing*|home|homepage|home page*|main page|index|start page|visit|visit start*
    site visit*|visited site|session start*|first visit|first open|app install*|app open*|app opened
    app launch*|install|installed|page view*|page viewed*|pageview*|screen view*|blog*|article*|about
    about us|webinar*|event attended|podcast*
"""

_PAYING = """
    checkout*|begin checkout|start checkout|started checkout|initiate checkout|initiated checkout
    proceed to checkout|go to checkout|add shipping info*|add payment info*|shipping details
    shipping info*|shipping address*|delivery options*|payment|payment *|paid|pay|pay now|invoice sent
    invoice paid|invoice issued|coupon applied|coupon entered|place order|order placed|placed order
    order created|create order|order completed|order complete|complete order|order confirmed
    order confirmation|order submitted|order paid|order approved|order|ordered|purchase|purchased
    purchase completed|complete purchase|in app purchase|buy|bought|buy now|transaction
    transaction completed|thank you|thank you page|quote approved|quote accepted|proposal accepted
    contract signed
"""

_HELPING = """
    ticket*|support*|help|help center|help centre|helpdesk*|contact us|contact support|chat with support
    case opened|case created|case closed|complaint*|complained|claim|claim *|feedback*|survey*|nps*|csat*
    ces|ces score|rating*|rated|recommend|recommended|recommended us|refer a friend|referred friend
"""

PRESETS = {
    "shop": {
        "awareness": _REACHING_OUT,
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
        "purchase": _PAYING,
        "after purchase": f"""{_HELPING}
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
        "awareness": _REACHING_OUT,
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
        "purchase": f"""{_PAYING}
            trial converted|converted|conversion|upgrade|upgraded|upgrade started|submit upgrade
            plan selected|select plan|choose plan|subscribe|subscribed|subscription started
            subscription created|subscription activated|closed won|deal won|won|contract sent
        """,
        "after purchase": f"""{_HELPING}
            renew*|renewed|subscription renewed|subscription updated|subscription cancelled
            subscription canceled|subscription paused|subscription expired|cancel*|cancelled|canceled
            cancellation*|churn*|churned|downgrade*|downgraded|submit downgrade|plan changed
            plan upgraded|expansion*|upsell*|cross sell*|seat added|seats added|feature used
            feature used *|health score*|qbr|business review|refund*|refunded|reactivat*|reactivated
            win back*|review|reviewed|review submitted|review left
        """,
    },
    "bank": {
        "awareness": _REACHING_OUT,
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
        "after purchase": f"""{_HELPING}
            card delivered|card activated|activate card|card blocked|card reissued|first login
            first deposit|first transaction|transaction*|transfer*|payment|payment *|paid|deposit
            withdrawal*|atm *|cash *|balance*|statement*|login|logged in|repaid|repayment*|loan repaid
            loan closed|early repayment|overdue*|late payment|collection*|default|defaulted|refinanc*
            limit increase*|fraud*|dispute*|chargeback*|insurance claim*|account closed|close account
            account blocked|renew*|renewed|cross sell*|upsell*|second product*|churn*|churned
        """,
    },
}


@functools.cache
def preset_rules(name: str) -> dict[str, tuple[str, ...]]:
    """Return the rules of a preset: patterns by stage, in the order of the journey."""
    rules = {}
    for stage, text in PRESETS[name].items():
        phrases = [
            phrase.strip() for line in text.splitlines() for phrase in line.split("|") if phrase.strip()
        ]
        rules[stage] = tuple(dict.fromkeys(itertools.chain.from_iterable(spellings(p) for p in phrases)))
    return rules


def spellings(phrase: str) -> tuple[str, ...]:
    """Return the patterns of the ways a phrase is written.

    Examples
    --------
    >>> spellings("add to cart")
    ('add?to?cart', 'Add?to?cart', 'Add?to?Cart', 'Add?To?Cart', 'ADD?TO?CART', 'addtocart', 'addToCart', 'AddToCart')
    >>> spellings("blog*")
    ('blog*', 'Blog*', 'BLOG*')
    """
    words = phrase.split()
    titled = [word.capitalize() for word in words]
    headed = [word if word in _SMALL else word.capitalize() for word in words[1:]]
    apart = [words, [titled[0], *words[1:]], [titled[0], *headed], titled, [word.upper() for word in words]]
    joined = [words, [words[0], *titled[1:]], titled] if words[-1] != "*" else []
    return tuple(dict.fromkeys(["?".join(way) for way in apart] + ["".join(way) for way in joined]))
