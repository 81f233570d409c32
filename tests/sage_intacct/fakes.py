"""What the client is handed in tests: a wire that plays recorded answers, sessions in memory, a few documents."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.base import Access, Announce, Found, Identity, Json, Look, Ref, Response, Window
from connectors.sage_intacct import Credentials
from connectors.sage_intacct.client import Intacct
from connectors.sage_intacct.documents import Adjustment, Customer, Invoice, Journal, Line, Payment

DATA = Path(__file__).parent / "data"
GATEWAY = "https://api.intacct.com/ia/xml/xmlgw.phtml"
ENDPOINT = "https://sandbox.intacct.com/ia/xml/xmlgw.phtml"
SESSION = "rGk3sAmPlEsEsSiOn01.."

CREDENTIALS = Credentials(
    sender_id="ml_sender",
    sender_password="Sender<&>Pw",
    company_id="ACME-SBX",
    user_id="ml_connector",
    user_password="User]]>Pw",
)


class Wire:
    """Answers each request with the next of `plays`: a Response, an exception, or a function of the request's body."""

    def __init__(self, *plays: Any) -> None:
        self.plays = list(plays)
        self.sent: list[tuple[str, bytes, bool]] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes = b"",
        seconds: float = 25.0,
        announce: Announce | None = None,
        limit: int = 20_000_000,
    ) -> Response:
        assert method == "POST"
        if announce:
            announce()
        self.sent.append((url, content, announce is not None))
        play = self.plays.pop(0)
        if callable(play):
            play = play(content)
        if isinstance(play, Exception):
            raise play
        assert isinstance(play, Response)
        return play


class Sessions:
    def __init__(self) -> None:
        self.kept: dict[str, Json] = {}

    def load(self, key: str) -> Json | None:
        return self.kept.get(key)

    def save(self, key: str, value: Json) -> None:
        self.kept[key] = value

    def drop(self, key: str) -> None:
        self.kept.pop(key, None)


def client(wire: Wire, sessions: Sessions | None = None, **settings: Any) -> Intacct:
    return Intacct(Access(CREDENTIALS, wire, sessions or Sessions(), settings))


def played(name: str, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, (DATA / "responses" / name).read_bytes())


def answer(*results: str, until: str = "2099-01-15T11:00:00+00:00") -> Response:
    """An answer to a session request, around these results."""
    head = "<control><status>success</status><senderid>s</senderid><controlid>c</controlid></control>"
    who = (
        "<authentication><status>success</status><userid>u</userid><companyid>ACME-SBX</companyid><locationid/>"
        f"<sessiontimestamp>2026-01-15T09:00:00+00:00</sessiontimestamp><sessiontimeout>{until}</sessiontimeout>"
        "</authentication>"
    )
    body = f"<response>{head}<operation>{who}{''.join(results)}</operation></response>"
    return Response(200, {}, body.encode())


def rows(control: str, name: str, *found: Mapping[str, str], left: int = 0, offset: int = 0) -> str:
    inside = "".join(f"<{name}>" + "".join(f"<{k}>{v}</{k}>" for k, v in r.items()) + f"</{name}>" for r in found)
    total = offset + len(found) + left
    return (
        f"<result><status>success</status><function>query</function><controlid>{control}</controlid>"
        f'<data listtype="{name}" totalcount="{total}" offset="{offset}" count="{len(found)}" numremaining="{left}">'
        f"{inside}</data></result>"
    )


def done(control: str, key: str) -> str:
    inside = f"<function>f</function><controlid>{control}</controlid><key>{key}</key>"
    return f"<result><status>success</status>{inside}</result>"


def signed_in() -> Response:
    """The session that stands in the recorded answer, with an end that has not passed."""
    body = (DATA / "responses" / "session_top_level.xml").read_bytes()
    body = body.replace(b"2026-01-15T11:00", b"2099-01-15T11:00").replace(b"fn-session-1", b"session")
    return Response(200, {}, body)


def announced() -> Window:
    return Window(0.0, 0.0)


Play = Callable[[bytes], Any]

# --- documents --------------------------------------------------------------------------------------------------------

DAY = date(2026, 1, 15)


def line(amount: str = "100.10", **more: Any) -> Line:
    return Line(amount=Decimal(amount), **{"account": "40000", **more})


def customer(**more: Any) -> Customer:
    return Customer(**{"control": "k:customer", "id": "cus_Q1", "name": "Müller & Söhne", **more})


def invoice(**more: Any) -> Invoice:
    given = {"control": "k:invoice", "number": "IN-1", "customer": "cus_Q1", "day": DAY, "due": DAY, "lines": (line(),)}
    return Invoice(**{**given, **more})


def adjustment(**more: Any) -> Adjustment:
    given = {"control": "k:adj", "number": "CN-1", "customer": "cus_Q1", "day": DAY, "lines": (line("-20.00"),)}
    return Adjustment(**{**given, **more})


def payment(**more: Any) -> Payment:
    given = {
        "control": "k:payment",
        "number": "inpay_1",
        "customer": "cus_Q1",
        "day": DAY,
        "to": Ref("invoice", "IN-1", "cus_Q1"),
        "applied": Decimal("100.10"),
        "account": "STRIPE-USD",
    }
    return Payment(**{**given, **more})


def journal(**more: Any) -> Journal:
    both = (line("4.65", account="62500", memo="fee"), line("-4.65", account="10210"))
    given = {
        "control": "k:journal",
        "number": "txn_1",
        "journal": "STR",
        "day": DAY,
        "title": "Stripe fee",
        "lines": both,
    }
    return Journal(**{**given, **more})


def there(kind: str, key: str, party: str = "", due: str = "100.10", **more: Any) -> Found:
    identity = Identity(kind, key, party, more.pop("currency", ""), Decimal(due), DAY)
    given = {"id": "4711", "identity": identity, "number": key, "due": Decimal(due)}
    return Found(**{**given, **more})


def seen(*refs: tuple[Ref, Found | None], hits: tuple[Found, ...] = ()) -> Look:
    return Look(hits, dict(refs))


KNOWN_CUSTOMER = (Ref("customer", "cus_Q1"), there("customer", "cus_Q1", raw={"STATUS": "active", "ONHOLD": "false"}))
OPEN_INVOICE = (Ref("invoice", "IN-1", "cus_Q1"), there("invoice", "IN-1", "cus_Q1"))
