"""A company at the stand-in, a client of it, and documents on their way there and back."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.base import Access, Done, Window
from connectors.errors import Refused
from connectors.http import HttpWire, boottime
from connectors.sage_intacct import Credentials
from connectors.sage_intacct.client import Intacct
from standins.sage_intacct import Books, Server
from standins.sage_intacct.ledger import balances

from .fakes import Sessions

COMPANY = "ACME-DEMO"


class Bench:
    """One company at the stand-in, and a client of it."""

    def __init__(self, books: Books, server: Server) -> None:
        self.books, self.server = books, server
        self.company = books.company(COMPANY)
        self.sessions = Sessions()

    def client(self, settings: dict[str, Any] | None = None, **changes: str) -> Intacct:
        given = Credentials("ml_sender", "sender-demo", COMPANY, "ml_connector", "user-demo")
        given = replace(given, endpoint=f"{self.server.url}/ia/xml/xmlgw.phtml")
        wire = HttpWire(None, frozenset((self.server.url.removeprefix("http://"),)))
        return Intacct(Access(replace(given, **changes), wire, self.sessions, settings or {}))

    def count(self, name: str) -> int:
        return len(self.company.rows(name))


def window() -> Window:
    return Window(boottime() + 5, boottime() + 10)


def post(client: Intacct, *documents: Any, before: Any = None) -> Any:
    """Looks, renders, sends; the answer of the only document, or all by control."""
    looks = client.look(documents)
    calls = [client.render(d, look, before) for d, look in zip(documents, looks, strict=True)]
    answers = client.send(calls, window)
    return answers.get(documents[0].control) if len(documents) == 1 else answers


def posted(client: Intacct, document: Any) -> str:
    """Posts it, finds it again, and reads it back: always as ours."""
    answer = post(client, document)
    assert isinstance(answer, Done), getattr(answer, "said", answer)
    (look,) = client.look([document])
    assert [(hit.id, hit.identity, hit.gone) for hit in look.hits] == [(answer.id, document.identity(), False)]
    (read,) = client.read(document.kind, [answer.id], document.session)
    assert read is not None
    assert replace(read, base_lines=(), raw=look.hits[0].raw) == look.hits[0]
    assert document.same(read)
    return answer.id


def refused(client: Intacct, document: Any) -> Refused:
    answer = post(client, document)
    assert isinstance(answer, Refused), answer
    return answer


def moved(bench: Bench) -> dict[str, Decimal]:
    """What the ledger holds, by account; a debit is positive."""
    return {account: amount for account, amount in balances(bench.company).items() if amount}
