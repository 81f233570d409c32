"""New objects with every field the pinned version always sends; callers fill in what they know."""

from typing import Any

Json = dict[str, Any]


def _nulls(names: str) -> Json:
    return dict.fromkeys(names.split())


def customer() -> Json:
    return {
        **_nulls(
            "address default_source description discount email name phone shipping currency customer_account test_clock"
        ),
        "object": "customer",
        "balance": 0,
        "delinquent": False,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }


def invoice() -> Json:
    nulls = (
        "account_tax_ids application automatically_finalizes_at custom_fields customer_account customer_address"
        " customer_email customer_name customer_phone customer_shipping"
        " default_payment_method default_source description"
        " due_date effective_at ending_balance footer from_invoice"
        " hosted_invoice_url invoice_pdf last_finalization_error"
        " latest_revision next_payment_attempt number on_behalf_of parent receipt_number rendering shipping_cost"
        " shipping_details statement_descriptor test_clock total_pretax_credit_amounts webhooks_delivered_at"
    )
    zeros = (
        "amount_due amount_overpaid amount_paid amount_remaining amount_shipping attempt_count"
        " pre_payment_credit_notes_amount post_payment_credit_notes_amount starting_balance subtotal"
        " subtotal_excluding_tax total total_excluding_tax"
    )
    return {
        **_nulls(nulls),
        **dict.fromkeys(zeros.split(), 0),
        "object": "invoice",
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "metadata": {},
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "status": "draft",
        "status_transitions": _nulls("finalized_at marked_uncollectible_at paid_at voided_at"),
        "total_discount_amounts": [],
        "total_taxes": [],
    }


def line() -> Json:
    return {
        **_nulls("description parent pricing quantity quantity_decimal subscription"),
        "object": "line_item",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "metadata": {},
        "pretax_credit_amounts": [],
        "taxes": [],
    }


def invoice_item() -> Json:
    return {
        **_nulls("customer_account description invoice parent pricing test_clock"),
        "object": "invoiceitem",
        "discountable": True,
        "discounts": [],
        "metadata": {},
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
    }


def invoice_payment() -> Json:
    return {
        "object": "invoice_payment",
        "amount_paid": None,
        "is_default": False,
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def intent() -> Json:
    nulls = (
        "allowed_payment_method_types application application_fee_amount automatic_payment_methods canceled_at"
        " cancellation_reason customer customer_account description excluded_payment_method_types last_payment_error"
        " latest_charge managed_payments next_action on_behalf_of payment_method payment_method_configuration_details"
        " payment_record processing receipt_email review setup_future_usage shipping source statement_descriptor"
        " statement_descriptor_suffix transfer_data transfer_group"
    )
    return {
        **_nulls(nulls),
        "object": "payment_intent",
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "confirmation_method": "automatic",
        "metadata": {},
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }


def charge() -> Json:
    nulls = (
        "application application_fee application_fee_amount balance_transaction"
        " calculated_statement_descriptor customer"
        " description failure_balance_transaction failure_code failure_message on_behalf_of outcome payment_intent"
        " payment_method payment_method_details receipt_email receipt_number receipt_url review shipping source"
        " source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
    )
    return {
        **_nulls(nulls),
        "object": "charge",
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "captured": False,
        "disputed": False,
        "fraud_details": {},
        "metadata": {},
        "paid": False,
        "refunded": False,
        "status": "pending",
    }


def card_details(last4: str = "4242") -> Json:
    card = {
        **_nulls("amount_authorized authorization_code installments mandate network_transaction_id three_d_secure"),
        **_nulls("wallet transaction_link_id"),
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "exp_month": 8,
        "exp_year": 2031,
        "fingerprint": "Xt5EWLLDS7FJjR1c",
        "funding": "credit",
        "last4": last4,
        "network": "visa",
        "regulated_status": "unregulated",
    }
    return {"type": "card", "card": card}


def bank_details() -> Json:
    bank = {
        **_nulls("account_holder_type account_type expected_debit_date mandate payment_reference"),
        "bank_name": "First National",
        "fingerprint": "9w1sYb2kQmT0aFzC",
        "last4": "6789",
        "routing_number": "110000000",
    }
    return {"type": "us_bank_account", "us_bank_account": bank}


def refund() -> Json:
    nulls = (
        "balance_transaction charge customer customer_account payment_intent payment_method reason receipt_number"
        " source_transfer_reversal status transfer_reversal"
    )
    return {**_nulls(nulls), "object": "refund", "metadata": {}}


def balance_row() -> Json:
    return {
        **_nulls("description exchange_rate source"),
        "object": "balance_transaction",
        "balance_type": "payments",
        "fee": 0,
        "fee_details": [],
        "status": "pending",
    }


def credit_note() -> Json:
    nulls = (
        "customer_account customer_balance_transaction effective_at memo out_of_band_amount"
        " reason shipping_cost voided_at"
    )
    zeros = (
        "amount amount_shipping discount_amount pre_payment_amount post_payment_amount subtotal subtotal_excluding_tax"
        " total total_excluding_tax"
    )
    return {
        **_nulls(nulls),
        **dict.fromkeys(zeros.split(), 0),
        "object": "credit_note",
        "discount_amounts": [],
        "metadata": {},
        "pretax_credit_amounts": [],
        "refunds": [],
        "status": "issued",
        "total_taxes": [],
    }


def credit_line() -> Json:
    return {
        **_nulls("description quantity unit_amount unit_amount_decimal"),
        "object": "credit_note_line_item",
        "discount_amount": 0,
        "discount_amounts": [],
        "metadata": {},
        "pretax_credit_amounts": [],
        "tax_rates": [],
        "taxes": [],
    }


def customer_row() -> Json:
    return {
        **_nulls("checkout_session credit_note customer_account description invoice"),
        "object": "customer_balance_transaction",
        "metadata": {},
    }


def dispute() -> Json:
    evidence = (
        "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal"
        " customer_communication customer_email_address customer_name customer_purchase_ip customer_signature"
        " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt"
        " refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
        " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
        " uncategorized_file uncategorized_text"
    )
    return {
        **_nulls("intended_submission_method payment_intent network_reason_code"),
        "object": "dispute",
        "balance_transactions": [],
        "enhanced_eligibility_types": [],
        "evidence": {**_nulls(evidence), "enhanced_evidence": {}},
        "is_charge_refundable": False,
        "metadata": {},
        "status": "needs_response",
    }


def payout() -> Json:
    nulls = (
        "application_fee application_fee_amount balance_transaction description"
        " failure_balance_transaction failure_code"
        " failure_message original_payout payout_method reversed_by statement_descriptor trace_id"
    )
    return {
        **_nulls(nulls),
        "object": "payout",
        "automatic": True,
        "destination": "ba_1ShopCheckingAccount",
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "in_progress",
        "source_type": "card",
        "status": "pending",
        "type": "bank_account",
    }


def coupon() -> Json:
    return {
        **_nulls("amount_off currency duration_in_months max_redemptions name percent_off redeem_by"),
        "object": "coupon",
        "duration": "once",
        "metadata": {},
        "times_redeemed": 0,
        "valid": True,
    }


def discount() -> Json:
    return {
        **_nulls("checkout_session customer customer_account end invoice invoice_item promotion_code subscription"),
        **_nulls("subscription_item"),
        "object": "discount",
    }


def tax_rate() -> Json:
    return {
        **_nulls(
            "country description effective_percentage flat_amount jurisdiction jurisdiction_level rate_type state"
        ),
        "object": "tax_rate",
        "active": True,
        "metadata": {},
        "tax_type": "sales_tax",
    }


def product() -> Json:
    return {
        **_nulls("default_price description package_dimensions shippable tax_code tax_details unit_label url"),
        "object": "product",
        "active": True,
        "images": [],
        "marketing_features": [],
        "metadata": {},
        "type": "service",
    }


def payment_record(currency: str) -> Json:
    amounts = (
        "amount amount_authorized amount_canceled amount_failed amount_guaranteed amount_refunded amount_requested"
    )
    return {
        **{name: {"currency": currency, "value": 0} for name in amounts.split()},
        **_nulls(
            "application customer_details customer_presence description latest_payment_attempt_record shipping_details"
        ),
        "object": "payment_record",
        "metadata": {},
        "payment_method_details": None,
        "processor_details": {"type": "custom"},
        "reported_by": "self",
    }


def endpoint() -> Json:
    return {
        **_nulls("api_version application description"),
        "object": "webhook_endpoint",
        "enabled_events": ["*"],
        "metadata": {},
        "status": "enabled",
    }
