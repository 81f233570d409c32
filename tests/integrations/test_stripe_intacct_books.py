"""From the shop into the books: what stands in the ledger of the stand-in is what counts."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Access, Document, Done, Window
from connectors.errors import NotYet, Refused
from connectors.http import HttpWire, boottime
from connectors.integrations.stripe_intacct import INTEGRATION
from connectors.sage_intacct import Credentials
from connectors.sage_intacct.client import Intacct
from standins import sage_intacct, stripe
from standins.sage_intacct.ledger import balances
from tests.desk import MemoryDesk
from tests.stripe.bench import Bench, read_through

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

MAPS = {
    "revenue_account": {"saas": "40100", "setup": "40200"},
    "tax_account": {"*": "22010"},
    "clearing": {"USD": "STRIPE-USD"},
    "refunds_clearing": {"USD": "24100"},
}


class Sessions:
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def load(self, key: str) -> Any:
        return self.kept.get(key)

    def save(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def drop(self, key: str) -> None:
        self.kept.pop(key, None)


class World:
    """A shop, a company, and all that an engine does between them when nothing goes wrong."""

    def __init__(self, shop: Bench, books: sage_intacct.Books, server: Any) -> None:
        self.shop, self.company = shop, books.company("ACME-DEMO")
        wire = HttpWire(None, frozenset((server.url.removeprefix("http://"),)))
        given = Credentials("ml_sender", "sender-demo", "ACME-DEMO", "ml_connector", "user-demo")
        endpoint = f"{server.url}/ia/xml/xmlgw.phtml"
        self.target = Intacct(Access(Credentials(**{**vars(given), "endpoint": endpoint}), wire, Sessions(), {}))
        self.posted: dict[tuple[str, str], Document] = {}
        self.skipped: set[tuple[str, str]] = set()
        offered = {
            name: {c.value: dict(c.facts) for c in self.target.choices(name)} for name in ("gl_account", "bank_account")
        }
        self.given = {"maps": MAPS, "options": {"journal": "STJ"}, "target": self.target.account().facts}
        self.given["choices"] = offered

    def carry(self) -> None:
        """Every fact that is not in the books yet; what must wait is tried again after the others."""
        source = self.shop.source()
        facts = [(f.stream, f.key) for f in read_through(source, "events", self.shop.now)[0]]
        left = [fact for fact in dict.fromkeys(facts) if fact not in self.posted and fact not in self.skipped]
        while left:
            waiting = [fact for fact in left if not self._carried(source, fact)]
            assert len(waiting) < len(left), f"nothing goes on: {waiting}"
            left = waiting

    def _carried(self, source: Any, fact: tuple[str, str]) -> bool:
        posted: dict[str, dict[str, Any]] = {}
        for flow, key in self.posted:
            posted.setdefault(flow, {})[key] = (flow, key)
        desk = MemoryDesk(
            {**self.given, "posted": posted},
            INTEGRATION.options,
            lambda name: self.posted[name],  # type: ignore[index]
            ":".join(fact),
        )
        try:
            made = INTEGRATION.flow(fact[0]).translate(source.load(*fact), desk)
        except NotYet:
            return False
        if isinstance(made, Document):
            self._post(made)
            self.posted[fact] = made
        else:
            self.skipped.add(fact)
        return True

    def _post(self, document: Any) -> None:
        (look,) = self.target.look([document])
        call = self.target.render(document, look, None)
        answer = self.target.send([call], lambda: Window(boottime() + 20, boottime() + 30))[document.control]
        assert isinstance(answer, Done), getattr(answer, "said", answer)
        (again,) = self.target.look([document])
        assert [(hit.id, hit.identity) for hit in again.hits] == [(answer.id, document.identity())]

    def balances(self) -> dict[str, str]:
        return {account: str(amount) for account, amount in sorted(balances(self.company).items()) if amount}

    def due(self) -> list[Decimal]:
        return [Decimal(row["TOTALDUE"]) for row in self.company.rows("ARINVOICE").values()]


@pytest.fixture
def world() -> Iterator[World]:
    shop, shop_server = stripe.serve(seed="books", webhooks="manual")
    books, server = sage_intacct.serve()
    yield World(Bench(shop, shop_server), books, server)
    shop_server.stop()
    server.stop()


def worked_example(world: World) -> Any:
    """Pro plan 250.00 less 10 %, setup 99.99 less 10.00, unused time -40.00, tax 8.25 %: 297.67."""
    shop = world.shop.shop
    pro = shop.create_product("Pro", metadata={"category": "saas"})["id"]
    setup = shop.create_product("Setup", metadata={"category": "setup"})["id"]
    rate = shop.create_tax_rate("Sales tax", 8.25)["id"]
    lines = [
        {"amount": 22_500, "description": "Pro plan", "product": pro, "tax": [rate]},
        {"amount": 8_999, "description": "Setup", "product": setup, "tax": [rate]},
        {"amount": -4_000, "description": "Unused time", "product": pro, "tax": [rate]},
    ]
    return world.shop.invoice(lines=lines)


def test_the_worked_example_stands_in_the_books_to_the_cent(world: World) -> None:
    shop, invoice = world.shop.shop, worked_example(world)
    assert invoice["total"] == 29_767
    world.carry()
    assert world.balances() == {"12100": "297.67", "22010": "-22.68", "40100": "-185.00", "40200": "-89.99"}
    first = shop.pay(invoice["id"], 15_000)
    shop.clock.advance(60)
    shop.pay(invoice["id"], 20_000)
    world.carry()
    assert world.balances() == {
        "10210": "350.00",
        "22010": "-22.68",
        "24200": "-52.33",
        "40100": "-185.00",
        "40200": "-89.99",
    }
    assert world.due() == [Decimal(0)]
    shop.refund(first["id"], 6_000)
    world.carry()
    shop.clock.advance(60)
    shop.refund(first["id"], 4_000)
    world.carry()
    assert world.balances() == {
        "10210": "250.00",
        "22010": "-15.06",
        "24200": "-52.33",
        "40100": "-122.85",
        "40200": "-59.76",
    }
    assert world.due() == [Decimal(0)]


def test_a_negative_line_of_another_account_is_used_up_by_the_first_receipt(world: World) -> None:
    shop = world.shop.shop
    pro = shop.create_product("Pro", metadata={"category": "saas"})["id"]
    setup = shop.create_product("Setup", metadata={"category": "setup"})["id"]
    lines = [
        {"amount": 10_000, "description": "Pro plan", "product": pro},
        {"amount": -2_500, "description": "Credit for setup", "product": setup},
    ]
    shop.pay(world.shop.invoice(lines=lines)["id"])
    world.carry()
    assert world.balances() == {"10210": "75.00", "40100": "-100.00", "40200": "25.00"}
    assert world.due() == [Decimal(0)]


def test_an_invoice_below_zero_is_the_customers_credit(world: World) -> None:
    pro = world.shop.shop.create_product("Pro", metadata={"category": "saas"})["id"]
    world.shop.invoice(lines=[{"amount": -4_000, "description": "Unused time", "product": pro}])
    world.carry()
    assert world.balances() == {"12100": "-40.00", "40100": "40.00"}


def test_an_account_of_a_bank_is_refused_before_anything_is_sent(world: World) -> None:
    world.given["maps"] = MAPS | {"revenue_account": {"*": "10210"}}
    worked_example(world)
    with pytest.raises(Refused) as error:
        world.carry()
    assert error.value.code == "account.control"
    assert world.balances() == {}
