"""A raw caller of the gateway: writes XML by hand, so that nothing of our own client is trusted here."""

import http.client
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from lxml import etree

from standins.sage_intacct import Books, Company, Server, seed_demo, serve
from standins.sage_intacct.ledger import balances


def tag(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def day(name: str, text: str) -> str:
    year, month, of_month = text.split("-")
    return f"<{name}><year>{year}</year><month>{month}</month><day>{of_month}</day></{name}>"


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def xml(self) -> etree._Element:
        return etree.fromstring(self.body)

    def text(self, path: str) -> str:
        return self.xml.findtext(path) or ""

    def results(self) -> list[tuple[str, str]]:
        return [(r.findtext("controlid") or "", r.findtext("status") or "") for r in self.xml.iterfind(".//result")]

    @property
    def status_of_first(self) -> str:
        return self.text(".//result/status")

    @property
    def key(self) -> int:
        return int(self.text(".//result/key") or self.text(".//result/data/*/RECORDNO"))

    @property
    def error(self) -> str:
        return f"{self.text('.//error/errorno')} {self.text('.//error/description2')}"


@dataclass
class Wire:
    books: Books
    server: Server
    company: Company
    session: str = ""
    entity: str = ""
    path: str = "/ia/xml/xmlgw.phtml"
    sent: int = field(default=0)

    def post(self, body: str | bytes, timeout: float = 20) -> Answer:
        host, port = self.server.server_address[:2]
        connection = http.client.HTTPConnection(str(host), int(port), timeout=timeout)
        data = body.encode() if isinstance(body, str) else body
        try:
            connection.request("POST", self.path, data, {"Content-Type": "application/xml"})
            response = connection.getresponse()
            return Answer(response.status, response.read(), {k.lower(): v for k, v in response.getheaders()})
        finally:
            connection.close()

    def envelope(self, functions: str, *, unique: str = "false", transaction: str = "false", **parts: str) -> str:
        sender, password = parts.get("sender", "ml_sender"), parts.get("sender_password", "sender-demo")
        auth = parts.get("auth") or (tag("sessionid", self.session) if self.session else self.login())
        control = (
            f"{tag('senderid', sender)}{tag('password', password)}{tag('controlid', 'c-1')}{tag('uniqueid', unique)}"
            f"<dtdversion>3.0</dtdversion>{parts.get('control', '<includewhitespace>false</includewhitespace>')}"
        )
        return (
            f'<request><control>{control}</control><operation transaction="{transaction}">'
            f"<authentication>{auth}</authentication><content>{functions}</content></operation></request>"
        )

    def login(self, user: str = "ml_connector", password: str = "user-demo", entity: str = "") -> str:
        location = tag("locationid", entity) if entity else ""
        body = tag("userid", user) + tag("companyid", self.company.id) + tag("password", password)
        return f"<login>{body}{location}</login>"

    def call(self, inner: str, controlid: str = "", **how: str) -> Answer:
        self.sent += 1
        function = f'<function controlid="{escape(controlid or f"f-{self.sent}")}">{inner}</function>'
        return self.post(self.envelope(function, **how))

    def batch(self, inners: dict[str, str], **how: str) -> Answer:
        functions = "".join(f'<function controlid="{key}">{inner}</function>' for key, inner in inners.items())
        return self.post(self.envelope(functions, **how))

    def sign_in(self, entity: str = "") -> "Wire":
        answer = self.call(f"<getAPISession>{tag('locationid', entity) if entity else ''}</getAPISession>")
        self.session = answer.text(".//api/sessionid")
        return self

    def balance(self, account: str) -> str:
        return str(balances(self.company).get(account, "0.00"))


def open_wire(**how: object) -> Wire:
    """A started stand-in with the demo company."""
    seeded = {k: how.pop(k) for k in ("entities", "multi_currency") if k in how}
    books, server = serve(seed=False, **how)  # type: ignore[arg-type]
    company = seed_demo(books, **seeded)  # type: ignore[arg-type]
    return Wire(books, server, company)


# documents


def customer(key: str = "C-1", name: str = "Acme Ltd", more: str = "") -> str:
    contact = f"<DISPLAYCONTACT>{tag('PRINTAS', name)}<EMAIL1>ar@acme.example</EMAIL1></DISPLAYCONTACT>"
    return f"<create><CUSTOMER>{tag('CUSTOMERID', key)}{tag('NAME', name)}{contact}{more}</CUSTOMER></create>"


def line(account: str, amount: str, location: str = "US-100", more: str = "") -> str:
    place = tag("locationid", location) if location else ""
    return f"<lineitem>{tag('glaccountno', account)}{tag('amount', amount)}<memo>m</memo>{place}{more}</lineitem>"


def invoice(number: str, *lines: str, party: str = "C-1", on: str = "2026-01-15", currency: str = "") -> str:
    money = f"{tag('currency', currency)}<exchratetype/>" if currency else ""
    items = "".join(lines or (line("40100", "100.00"),))
    return (
        f"<create_invoice>{tag('customerid', party)}{day('datecreated', on)}{day('datedue', '2026-12-31')}"
        f"{tag('invoiceno', number)}{tag('description', number)}{money}"
        f"<invoiceitems>{items}</invoiceitems></create_invoice>"
    )


def memo(number: str, *lines: str, party: str = "C-1", on: str = "2026-01-22") -> str:
    items = "".join(lines)
    return (
        f"<create_aradjustment>{tag('customerid', party)}{day('datecreated', on)}{tag('adjustmentno', number)}"
        f"<aradjustmentitems>{items}</aradjustmentitems></create_aradjustment>"
    )


def receipt(
    number: str, *details: str, party: str = "C-1", on: str = "01/20/2026", more: str = "", bank: str = "STRIPE-USD"
) -> str:
    parts = "".join(f"<ARPYMTDETAIL>{detail}</ARPYMTDETAIL>" for detail in details)
    return (
        f"<create><ARPYMT>{tag('FINANCIALENTITY', bank)}<PAYMENTMETHOD>EFT</PAYMENTMETHOD>{tag('CUSTOMERID', party)}"
        f"{tag('DOCNUMBER', number)}{tag('RECEIPTDATE', on)}{tag('PAYMENTDATE', on)}{more}"
        f"<ARPYMTDETAILS>{parts}</ARPYMTDETAILS></ARPYMT></create>"
    )


def pays(key: int, amount: str, more: str = "") -> str:
    return f"{tag('RECORDKEY', key)}{tag('TRX_PAYMENTAMOUNT', amount)}{more}"


def entry(account: str, amount: str, location: str = "US-100", more: str = "") -> str:
    side = "-1" if amount.startswith("-") else "1"
    value = amount.lstrip("-")
    place = tag("LOCATION", location) if location else ""
    parts = f"{tag('ACCOUNTNO', account)}{tag('TR_TYPE', side)}{tag('TRX_AMOUNT', value)}{place}{more}"
    return f"<GLENTRY>{parts}</GLENTRY>"


def journal(reference: str, *entries: str, on: str = "01/31/2026", more: str = "") -> str:
    return (
        f"<create><GLBATCH><JOURNAL>GJ</JOURNAL>{tag('BATCH_DATE', on)}{tag('BATCH_TITLE', reference)}"
        f"{tag('REFERENCENO', reference)}{more}<ENTRIES>{''.join(entries)}</ENTRIES></GLBATCH></create>"
    )


def query(name: str, fields: str, filter_: str = "", more: str = "") -> str:
    select = "".join(tag("field", field) for field in fields.split())
    where = f"<filter>{filter_}</filter>" if filter_ else ""
    order = "<orderby><order><field>RECORDNO</field><ascending/></order></orderby>"
    return f"<query>{tag('object', name)}<select>{select}</select>{where}{order}{more}</query>"


def equal(field: str, value: object) -> str:
    return f"<equalto>{tag('field', field)}{tag('value', value)}</equalto>"
