"""Phrases: how systems write the names of events, and the phrases that many stage models share.

A phrase stands for the ways systems write it: ``"add to cart"`` is ``add_to_cart``, ``add-to-cart``, ``Add to Cart``,
``addToCart``, ``AddToCart``, ``ADD_TO_CART``. A ``*`` at the end is any ending. Phrases stand in texts, with ``|``
between them.
"""

from __future__ import annotations

import itertools

__all__ = ["HELPING", "PAYING", "REACHING_OUT", "patterns", "spellings"]

_SMALL = ("a", "for", "from", "in", "of", "the", "to")  # words that titles leave small

REACHING_OUT = """
    ad click*|ad clicked*|ad view*|ad impression*|ad shown|impression*|banner*|campaign*|promo|promo page
    promotion view*|view promotion|email delivered|email open*|email click*|email sent|newsletter*
    push sent|push open*|push click*|sms sent|sms click*|message sent|call outbound|referral*
    social click*|landing*|home|homepage|home page*|main page|index|start page|visit|visit start*
    site visit*|visited site|session start*|first visit|first open|app install*|app open*|app opened
    app launch*|install|installed|page view*|page viewed*|pageview*|screen view*|blog*|article*|about
    about us|webinar*|event attended|podcast*
"""

PAYING = """
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

HELPING = """
    ticket*|support*|help|help center|help centre|helpdesk*|contact us|contact support|chat with support
    case opened|case created|case closed|complaint*|complained|claim|claim *|feedback*|survey*|nps*|csat*
    ces|ces score|rating*|rated|recommend|recommended|recommended us|refer a friend|referred friend
"""


def patterns(text: str) -> tuple[str, ...]:
    """Return the patterns of all phrases of a text.

    Examples
    --------
    >>> patterns("paid | order*")
    ('paid', 'Paid', 'PAID', 'order*', 'Order*', 'ORDER*')
    """
    phrases = [part.strip() for line in text.splitlines() for part in line.split("|") if part.strip()]
    return tuple(dict.fromkeys(itertools.chain.from_iterable(map(spellings, phrases))))


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
