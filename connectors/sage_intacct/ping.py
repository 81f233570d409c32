"""The examination: from the network inwards to what the company holds; and what the company is."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal, Protocol

from connectors.base import Account, Check, Layer, Response
from connectors.errors import ConnectorError, Malformed, Refused, Throttled, Unavailable
from connectors.sage_intacct import answers, choices, proofs, said
from connectors.sage_intacct.answers import Result, Row
from connectors.sage_intacct.markup import Node
from connectors.sage_intacct.query import Query
from connectors.sage_intacct.sessions import Session

RECEIVABLE: Final = frozenset(
    "customer invoice payment adjustment application advance other_receipt invoice_reversal payment_reversal"
    " application_reversal".split()
)
PAYABLE: Final = frozenset(
    "vendor bill vendor_credit vendor_credit_reversal bill_payment bill_reversal bill_payment_void".split()
)
PURCHASING: Final = frozenset("purchase_order purchase_order_close".split())
JOURNALS: Final = frozenset(("journal",))
CREDITS: Final = frozenset(("vendor_credit", "vendor_credit_reversal", "bill_reversal"))
PAID: Final = frozenset(("bill_payment", "bill_payment_void"))
EVERY: Final = RECEIVABLE | PAYABLE | PURCHASING | JOURNALS

NEEDED: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    # object: for what, by documents of which kinds
    "CUSTOMER": ("customers", RECEIVABLE),
    "ARINVOICE": ("invoices", RECEIVABLE),
    "ARPYMT": ("customer payments", RECEIVABLE),
    "ARADJUSTMENT": ("credit and debit memos", RECEIVABLE),
    "VENDOR": ("vendors", PAYABLE | PURCHASING),
    "APBILL": ("bills", PAYABLE | PURCHASING),
    "APADJUSTMENT": ("vendor credits", CREDITS),
    "APPYMT": ("vendor payments", PAID),
    "PODOCUMENT": ("purchase orders", PURCHASING),
    "PODOCUMENTPARAMS": ("purchasing transaction definitions", PURCHASING),
    # an order must be seen to post nothing
    "GLDETAIL": ("entries of the ledger", PURCHASING),
    "GLBATCH": ("journal entries", JOURNALS),
    "GLENTRY": ("lines of journal entries", JOURNALS),
    "GLACCOUNT": ("accounts", EVERY),
    "CHECKINGACCOUNT": ("bank accounts", EVERY),
}
OFFERED: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    # only mappings ask for these; companies without them go on
    "DEPARTMENT": ("departments", EVERY),
    "LOCATION": ("locations", EVERY),
    "LOCATIONENTITY": ("entities", EVERY),
    "CLASS": ("classes", EVERY),
    "PROJECT": ("projects", EVERY),
    "ITEM": ("items", EVERY),
    "ARTERM": ("terms", RECEIVABLE),
    "APTERM": ("terms of vendors", PAYABLE),
    "APBILLITEM": ("lines of bills", PAYABLE),
}
ADD: Final = (
    # what may have to be added, by documents of which kinds
    ("customers", RECEIVABLE),
    ("invoices", RECEIVABLE),
    ("receive payments", RECEIVABLE),
    ("AR adjustments", RECEIVABLE),
    ("vendors", frozenset(("vendor",))),
    ("bills", frozenset(("bill", "bill_reversal"))),
    ("AP adjustments", CREDITS),
    ("AP payments (and void)", PAID),
    ("purchasing transactions", PURCHASING),
    ("journal entries", JOURNALS),
)
Outcome = Literal["ok", "failed", "warning", "not_checkable"]

AGAIN: Final = "Try again later; if it stays, check the address, the network and status.intacct.com."
MOST_DRIFT: Final = 120.0
"""Seconds between their clock and ours that harm nothing."""

# A sandbox copy is named <company>-sandbox; since 2025 R4 the company chooses the word after the dash.
_SANDBOX: Final = re.compile(r"-(sandbox|sbx|test|dev|demo|uat|staging|imp)\w*$", re.IGNORECASE)


class Client(Protocol):
    credentials: Any
    needs: frozenset[str]
    """Kinds of the documents that its links post; empty: it has no link yet."""

    def sign_in(self, entity: str = "") -> tuple[Session, answers.Answer, Response]: ...
    def call(self, nodes: Sequence[Node], entity: str = "") -> list[Result]: ...
    def rows(self, queries: Sequence[Query], entity: str = "") -> list[list[Row]]: ...


# --- the company ------------------------------------------------------------------------------------------------------


def account(client: Client) -> Account:
    """Whom the credentials lead to. Facts: base_currency, multi_currency, currencies (empty: not known), multi_entity,
    entities, tax_solutions."""
    _, answer, _ = client.sign_in()
    company = answer.company or client.credentials.company_id
    entity = answer.entity or client.credentials.entity_id
    return Account(
        id=f"{company}|{entity}" if entity else company,
        label=f"{company}, entity {entity}" if entity else company,
        mode="test" if _SANDBOX.search(company) else "live",
        facts=facts(client),
    )


def facts(client: Client) -> dict[str, Any]:
    """What flows ask of the company. https://developer.intacct.com/api/company-console/financial-setup/"""
    setup, entities, solutions, currencies = client.call(
        [("getFinancialSetup", ""), _one_page("LOCATIONENTITY", _ENTITY), _SOLUTIONS, _CURRENCIES]
    )
    if setup.status != "success":
        raise said.of_read(setup.errors)
    values = _flat(setup)
    listed = [_entity(row) for row in entities.rows] if entities.status == "success" else []
    return {
        "base_currency": values.get("BASECURRENCY", ""),
        "multi_currency": _yes(values.get("MULTICURRENCY", "")),
        # many API users may not read them: then the target itself says which one it lacks
        "currencies": [row["CODE"] for row in currencies.rows if row.get("CODE")],
        "multi_entity": _yes(values.get("MULTIENTITY", "")) or len(listed) > 1,
        "entities": listed,
        "tax_solutions": [row.get("SOLUTIONID", "") for row in solutions.rows],
        **_credits(client),
    }


def _credits(client: Client) -> dict[str, Any]:
    """What the ledger proves about vendor credits, where a link posts them."""
    if not client.needs & CREDITS:
        return {}
    try:
        proved = proofs.credit_lowers(client.call, client.rows)
    except ConnectorError:  # rights are examined apart
        return {}
    return {} if proved is None else {"credit_lowers": proved}


_ENTITY: Final = ("RECORDNO", "LOCATIONID", "NAME", "CURRENCY", "STATUS")
_CURRENCIES: Final[Node] = Query("TRXCURRENCIES", ("RECORDNO", "CODE"), page=300).node()
_SOLUTIONS: Final[Node] = Query("TAXSOLUTION", ("RECORDNO", "SOLUTIONID"), page=100).node()


def _one_page(name: str, fields: tuple[str, ...], page: int = 2000) -> Node:
    return Query(name, fields, page=page).node()


def _entity(row: Row) -> dict[str, Any]:
    return {
        "id": row.get("LOCATIONID", ""),
        "name": row.get("NAME", ""),
        "currency": row.get("CURRENCY", ""),
        "active": row.get("STATUS", "").lower() not in ("inactive", "f"),
    }


def _flat(result: Result) -> dict[str, str]:
    """The set-up by the last part of each name, without _ : its nesting is not published."""
    pairs = [(name, text) for row in (result.values, *result.rows) for name, text in row.items()]
    return {name.rsplit(".", 1)[-1].replace("_", ""): text for name, text in pairs}


def _yes(text: str) -> bool:
    return text.strip().lower() in ("true", "t", "yes", "y", "1", "enabled")


# --- the examination --------------------------------------------------------------------------------------------------


def examine(client: Client) -> Iterator[Check]:
    """Each check as it is done; stops where the next would be pointless. Writes nothing."""
    began = time.monotonic()
    try:
        _, answer, response = client.sign_in()
    except ConnectorError as error:
        yield from _no_entry(error, time.monotonic() - began)
        return
    yield _ok("reach", "reach", "Sage Intacct answers", f"after {time.monotonic() - began:.2f} s")
    yield _clock(response)
    entity = f", entity {answer.entity}" if answer.entity else ", top level"
    yield _ok("sign-in", "sign-in", "The credentials are accepted", f"company {answer.company}{entity}")
    try:
        asked = _asked(client.needs)
        results = client.call([_one_page(name, ("RECORDNO",), 1) for name in asked])
    except ConnectorError as error:
        yield _failed("sign-in", "session", "The session works at the endpoint that came with it", error)
        return
    yield _ok("sign-in", "session", "The session works at the endpoint that came with it")
    counts = dict(zip(asked, results, strict=True))
    yield from (_right(name, result, client.needs) for name, result in counts.items())
    yield _posting(client.needs)
    yield from _settings(client)
    if client.needs & (PAYABLE | PURCHASING):
        yield from _payables(client)
    yield from _data(counts)


def _no_entry(error: ConnectorError, seconds: float) -> Iterator[Check]:
    """Not signed in: whether nobody answered, or somebody said no."""
    nobody = isinstance(error, Unavailable) and not isinstance(error, Throttled)
    if nobody or isinstance(error, Malformed) or error.code.startswith(("endpoint.", "address.")):
        yield _failed("reach", "reach", "Sage Intacct answers", error)
        return
    yield _ok("reach", "reach", "Sage Intacct answers", f"after {seconds:.2f} s")
    label = "The sender is known" if error.code.startswith("sender.") else "The credentials are accepted"
    yield _failed("sign-in", error.code, label, error)


def _clock(response: Response) -> Check:
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
        drift = abs((theirs.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return Check("reach", "clock", "The clocks agree", "not_checkable", "The answer names no time.")
    if drift <= MOST_DRIFT:
        return _ok("reach", "clock", "The clocks agree", f"within {drift:.0f} s")
    cure = "Let this machine take its time from a time server."
    return Check("reach", "clock", "The clocks agree", "warning", f"They are {drift:.0f} s apart.", cure)


def _asked(needs: frozenset[str]) -> list[str]:
    """What its links read; before there is a link, whatever one might."""
    return [name for name, (_, kinds) in {**NEEDED, **OFFERED}.items() if not needs or needs & kinds]


def _posting(needs: frozenset[str]) -> Check:
    names = ", ".join(what for what, kinds in ADD if not needs or needs & kinds)
    cure = (
        f"Give the API user Add and, where it is a permission of its own, Post or Submit, for: {names}. Reading does"
        " not show whether these are there."
    )
    return Check("rights", "post", "The user may post", "not_checkable", "It could only be known by posting.", cure)


def _right(name: str, result: Result, needs: frozenset[str]) -> Check:
    purpose, kinds = NEEDED.get(name) or OFFERED[name]
    if result.status == "success":
        return _ok("rights", name, f"May read {purpose}")
    error = said.of_read(result.errors)
    cure = error.cure or AGAIN
    if error.code == said.RIGHTS.code:
        cure = f"Give the API user the permission to list and view {purpose} ({name})."
    needed = name in NEEDED and (bool(needs & kinds) or kinds == EVERY)
    outcome: Outcome = "failed" if needed else "warning"
    if name in OFFERED:
        cure += " Until then mappings cannot offer them."
    elif not needed:
        cure += " Only links that post these need it."
    return Check("rights", name, f"May read {purpose}", outcome, error.said, cure)


def _settings(client: Client) -> Iterator[Check]:
    try:
        known = facts(client)
    except ConnectorError as error:
        yield _failed("settings", "setup", "The set-up of the company can be read", error)
        return
    base = known["base_currency"]
    if base:
        others = ", ".join(code for code in known["currencies"] if code != base)
        multi = f", multi-currency{': ' * bool(others)}{others}" * known["multi_currency"]
        yield _ok("settings", "currency", "Base currency", f"{base}{multi}")
    else:
        cure = "Documents are sent without a currency until it is known: enter it in the settings of the connection."
        yield Check("settings", "currency", "Base currency", "warning", "The set-up names none.", cure)
    entities = [entity["id"] for entity in known["entities"] if entity["active"]]
    yield _ok("settings", "entities", "Entities", ", ".join(entities) or "none")
    yield tax(known["tax_solutions"])


def _payables(client: Client) -> Iterator[Check]:
    """What reading tells of the set-up of payables and purchasing."""
    if client.needs & CREDITS:
        yield _credit_sign(client)
    if "bill_reversal" in client.needs:
        said_ = "No function tells whether unpaid bills may be reversed."
        cure = "Look under Accounts Payable > Setup > Configure Accounts Payable: reversal of unpaid bills."
        yield Check("settings", "bill_reversal", "Unpaid bills may be reversed", "not_checkable", said_, cure)
    if client.needs & PURCHASING:
        yield _definitions(client)


def _credit_sign(client: Client) -> Check:
    label = "A vendor credit lowers what is owed"
    try:
        proved = proofs.credit_lowers(client.call, client.rows)
    except ConnectorError as error:
        return Check("settings", "credit_sign", label, "not_checkable", error.said, error.cure or AGAIN)
    if proved:
        return _ok("settings", "credit_sign", label, "The balance of a vendor shows it.")
    if proved is None:
        said_ = "No vendor has an open credit yet: the first one is looked at before a second leaves."
        return Check("settings", "credit_sign", label, "not_checkable", said_)
    said_ = "The balance of a vendor with an open credit shows that it raised what is owed."
    return Check("settings", "credit_sign", label, "failed", said_, "Send this to support: no credit goes out.")


def _definitions(client: Client) -> Check:
    """Which transaction definitions there are for purchase orders, and whether they post."""
    label = "Purchasing definitions that post nothing"
    try:
        found = [one for one in choices.offered(client, "po_definition") if one.active]
    except ConnectorError as error:
        return Check("settings", "definitions", label, "warning", error.said, error.cure or AGAIN)
    silent = [one.value for one in found if one.facts["posts"] == "no"]
    untold = [one.value for one in found if one.facts["posts"] == "not told"]
    if silent:
        return _ok("settings", "definitions", label, ", ".join(silent))
    if untold:
        cure = "A person says of the definition that the link uses whether it posts; the first order is looked at."
        said_ = f"Not told of: {', '.join(untold)}."
        return Check("settings", "definitions", label, "not_checkable", said_, cure)
    cure = "Make a transaction definition for purchase orders that posts neither to AP nor to the ledger."
    return Check("settings", "definitions", label, "warning", "There is none.", cure)


def tax(solutions: Sequence[str]) -> Check:
    if not solutions:
        return _ok("settings", "tax", "No tax solution is in use")
    error = Refused(
        f"Tax solutions: {', '.join(solutions)}.",
        code="tax.solution",
        cure="Companies with tax solutions cannot go live: their documents need tax entries that are not sent.",
    )
    return _failed("settings", "tax.solution", "No tax solution is in use", error)


def _data(counts: Mapping[str, Result]) -> Iterator[Check]:
    for name, least in (("GLACCOUNT", 1), ("CHECKINGACCOUNT", 1), ("CUSTOMER", 0), ("VENDOR", 0)):
        if name not in counts:
            continue
        result, (purpose, _) = counts[name], NEEDED[name]
        if result.status != "success":
            continue
        total = result.total if result.total is not None else len(result.rows)
        if total >= least:
            yield _ok("data", name, f"There are {purpose}", str(total))
        else:
            cure = f"Create the {purpose} in Sage Intacct, or lift the restriction of the API user."
            yield Check("data", name, f"There are {purpose}", "warning", "None can be seen.", cure)


def _ok(layer: Layer, key: str, label: str, said: str = "") -> Check:
    return Check(layer, key, label, "ok", said)


def _failed(layer: Layer, key: str, label: str, error: ConnectorError) -> Check:
    return Check(layer, key, label, "failed", error.said, error.cure or AGAIN)
