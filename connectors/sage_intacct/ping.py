"""The examination: from the network inwards to what the company holds; and what the company is."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal, Protocol

from connectors.base import Account, Check, Layer, Response
from connectors.errors import ConnectorError, Malformed, Refused, Throttled, Unavailable
from connectors.sage_intacct import answers, said
from connectors.sage_intacct.answers import Result, Row
from connectors.sage_intacct.markup import Node
from connectors.sage_intacct.query import Query
from connectors.sage_intacct.sessions import Session

NEEDED: Final[Mapping[str, str]] = {
    # object: for what
    "CUSTOMER": "customers",
    "ARINVOICE": "invoices",
    "ARPYMT": "customer payments",
    "ARADJUSTMENT": "credit and debit memos",
    "GLBATCH": "journal entries",
    "GLENTRY": "lines of journal entries",
    "GLACCOUNT": "accounts",
    "CHECKINGACCOUNT": "bank accounts",
}
OFFERED: Final[Mapping[str, str]] = {
    # only mappings ask for these; companies without them go on
    "DEPARTMENT": "departments",
    "LOCATION": "locations",
    "LOCATIONENTITY": "entities",
    "CLASS": "classes",
    "PROJECT": "projects",
    "ITEM": "items",
    "ARTERM": "terms",
}
POSTING: Final = (
    "Give the API user Add and, where it is a permission of its own, Post or Submit, for: customers, invoices,"
    " receive payments, AR adjustments, journal entries. Reading does not show whether these are there."
)
Outcome = Literal["ok", "failed", "warning", "not_checkable"]

AGAIN: Final = "Try again later; if it stays, check the address, the network and status.intacct.com."
MOST_DRIFT: Final = 120.0
"""Seconds between their clock and ours that harm nothing."""

# A sandbox copy is named <company>-sandbox; since 2025 R4 the company chooses the word after the dash.
_SANDBOX: Final = re.compile(r"-(sandbox|sbx|test|dev|demo|uat|staging|imp)\w*$", re.IGNORECASE)


class Client(Protocol):
    credentials: Any

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
    }


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
        results = client.call([_one_page(name, ("RECORDNO",), 1) for name in (*NEEDED, *OFFERED)])
    except ConnectorError as error:
        yield _failed("sign-in", "session", "The session works at the endpoint that came with it", error)
        return
    yield _ok("sign-in", "session", "The session works at the endpoint that came with it")
    counts = dict(zip((*NEEDED, *OFFERED), results, strict=True))
    yield from (_right(name, result) for name, result in counts.items())
    yield Check("rights", "post", "The user may post", "not_checkable", "It could only be known by posting.", POSTING)
    yield from _settings(client)
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


def _right(name: str, result: Result) -> Check:
    purpose = NEEDED.get(name) or OFFERED[name]
    if result.status == "success":
        return _ok("rights", name, f"May read {purpose}")
    error = said.of_read(result.errors)
    cure = error.cure or AGAIN
    if error.code == said.RIGHTS.code:
        cure = f"Give the API user the permission to list and view {purpose} ({name})."
    outcome: Outcome = "failed" if name in NEEDED else "warning"
    if name in OFFERED:
        cure += " Until then mappings cannot offer them."
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
    for name, least in (("GLACCOUNT", 1), ("CHECKINGACCOUNT", 1), ("CUSTOMER", 0)):
        result, purpose = counts[name], NEEDED[name]
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
