"""Events that tell of pain, under the names most systems give them."""

from __future__ import annotations

import functools

from journeylog.steps.phrases import patterns

__all__ = ["usual_pains"]

#: Phrases as in the presets of stages: each stands for the ways systems write it.
_PAINS = {
    "errors": """
        error*|exception*|crash*|app crash*|page not found|not found|timeout*|timed out|failed*|failure*|rage click*
        dead click*|payment failed|payment error*|payment declined|card declined|declined|checkout error*|login failed
        failed login|form error*|validation error*|no results|search no results|out of stock|item unavailable
        delivery failed|verification failed|kyc failed|document rejected|documents rejected
    """,
    "delays": """
        delayed|delivery delayed|order delayed|shipment delayed|late delivery|appointment rescheduled|rescheduled
        backorder*|overdue*|late payment|escalated|escalation*|ticket escalated|reopened|ticket reopened
    """,
    "contacts with support": """
        ticket|ticket opened|ticket created|support ticket*|support*|help|help center|help centre|helpdesk*|contact us
        contact support|chat with support|case opened|case created|complaint*|complained|callback requested|dispute*
    """,
    "cancellations": """
        cancelled|canceled|cancel|cancel order|order cancelled|order canceled|cancellation*|subscription cancelled
        subscription canceled|downgrade*|downgraded|appointment cancelled|appointment canceled|no show|unsubscribed
        unsubscribe|account closed|close account|churn*|churned
    """,
    "returns and refunds": """
        returned|return|return *|order returned|refund*|refunded|order refunded|chargeback*|exchange|exchanged|warranty*
        claim|claim *
    """,
}


@functools.cache
def usual_pains() -> dict[str, tuple[str, ...]]:
    """Return the rules: patterns of event names by kind of pain.

    Examples
    --------
    >>> list(usual_pains())
    ['errors', 'delays', 'contacts with support', 'cancellations', 'returns and refunds']
    >>> "Order?Refunded" in usual_pains()["returns and refunds"]
    True
    """
    return {kind: patterns(text) for kind, text in _PAINS.items()}
