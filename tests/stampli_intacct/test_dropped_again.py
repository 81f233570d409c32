"""Files that come again, changed or not, grow while they are looked at, or say one thing twice."""

from decimal import Decimal

import pytest

from audit.files import RemoteFile
from audit.models import Problem, Record, State
from tests.stampli_intacct.story import FileStory, file_story, records
from tests.stampli_intacct.test_first import vendors

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "Vendor ID,Vendor Name,Invoice Number,Invoice Date,Currency,Invoice Total,GL Account,Line Amount\n"


def row(number: str, amount: str, total: str = "", vendor: str = "V-1", account: str = "60100") -> str:
    return f"{vendor},,{number},2026-06-01,USD,{total or amount},{account},{amount}\n"


def bills(*rows: str) -> str:
    return HEAD + "".join(rows)


def paid(world: FileStory, number: str, amount: str) -> None:
    head = "Payment ID,Payment Date,Vendor ID,Invoice Number,Amount Paid,Payment Method,Check Number\n"
    world.drop(f"paid-{number}.csv", f"{head}PAY-{number},2026-06-10,V-1,{number},{amount},check,1-{number}\n")
    world.look()


def test_h5d_a_file_dropped_again_posts_nothing_twice_deletes_nothing_and_shows_what_changed() -> None:
    with file_story(furnish=vendors) as world:
        rows = [row(f"INV-{n}", f"{n}.00") for n in range(1, 25)]
        world.drop("june.csv", bills(*rows))
        world.look()
        assert len(world.bills()) == 24
        paid(world, "INV-17", "17.00")
        # the same bytes under a new name
        world.drop("june-again.csv", bills(*rows))
        world.look()
        again = RemoteFile.objects.get(name="june-again.csv")
        assert (again.state, again.delivery) == (RemoteFile.State.PUT_AWAY, world.delivery("june.csv"))
        assert "the same bytes as june.csv" in again.said
        # the same name, a row changed after its bill was paid, a row gone
        changed = [one for one in rows if not one.startswith("V-1,,INV-23")]
        changed[16] = row("INV-17", "71.00")
        world.drop("june.csv", bills(*changed))
        world.look()
        outcome = world.outcome("june.csv")
        assert outcome[18] == {"held:changed"}
        assert {code for number, codes in outcome.items() if number != 18 for code in codes} == {"duplicate"}
        assert len(world.bills()) == 24 and world.bills()["V-1", "INV-17"] == Decimal("17.00")
        (held,) = Record.objects.exclude(state=State.POSTED)
        assert "60100 17.00 became 60100 71.00" in held.said
        assert [one.code for one in Problem.objects.filter(closed_at=None)] == ["held.changed"]
        # and back to what was posted: nothing is held any more
        world.drop("june.csv", bills(*rows, row("INV-25", "25.00")))
        world.look()
        assert world.outcome("june.csv")[18] == {"duplicate"}
        assert world.bills()["V-1", "INV-25"] == Decimal("25.00")
        assert not Problem.objects.filter(closed_at=None).exists()
        assert len(world.outbox.names("archive")) == 5 and not world.outbox.names()


def test_a_growing_file_waits_twins_are_blocked_and_a_decimal_comma_is_never_a_hundredfold() -> None:
    with file_story(furnish=vendors) as world:
        whole = bills(row("INV-1", "1.00"), row("INV-2", "2.00"))
        world.outbox.begin("growing.csv", whole[:150])
        world.stampli.world.outbox.begin("unfinished.csv.filepart", whole)
        connection = world.connection
        connection.settings = {**connection.settings, "settle_seconds": 3600}
        connection.save(update_fields=["settings"])
        world.connection.refresh_from_db()
        look_once(world)
        world.outbox.go_on("growing.csv", whole[150:])
        look_once(world)
        assert world.bills() == {} and not Record.objects.exists()
        connection.settings = {**connection.settings, "settle_seconds": 0}
        connection.save(update_fields=["settings"])
        world.look()
        assert set(world.bills()) == {("V-1", "INV-1"), ("V-1", "INV-2")}
        # two rows with one vendor and one number, and nothing that makes them one document
        world.drop("twins.csv", bills(row("INV-3", "3.00"), row("INV-3", "4.00"), row("INV-4", "4.00")))
        world.look()
        assert world.outcome("twins.csv") == {2: {"header_conflict"}, 3: {"header_conflict"}, 4: {"posted"}}
        # one vendor by id and by name, one number: the second waits and names the first
        named = HEAD + ",Acme Office Supply,INV-4,2026-06-01,USD,4.00,60100,4.00\n"
        world.drop("named.csv", named)
        world.look()
        assert world.outcome("named.csv") == {2: {"held:possible_duplicate"}}
        comma = "Vendor ID;Invoice Number;Invoice Date;GL Account;Line Amount\nV-1;INV-5;25.06.2026;60100;1.234,56\n"
        world.drop("comma.csv", comma)
        world.look()
        assert world.bills()["V-1", "INV-5"] == Decimal("1234.56")
        assert len(records("bill")) == 5 and len(world.bills()) == 4


def look_once(world: FileStory) -> None:
    """One look, without waiting for what may still grow."""
    from django.utils import timezone

    from connectors.files import FEED
    from portal.engine.files.looking import look_next
    from portal.models import Cursor

    Cursor.objects.filter(feed=FEED).update(due_at=timezone.now())
    assert look_next([world.connection])
