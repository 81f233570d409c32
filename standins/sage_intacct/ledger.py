"""The general ledger: every posting is double-entry, balances per entity, and lies in an open period.

Rules: sheet 5.8 (journals), 5.14 (what an account requires), 10 (traps 11, 13, 16), 4.3 (words of the refusals).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from .books import Company
from .refusal import Refusal, format_wrong, invalid
from .store import Row

ZERO = Decimal("0.00")
CENT = Decimal("0.01")

# dimension field -> (object, its word in a refusal, the account's flag)
DIMENSIONS = {
    "LOCATIONID": ("LOCATION", "Location", "REQUIRELOC"),
    "DEPARTMENTID": ("DEPARTMENT", "Department", "REQUIREDEPT"),
    "CLASSID": ("CLASS", "Class", "REQUIRECLASS"),
    "PROJECTID": ("PROJECT", "Project", "REQUIREPROJECT"),
    "ITEMID": ("ITEM", "Item", "REQUIREITEM"),
    "CUSTOMERID": ("CUSTOMER", "Customer", "REQUIRECUSTOMER"),
    "VENDORID": ("VENDOR", "Vendor", "REQUIREVENDOR"),
}
MODULES = {"AR": "Accounts Receivable", "AP": "Accounts Payable", "GL": "General Ledger", "CM": "Cash Management"}


@dataclass(frozen=True)
class Entry:
    """One side of a posting, in base currency; a debit is positive."""

    account: str
    amount: Decimal
    trx: Decimal
    currency: str
    dims: dict[str, str] = field(default_factory=dict)
    memo: str = ""
    document: str = ""

    def reversed(self) -> "Entry":
        return replace(self, amount=-self.amount, trx=-self.trx)


@dataclass(frozen=True)
class Source:
    """The document behind a posting."""

    object: str
    key: int
    module: str
    symbol: str
    title: str
    reference: str = ""


def cents(amount: Decimal) -> Decimal:
    """The gateway keeps two places (sheet 1.5)."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def post(company: Company, day: date, source: Source, entries: Sequence[Entry]) -> None:
    kept = [entry for entry in entries if entry.amount or entry.trx]
    balanced = [*kept, *_between_entities(company, kept)]
    assert sum((entry.amount for entry in balanced), ZERO) == ZERO, "a posting must balance"
    number = company.running(f"BATCH {source.symbol}")
    for line, entry in enumerate(balanced, 1):
        company.add("GLDETAIL", _detail(company, day, source, number, line, entry))


def undo(company: Company, day: date, source: Source, of: Source) -> None:
    """The mirror of what a document posted, on another day."""
    rows = [row for row in company.find("GLDETAIL", "BATCHKEY", of.key) if row["_OBJECT"] == of.object]
    post(company, day, source, [_entry(row).reversed() for row in rows])


def _entry(row: Row) -> Entry:
    dims = {name: row[name] for name in row if (name in DIMENSIONS or name.startswith("GLDIM")) and row[name]}
    amount, trx = row["AMOUNT"], row["TRX_AMOUNT"]
    return Entry(row["ACCOUNTNO"], amount, trx, row["CURRENCY"], dims, row["DESCRIPTION"], row["DOCUMENT"])


def _detail(company: Company, day: date, source: Source, number: int, line: int, entry: Entry) -> Row:
    account = company.master("GLACCOUNT", "ACCOUNTNO", entry.account) or {}
    return {
        "BATCHKEY": source.key,
        "BATCH_DATE": day,
        "BATCH_TITLE": source.title,
        "BATCH_NO": number,
        "SYMBOL": source.symbol,
        "MODULEKEY": source.module,
        "REFERENCENO": source.reference,
        "ENTRY_DATE": day,
        "LINE_NO": line,
        "TR_TYPE": 1 if entry.amount >= 0 else -1,
        "ACCOUNTNO": entry.account,
        "ACCOUNTTITLE": account.get("TITLE", ""),
        "CURRENCY": entry.currency,
        "BASECURR": company.currency,
        "AMOUNT": entry.amount,
        "DEBITAMOUNT": max(entry.amount, ZERO),
        "CREDITAMOUNT": max(-entry.amount, ZERO),
        "TRX_AMOUNT": entry.trx,
        "DESCRIPTION": entry.memo,
        "DOCUMENT": entry.document,
        **entry.dims,
        "_OBJECT": source.object,
    }


def _between_entities(company: Company, entries: Sequence[Entry]) -> list[Entry]:
    """Due-from and due-to lines, where the document's lines lie in several entities."""
    sums = sums_by_entity(company, entries)
    open_ = {entity: amount for entity, amount in sums.items() if amount}
    if not open_:
        return []
    if not company.knobs.inter_entity:
        raise invalid("Transaction does not balance by entity and inter-entity transactions are not enabled.")
    roles = {entity: "due_from" if amount < 0 else "due_to" for entity, amount in open_.items()}
    return [
        Entry(company.role(roles[entity]), -amount, -amount, company.currency, {"LOCATIONID": entity}, "inter-entity")
        for entity, amount in open_.items()
    ]


def sums_by_entity(company: Company, entries: Iterable[Entry]) -> dict[str, Decimal]:
    if not company.multi_entity:
        return {}
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        sums[company.entity_of(entry.dims.get("LOCATIONID", ""))] += entry.amount
    return sums


# checks before a document is taken


def check_open(company: Company, day: date, modules: Sequence[str], locations: Iterable[str]) -> None:
    entities = {company.entity_of(location) for location in locations} | {""}
    for lock in company.setup["CLOSED"]:
        through = date.fromisoformat(lock["through"])
        if lock["module"] in modules and lock.get("entity", "") in entities and day <= through:
            raise _closed(company, day, lock["module"], lock.get("entity", ""), through)


def _closed(company: Company, day: date, module: str, entity: str, through: date) -> Refusal:
    opens = date.fromordinal(through.toordinal() + 1)
    where = f" for entity {entity}" if entity else ""
    texts = {
        "on_or_after": f"Date must be on or after {opens:%m/%d/%Y}.",
        "closed": f"The period for the date {day:%m/%d/%Y} is closed{where}.",
        "subledger": f"The {MODULES[module]} period of {day:%m/%d/%Y} is closed{where}.",
        "bare": "The period is closed.",
        "number_only": "",
    }
    return invalid(texts[company.knobs.period_text], "Use a date in an open period.")


def check_line(company: Company, account: str, dims: dict[str, str], *, bank_allowed: bool) -> None:
    row = company.master("GLACCOUNT", "ACCOUNTNO", account)
    if row is None:
        raise invalid(f"Account number {account} is not valid.", "Select a valid account.")
    if row["STATUS"] != "active":
        raise invalid(f"Account {account} is inactive.", "Select an active account.")
    if not bank_allowed and company.knobs.bank_lines == "refuse":
        _check_not_bank(company, account)
    for name, value in dims.items():
        _check_dimension(company, name, value)
    words = {name: (word, flag) for name, (_, word, flag) in DIMENSIONS.items()}
    own = {own_name(name): (one["label"], f"REQUIRE{own_name(name)}") for name, one in own_dimensions(company).items()}
    for name, (word, flag) in {**words, **own}.items():
        if row.get(flag) and not dims.get(name):
            raise format_wrong(
                f"This transaction is missing the {word} dimension for the Account {account}.", f"Add a {word}."
            )
    if company.multi_entity and not dims.get("LOCATIONID"):
        raise invalid("Use of empty Location is invalid. Location ID is required.")


def _check_not_bank(company: Company, account: str) -> None:
    for kind in ("CHECKINGACCOUNT", "SAVINGSACCOUNT"):
        for bank in company.find(kind, "GLACCOUNTNO", account):
            raise invalid(f"The account {account} is associated to the Bank account {bank['BANKACCOUNTID']}.")


def own_dimensions(company: Company) -> dict[str, Row]:
    """Those that the company made for itself, by object."""
    return dict(company.setup.get("DIMENSIONS") or {})


def own_name(name: str) -> str:
    """How a line calls such a dimension."""
    return f"GLDIM{name}"


def _check_dimension(company: Company, name: str, value: str) -> None:
    if name.startswith("GLDIM"):
        _check_own_dimension(company, name, value)
    if name not in DIMENSIONS:
        return
    kind, word, _ = DIMENSIONS[name]
    row = company.master(kind, name, value) or (
        company.master("LOCATIONENTITY", name, value) if kind == "LOCATION" else None
    )
    if row is None:
        raise invalid(f"Invalid {word} '{value}' specified.", f"Select a valid {word}.")
    if row.get("STATUS") != "active":
        raise invalid(f"{word} {value} is inactive.", f"Select an active {word}.")
    private = row.get("MEGAENTITYID") or ""
    if private and private != company.entity:
        raise invalid(f"{word} {value} is not valid at this level.", f"Sign in to the entity that owns this {word}.")
    if name == "LOCATIONID" and company.entity and company.entity_of(value) != company.entity:
        raise invalid(f"Location {value} is not valid in entity {company.entity}.")


def _check_own_dimension(company: Company, name: str, value: str) -> None:
    known = own_dimensions(company).get(name.removeprefix("GLDIM"))
    if known is None:
        raise invalid(f"Custom field {name} is not valid.")
    if value not in known["values"]:
        raise invalid(f"Invalid {known['label']} '{value}' specified.", f"Select a valid {known['label']}.")


def rate(company: Company, currency: str, given: Decimal | None = None) -> Decimal:
    if currency == company.currency:
        return Decimal(1)
    if not company.setup["MULTICURRENCY"]:
        raise invalid("Enable foreign-currency transactions to use another currency than the base currency.")
    if given is not None:
        return given
    known = company.setup["RATES"].get(currency)
    if known is None:
        raise invalid(f"There is no exchange rate for the currency {currency}.")
    return Decimal(known)


def balances(company: Company) -> dict[str, Decimal]:
    """Balance per account; a debit is positive."""
    sums: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in company.rows("GLDETAIL").values():
        sums[row["ACCOUNTNO"]] += row["AMOUNT"]
    return dict(sorted(sums.items()))
