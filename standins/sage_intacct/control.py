"""The control plane: what a test in another process, or a demo, may see and turn. JSON over `/_control/`."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from standins.serve import Reply, Request, as_json

from . import journals, ledger, settlement, subledger
from .books import SESSIONS, UNIQUE, WORLD, Books, Company
from .gateway import Slots, close_period, make_inactive
from .objects import OBJECTS
from .refusal import Refusal
from .seed import seed_demo
from .store import Row

PREFIX = "/_control/"


class Control:
    def __init__(self, books: Books, slots: Slots) -> None:
        self.books, self.slots = books, slots
        self.gets: dict[str, Callable[[Request], Any]] = {
            "books": self._books,
            "rows": self._rows,
            "counts": self._counts,
            "requests": lambda request: list(books.requests)[-int(request.query.get("last", "100")) :],
            "faults": self._faults,
            "knobs": lambda request: asdict(books.knobs),
        }
        self.posts: dict[str, Callable[[Any], Any]] = {
            "faults": self._add_faults,
            "knobs": self._turn,
            "reset": self._reset,
            "seed": self._seed,
            "periods": self._close,
            "open": self._open,
            "master": self._master,
            "user": self._user,
            "company": self._configure,
            "release": self._release,
            "expire": self._expire,
            "edit": self._edit,
        }

    def __call__(self, request: Request) -> Reply:
        name = request.path.removeprefix(PREFIX)
        try:
            if request.method == "GET" and name in self.gets:
                with self.books.lock:
                    return as_json(plain(self.gets[name](request)))
            if request.method == "DELETE" and name == "faults":
                self.books.faults.clear()
                return as_json({"rules": 0})
            if request.method == "POST" and name in self.posts:
                return as_json(plain(self.posts[name](request.json())))
        except Refusal as refusal:
            return as_json({"error": str(refusal)}, 409)
        except (KeyError, ValueError, TypeError) as error:
            return as_json({"error": f"{type(error).__name__}: {error}"}, 400)
        return as_json({"error": "not found", "get": sorted(self.gets), "post": sorted(self.posts)}, 404)

    # what there is

    def _books(self, request: Request) -> Any:
        wanted = request.query.get("company")
        return {company.id: books_of(company) for company in self.books.companies() if wanted in (None, company.id)}

    def _rows(self, request: Request) -> Any:
        company = self._company(request.query)
        rows = company.rows(request.query["object"]).values()
        return [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]

    def _counts(self, request: Request) -> Any:
        companies = {
            company.id: {
                "objects": {name: len(company.rows(name)) for name in OBJECTS if company.rows(name)},
                "completed_control_ids": len(company.rows(UNIQUE)),
                "most_at_once": self.slots.most.get(company.id, 0),
            }
            for company in self.books.companies()
        }
        sessions = len(self.books.store.rows(WORLD, SESSIONS))
        return {"requests": dict(self.books.counts), "sessions": sessions, "companies": companies}

    def _faults(self, request: Request) -> Any:
        return {"rules": [rule.as_json() for rule in self.books.faults.rules], "fired": self.books.faults.fired}

    # what may be turned

    def _add_faults(self, body: Any) -> Any:
        rules = [self.books.faults.add(**rule) for rule in (body if isinstance(body, list) else [body])]
        return {"rules": len(rules)}

    def _turn(self, body: Any) -> Any:
        self.books.knobs.turn(body)
        return asdict(self.books.knobs)

    def _reset(self, body: Any) -> Any:
        """Nothing left, or with {"seed": {...}} the demo company anew."""
        self.books.reset()
        self.slots.most.clear()
        if "seed" in body:
            seed_demo(self.books, **body["seed"])
        return {"companies": [company.id for company in self.books.companies()]}

    def _seed(self, body: Any) -> Any:
        return {"company": seed_demo(self.books, **body).id}

    def _company(self, body: Any) -> Company:
        companies = self.books.companies()
        name = body.get("company") or (companies[0].id if len(companies) == 1 else "")
        return self.books.company(name)

    def _close(self, body: Any) -> Any:
        company = self._company(body)
        close_period(company, body)
        return company.setup["CLOSED"]

    def _open(self, body: Any) -> Any:
        """Open again: a module in an entity, or all."""
        company = self._company(body)
        kept = [
            lock
            for lock in company.setup["CLOSED"]
            if ("module" in body and lock["module"] != body["module"])
            or ("entity" in body and lock.get("entity", "") != body["entity"])
        ]
        company.configure(CLOSED=kept)
        return kept

    def _master(self, body: Any) -> Any:
        """Add a master, or change fields of one: {"object", "id", "fields"}."""
        company, obj = self._company(body), OBJECTS[body["object"]]
        fields = body.get("fields", {})
        with self.books.unit():
            row = company.master(obj.name, obj.id, body["id"])
            if row is None:
                return company.add_master(obj.name, obj.id, {obj.id: body["id"], **fields})
        for name, value in fields.items():
            make_inactive(company, {"object": obj.name, "id": body["id"], "field": name, "value": value})
        return company.master(obj.name, obj.id, body["id"])

    def _user(self, body: Any) -> Any:
        company = self._company(body)
        company.add_user(body["user"], body["password"], body.get("denied", []))
        return {"user": body["user"]}

    def _configure(self, body: Any) -> Any:
        company = self._company(body)
        company.configure(**body["settings"])
        return company.setup

    def _release(self, body: Any) -> Any:
        """What an approver does to a submitted document: {"object", "key"}."""
        company = self._company(body)
        row = company.get(body["object"], body["key"])
        if row is None or row["RAWSTATE"] not in ("S", "D"):
            raise ValueError("no such submitted document")
        with self.books.unit():
            if body["object"] == "GLBATCH":
                return journals.release(company, row)
            if body["object"] in settlement.WAYS:
                return settlement.release(company, settlement.WAYS[body["object"]], row)
            return subledger.release(company, subledger.KINDS[body["object"]], row)

    def _expire(self, body: Any) -> Any:
        self.books.expire(body.get("session"))
        return {}

    def _edit(self, body: Any) -> Any:
        """What a person does behind our back: {"object", "key", "fields"}; the ledger is not touched."""
        company = self._company(body)
        row = company.get(body["object"], body["key"])
        if row is None:
            raise ValueError("no such record")
        types = OBJECTS[body["object"]].fields
        fields = {name: typed(types[name].type, value) for name, value in body["fields"].items()}
        with self.books.unit():
            return company.change(body["object"], row, **fields)


def typed(type_: str, value: Any) -> Any:
    match type_:
        case "DECIMAL":
            return Decimal(value)
        case "DATE":
            return date.fromisoformat(value)
    return value


def plain(value: Any) -> Any:
    """JSON: money as text, days as ISO."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


# the dump


def books_of(company: Company) -> dict[str, Any]:
    documents = [
        _document(company, kind, row) for kind in subledger.KINDS.values() for row in _rows(company, kind.object)
    ]
    documents += [_payment(company, way, row) for way in settlement.WAYS.values() for row in _rows(company, way.object)]
    documents += [_advance(row) for row in _rows(company, settlement.ADVANCE)]
    documents += [_journal(company, row) for row in _rows(company, "GLBATCH")]
    documents += [_receipt(company, row) for row in _rows(company, "OTHERRECEIPTS")]
    documents += [_purchase(company, row) for row in _rows(company, "PODOCUMENT")]
    return {
        "company": company.setup["NAME"],
        "currency": company.currency,
        "closed": company.setup["CLOSED"],
        "customers": [_party(company, "CUSTOMER", row) for row in _rows(company, "CUSTOMER")],
        "vendors": [_party(company, "VENDOR", row) for row in _rows(company, "VENDOR")],
        "documents": documents,
        "balances": ledger.balances(company),
        "debits_less_credits": sum(ledger.balances(company).values(), ledger.ZERO),
        "counts": {name: len(company.rows(name)) for name in OBJECTS if company.rows(name)},
    }


def _rows(company: Company, name: str) -> list[Row]:
    return list(company.rows(name).values())


def _party(company: Company, name: str, row: Row) -> dict[str, Any]:
    obj = OBJECTS[name]
    contact = company.master("CONTACT", "CONTACTNAME", row.get("DISPLAYCONTACTKEY", "")) or {}
    way = "ARPYMT" if name == "CUSTOMER" else "APPYMT"
    open_ = [r for n in (way, "ARADVANCE") for r in company.find(n, obj.id, row[obj.id]) if r["RAWSTATE"] == "C"]
    due = subledger.owed(company, name, row[obj.id])
    credit = sum((r["TOTALDUE"] for r in open_), ledger.ZERO)
    shown = {"key": row["RECORDNO"], "id": row[obj.id], "name": row["NAME"], "status": row["STATUS"]}
    shown |= {"on_hold": row.get("ONHOLD"), "email": contact.get("EMAIL1", ""), "term": row.get("TERMNAME", "")}
    return {**shown, "due": due, "open_money": credit, "balance": due - credit, "comments": row.get("COMMENTS", "")}


def _document(company: Company, kind: subledger.Kind, row: Row) -> dict[str, Any]:
    lines = [
        {"key": i["RECORDNO"], "account": i["ACCOUNTNO"], "amount": i["TRX_AMOUNT"], "base": i["AMOUNT"],
         "memo": i["ENTRYDESCRIPTION"], "paid": i["TRX_TOTALPAID"], "dims": _dims(i)}
        for i in subledger.items_of(company, kind, row["RECORDNO"])
    ]  # fmt: skip
    return {
        **_head(kind.object, row, row[kind.party_id], row["RECORDID"]),
        "date": row["WHENCREATED"],
        "posted": row["WHENPOSTED"],
        "due_date": row["WHENDUE"],
        "amount": row["TRX_TOTALENTERED"],
        "base": row["TOTALENTERED"],
        "due": row["TRX_TOTALDUE"],
        "reference": row["DOCNUMBER"],
        "external": row["EXTERNALID"],
        "reversed": row.get("_REVERSED"),
        "lines": lines,
        "applications": _applied(company, kind.object, row["RECORDNO"]),
    }


def _payment(company: Company, way: settlement.Way, row: Row) -> dict[str, Any]:
    made = [
        r for r in company.find(settlement.APPLICATION, "PAYMENTKEY", row["RECORDNO"]) if r["PAYMENT"] == way.object
    ]
    return {
        **_head(way.object, row, row[way.document.party_id], row["DOCNUMBER"]),
        "date": row["RECEIPTDATE"],
        "amount": row["TRX_TOTALENTERED"],
        "base": row["TOTALENTERED"],
        "due": row["TRX_TOTALDUE"],
        "bank": row["FINANCIALENTITY"] or row["UNDEPOSITEDACCOUNTNO"],
        "reversed": row.get("_REVERSED"),
        "lines": [],
        "applications": [
            {"object": a["TARGET"], "key": a["TARGETKEY"], "number": a["DOCUMENT"], "amount": a["TRX_AMOUNT"],
             "base": a["AMOUNT"], "line": a["ITEMKEY"], "credit": a["CREDIT"]}
            for a in made
        ],
    }  # fmt: skip


def _applied(company: Company, name: str, key: int) -> list[dict[str, Any]]:
    rows = [r for r in company.find(settlement.APPLICATION, "TARGETKEY", key) if r["TARGET"] == name]
    return [
        {"object": r["PAYMENT"], "key": r["PAYMENTKEY"], "amount": r["TRX_AMOUNT"], "base": r["AMOUNT"]} for r in rows
    ]


def _advance(row: Row) -> dict[str, Any]:
    head = _head("ARADVANCE", row, row["CUSTOMERID"], row["DOCNUMBER"])
    return {
        **head,
        "date": row["RECEIPTDATE"],
        "amount": row["TRX_TOTALENTERED"],
        "due": row["TRX_TOTALDUE"],
        "lines": [],
    }


def _journal(company: Company, row: Row) -> dict[str, Any]:
    lines = [
        {"account": e["ACCOUNTNO"], "amount": e["TR_TYPE"] * e["TRX_AMOUNT"], "base": e["TR_TYPE"] * e["AMOUNT"],
         "currency": e["CURRENCY"], "memo": e["DESCRIPTION"], "document": e["DOCUMENT"], "dims": _dims(e)}
        for e in company.find("GLENTRY", "BATCHNO", row["RECORDNO"])
    ]  # fmt: skip
    head = {
        "object": "GLBATCH",
        "key": row["RECORDNO"],
        "party": "",
        "number": row["REFERENCENO"],
        "state": row["STATE"],
    }
    total = sum((line["amount"] for line in lines if line["amount"] > 0), ledger.ZERO)
    currency = lines[0]["currency"] if lines else company.currency
    return {**head, "currency": currency, "date": row["BATCH_DATE"], "amount": total, "journal": row["JOURNAL"],
            "description": row["BATCH_TITLE"], "lines": lines}  # fmt: skip


def _receipt(company: Company, row: Row) -> dict[str, Any]:
    lines = [
        {"account": i["ACCOUNTNO"], "amount": i["TRX_AMOUNT"], "base": i["AMOUNT"], "memo": i["ENTRYDESCRIPTION"]}
        for i in company.find("OTHERRECEIPTSENTRY", "RECORDKEY", row["RECORDNO"])
    ]
    head = _head("OTHERRECEIPTS", row, row["PAYER"], row["REFID"])
    more = {"date": row["RECEIPTDATE"], "bank": row["BANKACCOUNTID"] or row["UNDEPGLACCOUNTNO"]}
    return {**head, **more, "amount": row["TRX_TOTALENTERED"], "lines": lines}


def _purchase(company: Company, row: Row) -> dict[str, Any]:
    lines = [
        {"item": e["ITEMID"], "quantity": e["QUANTITY"], "price": e["PRICE"], "amount": e["TOTAL"], "memo": e["MEMO"]}
        for e in company.find("PODOCUMENTENTRY", "DOCHDRNO", row["RECORDNO"])
    ]
    head = _head("PODOCUMENT", {**row, "DESCRIPTION": row["MESSAGE"]}, row["CUSTVENDID"], row["DOCNO"])
    more = {"reference": row["PONUMBER"], "definition": row["DOCPARID"], "bill": row["PRRECORDKEY"]}
    return {**head, **more, "date": row["WHENCREATED"], "amount": row["TOTAL"], "lines": lines}


def _head(name: str, row: Row, party: str, number: str) -> dict[str, Any]:
    head = {"object": name, "key": row["RECORDNO"], "party": party, "number": number, "state": row["STATE"]}
    return {
        **head,
        "currency": row["CURRENCY"],
        "description": row["DESCRIPTION"],
        "entity": row.get("MEGAENTITYID", ""),
    }


def _dims(row: Row) -> dict[str, str]:
    names = (*ledger.DIMENSIONS, "LOCATION", "DEPARTMENT")
    return {name: row[name] for name in row if (name in names or name.startswith("GLDIM")) and row[name]}
