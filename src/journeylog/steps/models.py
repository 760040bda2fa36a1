"""Stage models of the textbooks, and of three journeys that people map most: a deposit, a clinic, a trial."""

from __future__ import annotations

from typing import Final

from journeylog.steps.phrases import HELPING, PAYING, REACHING_OUT

__all__ = ["MODELS"]

_LOOKING = """
    search*|searched*|view search results|category*|view category|list view*|view item list|product list*|view item
    view product|viewed product|product view*|product viewed*|product page*|product detail*|item view*|select item
    detail view*|features*|feature page|docs|docs viewed|documentation*|case study*|whitepaper*|ebook*|download
    downloaded|article*|blog*|video*|watch*|faq*|read*
"""
_WANTING = """
    add to cart|added to cart|product added|view cart|cart|basket|add to basket|wishlist*|add to wishlist|favorite*
    favourite*|add to favorites|compare*|comparison*|pricing*|pricing page|calculator*|configurator*|demo*|book demo
    request demo|demo requested|trial|trial start*|trial started|free trial*|start trial|started trial|quote
    quote requested|request quote|consultation*|size guide*|store locator*|coupon viewed
"""
_JOINING = """
    signup*|sign up*|signed up|register*|registered|registration*|account created|create account|email verified
    verify email|onboarding*|activated|activation|first deposit|first project|workspace created|project created
    profile completed|tutorial*|setup*|integration connected|invite accepted
"""
_LEAVING = """
    cancel*|cancelled|canceled|cancellation*|churn*|churned|downgrade*|downgraded|unsubscribe*|account closed
    close account
"""

#: Narrow stages of action first where an early stage has wide patterns; the order of a model is that of its stages.
MODELS: Final[dict[str, dict[str, str]]] = {
    "aida": {
        "attention": """
            ad click*|ad clicked*|ad view*|ad impression*|impression*|banner*|campaign*|email open*|email click*
            email sent|newsletter*|push open*|push click*|social click*|referral*|landing*|home|homepage|home page*
            session start*|first visit|visit|page view*|pageview*|app install*|install
        """,
        "interest": _LOOKING,
        "desire": _WANTING + _JOINING,
        "action": PAYING + "|subscribe|subscribed|upgrade|upgraded|closed won|deal won|application submitted",
    },
    "aarrr": {
        "acquisition": """
            ad click*|ad clicked*|impression*|banner*|campaign*|email open*|email click*|newsletter*|social click*
            landing*|home|homepage|home page*|first visit|visit|page view*|pageview*|app install*|install|installed
            session start*|pricing*|blog*
        """,
        "activation": _JOINING + "|trial|trial start*|trial started|free trial*|demo requested|book demo",
        "retention": """
            login|logged in|app open*|app opened|feature used|feature used *|return visit*|repeat visit*|session*
            report viewed|export*|comment*|search*|searched*|product view*|view item|add to cart|cart|reminder*
        """
        + HELPING.replace("recommend|recommended|recommended us|refer a friend|referred friend", ""),
        "referral": """
            refer a friend|referred friend|refer*|recommend|recommended|recommended us|invite sent|invite*|share*|shared
        """,
        "revenue": PAYING
        + """
            |subscribe|subscribed|subscription started|subscription created|upgrade|upgraded|trial converted
            converted|renew*|renewed|expansion*|upsell*|cross sell*|seat added|reorder*|repeat purchase*
        """,
    },
    "buyer": {
        "awareness": REACHING_OUT,
        "consideration": _LOOKING.replace("article*|blog*|", "")
        + _WANTING
        + """
            lead|lead created|new lead|mql|contacted|meeting*|call scheduled|discovery*|qualified|signup*|sign up*
            registered
        """,
        "decision": """
            sql|opportunity*|deal created|proposal*|proposal sent|negotiation*|evaluation*|proof of concept*
            security review|contract sent|closed won|closed lost|deal won|deal lost|won|lost
        """
        + PAYING,
    },
    "deposit": {
        "interest": REACHING_OUT
        + "|rates|rates view*|product view*|product page*|calculator*|deposit calculator*|compare*|offer view*",
        "application": """
            application|application *|applied|apply|apply now|submit application|form*|signup*|sign up*|register*
            registered|callback*|call back requested|branch visit*|consultation*|appointment*
        """,
        "opening": """
            kyc|kyc *|identity *|identification*|verification*|verify identity|document*|documents uploaded|approved
            approval|declined|rejected|contract signed|agreement signed|account opened|account opening*|open account
            deposit opened|open deposit
        """,
        "funding": """
            funded|account funded|deposit funded|first deposit|deposit|top up*|topped up|transfer in
            transfer*|payment received
        """,
        "service": HELPING
        + "|login|logged in|balance*|statement*|interest paid|interest *|rate change*|notification*",
        "renewal or closing": """
            renew*|renewed|prolong*|rolled over|rollover*|matured|maturity*|withdrawal*|withdrawn|closed
            deposit closed|account closed|close account|churn*
        """,
    },
    "clinic": {
        "finding": REACHING_OUT
        + "|search*|doctor view*|doctor page*|service view*|price list*|rating view*|clinic page*",
        "booking": """
            appointment|appointment booked|appointment requested|appointment confirmed|appointment rescheduled
            appointment cancelled|appointment canceled|book appointment|booking*|booked|call inbound|callback*
            call back requested|registration*|registered|register*|reminder*|questionnaire*|insurance check*
        """,
        "visit": """
            check in|checked in|arrived|waiting room*|waiting started|no show|consultation*|examined|examination*
            seen by doctor|doctor seen|anamnesis*|triage*
        """,
        "treatment": """
            diagnosis*|diagnosed|lab*|test ordered|test taken|blood test*|x ray*|mri*|ultrasound*|prescription*
            prescribed|procedure*|surgery*|operation*|treatment*|treated|therapy*|admitted|discharged|vaccinated
        """,
        "payment": PAYING
        + "|bill|billed|invoiced|insurance claim*|claim submitted|claim approved|claim rejected",
        "follow-up": """
            follow up*|result*|results sent|results viewed|control visit*|repeat visit*|rebooked|review|reviewed
            complaint*|feedback*|survey*|nps*|csat*|ticket*|support*|recommend|recommended
        """,
    },
    "trial": {
        "discovery": REACHING_OUT
        + "|pricing*|pricing page|features*|docs|docs viewed|case study*|demo*|book demo|demo requested",
        "signup": """
            signup*|sign up*|signed up|register*|registered|registration*|account created|create account|email verified
            verify email|trial|trial start*|trial started|free trial*|start trial|started trial
        """,
        "onboarding": """
            onboarding*|tutorial*|setup*|profile completed|workspace created|project created|first project|data imported
            integration connected|invite sent|teammate invited|invited teammate|activated|activation
        """,
        "use": """
            login|logged in|feature used|feature used *|report viewed|dashboard*|export*|api call*|session*
            trial extend*|trial ending*|limit reached
        """
        + HELPING,
        "conversion": PAYING
        + """
            |trial converted|converted|conversion|plan selected|select plan|choose plan|subscribe|subscribed
            subscription started|subscription created|subscription activated|upgrade|upgraded|closed won
        """,
        "renewal or leaving": """
            renew*|renewed|subscription renewed|expansion*|upsell*|seat added|trial ended|trial expired
            trial end
        """
        + "|"
        + _LEAVING,
    },
}
