"""A world of files: the double of Stampli, the books of Sage Intacct, and the engine in this process between them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.test.utils import override_settings
from django.utils import timezone

import standins.sage_intacct
import standins.stampli
from audit.files import RemoteFile
from audit.models import Delivery, Record, State, WaitsFor
from connectors.files import FEED
from portal.engine.files import outcomes
from portal.engine.provisioning import Wrong, provision
from portal.models import Connection, Cursor, Examination, Lane, Link

Json = dict[str, Any]
SAMPLES = Path(__file__).parent.parent / "data" / "stampli"
WAITS = {"poll": 3600.0, "condition": 60.0, "retry_start": 60.0, "retry_most": 60.0}
WORKSPACE = "Northwind Payables"
FLOWS = ("bill", "credit", "payment", "payment_void", "bill_void", "credit_void")


@dataclass
class FileStory:
    stampli: standins.stampli.StampliServer
    books: Any
    intacct: Any
    plan: Json

    @property
    def company(self) -> Any:
        return self.books.company("ACME-DEMO")

    @property
    def outbox(self) -> Any:
        return self.stampli.world.outbox

    @property
    def link(self) -> Link:
        return Link.objects.get(workspace__name=WORKSPACE)

    @property
    def connection(self) -> Connection:
        return Connection.objects.get(system="stampli")

    def drop(self, name: str, content: bytes | str) -> None:
        self.outbox.drop(name, content)

    def look(self) -> None:
        """Looks into the folder now, and goes on until nothing moves."""
        Cursor.objects.filter(feed=FEED).update(due_at=timezone.now())
        self.work()

    def work(self, seconds: float = 30) -> None:
        try:
            call_command("work", until_quiet=True, threads=1, seconds=seconds)
        except CommandError as error:
            raise AssertionError(told()) from error

    def later(self, hours: float = 2) -> None:
        """As if some time had passed: files that were seen have stood still, and what is tried again is due."""
        back = timedelta(hours=hours)
        for file in RemoteFile.objects.filter(state=RemoteFile.State.SEEN):
            RemoteFile.objects.filter(pk=file.pk).update(seen_at=file.seen_at - back)
        Record.objects.filter(state=State.WAITING, waits_for=WaitsFor.DEPENDENCY).update(due_at=timezone.now())
        self.look()

    def rows(self, name: str) -> list[Json]:
        return list(self.company.rows(name).values())

    def gl(self, account: str) -> Decimal:
        from standins.sage_intacct import ledger

        return Decimal(ledger.balances(self.company).get(account, 0))

    def bills(self) -> dict[tuple[str, str], Decimal]:
        """(vendor, number) → total, as the books hold them; each once."""
        rows = [(row["VENDORID"], row["RECORDID"], row["TRX_TOTALENTERED"]) for row in self.rows("APBILL")]
        assert len({row[:2] for row in rows}) == len(rows), f"a bill stands twice: {rows}"
        return {(vendor, number): Decimal(total) for vendor, number, total in rows}

    def outcome(self, name: str) -> dict[int, set[str]]:
        """Row → its codes, of the newest file of this name."""
        file = RemoteFile.objects.filter(name=name).order_by("-pk")[0]
        assert file.delivery
        rows = outcomes.rows(file.delivery).select_related("group__record__posting").order_by("number")
        return {row.number: set(said.codes) for row, said in outcomes.explained(rows)}

    def delivery(self, name: str) -> Delivery:
        file = RemoteFile.objects.filter(name=name).order_by("-pk")[0]
        assert file.delivery
        return file.delivery


@contextmanager
def file_story(
    *,
    intacct: Json | None = None,
    seed: Json | None = None,
    furnish: Callable[[Any], None] | None = None,
    change: Callable[[Json], None] = lambda workspace: None,
    waits: dict[str, float] | None = None,
) -> Iterator[FileStory]:
    """`furnish` may add to the company before it is connected; `change` may alter the workspace of the plan."""
    stampli = standins.stampli.serve()
    books, intacct_server = standins.sage_intacct.serve(seed=False, **(intacct or {}))
    standins.sage_intacct.seed_demo(books, **(seed or {}))
    if furnish:
        with books.unit():
            furnish(books.company("ACME-DEMO"))
    reachable = frozenset((intacct_server.url.removeprefix("http://"), f"127.0.0.1:{stampli.sftp.port}"))
    own = replace(settings.WAITS, **(WAITS | (waits or {})))
    try:
        with override_settings(REACHABLE=reachable, WAITS=own):
            wanted = plan(stampli, intacct_server.url)
            change(wanted["workspaces"][0])
            try:
                made = provision(wanted)
            except Wrong as wrong:
                raise AssertionError([one.checks for one in Examination.objects.all()]) from wrong
            assert not any(made.failed.values()), json.dumps(made.failed, indent=1)
            Cursor.objects.update(due_at=timezone.now() + timedelta(hours=1))
            yield FileStory(stampli, books, intacct_server, wanted)
    finally:
        stampli.stop()
        intacct_server.stop()


def plan(stampli: Any, intacct: str) -> Json:
    given = stampli.address()
    pins = given.pop("host_keys")
    return {
        "workspaces": [
            {
                "name": WORKSPACE,
                "time_zone": "America/New_York",
                "connections": [
                    {
                        "name": "Stampli",
                        "system": "stampli",
                        "credentials": given,
                        "settings": {
                            "host_keys": pins,
                            "settle_seconds": 0,
                            "layouts": "found",
                            "default_currency": "USD",
                        },
                    },
                    {
                        "name": "Sage Intacct",
                        "system": "sage_intacct",
                        "credentials": {
                            "sender_id": "ml_sender",
                            "sender_password": "sender-demo",
                            "company_id": "ACME-DEMO",
                            "user_id": "ml_connector",
                            "user_password": "user-demo",
                            "endpoint": f"{intacct}/ia/xml/xmlgw.phtml",
                        },
                    },
                ],
                "links": [
                    {
                        "integration": "stampli_intacct",
                        "name": "Stampli to Sage Intacct",
                        "source": "Stampli",
                        "target": "Sage Intacct",
                        "start_at": "2020-01-01T00:00:00+00:00",
                        "mappings": [{"table": "bank_account", "source": "*", "target": "BOA-OPER"}],
                        "flows": dict.fromkeys(FLOWS, "live"),
                    }
                ],
            }
        ]
    }


def told() -> str:
    """Where everything stands, for whoever reads why a test failed."""
    files = RemoteFile.objects.values_list("name", "state", "said", "delivery__status", "delivery__why")
    rows = Record.objects.values_list("flow", "key", "state", "code", "said")
    lanes = Lane.objects.values_list("company", "side", "paused_until", "pause_said")
    return f"{list(files)}\n{list(rows)}\n{list(lanes)}"


def records(flow: str) -> list[Record]:
    return list(Record.objects.filter(flow=f"stampli_intacct.{flow}").order_by("pk"))
