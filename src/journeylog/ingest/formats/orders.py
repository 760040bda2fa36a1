"""Orders: placed, paid, sent, completed; what is taken back is an event of its own with a negative value.

An amount counts once, where the order is placed, and never again when it is paid, sent or closed. So the values of
an order's events add up to what is left of it.
"""

from __future__ import annotations

from typing import Final

from journeylog.ingest.formats.declare import Format, Link, Take
from journeylog.ingest.formats.fields import (
    All,
    AnyField,
    First,
    Given,
    Is,
    Join,
    Map,
    Negative,
    Not,
    StartsWith,
    When,
)
from journeylog.ingest.formats.parts import Match
from journeylog.ingest.formats.rollup import Rollup
from journeylog.ingest.formats.truths import truth
from journeylog.ingest.roles import Constant

__all__ = ["FORMATS"]


def _guest(*order: AnyField) -> Join:
    """Return an actor of its own for an order without a customer: guests are not one person."""
    return Join(Constant("guest"), First(*order), sep=":")


def _order(order: AnyField) -> Join:
    """Return the actor of a refund that names its order and no customer; the orders link the two."""
    return Join(Constant("order"), order, sep=":")


#: Shopify takes nothing back where nothing was paid; what was paid comes back as refunds.
_UNPAID: Final = ("voided", "pending", "authorized", "expired", "unpaid")

_SHOPIFY: Final = Format(
    name="shopify",
    envelope="order",
    known_by=First("financial_status", "fulfillment_status", "order_number"),
    about="Orders of the Admin API (REST) as JSON, with their fulfilments and refunds",
    docs="https://shopify.dev/docs/api/admin-rest/latest/resources/order",
    actor=First("customer.id", "customer_id", "email", "phone", _guest("id")),
    currency="currency",
    event_id="id",
    attributes={"order": "id", "is_test": truth("test")},
    takes=(
        Take("order_placed", time=First("processed_at", "created_at", "processed_timestamp", "created_timestamp"),
             value="total_price"),
        Take("order_fulfilled", each="fulfillments", time="fulfillments.created_at",
             event_id=Join("id", "fulfillments.id"), when=Not(Is("fulfillments.status", "cancelled", "error", "failure")),
             attributes={"fulfillment": "fulfillments.id"}),
        Take("refund", each=("refunds", "refunds.transactions"), time="refunds.created_at",
             event_id=Join("id", "refunds.id", "refunds.transactions.id"),
             when=All(Is("refunds.transactions.kind", "refund"), Is("refunds.transactions.status", "success")),
             value=Negative("refunds.transactions.amount"),
             currency=First("refunds.transactions.currency", "currency"),
             attributes={"refund": "refunds.id"}),
        Take("return", each="refunds", time="refunds.created_at", event_id=Join("id", "refunds.id"),
             when=Not(Given("refunds.transactions.0.id")), attributes={"refund": "refunds.id"}),
        Take("order_cancelled", time=First("cancelled_at", "cancelled_timestamp"),
             value=When(Is("financial_status", *_UNPAID), Negative("total_price"))),
        Take("order_closed", time=First("closed_at", "closed_timestamp")),
    ),
    links=(Link(from_id="email", to_id=First("customer.id", "customer_id"), time=First("processed_at", "created_at")),),
    traps=(
        "processed_at is when the order was made, created_at when the shop wrote it down; imported orders differ.",
        "total_price is in the shop's currency, a refund's transaction in the one that was paid with.",
        "Cancelling takes back what was never paid; money that was paid comes back as refunds only.",
        "Refunds whose transactions are voids move no money; those without any are returns without a value.",
        "Test orders are marked by is_test and not left out.",
    ),
)  # fmt: skip

_SHOPIFY_CSV: Final = Format(
    name="shopify_csv",
    about="The shop's own export of orders: a row for each line item, rolled up to orders",
    docs="https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders",
    actor=First("Email", "Phone", _guest("Name")),
    currency="Currency",
    event_id="Name",
    attributes={"order": "Name"},
    group=Rollup(
        by="Name",
        earliest=("Created at",),
        lists=("Lineitem name",),
        one=("Id", "Email"),
        leave=(
            "Lineitem quantity", "Lineitem price", "Lineitem compare at price", "Lineitem sku",
            "Lineitem requires shipping", "Lineitem taxable", "Lineitem fulfillment status", "Lineitem discount",
            "Vendor",
        ),
    ),
    takes=(
        Take("order_placed", time="Created at", value="Total"),
        Take("order_paid", time="Paid at"),
        Take("order_fulfilled", time="Fulfilled at"),
        Take("order_cancelled", time="Cancelled at",
             value=When(Is("Financial Status", *_UNPAID), Negative("Total"), Negative("Refunded Amount"))),
    ),
    traps=(
        "The fields of the order stand on the first of its rows only.",
        "A refund has an amount and no time: only that of a cancelled order is an event, at its cancellation; "
        "that of another stays in the attribute Refunded Amount. The JSON export has the times.",
        "Two shops use the same order numbers: rows of one Name with two Ids are rejected.",
        "Postcodes begin with an apostrophe, so that spreadsheets leave them alone; they stay as written.",
        "Test orders cannot be told from others here.",
    ),
)  # fmt: skip

_REFUND_DATED: Final = Given("refunds.date_created_gmt")

_WOOCOMMERCE: Final = Format(
    name="woocommerce",
    known_by=First("total", "total_amount", "order_key", "number"),
    about="Orders of the REST API; refunds of their own endpoint may stand in each order's refunds",
    docs="https://woocommerce.github.io/woocommerce-rest-api-docs/#orders",
    actor=First(When(Not(Is("customer_id", "0")), "customer_id"), "billing.email", "billing_email", _guest("id")),
    currency="currency",
    event_id="id",
    attributes={"order": First("number", "id"), "is_guest": Map("customer_id", {"0": "true"}, default="false")},
    takes=(
        Take("order_placed", time="date_created_gmt", value=First("total", "total_amount")),
        Take("order_paid", time="date_paid_gmt"),
        Take("order_completed", time="date_completed_gmt"),
        Take("refund", each="refunds", time="refunds.date_created_gmt", when=_REFUND_DATED,
             event_id=Join("id", "refunds.id"), value=Negative(First("refunds.amount", "refunds.total"))),
        Take("refund", time="date_modified_gmt", value=Negative(First("total", "total_amount")),
             when=All(Is("status", "refunded"), Not(Given("refunds.0.date_created_gmt")))),
        Take("order_cancelled", time="date_modified_gmt", value=Negative(First("total", "total_amount")),
             when=Is("status", "cancelled")),
        Take("order_failed", time="date_modified_gmt", value=Negative(First("total", "total_amount")),
             when=Is("status", "failed")),
    ),
    links=(
        Link("billing.email", When(Not(Is("customer_id", "0")), "customer_id"), time="date_created_gmt"),
        Link(_order("id"), First(When(Not(Is("customer_id", "0")), "customer_id"), "billing.email"), "order",
             time="date_created_gmt"),
    ),
    not_events=Is("status", "checkout-draft", "auto-draft"),
    tz="UTC",
    traps=(
        "A draft that the checkout keeps is no order yet, and no event.",
        "The fields without _gmt are the shop's clock on the wall and say no zone; they are not used.",
        "customer_id 0 is a guest: the e-mail stands for them, or each order for itself.",
        "Cancelled, failed and wholly refunded orders say when only by their last change, date_modified_gmt.",
        "A part refunded is in the order without a time and then no event: put the refunds of the endpoint "
        "/orders/<id>/refunds into the order, or read them by woocommerce_refunds.",
    ),
)  # fmt: skip

#: A refund says its order by a link to it, if it is not told otherwise.
_REFUNDED: Final = First("order_id", "parent_id", Match("_links.up.0.href", r"/orders/(?P<order>\d+)"))

_WOOCOMMERCE_REFUNDS: Final = Format(
    name="woocommerce_refunds",
    known_by="amount",
    about="Refunds of the REST API; the order is the actor, unless a column of the customer is added",
    docs="https://woocommerce.github.io/woocommerce-rest-api-docs/#order-refunds",
    actor=First("customer_id", "billing_email", _order(_REFUNDED)),
    event=Constant("refund"),
    time="date_created_gmt",
    value=Negative("amount"),
    event_id="id",
    attributes={"order": _REFUNDED},
    tz="UTC",
    traps=("A refund says no currency; the caller adds it (currency=jl.constant('EUR')).",),
)


def _cancelled_by(row: int) -> When:
    """Return the time of a row of the status history, the last one first, if it says that the order was cancelled."""
    return When(Is(f"status_histories.{row}.status", "canceled"), f"status_histories.{row}.created_at")


_MAGENTO: Final = Format(
    name="magento",
    known_by=First("status", "customer_is_guest", "total_due"),
    about="Orders of Magento and Adobe Commerce (REST), with their status history and credit memos",
    docs="https://developer.adobe.com/commerce/webapi/rest/quick-reference/",
    actor=First("customer_id", "customer_email", _guest("increment_id", "entity_id")),
    currency="order_currency_code",
    event_id="entity_id",
    attributes={"order": "increment_id", "is_guest": truth("customer_is_guest")},
    takes=(
        Take("order_placed", time="created_at", value="grand_total"),
        Take(event=Join(Constant("order"), "status_histories.status", sep="_"), each="status_histories",
             time="status_histories.created_at",
             when=All(Given("status_histories.status"), Not(Is("status_histories.status", "canceled"))),
             event_id=Join("entity_id", First("status_histories.entity_id", "status_histories.created_at")),
             text="status_histories.comment", attributes={"about": "status_histories.entity_name"}),
        Take("refund", each="creditmemos", time="creditmemos.created_at",
             event_id=Join("entity_id", "creditmemos.entity_id"), value=Negative("creditmemos.grand_total"),
             currency=First("creditmemos.order_currency_code", "order_currency_code")),
        Take("order_cancelled", time=First(*map(_cancelled_by, (2, 1, 0)), "updated_at"), when=Is("state", "canceled"),
             value=Negative(First("total_canceled", "grand_total"))),
    ),
    links=(
        Link("customer_email", "customer_id", time="created_at"),
        Link(_order("entity_id"), First("customer_id", "customer_email"), "order", time="created_at"),
    ),
    tz="UTC",
    traps=(
        "Times are UTC and say no zone.",
        "increment_id is the number that people see, entity_id the key; they differ.",
        "grand_total is in the currency of the order, base_grand_total in that of the shop.",
        "A row of the status history is also written for a comment: the status then repeats.",
        "When an order was cancelled is told by its status history (the last three rows), else by its last change.",
        "Credit memos have an endpoint of their own and are "
        "read from the order's creditmemos, or by magento_creditmemos.",
    ),
)  # fmt: skip

_MAGENTO_CREDITMEMOS: Final = Format(
    name="magento_creditmemos",
    known_by="order_id",
    about="Credit memos of Magento and Adobe Commerce (REST)",
    docs="https://developer.adobe.com/commerce/webapi/rest/quick-reference/",
    actor=First("customer_id", "customer_email", _order("order_id")),
    event=Constant("refund"),
    time="created_at",
    value=Negative("grand_total"),
    currency="order_currency_code",
    event_id="entity_id",
    attributes={"order_entity_id": "order_id"},
    tz="UTC",
    traps=("A credit memo names the order by its entity_id and no customer: join it with the orders.",),
)

_OLIST: Final = Format(
    name="olist",
    about="A wide table of orders, a column for the time of each status, joined with its customers",
    docs="https://www.kaggle.com/datasets/olistbr/brazilian-ecommerce",
    actor="customer_unique_id",
    event_id="order_id",
    attributes={"order": "order_id"},
    takes=(
        Take("order_placed", time="order_purchase_timestamp", value="payment_value"),
        Take("order_approved", time="order_approved_at"),
        Take("order_sent", time="order_delivered_carrier_date"),
        Take("order_delivered", time="order_delivered_customer_date"),
    ),
    traps=(
        "The estimated date of delivery is a promise, no event; it stays an attribute.",
        "customer_id is made anew for each order; join customers for customer_unique_id.",
        "Payments are another table, with several rows for an order: add them up to payment_value first.",
        "A cancelled order has no time of its cancellation; order_status says so.",
    ),
)


def _retail(name: str, docs: str, invoice: str, price: str, customer: str) -> Format:
    """Return the format of a table of line items; the two editions of the data differ in their names only."""
    return Format(
        name=name,
        about="A table of line items, rolled up to orders: quantity times price, added up exactly",
        docs=docs,
        actor=Match(customer, r"^(?P<id>.*?)(?:\.0)?$"),
        event=First(
            When(StartsWith(invoice, "C"), Constant("order_cancelled")),
            When(StartsWith(invoice, "A"), Constant("adjustment")),
            Constant("order_placed"),
        ),
        time="InvoiceDate",
        value="line_total",
        currency=Constant("GBP"),
        event_id=invoice,
        attributes={"order": invoice},
        group=Rollup(
            by=invoice,
            sums={"line_total": ("Quantity", price)},
            earliest=("InvoiceDate",),
            lists=("StockCode",),
            one=(customer,),
            leave=("Description", "Quantity", price),
        ),
        traps=(
            "Invoices that begin with C are cancellations: events of their own with a negative value, without a link "
            "to the order they cancel.",
            "A quarter of the lines have no customer; such orders are rejected, never one customer.",
            "Equal lines are counted, for lines have no id.",
            "Customers are whole numbers; copies that write them 17850.0 mean the same ones.",
            "Times written 12/1/2010 8:26 need time_format='%m/%d/%Y %H:%M'.",
        ),
    )


_UCI: Final = "https://archive.ics.uci.edu/dataset/"

FORMATS: Final = (
    _SHOPIFY,
    _SHOPIFY_CSV,
    _WOOCOMMERCE,
    _WOOCOMMERCE_REFUNDS,
    _MAGENTO,
    _MAGENTO_CREDITMEMOS,
    _OLIST,
    _retail("online_retail", _UCI + "352/online+retail", "InvoiceNo", "UnitPrice", "CustomerID"),
    _retail("online_retail_ii", _UCI + "502/online+retail+ii", "Invoice", "Price", "Customer ID"),
)
