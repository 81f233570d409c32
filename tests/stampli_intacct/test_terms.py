"""A bill without due date is due by its terms, to the day; terms that do not tell the day stop it visibly."""

from datetime import date
from typing import Any

import pytest

from audit.models import State, WaitsFor
from tests.stampli_intacct.story import file_story, records

pytestmark = pytest.mark.django_db(transaction=True)

BILLS = """\
Vendor ID,Invoice Number,Invoice Date,GL Account,Amount,Terms
V-1,INV-1,2026-06-01,60100,100.00,{terms}
"""


def vendor(company: Any) -> None:
    company.add_master("VENDOR", "VENDORID", {"VENDORID": "V-1", "NAME": "Acme Office Supply"})
    company.add_master("APTERM", "NAME", {"NAME": "End of month", "DUEDATE": 31, "DUEFROM": "of the month"})


def mapped(workspace: dict[str, Any]) -> None:
    rows = [("net30", "Net 30"), ("eom", "End of month")]
    workspace["links"][0]["mappings"] += [{"table": "term", "source": a, "target": b} for a, b in rows]


def test_a_bill_is_due_as_many_days_after_its_date_as_its_terms_say() -> None:
    with file_story(furnish=vendor, change=mapped) as world:
        world.drop("bills.csv", BILLS.format(terms="net30"))
        world.look()
        (row,) = world.rows("APBILL")
        assert (row["WHENCREATED"], row["WHENDUE"], row["TERMNAME"]) == (date(2026, 6, 1), date(2026, 7, 1), "Net 30")


def test_terms_that_do_not_tell_the_day_wait_for_somebody_who_does() -> None:
    with file_story(furnish=vendor, change=mapped) as world:
        world.drop("bills.csv", BILLS.format(terms="eom"))
        world.look()
        (record,) = records("bill")
        assert (record.state, record.waits_for, record.code) == (State.WAITING, WaitsFor.SETTINGS, "term.due_day")
        assert not world.rows("APBILL")
