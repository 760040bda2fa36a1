"""Payments: charges, refunds and disputes; what goes back is an event of its own with a negative value.

An amount counts once, where money moves: on a charge, not again on the intent, the invoice or the session it is for.
"""

from __future__ import annotations

from typing import Final

from journeylog.ingest.formats.declare import Format, Link, Take
from journeylog.ingest.formats.fields import (
    All,
    AnyField,
    First,
    Is,
    Join,
    Map,
    Minor,
    Minus,
    Negative,
    Not,
    When,
)
from journeylog.ingest.formats.truths import TRUE, truth
from journeylog.ingest.roles import Constant

__all__ = ["FORMATS"]

#: Stripe counts these otherwise than their ISO digits say.
_STRIPE_DIGITS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}


#: Stripe writes currencies in small letters, all others in capitals.
_CURRENCIES: Final = (
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN",
    "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP",
    "CNY", "COP", "CRC", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD", "FKP",
    "GBP", "GEL", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR",
    "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MUR", "MVR", "MWK", "MXN",
    "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR",
    "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SEK", "SGD", "SHP", "SLE",
    "SOS", "SRD", "STD", "SZL", "THB", "TJS", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX",
    "USD", "UYU", "UZS", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
)  # fmt: skip


def _upper(path: str) -> Map:
    return Map(path, {code.lower(): code for code in _CURRENCIES})


def _stripe(amount: AnyField, currency: str = "data.object.currency") -> Minor:
    return Minor(amount, currency=currency, other_digits=_STRIPE_DIGITS)


_OBJECT: Final = "data.object."
_CUSTOMER: Final = First(_OBJECT + "customer.id", _OBJECT + "customer")
_STRIPE: Final = Format(
    name="stripe_events",
    about="Events as webhooks and the Events API give them; amounts in minor units",
    docs="https://docs.stripe.com/api/events",
    actor=First(
        When(Is(_OBJECT + "object", "customer"), _OBJECT + "id"),
        _CUSTOMER,
        _OBJECT + "payment_intent.id", _OBJECT + "payment_intent", _OBJECT + "charge.id", _OBJECT + "charge",
        _OBJECT + "id",
    ),
    event="type",
    time="created",
    event_id="id",
    currency=_upper(_OBJECT + "currency"),
    value=First(
        When(
            All(Is("type", "charge.succeeded"), Is(_OBJECT + "captured", *TRUE)),
            _stripe(_OBJECT + "amount"),
        ),
        When(Is("type", "charge.captured"), _stripe(First(_OBJECT + "amount_captured", _OBJECT + "amount"))),
        When(
            All(Is("type", "charge.refunded"), Is(_OBJECT + "captured", *TRUE)),
            Negative(_stripe(Minus("data.previous_attributes.amount_refunded", _OBJECT + "amount_refunded"))),
        ),
        When(Is("type", "charge.dispute.funds_withdrawn"), Negative(_stripe(_OBJECT + "amount"))),
        When(Is("type", "charge.dispute.funds_reinstated", "refund.failed"), _stripe(_OBJECT + "amount")),
    ),
    attributes={"is_test": truth("livemode", turned=True), "object": _OBJECT + "id"},
    not_events=Is(
        _OBJECT + "object",
        "account", "application_fee", "balance", "coupon", "payout", "plan", "price", "product", "promotion_code",
        "tax_rate", "topup", "transfer",
    ),
    links=(
        Link(_OBJECT + "email", When(Is(_OBJECT + "object", "customer"), _OBJECT + "id")),
        Link(First(_OBJECT + "payment_intent.id", _OBJECT + "payment_intent"), _CUSTOMER, "payment"),
        Link(When(Is(_OBJECT + "object", "charge", "payment_intent"), _OBJECT + "id"), _CUSTOMER, "payment"),
        Link(First(_OBJECT + "customer_details.email", _OBJECT + "billing_details.email"), _CUSTOMER),
    ),
    leave=("pending_webhooks",),
    time_unit="s",
    traps=(
        "Each event comes at least once and in any order: the same id again is a duplicate, created decides the order.",
        "amount_refunded is the sum of all refunds so far; the value is what the last one added.",
        "A reservation that is given up comes as a refund of a charge that was never captured: it has no value.",
        "Value is counted where money moves on a charge; payment intents, invoices and sessions are the same money.",
        "JPY and others have no minor units; ISK and UGX are counted in hundredths though they have none.",
        "livemode false is a test, marked by is_test and not left out.",
        "What belongs to no customer (payouts, prices) is no event.",
    ),
)  # fmt: skip

_CHARGED: Final = First("customer.id", "customer", "customer_id")

_STRIPE_CHARGES: Final = Format(
    name="stripe_charges",
    known_by=First("captured", "amount_captured", "amount_refunded", "paid"),
    about="Charges of the API or of a warehouse's table, with the refunds they carry",
    docs="https://docs.stripe.com/api/charges",
    actor=First(_CHARGED, "payment_intent", "payment_intent_id", "id"),
    currency=_upper("currency"),
    event_id="id",
    attributes={"charge": "id", "is_test": truth("livemode", turned=True)},
    takes=(
        Take(event=Join(Constant("charge"), "status", sep="."), time="created",
             value=When(All(Is("status", "succeeded"), Is("captured", *TRUE)), _stripe("amount", "currency"))),
        Take("refund", each="refunds.data", time="refunds.data.created", event_id=Join("id", "refunds.data.id"),
             when=Not(Is("refunds.data.status", "failed", "canceled")),
             value=Negative(_stripe("refunds.data.amount", "refunds.data.currency"))),
    ),
    links=(
        Link(First("payment_intent", "payment_intent_id"), _CHARGED, "payment", "created"),
        Link("id", _CHARGED, "payment", "created"),
        Link("billing_details.email", _CHARGED, time="created"),
    ),
    time_unit="s",
    traps=(
        "The list of refunds comes only when it is asked for (expand[]=data.refunds); without it see stripe_refunds.",
        "A charge that was not captured is a reservation and has no value.",
        "Tables of warehouses hold times, not seconds, in UTC: .but(time_unit=None, tz='UTC').",
    ),
)  # fmt: skip

_STRIPE_REFUNDS: Final = Format(
    name="stripe_refunds",
    known_by=First("charge", "charge_id"),
    about="Refunds of the API or of a warehouse's table",
    docs="https://docs.stripe.com/api/refunds",
    actor=First("customer", "customer_id", "payment_intent", "payment_intent_id", "charge", "charge_id"),
    event=First(
        When(Is("status", "failed", "canceled"), Join(Constant("refund"), "status", sep="_")),
        Constant("refund"),
    ),
    time="created",
    value=When(Not(Is("status", "failed", "canceled")), Negative(_stripe("amount", "currency"))),
    currency=_upper("currency"),
    event_id="id",
    time_unit="s",
    traps=(
        "A refund names its payment, seldom its customer; link the payments to make them one actor.",
        "Tables of warehouses hold times, not seconds, in UTC: .but(time_unit=None, tz='UTC').",
    ),
)


FORMATS: Final = (_STRIPE, _STRIPE_CHARGES, _STRIPE_REFUNDS)
