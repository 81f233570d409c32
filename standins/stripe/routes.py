"""The calls of the API: which path, which parameters, and what the shop does for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from standins.stripe.catalog import merged
from standins.stripe.core import Core, Json
from standins.stripe.errors import ApiError, missing
from standins.stripe.form import listing, nothing, schemas, simple
from standins.stripe.lists import Filter, page, same, within
from standins.stripe.shop import Shop

Handler = Callable[[Shop, Json, Sequence[str]], Json]


@dataclass(frozen=True)
class Route:
    method: str
    path: str  # "{}" stands for an id
    schema: Json
    handler: Handler

    def match(self, method: str, path: str) -> list[str] | None:
        mine, theirs = self.path.split("/"), path.split("/")
        if method != self.method or len(mine) != len(theirs):
            return None
        pairs = list(zip(mine, theirs, strict=True))
        return [b for a, b in pairs if a == "{}"] if all(a in ("{}", b) for a, b in pairs) else None


def _schema(name: str | Json) -> Json:
    schema: Json = name if isinstance(name, dict) else schemas()[name]
    return schema


def _list(path: str, kind: str, schema: str | Json, **filters: Filter) -> Route:
    def handler(shop: Shop, params: Json, ids: Sequence[str]) -> Json:
        objects = [o for o in shop.newest(kind) if not o.get("deleted")]
        return page(shop, objects, params, path, {"created": within("created"), **filters})

    return Route("GET", path, _schema(schema), handler)


def _one(path: str, kind: str) -> Route:
    return Route("GET", path, simple(), lambda shop, params, ids: shop.get(kind, ids[-1]))


def _do(path: str, schema: str | Json, handler: Handler, method: str = "POST") -> Route:
    return Route(method, path, _schema(schema), handler)


# what the lists filter by


def _has_type(shop: Core, event: Json, value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    return any(event["type"] == n or (n.endswith("*") and event["type"].startswith(n[:-1])) for n in names)


def _delivered(shop: Core, event: Json, value: bool) -> bool:
    return bool((event["pending_webhooks"] == 0) == value)


def _in_payout(shop: Core, row: Json, value: str) -> bool:
    if not shop.get("payout", value)["automatic"]:
        raise ApiError(
            "Balance transaction history can only be filtered on automatic payouts, not manual.", param="payout"
        )
    return bool(shop.secret(row["id"]).get("payout") == value)


def _paid_by(shop: Core, row: Json, value: Json) -> bool:
    kind = value["type"]
    return bool(
        row["payment"]["type"] == kind and value.get(kind, row["payment"].get(kind)) == row["payment"].get(kind)
    )


def _of_subscription(shop: Core, invoice: Json, value: str) -> bool:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return bool(details.get("subscription") == value)


# customers


_LONGEST = {
    "name": 256,
    "email": 512,
    "phone": 20,
    "business_name": 150,
    "individual_name": 150,
    "invoice_prefix": 12,
    "number": 26,
    "footer": 5000,
    "statement_descriptor": 22,
}


def _short_enough(p: Json, description: int) -> None:
    for name, most in (*_LONGEST.items(), ("description", description)):
        if len(p.get(name) or "") > most:
            raise ApiError(f"Invalid string: {name} can have at most {most} characters.", param=name)


def _create_customer(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    _short_enough(p, 5000)
    for name in ("tax_id_data", "payment_method", "source"):
        p.pop(name, None)  # not kept by the double
    usual = dict.fromkeys(("custom_fields", "default_payment_method", "footer", "rendering_options"))
    settings = {**usual, **(p.pop("invoice_settings", None) or {})}
    p["metadata"] = merged({}, p.get("metadata"))
    prefix = p.get("invoice_prefix")
    if prefix and any(c.get("invoice_prefix") == prefix for c in shop.all("customer")):
        raise ApiError("This invoice prefix is taken.", param="invoice_prefix")
    return shop.create_customer(**p, invoice_settings=settings)


def _get_customer(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    return shop.get("customer", ids[0])


def _update_customer(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    if shop.get("customer", ids[0]).get("deleted"):
        raise missing("customer", ids[0])
    _short_enough(p, 5000)
    blank = {k: None if v == "" and k != "metadata" else v for k, v in p.items()}
    return shop.update_customer(ids[0], **blank)


def _customer_rows(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    shop.get("customer", ids[0])
    rows = [r for r in shop.newest("customer_balance_transaction") if r["customer"] == ids[0]]
    url = f"/v1/customers/{ids[0]}/balance_transactions"
    return page(shop, rows, p, url, {"created": within("created"), "invoice": same("invoice")})


def _credit_customer(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    return shop.credit_customer(ids[0], p.pop("amount"), "adjustment", p.pop("currency"), **p)


# invoices


def _create_invoice(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    if not p.get("customer"):
        raise ApiError("Missing required param: customer.", code="parameter_missing", param="customer")
    more = {k: p[k] for k in _KEPT_AS_SENT if p.get(k) not in (None, "")}
    if p.get("collection_method") == "send_invoice" and not (p.get("days_until_due") is not None or p.get("due_date")):
        raise ApiError("Missing required param: days_until_due.", code="parameter_missing", param="days_until_due")
    if p.get("collection_method") != "send_invoice" and (p.get("days_until_due") is not None or p.get("due_date")):
        raise ApiError("You can only set a due date with collection_method send_invoice.", param="due_date")
    _short_enough(p, 1500)
    if len(p.get("custom_fields") or []) > 4:
        raise ApiError("An invoice can have at most 4 custom fields.", param="custom_fields")
    if p.get("due_date", shop.clock.now()) < shop.clock.now():
        raise ApiError("The due date must be in the future.", param="due_date")
    invoice = shop.create_invoice(
        p["customer"],
        currency=p.get("currency"),
        discounts=p.get("discounts") or (),
        tax=p.get("default_tax_rates") or (),
        due_days=p.get("days_until_due"),
        subscription=p.get("subscription"),
        metadata=merged({}, p.get("metadata")),
        **more,
    )
    if p.get("pending_invoice_items_behavior") == "include":
        shop.take_pending_items(invoice["id"])
    return invoice


_KEPT_AS_SENT = (
    "auto_advance",
    "collection_method",
    "custom_fields",
    "description",
    "due_date",
    "effective_at",
    "footer",
    "from_invoice",
    "number",
    "statement_descriptor",
)


def _line_spec(shop: Shop, given: Json) -> Json:
    """From the API's words for a line to the shop's."""
    same_name = (
        "amount",
        "description",
        "discountable",
        "metadata",
        "period",
        "quantity",
        "quantity_decimal",
        "unit_amount_decimal",
    )
    spec = {k: given[k] for k in same_name if given.get(k) not in (None, "")}
    spec |= {"item": given["invoice_item"]} if given.get("invoice_item") else {}
    spec["discounts"] = given.get("discounts") or []
    spec["tax"] = given.get("tax_rates") or []
    spec["taxes"] = [_sent_tax(shop, t) for t in given.get("tax_amounts") or []]
    if data := given.get("price_data"):
        spec["unit_amount_decimal"] = str(data.get("unit_amount_decimal", data.get("unit_amount")))
        if "product_data" in data:
            spec["product"] = shop.create_product(data["product_data"]["name"])["id"]
        else:
            spec["product"] = shop.get("product", data.get("product", ""))["id"]
    if price := (given.get("pricing") or {}).get("price"):
        found = shop.get("price", price)
        spec |= {"unit_amount_decimal": found["unit_amount_decimal"], "product": found["product"], "price": price}
    if not spec.get("item") and "amount" not in spec and "unit_amount_decimal" not in spec:
        raise ApiError("A line needs an amount, a price or a unit amount.", code="parameter_missing", param="amount")
    if spec["tax"] and spec["taxes"]:
        raise ApiError("tax_amounts cannot be used together with tax_rates.", param="tax_amounts")
    return spec


def _sent_tax(shop: Shop, tax: Json) -> Json:
    data = dict(tax["tax_rate_data"])
    rate = shop.create_tax_rate(data.pop("display_name"), data.pop("percentage"), data.pop("inclusive"), **data)
    return {**tax, "rate": rate["id"], "inclusive": rate["inclusive"]}


def _add_lines(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    invoice = shop.draft(ids[0])
    specs = [_line_spec(shop, x) for x in p["lines"]]
    if len(specs) + len(shop.secret(ids[0])["lines"]) > 250:
        raise ApiError("An invoice can have at most 250 items.", param="lines")
    for spec in specs:
        shop.add_line(ids[0], **spec)
    if p.get("invoice_metadata"):
        shop.update_invoice(ids[0], metadata=p["invoice_metadata"])
    return invoice


def _remove_lines(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    for line in p["lines"]:
        shop.remove_line(ids[0], line["id"])
    return shop.get("invoice", ids[0])


def _create_item(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    if not p.get("customer"):
        raise ApiError("Missing required param: customer.", code="parameter_missing", param="customer")
    spec = _line_spec(shop, p)
    if p.get("currency"):
        spec["currency"] = p["currency"]
    if p.get("invoice"):
        invoice = shop.draft(p["invoice"])
        if p.get("currency") not in (None, invoice["currency"]):
            raise ApiError("The currency of the item differs from its invoice's.", param="currency")
    return shop.create_item(p["customer"], p.get("invoice"), **spec)


def _lines(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    shop.get("invoice", ids[0])
    lines = [shop.get("line_item", i) for i in shop.secret(ids[0])["lines"]]
    return page(shop, lines, p, f"/v1/invoices/{ids[0]}/lines", {})


def _update_invoice(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    changes = {k: None if v == "" and k != "metadata" else v for k, v in p.items()}
    if (days := changes.pop("days_until_due", None)) is not None:
        changes["due_date"] = shop.clock.now() + days * 86400
    allowed = {*_KEPT_AS_SENT, "metadata"}
    if strange := set(changes) - allowed:
        raise ApiError(f"The stand-in does not change {', '.join(strange)}.", param=min(strange))
    return shop.update_invoice(ids[0], **changes)


def _send_invoice(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    invoice = shop.get("invoice", ids[0])
    if invoice["status"] == "draft":
        shop.finalize(ids[0])
    shop.emit("invoice.sent", invoice)
    return invoice


def _pay(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    if p.get("paid_out_of_band"):
        shop.pay_out_of_band(ids[0])
        return shop.get("invoice", ids[0])
    charge = shop.pay(ids[0], decline="card_declined" if p.get("payment_method") == "pm_card_chargeDeclined" else None)
    if charge["status"] == "failed":
        raise ApiError(
            "Your card was declined.",
            402,
            "card_error",
            "card_declined",
            decline_code="generic_decline",
            charge=charge["id"],
        )
    return shop.get("invoice", ids[0])


def _attach(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    return shop.attach(ids[0], p.get("payment_intent"), p.get("payment_record"))


# payments, refunds, credit notes


def _create_refund(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    payment = p.get("charge") or p.get("payment_intent")
    if not payment:
        raise ApiError(
            "One of the following params should be provided: charge or payment_intent.", code="parameter_missing"
        )
    kind = "charge" if p.get("charge") else "payment_intent"
    shop.get(kind, payment)
    return shop.refund(payment, p.get("amount"), p.get("reason"), metadata=merged({}, p.get("metadata")))


def _refunds_of_charge(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    refunds = [r for r in shop.newest("refund") if r["charge"] == shop.get("charge", ids[0])["id"]]
    return page(shop, refunds, p, f"/v1/charges/{ids[0]}/refunds", {"created": within("created")})


def _describe(kind: str, event: str) -> Handler:
    """Changes words only: description and metadata."""

    def handler(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
        obj = shop.get(kind, ids[0])
        with shop.inside():
            before = dict(obj)
            p.pop("expand", None)
            obj.update({**p, "metadata": merged(obj.get("metadata"), p.get("metadata"))})
            shop.changed(event, obj, before)
        return obj

    return handler


def _create_note(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    money = ("refund_amount", "credit_amount", "out_of_band_amount", "refunds")
    given = {k: p[k] for k in money if k in p}
    more = {k: p[k] for k in ("effective_at", "memo", "metadata", "reason") if k in p}
    if shop.get("invoice", p["invoice"])["status"] == "paid" and not given:
        raise ApiError(
            "You must specify refund_amount, credit_amount, out_of_band_amount or refunds for a paid invoice."
        )
    return shop.credit_note(
        p["invoice"], p.get("amount"), lines=p.get("lines") or (), **{"credit_amount": 0, **given}, **more
    )


def _note_lines(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    shop.get("credit_note", ids[0])
    lines = [shop.get("credit_note_line_item", i) for i in shop.secret(ids[0])["lines"]]
    return page(shop, lines, p, f"/v1/credit_notes/{ids[0]}/lines", {})


def _create_intent(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    more = {"description": p.get("description"), "metadata": merged({}, p.get("metadata"))}
    intent = shop.create_intent(p["amount"], p["currency"], p.get("customer"), **more)
    if p.get("capture_method"):
        intent["capture_method"] = p["capture_method"]
    return _confirm(shop, p, [intent["id"]]) if p.get("confirm") else intent


def _confirm(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    intent = shop.get("payment_intent", ids[0])
    method = p.get("payment_method")
    charge = shop.confirm(
        ids[0],
        capture=intent["capture_method"] != "manual",
        method="bank" if method == "pm_usBankAccount" else "card",
        decline="card_declined" if method == "pm_card_chargeDeclined" else None,
    )
    if charge["status"] == "failed":
        raise ApiError(
            "Your card was declined.",
            402,
            "card_error",
            "card_declined",
            decline_code="generic_decline",
            charge=charge["id"],
        )
    return intent


def _capture_intent(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    intent = shop.get("payment_intent", ids[0])
    shop.capture(intent["latest_charge"] or "", p.get("amount_to_capture"))
    return intent


def _report_payment(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    money = p.get("amount_requested") or {}
    return shop.report_payment(int(money["value"]), money["currency"], metadata=merged({}, p.get("metadata")))


# the account, its balance, events, endpoints


def _account(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    if ids and ids[0] != shop.knobs.account:
        raise ApiError(f"The provided key does not have access to account '{ids[0]}'.", 403, code="account_invalid")
    k = shop.knobs
    return {
        "id": k.account,
        "object": "account",
        "business_profile": {"name": k.name},
        "charges_enabled": True,
        "country": k.country,
        "default_currency": k.currency,
        "details_submitted": True,
        "email": None,
        "payouts_enabled": True,
        "type": "standard",
        "settings": {"dashboard": {"display_name": k.name, "timezone": "Etc/UTC"}},
        "metadata": {},
    }


def _events(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    if len(p.get("types", [])) > 20:
        raise ApiError("You may pass at most 20 types.", param="types")
    since = shop.clock.now() - shop.knobs.event_days * 86400
    events = [e for e in shop.newest("event") if e["created"] >= since]
    filters = {"created": within("created"), "type": _has_type, "types": _has_type, "delivery_success": _delivered}
    listed = page(shop, events, p, "/v1/events", filters)
    return {**listed, "data": [shop.event_body(e) for e in listed["data"]]}


def _event(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    event = shop.get("event", ids[0])
    if event["created"] < shop.clock.now() - shop.knobs.event_days * 86400:
        raise missing("event", ids[0])
    return shop.event_body(event)


def _create_endpoint(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    more = {k: p[k] for k in ("description",) if k in p} | {"metadata": merged({}, p.get("metadata"))}
    return shop.create_endpoint(p["url"], p["enabled_events"], api_version=p.get("api_version"), **more)


def _update_endpoint(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    endpoint = shop.get("webhook_endpoint", ids[0])
    if "disabled" in p:
        endpoint["status"] = "disabled" if p.pop("disabled") else "enabled"
    endpoint.update({**p, "metadata": merged(endpoint["metadata"], p.get("metadata"))})
    return endpoint


def _delete_endpoint(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    shop.drop(shop.get("webhook_endpoint", ids[0]))
    return {"id": ids[0], "object": "webhook_endpoint", "deleted": True}


def _create_price(shop: Shop, p: Json, ids: Sequence[str]) -> Json:
    unit = p.get("unit_amount_decimal") or p.get("unit_amount") or "0"
    whole = int(Decimal(str(unit))) if Decimal(str(unit)) % 1 == 0 else None
    price = {**shop.stamp("price"), "object": "price", "active": True, "billing_scheme": "per_unit", "type": "one_time"}
    price |= {"currency": p["currency"], "product": shop.get("product", p["product"])["id"], "recurring": None}
    return shop.keep(
        {**price, "unit_amount": whole, "unit_amount_decimal": str(unit), "metadata": merged({}, p.get("metadata"))}
    )


_ALL = [
    _list("/v1/customers", "customer", "CustomerListParams", email=same("email")),
    _do("/v1/customers", "CustomerCreateParams", _create_customer),
    Route("GET", "/v1/customers/{}", simple(), _get_customer),
    _do("/v1/customers/{}", "CustomerUpdateParams", _update_customer),
    _do("/v1/customers/{}", nothing(), lambda s, p, i: s.delete_customer(i[0]), "DELETE"),
    _do("/v1/customers/{}/balance_transactions", listing("invoice", dated=True), _customer_rows, "GET"),
    _do(
        "/v1/customers/{}/balance_transactions",
        simple("amount:integer currency description metadata:map"),
        _credit_customer,
    ),
    _one("/v1/customers/{}/balance_transactions/{}", "customer_balance_transaction"),
    _list(
        "/v1/invoices",
        "invoice",
        "InvoiceListParams",
        customer=same("customer"),
        status=same("status"),
        collection_method=same("collection_method"),
        due_date=within("due_date"),
        subscription=_of_subscription,
    ),
    _do("/v1/invoices", "InvoiceCreateParams", _create_invoice),
    _one("/v1/invoices/{}", "invoice"),
    _do("/v1/invoices/{}", "InvoiceUpdateParams", _update_invoice),
    _do("/v1/invoices/{}", nothing(), lambda s, p, i: s.delete_draft(i[0]), "DELETE"),
    _do("/v1/invoices/{}/lines", listing(), _lines, "GET"),
    _do("/v1/invoices/{}/add_lines", "InvoiceAddLinesParams", _add_lines),
    _do("/v1/invoices/{}/remove_lines", "InvoiceRemoveLinesParams", _remove_lines),
    _do("/v1/invoices/{}/finalize", "InvoiceFinalizeInvoiceParams", lambda s, p, i: s.finalize(i[0])),
    _do("/v1/invoices/{}/send", simple(), _send_invoice),
    _do("/v1/invoices/{}/pay", "InvoicePayParams", _pay),
    _do("/v1/invoices/{}/attach_payment", "InvoiceAttachPaymentParams", _attach),
    _do("/v1/invoices/{}/void", "InvoiceVoidInvoiceParams", lambda s, p, i: s.void(i[0])),
    _do(
        "/v1/invoices/{}/mark_uncollectible",
        "InvoiceMarkUncollectibleParams",
        lambda s, p, i: s.mark_uncollectible(i[0]),
    ),
    _list(
        "/v1/invoiceitems", "invoiceitem", "InvoiceItemListParams", customer=same("customer"), invoice=same("invoice")
    ),
    _do("/v1/invoiceitems", "InvoiceItemCreateParams", _create_item),
    _one("/v1/invoiceitems/{}", "invoiceitem"),
    _list(
        "/v1/invoice_payments",
        "invoice_payment",
        "InvoicePaymentListParams",
        invoice=same("invoice"),
        status=same("status"),
        payment=_paid_by,
    ),
    _one("/v1/invoice_payments/{}", "invoice_payment"),
    _list("/v1/payment_intents", "payment_intent", "PaymentIntentListParams", customer=same("customer")),
    _do(
        "/v1/payment_intents",
        simple(
            "amount:integer currency customer description metadata:map capture_method confirm:boolean payment_method"
            " allowed_payment_method_types:strings automatic_payment_methods:any return_url"
        ),
        _create_intent,
    ),
    _one("/v1/payment_intents/{}", "payment_intent"),
    _do("/v1/payment_intents/{}/confirm", simple("payment_method return_url"), _confirm),
    _do("/v1/payment_intents/{}/capture", simple("amount_to_capture:integer"), _capture_intent),
    _list(
        "/v1/charges", "charge", "ChargeListParams", customer=same("customer"), payment_intent=same("payment_intent")
    ),
    _one("/v1/charges/{}", "charge"),
    _do("/v1/charges/{}", simple("description metadata:map"), _describe("charge", "charge.updated")),
    _do("/v1/charges/{}/capture", simple("amount:integer"), lambda s, p, i: s.capture(i[0], p.get("amount"))),
    _do("/v1/charges/{}/refunds", listing(), _refunds_of_charge, "GET"),
    _list("/v1/refunds", "refund", "RefundListParams", charge=same("charge"), payment_intent=same("payment_intent")),
    _do("/v1/refunds", "RefundCreateParams", _create_refund),
    _one("/v1/refunds/{}", "refund"),
    _do("/v1/refunds/{}", "RefundUpdateParams", _describe("refund", "refund.updated")),
    _do("/v1/refunds/{}/cancel", simple(), lambda s, p, i: s.finish_refund(i[0], "canceled")),
    _list(
        "/v1/credit_notes", "credit_note", "CreditNoteListParams", customer=same("customer"), invoice=same("invoice")
    ),
    _do("/v1/credit_notes", "CreditNoteCreateParams", _create_note),
    _one("/v1/credit_notes/{}", "credit_note"),
    _do("/v1/credit_notes/{}/lines", listing(), _note_lines, "GET"),
    _do("/v1/credit_notes/{}/void", simple(), lambda s, p, i: s.void_credit_note(i[0])),
    _list(
        "/v1/balance_transactions",
        "balance_transaction",
        "BalanceTransactionListParams",
        currency=same("currency"),
        payout=_in_payout,
        source=same("source"),
        type=same("type"),
    ),
    _one("/v1/balance_transactions/{}", "balance_transaction"),
    _do("/v1/balance", simple(), lambda s, p, i: s.balance(), "GET"),
    _list(
        "/v1/payouts",
        "payout",
        "PayoutListParams",
        status=same("status"),
        arrival_date=within("arrival_date"),
        destination=same("destination"),
    ),
    _one("/v1/payouts/{}", "payout"),
    _list("/v1/disputes", "dispute", "DisputeListParams", charge=same("charge"), payment_intent=same("payment_intent")),
    _one("/v1/disputes/{}", "dispute"),
    _do("/v1/events", "EventListParams", _events, "GET"),
    _do("/v1/events/{}", simple(), _event, "GET"),
    _list("/v1/webhook_endpoints", "webhook_endpoint", listing()),
    _do("/v1/webhook_endpoints", "WebhookEndpointCreateParams", _create_endpoint),
    _one("/v1/webhook_endpoints/{}", "webhook_endpoint"),
    _do("/v1/webhook_endpoints/{}", "WebhookEndpointUpdateParams", _update_endpoint),
    _do("/v1/webhook_endpoints/{}", nothing(), _delete_endpoint, "DELETE"),
    _do("/v1/account", simple(), _account, "GET"),
    _do("/v1/accounts/{}", simple(), _account, "GET"),
    _list("/v1/products", "product", "ProductListParams", active=same("active")),
    _do("/v1/products", "ProductCreateParams", lambda s, p, i: s.create_product(p.pop("name"), **p)),
    _one("/v1/products/{}", "product"),
    _do("/v1/prices", simple("currency product unit_amount:integer unit_amount_decimal metadata:map"), _create_price),
    _one("/v1/prices/{}", "price"),
    _list("/v1/tax_rates", "tax_rate", "TaxRateListParams", active=same("active"), inclusive=same("inclusive")),
    _do(
        "/v1/tax_rates",
        "TaxRateCreateParams",
        lambda s, p, i: s.create_tax_rate(p.pop("display_name"), p.pop("percentage"), p.pop("inclusive"), **p),
    ),
    _one("/v1/tax_rates/{}", "tax_rate"),
    _one("/v1/coupons/{}", "coupon"),
    _list("/v1/payment_records", "payment_record", "PaymentRecordListParams"),
    _do("/v1/payment_records/report_payment", "PaymentRecordReportPaymentParams", _report_payment),
    _one("/v1/payment_records/{}", "payment_record"),
]

# Fixed words before ids: "report_payment" is not the id of a payment record.
ROUTES = sorted(_ALL, key=lambda route: route.path.count("{}"))
