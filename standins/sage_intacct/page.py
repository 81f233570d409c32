"""The books for people: what came in, who owes what, what the ledger says, and what was asked last."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from standins.serve import Request

from . import ledger, settlement, subledger
from .books import Books, Company
from .html import Cell, Raw, card, chip, document, facts, inline, joined, link, money, section, table, with_note
from .store import Row

MOST = 200  # rows of one table
TABS = (("Overview", ""), ("Customers", "customers"), ("Vendors", "vendors"), ("Documents", "documents"),
        ("Journals", "journals"), ("Ledger", "ledger"), ("Requests", "requests"))  # fmt: skip
WORDS = {
    "ARINVOICE": "Invoice", "ARADJUSTMENT": "Adjustment", "APBILL": "Bill", "APADJUSTMENT": "Vendor adjustment",
    "ARPYMT": "Receipt", "APPYMT": "Vendor payment", "ARADVANCE": "Advance", "GLBATCH": "Journal",
    "OTHERRECEIPTS": "Other receipt", "PODOCUMENT": "Purchase order",
}  # fmt: skip


class Page:
    def __init__(self, books: Books) -> None:
        self.books = books
        self.views: dict[str, Callable[[Company, list[str]], str]] = {
            "": overview,
            "customers": customers,
            "vendors": vendors,
            "documents": documents,
            "journals": journals,
            "ledger": accounts,
            "account": account,
            "record": record,
        }

    def __call__(self, request: Request) -> tuple[str, int]:
        """`/` is the first company; `/<company>/<view>/...` any."""
        chosen, name, *rest = [*(unquote(part) for part in request.path.strip("/").split("/")), ""]
        rest = [part for part in rest if part]
        with self.books.lock:
            companies = {company.id: company for company in self.books.companies()}
            company = companies.get(chosen) if chosen else next(iter(companies.values()), None)
            if company is None:
                note = '<p class="empty">A company is made by POST /_control/seed.</p>'
                return document("Not found", "No such company", (), note), 404 if chosen else 200
            if name == "requests":
                return self._frame(company, name, requests(self.books)), 200
            if name not in self.views:
                return document("Not found", request.path, (), ""), 404
            return self._frame(company, name, self.views[name](company, rest)), 200

    def _frame(self, company: Company, view: str, main: str) -> str:
        others = [link(at(c, ""), c.id) for c in self.books.companies() if c.id != company.id]
        under = " · ".join([inline(f"{company.id} · {company.currency}"), *(other.html for other in others)])
        here = {"account": "ledger"}.get(view, view)
        links = [(name, at(company, tab), tab == here) for name, tab in TABS]
        return document(str(company.setup["NAME"]), Raw(under), links, main)


def at(company: Company, path: str) -> str:
    return f"/{quote(company.id)}/{path}"


def overview(company: Company, rest: list[str]) -> str:
    sums = ledger.balances(company)
    banks = [row["GLACCOUNTNO"] for row in company.rows("CHECKINGACCOUNT").values() if row["GLACCOUNTNO"] in sums]
    fees = [number for number in sums if number.startswith("625")]
    revenue = -sum((v for k, v in sums.items() if k.startswith("4")), ledger.ZERO)
    shown = [
        card("owed by customers", money(sums.get(company.setup["ROLES"]["ar"], ledger.ZERO)), at(company, "customers"))
    ]
    if owed := sums.get(company.setup["ROLES"]["ap"], ledger.ZERO):
        shown.append(card("owed to vendors", money(-owed), at(company, "vendors")))
    shown += [card(_title(company, number), money(sums[number]), at(company, f"account/{number}")) for number in banks]
    shown += [card("Revenue", money(revenue), at(company, "ledger"))]
    shown += [card(_title(company, number), money(sums[number]), at(company, f"account/{number}")) for number in fees]
    cards = "".join(shown)
    note = "debits and credits agree" if not sum(sums.values()) else "THE LEDGER DOES NOT BALANCE"
    count = len(company.rows("GLDETAIL"))
    return (
        f'<div class="cards">{cards}</div><p class="soft">{count:,} ledger entries, {note}.</p>'
        + section("Invoices", _documents(company, "ARINVOICE", 12), _of(company, "ARINVOICE", 12))
        + section("Receipts", _payments(company, "ARPYMT", 12), _of(company, "ARPYMT", 12))
        + _payables(company, 12)
        + section("Journals", _journals(company, 8), _of(company, "GLBATCH", 8))
        + _closed(company)
    )


def _payables(company: Company, most: int) -> str:
    """Nothing of it where nobody uses it."""
    parts = [
        section(f"{WORDS[name]}s", shown(company, name, most), _of(company, name, most))
        for name, shown in (("APBILL", _documents), ("APADJUSTMENT", _documents), ("APPYMT", _payments))
        if company.rows(name)
    ]
    if company.rows("PODOCUMENT"):
        parts.append(section("Purchase orders", _orders(company, most), _of(company, "PODOCUMENT", most)))
    return "".join(parts)


def _closed(company: Company) -> str:
    locks = company.setup["CLOSED"]
    if not locks:
        return ""
    rows = [(ledger.MODULES[lock["module"]], lock.get("entity") or "all", lock["through"]) for lock in locks]
    return section("Closed periods", table(["Module", "Entity", "Closed through"], rows, ""))


def customers(company: Company, rest: list[str]) -> str:
    rows: list[list[Cell]] = []
    for row in _newest(company, "CUSTOMER"):
        contact = company.master("CONTACT", "CONTACTNAME", row["DISPLAYCONTACTKEY"]) or {}
        due, credit = _standing(company, row["CUSTOMERID"])
        state = "on hold" if row.get("ONHOLD") else row["STATUS"]
        rows.append([
            with_note(row["CUSTOMERID"], ""), with_note(row["NAME"], contact.get("EMAIL1", "")), chip(state),
            row.get("TERMNAME", ""), money(due), money(credit),
        ])  # fmt: skip
    heads = ["Customer|id", "Name", "Status", "Terms|wide", "Owes|num", "Open credit|num"]
    return section("Customers", table(heads, rows, "No customer yet."), _of(company, "CUSTOMER"))


def vendors(company: Company, rest: list[str]) -> str:
    rows: list[list[Cell]] = []
    for row in _newest(company, "VENDOR"):
        contact = company.master("CONTACT", "CONTACTNAME", row.get("DISPLAYCONTACTKEY", "")) or {}
        state = "on hold" if row.get("ONHOLD") else row["STATUS"]
        words = [chip(state), *([chip("not to be paid")] if row.get("DONOTCUTCHECK") else [])]
        rows.append([
            with_note(row["VENDORID"], ""), with_note(row["NAME"], contact.get("EMAIL1", "")), joined(words),
            row.get("TERMNAME", ""), money(subledger.owed(company, "VENDOR", row["VENDORID"])),
        ])  # fmt: skip
    heads = ["Vendor|id", "Name", "Status", "Terms|wide", "Is owed|num"]
    return section("Vendors", table(heads, rows, "No vendor yet."), _of(company, "VENDOR"))


def _standing(company: Company, party: str) -> tuple[Decimal, Decimal]:
    """What a customer owes on documents, and the money we hold for it."""
    documents_ = [d for n in ("ARINVOICE", "ARADJUSTMENT") for d in company.find(n, "CUSTOMERID", party)]
    owed = sum((d["TOTALDUE"] for d in documents_ if d["RAWSTATE"] == "A" and d["TOTALDUE"] > 0), ledger.ZERO)
    credit = -sum((d["TOTALDUE"] for d in documents_ if d["RAWSTATE"] == "A" and d["TOTALDUE"] < 0), ledger.ZERO)
    money_ = [p for n in ("ARPYMT", "ARADVANCE") for p in company.find(n, "CUSTOMERID", party)]
    return owed, credit + sum((p["TOTALDUE"] for p in money_ if p["RAWSTATE"] == "C"), ledger.ZERO)


def documents(company: Company, rest: list[str]) -> str:
    parts = [
        section(f"{WORDS[name]}s", _documents(company, name, MOST), _of(company, name, MOST))
        for name, kind in subledger.KINDS.items()
        if company.rows(name) or kind.module == "AR"
    ]
    parts += [
        section(f"{WORDS[name]}s", _payments(company, name, MOST), _of(company, name, MOST))
        for name in ("ARPYMT", "APPYMT", "ARADVANCE")
        if company.rows(name) or name == "ARPYMT"
    ]
    if company.rows("OTHERRECEIPTS"):
        parts.append(section("Other receipts", _receipts(company)))
    if company.rows("PODOCUMENT"):
        parts.append(section("Purchase orders", _orders(company, MOST), _of(company, "PODOCUMENT", MOST)))
    return "".join(parts)


def journals(company: Company, rest: list[str]) -> str:
    return section("Journals", _journals(company, MOST), _of(company, "GLBATCH", MOST))


def accounts(company: Company, rest: list[str]) -> str:
    rows: list[list[Cell]] = []
    sums = ledger.balances(company)
    for number, amount in sums.items():
        debit, credit = (amount, ledger.ZERO) if amount >= 0 else (ledger.ZERO, -amount)
        rows.append(
            [link(at(company, f"account/{number}"), number), _title(company, number), money(debit), money(credit)]
        )
    debits = sum((v for v in sums.values() if v > 0), ledger.ZERO)
    credits = -sum((v for v in sums.values() if v < 0), ledger.ZERO)
    heads = ["Account|id", "Title", "Debit|num", "Credit|num"]
    total: list[Cell] = ["", "Total", money(debits), money(credits)]
    body = table(heads, rows, "Nothing has been posted yet.", total=total)
    return section("Trial balance", body, company.currency)


def _title(company: Company, number: str) -> str:
    return str((company.master("GLACCOUNT", "ACCOUNTNO", number) or {}).get("TITLE", number))


def account(company: Company, rest: list[str]) -> str:
    number = rest[0] if rest else ""
    entries = sorted(
        company.find("GLDETAIL", "ACCOUNTNO", number), key=lambda row: (row["ENTRY_DATE"], row["RECORDNO"])
    )
    running = ledger.ZERO
    rows: list[list[Cell]] = []
    for row in entries:
        running += row["AMOUNT"]
        source = link(at(company, f"record/{row['_OBJECT']}/{row['BATCHKEY']}"), row["BATCH_TITLE"])
        place = " · ".join(row[d] for d in ("LOCATIONID", "DEPARTMENTID", "CUSTOMERID") if row.get(d))
        rows.append([row["ENTRY_DATE"], with_note(source, row["DESCRIPTION"]), place, money(row["DEBITAMOUNT"]),
                     money(row["CREDITAMOUNT"]), money(running)])  # fmt: skip
    heads = ["Date|day", "From", "Dimensions|wide", "Debit|num", "Credit|num", "Balance|num"]
    shown = rows[::-1][:MOST]
    return section(
        f"{number} {_title(company, number)}",
        table(heads, shown, "No entries."),
        f"{len(rows):,} entries, newest first",
    )


def record(company: Company, rest: list[str]) -> str:
    name, key = (rest[0], int(rest[1])) if len(rest) == 2 and rest[1].isdigit() else ("", 0)
    row = company.get(name, key) if name in WORDS else None
    if row is None:
        return '<p class="empty">No such record.</p>'
    number = (
        row.get("DOCID")
        or row.get("RECORDID")
        or row.get("DOCNUMBER")
        or row.get("REFERENCENO")
        or row.get("DOCNO")
        or key
    )
    return (
        section(f"{WORDS[name]} {number}", _facts(row))
        + section("Ledger entries", _entries(company, name, key))
        + _applications(company, name, key)
    )


_SHOWN = (
    "RECORDNO STATE CUSTOMERID CUSTOMERNAME VENDORID VENDORNAME CUSTVENDID CUSTVENDNAME DOCID"
    " WHENCREATED WHENPOSTED WHENDUE RECEIPTDATE BATCH_DATE"
    " JOURNAL BATCH_TITLE REFERENCENO RECORDID DOCNUMBER EXTERNALID DESCRIPTION TERMNAME CURRENCY FINANCIALENTITY"
    " PAYMENTMETHOD TRX_TOTALENTERED TRX_TOTALDUE MEGAENTITYID AUWHENCREATED"
).split()


def _facts(row: Row) -> str:
    return facts([(name, money(v) if isinstance(v := row[name], Decimal) else v) for name in _SHOWN if row.get(name)])


def _entries(company: Company, name: str, key: int) -> str:
    rows: list[list[Cell]] = [
        [link(at(company, f"account/{r['ACCOUNTNO']}"), f"{r['ACCOUNTNO']} {r['ACCOUNTTITLE']}"),
         r.get("LOCATIONID", ""), r["DESCRIPTION"], money(r["DEBITAMOUNT"]), money(r["CREDITAMOUNT"])]
        for r in company.find("GLDETAIL", "BATCHKEY", key)
        if r["_OBJECT"] == name
    ]  # fmt: skip
    return table(["Account", "Location", "Memo", "Debit|num", "Credit|num"], rows, "Not in the ledger.")


def _applications(company: Company, name: str, key: int) -> str:
    made = [a for a in company.find(settlement.APPLICATION, "PAYMENTKEY", key) if a["PAYMENT"] == name]
    taken = [a for a in company.find(settlement.APPLICATION, "TARGETKEY", key) if a["TARGET"] == name]
    rows: list[list[Cell]] = [
        [_to(company, a["TARGET"], a["TARGETKEY"], a["DOCUMENT"]), money(a["TRX_AMOUNT"])] for a in made
    ]
    rows += [[_to(company, a["PAYMENT"], a["PAYMENTKEY"], ""), money(a["TRX_AMOUNT"])] for a in taken]
    return section("Applications", table(["With", "Amount|num"], rows, "")) if rows else ""


def _to(company: Company, name: str, key: int, number: str) -> Raw:
    return link(at(company, f"record/{name}/{key}"), f"{WORDS.get(name, name)} {number or key}")


def _documents(company: Company, name: str, most: int) -> str:
    kind = subledger.KINDS[name]
    rows: list[list[Cell]] = [
        [link(at(company, f"record/{name}/{r['RECORDNO']}"), r["RECORDID"]), r["WHENCREATED"],
         with_note(r[f"{kind.party}NAME"], r["DESCRIPTION"]), chip(r["STATE"]),
         money(r["TRX_TOTALENTERED"], r["CURRENCY"]), money(r["TRX_TOTALDUE"])]
        for r in _newest(company, name, most)
    ]  # fmt: skip
    heads = ["Number|id", "Date|day", kind.party.capitalize(), "State", "Amount|num", "Due|num"]
    return table(heads, rows, f"No {WORDS[name].lower()} yet.")


def _payments(company: Company, name: str, most: int) -> str:
    rows: list[list[Cell]] = []
    for r in _newest(company, name, most):
        made = [a for a in company.find(settlement.APPLICATION, "PAYMENTKEY", r["RECORDNO"]) if a["PAYMENT"] == name]
        sums: dict[tuple[str, int, str], Decimal] = {}
        for a in made:
            target = (a["TARGET"], a["TARGETKEY"], a["DOCUMENT"])
            sums[target] = sums.get(target, ledger.ZERO) + a["TRX_AMOUNT"]
        applied = joined(Raw(f"{_to(company, *target).html} {money(amount).html}") for target, amount in sums.items())
        party = r.get("CUSTOMERNAME") or r.get("VENDORNAME") or ""
        rows.append([link(at(company, f"record/{name}/{r['RECORDNO']}"), r["DOCNUMBER"] or r["RECORDNO"]),
                     r["RECEIPTDATE"], with_note(party, r["DESCRIPTION"]), chip(r["STATE"]), applied,
                     money(r["TRX_TOTALENTERED"], r["CURRENCY"]), money(r["TRX_TOTALDUE"])])  # fmt: skip
    heads = ["Number|id", "Date|day", "Party", "State", "Applied to", "Amount|num", "Left over|num"]
    return table(heads, rows, f"No {WORDS[name].lower()} yet.")


def _orders(company: Company, most: int) -> str:
    rows: list[list[Cell]] = []
    for r in _newest(company, "PODOCUMENT", most):
        lines = company.find("PODOCUMENTENTRY", "DOCHDRNO", r["RECORDNO"])
        ordered = joined(
            Raw(f"{inline(_plain(li['QUANTITY']))} {inline(li['UNIT'])} {inline(li['ITEMID'])}") for li in lines
        )
        rows.append([link(at(company, f"record/PODOCUMENT/{r['RECORDNO']}"), r["DOCID"]), r["WHENCREATED"],
                     with_note(r["CUSTVENDNAME"], r["MESSAGE"]), chip(r["STATE"]), ordered,
                     money(r["TOTAL"], r["CURRENCY"])])  # fmt: skip
    heads = ["Order|id", "Date|day", "Vendor", "State", "Ordered", "Amount|num"]
    return table(heads, rows, "No purchase order yet.")


def _plain(quantity: Decimal) -> str:
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _receipts(company: Company) -> str:
    rows: list[list[Cell]] = [
        [link(at(company, f"record/OTHERRECEIPTS/{r['RECORDNO']}"), r["REFID"] or r["RECORDNO"]), r["RECEIPTDATE"],
         with_note(r["PAYER"], r["DESCRIPTION"]), r["BANKACCOUNTID"] or r["UNDEPGLACCOUNTNO"],
         money(r["TRX_TOTALENTERED"], r["CURRENCY"])]
        for r in _newest(company, "OTHERRECEIPTS")
    ]  # fmt: skip
    return table(["Number|id", "Date|day", "Payer", "Into", "Amount|num"], rows, "None yet.")


def _journals(company: Company, most: int) -> str:
    rows: list[list[Cell]] = []
    for r in _newest(company, "GLBATCH", most):
        lines = company.find("GLENTRY", "BATCHNO", r["RECORDNO"])
        sides = joined(
            Raw(f"{'Dr' if e['TR_TYPE'] == 1 else 'Cr'} {inline(e['ACCOUNTNO'])} {money(e['TRX_AMOUNT']).html}")
            for e in lines
        )
        rows.append([link(at(company, f"record/GLBATCH/{r['RECORDNO']}"), r["REFERENCENO"] or r["RECORDNO"]),
                     r["BATCH_DATE"], with_note(r["BATCH_TITLE"], r["JOURNAL"]), chip(r["STATE"]), sides])  # fmt: skip
    return table(["Reference|id", "Date|day", "Title", "State", "Lines|num"], rows, "No journal yet.")


def requests(books: Books) -> str:
    rows = [_request(log) for log in reversed(books.requests)]
    heads = ["At|day", "Functions", "Outcome", "HTTP|num", "ms|num"]
    return section("Last requests", table(heads, rows[:MOST], "Nobody has called yet."))


def _request(log: dict[str, Any]) -> list[Cell]:
    calls = log["functions"]
    names = [f"{c['name']} {c['object']}".strip() for c in calls]
    more = f" and {len(calls) - 1} more" if len(calls) > 1 else ""
    first = with_note(f"{names[0]}{more}" if names else "not readable", calls[0]["controlid"] if calls else "")
    states = [c.get("status", "") for c in calls]
    outcome = [chip(s, f"{states.count(s)} {s}" if len(calls) > 1 else s) for s in dict.fromkeys(states) if s]
    outcome += [Raw(f'<span class="chip bad">{inline(fault)}</span>') for fault in log.get("faults", ())]
    if log.get("refused"):
        outcome.append(Raw(f'<span class="chip bad">refused {inline(log["refused"])}</span>'))
    errors = next((e for c in calls for e in c.get("errors", ())), "")
    shown = with_note(Raw(" ".join(o.html for o in outcome)), errors.split(" [Support")[0])
    return [log["at"][11:19], first, shown, log.get("http"), log.get("ms")]


def _newest(company: Company, name: str, most: int = MOST) -> list[Row]:
    return list(company.rows(name).values())[::-1][:most]


def _of(company: Company, name: str, most: int = MOST) -> str:
    count = len(company.rows(name))
    return f"newest {most} of {count:,}" if count > most else f"{count:,}" if count else ""
