"""Many random stories in one world: played, told to the door in random order, worked on until quiet, judged."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from typing import Any

from django.core.management.base import CommandError
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings

from connectors.integrations.stripe_intacct import FLOWS
from connectors.integrations.stripe_intacct.tables import TABLES
from portal.engine import status
from standins.sage_intacct.control import books_of
from tests.random.identities import findings
from tests.random.plans import Plan, Step, plans
from tests.random.player import Player
from tests.stories import oracle
from tests.story import Story, story

Json = dict[str, Any]
DAY = 86_400
START = 50 * DAY  # before now; a plan is shorter
ACCOUNTS = {"sale_account": "40300", "bad_debt": "63000", "balance_adjustment": "24400"}
ECHOES = ("payment_intent.", "charge.refund", "invoice.created", "invoice.updated", "invoice.payment_succeeded")
"""Events that tell what another one tells as well. Few of them are delivered: each costs a reading at Stripe."""


class Enough(Exception):
    """As many plans as were asked for: hypothesis need not go on."""


def drawn(count: int, number: int) -> list[Plan]:
    """So many different plans; the same ones for the same number. What hypothesis only varied a little is left out."""
    found: list[Plan] = []
    seen: set[Step] = set()

    @seed(number)
    @settings(
        max_examples=20 * count + 100, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(plans)
    def collect(plan: Plan) -> None:
        if len(found) == count:
            raise Enough
        if sum(step not in seen for step in plan) * 2 > len(plan):
            found.append(plan)
            seen.update(plan)

    with suppress(Enough):
        collect()
    assert len(found) == count
    return found


Judge = Callable[[Story], Sequence[tuple[str, str]]]
"""Customer and what is wrong; the customer is empty for what concerns all."""


@dataclass(frozen=True)
class Way:
    """How the stories of a world are told. `parts`: 1 if all is final at Stripe before the first delivery."""

    number: int
    parts: int = 1
    overpaid_rows: str = "whole"

    @property
    def judge(self) -> Judge:
        return by_all if self.parts == 1 else by_identities

    @contextmanager
    def world(self) -> Iterator[Story]:
        waits = {"condition": 60.0}  # what waits is told what it waits for; asked again and again there were no quiet
        with story(stripe={"overpaid_rows": self.overpaid_rows}, change=_everything, waits=waits) as world:
            yield world


def _everything(workspace: Json) -> None:
    """All flows live, and all that finance must decide for them."""
    (link,) = workspace["links"]
    link["flows"] = {flow.key: "live" for flow in FLOWS}
    decided = {(row["table"], row["source"]) for row in link["mappings"]}
    tables = {table.key for table in TABLES}
    for table, account in ACCOUNTS.items():
        if (table, "*") not in decided and table in tables:
            link["mappings"] += [{"table": table, "source": "*", "target": account, "facts": {"location": "US-100"}}]
    if "sale" in link["flows"]:
        link["options"]["invoiceless"] = "sale"


class Wrong(AssertionError):
    """The stories of the customers with whom something is not as it should be."""

    def __init__(self, stories: Sequence[str]) -> None:
        self.stories = stories
        super().__init__("\n\n".join([f"{len(stories)} stories end wrong.", *stories[:8]]))


def by_identities(world: Story) -> list[tuple[str, str]]:
    return [(one.customer, one.what) for one in findings(world.shop.dump(), books_of(world.company))]


DECIDED = ("credit.out_of_band", "void.after_write_off", "void.after_payment")
"""What finance settles outside, and is told."""


def left_waiting(world: Story) -> list[tuple[str, str]]:
    """No story needs a person: what is neither posted nor skipped in the end would wait for ever."""
    rows = [row for row in status.each(None) if row["state"] not in ("POSTED", "SKIPPED")]
    rows = [row for row in rows if row["code"] not in DECIDED]
    owners = {id: party for party in world.shop.objects["customer"] for id in _ids(world, party)}
    return [(owners.get(re.split("[:/]", row["key"])[0], ""), f"left waiting: {_state(row)}") for row in rows]


def by_all(world: Story) -> list[tuple[str, str]]:
    """Where all was final at Stripe before the first delivery, each document is demanded as well."""
    demanded, held = oracle.demand(world.shop.dump()), oracle.holding(world.company)
    owners = {id: party for party in world.shop.objects["customer"] for id in _ids(world, party)}
    found = by_identities(world)
    for kind in (one.name for one in fields(oracle.Books) if one.name != "balances"):
        wanted, there = Counter(getattr(demanded, kind)), Counter(getattr(held, kind))
        for word, rows in (("not demanded", there - wanted), ("missing", wanted - there)):
            found += [(_owner(owners, row), f"{kind}, {word}: {_shown(row)}") for row in rows]
    if not found and demanded.balances != held.balances:
        found.append(("", f"balances: demanded {demanded.balances}, held {held.balances}"))
    return found


def _owner(owners: dict[str, str], row: Any) -> str:
    words = [row] if isinstance(row, str) else [word for word in row if isinstance(word, str)]
    numbers = {oracle.numbered(id + end): party for id, party in owners.items() for end in ("", "-fail")}
    return next((numbers[word] for word in words if word in numbers), "")


def _shown(row: Any) -> str:
    if isinstance(row, tuple):
        return f"({', '.join(map(_shown, row))})"
    return str(row)


def run(stories: Sequence[Plan], way: Way) -> dict[int, str]:
    """What went wrong, told by the place of its plan; -1 for what concerns all. Empty: all is right."""
    with way.world() as world:
        players = _play(world, stories, way)
        return _told(world, players, [*way.judge(world), *left_waiting(world)])


def hold(stories: Sequence[Plan], way: Way) -> None:
    if wrong := run(stories, way):
        raise Wrong(list(wrong.values()))


def _play(world: Story, stories: Sequence[Plan], way: Way) -> list[Player]:
    dice = random.Random(way.number)
    goods = {
        "plan": world.shop.create_product("Pro plan")["id"],
        "setup": world.shop.create_product("Setup", metadata={"category": "setup"})["id"],
        "on_top": world.shop.create_tax_rate("Sales tax", 8.25, state="CA", country="US")["id"],
        "inside": world.shop.create_tax_rate("VAT", 20, inclusive=True)["id"],
    }
    players = [Player(world.shop, goods, plan, START - dice.randrange(10 * DAY)) for plan in stories]
    late: list[str] = []
    for part in range(way.parts):
        for one in players:
            length = len(one.plan)
            one.play(one.plan[part * length // way.parts : (part + 1) * length // way.parts])
            if part == way.parts - 1:
                one.end()
        late = _deliver(world, dice, late, last=part == way.parts - 1)
        _work(world, 60 + 10 * len(players))
    return players


def _work(world: Story, seconds: float) -> None:
    try:
        world.work(seconds=seconds)
    except CommandError as never:
        rows = [row for row in status.each(None) if row["state"] not in ("POSTED", "SKIPPED")]
        raise Wrong([f"never quiet: {never}", *(f"{_state(row)} tries {row['tries']}" for row in rows)]) from never


def _deliver(world: Story, dice: random.Random, late: list[str], *, last: bool) -> list[str]:
    """In random order; some come twice, some only with the next part."""
    held = world.shop.deliveries("held")
    new = [one["id"] for one in held if not one["type"].startswith(ECHOES) or dice.random() < 0.1]
    for one in world.shop.sent:
        one["state"] = "told"
    dice.shuffle(new)
    kept = [] if last else new[: len(new) // 4]
    now = [*late, *new[len(kept) :]]
    now += dice.sample(now, len(now) // 10)
    dice.shuffle(now)
    door = Client()
    assert {world.hand_over(one, door) for one in now} <= {200}
    return kept


def _told(world: Story, players: Sequence[Player], wrong: Sequence[tuple[str, str]]) -> dict[int, str]:
    by: defaultdict[str, list[str]] = defaultdict(list)
    for party, what in wrong:
        by[party].append(what)
    places = {one.customer: place for place, one in enumerate(players)}
    stories = {places.get(party, -1): "\n  ".join(what) for party, what in by.items()}
    for place, what in stories.items():
        if place >= 0:
            one = players[place]
            steps = "\n  ".join(one.told)
            stories[place] = f"{one.customer}\n  {steps}\n is wrong:\n  {what}"
    return stories


def _state(row: Json) -> str:
    return " ".join(str(row[name]) for name in ("flow", "key", "state", "waits_for", "code", "said"))


def _ids(world: Story, customer: str) -> set[str]:
    """Everything at Stripe that is this customer's."""
    shop = world.shop.objects
    found = {customer}
    for rows in (shop.get(kind, {}) for kind in ("invoice", "charge", "refund", "credit_note", "payment_intent")):
        found |= {id for id, row in rows.items() if row.get("customer") == customer}
    for kind in ("invoice_payment", "customer_balance_transaction"):
        rows = shop.get(kind, {})
        found |= {id for id, row in rows.items() if row.get("invoice") in found or row.get("customer") == customer}
    return found


# --- the shortest story that still ends wrong ----------------------------------------------------------------------


def shortest(plan: Plan, way: Way) -> tuple[Plan, str]:
    """Takes steps away while the rest still ends wrong: all the ways of taking one away are played in one world."""
    told = run([plan], way)[0]
    while len(plan) > 1:
        fewer = [plan[:place] + plan[place + 1 :] for place in range(len(plan))]
        wrong = {place: what for place, what in run(fewer, way).items() if place >= 0}
        if not wrong:
            break
        place = min(wrong)
        plan, told = fewer[place], wrong[place]
    return plan, told
