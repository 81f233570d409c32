"""A believable company to start from: the accounts and amounts of docs/accounting are posted against it."""

from typing import Any

from .books import Books, Company

EXPENSES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("60100", "Office supplies", "debit", {}),
    ("60200", "Software", "debit", {}),
    ("60300", "Freight", "debit", {}),
    ("60400", "Professional services", "debit", {}),
    ("60500", "Utilities", "debit", {}),
    ("60600", "Rent", "debit", {}),
    ("60700", "Travel", "debit", {}),
    ("60800", "Marketing", "debit", {}),
    ("61000", "Repairs", "debit", {}),
)
ACCOUNTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("10100", "Operating bank", "debit", {}),
    ("10210", "Stripe clearing USD", "debit", {}),
    ("10220", "Stripe clearing EUR", "debit", {}),
    ("10300", "Payouts in transit", "debit", {}),
    ("10990", "Undeposited funds", "debit", {}),
    ("12100", "Accounts receivable", "debit", {}),
    ("12900", "Due from entities", "debit", {}),
    ("13500", "Disputes receivable", "debit", {}),
    ("13600", "Processor reserve", "debit", {}),
    ("20100", "Accounts payable", "credit", {}),
    ("20500", "Accrued purchases", "credit", {}),
    ("22010", "Sales tax payable", "credit", {}),
    ("22900", "Due to entities", "credit", {}),
    ("24100", "Refunds clearing", "credit", {}),
    ("24200", "Customer overpayments", "credit", {}),
    ("24300", "Customer deposits", "credit", {}),
    ("24400", "Customer balance adjustments", "credit", {}),
    ("40000", "Revenue", "credit", {}),
    ("40100", "Subscription revenue", "credit", {"REQUIREDEPT": False}),
    ("40200", "Service revenue", "credit", {}),
    ("40300", "Point-of-sale revenue", "credit", {}),
    ("40900", "Discounts given", "debit", {}),
    ("41000", "Other sales", "credit", {}),
    *EXPENSES,
    ("60900", "Discounts taken", "credit", {}),
    ("62500", "Payment processing fees", "debit", {}),
    ("62510", "Dispute fees", "debit", {}),
    ("62520", "Processor billing", "debit", {}),
    ("62600", "Dispute losses", "debit", {}),
    ("63000", "Bad debt", "debit", {}),
    ("70100", "Exchange gain or loss", "debit", {}),
)
_NOTHING_REQUIRED = {
    f"REQUIRE{dimension}": False
    for dimension in "DEPT LOC PROJECT TASK CUSTOMER VENDOR EMPLOYEE ITEM CLASS CONTRACT WAREHOUSE".split()
}
CUSTOM = {
    "CUSTOMER": ["STRIPE_CUSTOMER_ID", "ML_SOURCE_KEY"],
    "ARINVOICE": ["STRIPE_INVOICE_ID", "ML_SOURCE_KEY"],
    "ARPYMT": ["ML_SOURCE_KEY"],
    "GLBATCH": ["STRIPE_PAYOUT_ID", "ML_SOURCE_KEY"],
    "APBILL": ["ML_SOURCE_KEY"],
    "APPYMT": ["ML_SOURCE_KEY"],
    "OTHERRECEIPTS": ["ML_SOURCE_KEY"],
}
VENDORS = tuple(
    (f"V-{number}", name)
    for number, name in enumerate(
        (
            "Acme Office Supply, Inc.",
            "Müller & Söhne GmbH",
            "O'Brien Logistics LLC",
            "Aldgate Paper",
            "Beacon Freight",
            "Cardinal Legal LLP",
            "Delta Power & Light",
            "Eastside Properties",
            "Foxglove Travel",
            "Granite Storage",
            "Harbor Cleaning",
            "Iris Design Studio",
            "Juniper Telecom",
            "Kestrel Couriers",
            "Lantern Hosting",
            "Meridian Auditors",
            "Nimbus Software",
            "Orchard Catering",
            "Pinnacle Printing",
            "Quarry Tools",
            "Riverbend Hotels",
            "Summit Security",
            "Tidewater Supply",
            "Umbra Lighting",
            "Vantage Advertising",
            "Willow Landscaping",
            "Xenon Labs",
            "Yarrow Insurance",
            "Zephyr Air Systems",
            "Ashford Furniture",
            "Bluebird Recruiting",
            "Copperfield Hardware",
            "Driftwood Events",
            "Elm Street Bakery",
            "Fairview Water",
            "Glasshouse Media",
            "Hillcrest Motors",
            "Ivory Coast Imports",
            "Jade Mountain Tea",
            "Kingfisher Consulting",
        ),
        1001,
    )
)
ROLES = {"ar": "12100", "ap": "20100", "overpayments": "24200", "fx": "70100", "due_from": "12900", "due_to": "22900"}
ROLES |= {"discounts": "60900"}
DEFINITIONS = (
    # what it is called, its class, what it posts
    ("Purchase Order", "Order", ""),
    ("Purchase Requisition", "Quote", ""),
    ("Vendor Invoice", "Invoice", "AP"),
    ("PO Receiver", "Receiver", "GL"),
)


def seed_demo(
    books: Books,
    company: str = "ACME-DEMO",
    *,
    entities: bool = False,
    multi_currency: bool = False,
    dimensions: dict[str, Any] | None = None,
    sender: str = "ml_sender",
    sender_password: str = "sender-demo",
    user: str = "ml_connector",
    password: str = "user-demo",
) -> Company:
    """One US company with its charts, dimensions, banks and a few masters. Safe to call twice."""
    known = {c.id for c in books.companies()}
    if company in known:
        return books.company(company)
    with books.unit():
        books.add_sender(sender, sender_password)
        made = books.add_company(
            company,
            NAME="Acme Robotics Inc." if company == "ACME-DEMO" else company,
            SENDERS=[sender],
            ROLES=ROLES,
            CUSTOM=CUSTOM,
            MULTICURRENCY=multi_currency,
            DIMENSIONS=dimensions or {},
            RATES={"EUR": "1.0850", "GBP": "1.2700", "JPY": "0.0067", "CAD": "0.7300", "KWD": "3.2500"},
        )
        made.add_user(user, password)
        _accounts(made)
        _dimensions(made, entities=entities)
        _lists(made, multi_currency=multi_currency)
        _banks(made)
        for vendor, name in VENDORS:
            made.add_master("VENDOR", "VENDORID", {"VENDORID": vendor, "NAME": name, "TERMNAME": "Net 30"})
    return made


def _accounts(company: Company) -> None:
    for number, title, normal, more in ACCOUNTS:
        balance = number < "40000"
        row: dict[str, Any] = {
            "ACCOUNTNO": number,
            "TITLE": title,
            "NORMALBALANCE": normal,
            **_NOTHING_REQUIRED,
            **more,
        }
        row["ACCOUNTTYPE"] = "balancesheet" if balance else "incomestatement"
        row["CLOSINGTYPE"] = "non-closing account" if balance else "closing account"
        company.add_master("GLACCOUNT", "ACCOUNTNO", row)


def _dimensions(company: Company, *, entities: bool) -> None:
    for key, title in (("SALES", "Sales"), ("OPS", "Operations"), ("FIN", "Finance"), ("ENG", "Engineering")):
        company.add_master("DEPARTMENT", "DEPARTMENTID", {"DEPARTMENTID": key, "TITLE": title})
    if entities:
        for key, name in (("E100", "Acme Robotics US"), ("E200", "Acme Robotics West")):
            add_entity(company, key, name)
    parents = {"US-100": "E100", "US-200": "E200"} if entities else {}
    for key, name in (("US-100", "Boston"), ("US-200", "Portland")):
        row = {"LOCATIONID": key, "NAME": name, "PARENTID": parents.get(key, ""), "CURRENCY": company.currency}
        company.add_master("LOCATION", "LOCATIONID", row)
    for key, name in (("SUB", "Subscriptions"), ("SRV", "Services")):
        company.add_master("CLASS", "CLASSID", {"CLASSID": key, "NAME": name})
    company.add_master("PROJECT", "PROJECTID", {"PROJECTID": "P-9", "NAME": "Roll-out", "PROJECTSTATUS": "In Progress"})
    for key, name, unit in (("SAAS", "Platform seat", ""), ("PAPER-A4", "Paper A4", "Each")):
        company.add_master("ITEM", "ITEMID", {"ITEMID": key, "NAME": name, "ITEMTYPE": "Non-Inventory", "UOMGRP": unit})


def add_entity(company: Company, key: str, name: str) -> None:
    """An entity is a location as well."""
    with company.books.unit():
        row = {"LOCATIONID": key, "NAME": name, "PARENTID": "", "CURRENCY": company.currency}
        company.add_master("LOCATIONENTITY", "LOCATIONID", dict(row))
        company.add_master("LOCATION", "LOCATIONID", dict(row))


def _lists(company: Company, *, multi_currency: bool) -> None:
    for terms in ("ARTERM", "APTERM"):
        for name, days in (("Net 30", 30), ("Net 15", 15), ("Due on receipt", 0)):
            company.add_master(terms, "NAME", {"NAME": name, "DUEDATE": days, "DUEFROM": "from invoice/bill date"})
    early = {"DUEDATE": 30, "DUEFROM": "from invoice/bill date", "DISCDATE": 10, "DISCAMOUNT": "2", "DISCPERCAMN": "%"}
    company.add_master("APTERM", "NAME", {"NAME": "2-10 Net 30", "DISCFROM": "from invoice/bill date", **early})
    company.add_master("EMPLOYEE", "EMPLOYEEID", {"EMPLOYEEID": "E-1", "TITLE": "Buyer", "PERSONALINFO.PRINTAS": "Ada"})
    company.add_master("WAREHOUSE", "WAREHOUSEID", {"WAREHOUSEID": "WH1", "NAME": "Main", "LOCATIONID": "US-100"})
    for name, kind, posts in DEFINITIONS:
        row = {"DOCID": name, "DOCCLASS": kind, "UPDATES_GL": posts, "POSTTOGL": posts == "GL"}
        company.add_master("PODOCUMENTPARAMS", "DOCID", row)
    company.add_master("APACCOUNTLABEL", "ACCOUNTLABEL", {"ACCOUNTLABEL": "Supplies", "GLACCOUNTNO": "60100"})
    for symbol, title in (("GJ", "General journal"), ("STJ", "Stripe journal"), ("ADJ", "Adjusting journal")):
        company.add_master("JOURNAL", "SYMBOL", {"SYMBOL": symbol, "TITLE": title, "DISALLOWDIRECTPOSTING": False})
    label = {"ACCOUNTLABEL": "Usage fees", "GLACCOUNTNO": "40200", "DESCRIPTION": "Usage fees"}
    company.add_master("ARACCOUNTLABEL", "ACCOUNTLABEL", label)
    for code in ("USD", "EUR", "GBP", "JPY", "CAD", "KWD") if multi_currency else ("USD",):
        company.add_master("TRXCURRENCIES", "CODE", {"CODE": code, "NAME": code})


def _banks(company: Company) -> None:
    for key, account, name, currency in (
        ("BOA-OPER", "10100", "Operating account", "USD"),
        ("STRIPE-USD", "10210", "Stripe balance USD", "USD"),
        ("STRIPE-EUR", "10220", "Stripe balance EUR", "EUR"),
    ):
        row = {"BANKACCOUNTID": key, "GLACCOUNTNO": account, "BANKNAME": name, "CURRENCY": currency, "LOCATIONID": ""}
        company.add_master("CHECKINGACCOUNT", "BANKACCOUNTID", row)
