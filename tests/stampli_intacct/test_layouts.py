"""A layout is found on a real file, shown to a person, and used once it was confirmed."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.files import RemoteFile
from audit.models import Problem, TrailEntry
from portal.models import Membership
from tests.stampli_intacct.story import FileStory, Json, file_story
from tests.stampli_intacct.test_first import vendors

pytestmark = pytest.mark.django_db(transaction=True)

ODD = """\
Supplier;Beleg;Datum;Konto;Betrag
V-1;INV-1;01.06.2026;60100;1.234,56
V-2;OB-7;25.06.2026;60100;30,00
"""


def confirmed_only(workspace: Json) -> None:
    workspace["connections"][0]["settings"]["layouts"] = "confirmed"


def finance(world: FileStory) -> Client:
    user = User.objects.create(username="fiona", is_staff=True)
    Membership.objects.create(workspace=world.link.workspace, user=user, role="finance")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def chosen(page: str, **means: str) -> list[str]:
    """What a person would send who leaves all as it is shown, but for these headers."""
    names = []
    for header, options in re.findall(r'aria-label="What (.*?) means">(.*?)</select>', page, re.DOTALL):
        found = re.search(r'value="([^"]*)" selected', options)
        names.append(means.get(header, found[1] if found else ""))
    return names


def test_a_file_of_an_unknown_layout_waits_is_shown_and_is_read_once_a_person_has_confirmed_its_columns() -> None:
    with file_story(furnish=vendors, change=confirmed_only) as world:
        world.drop("bills.csv", ODD)
        world.look()
        assert world.bills() == {}
        assert Problem.objects.get(closed_at=None).code == "layout.unconfirmed"
        file = RemoteFile.objects.get()
        assert file.state == RemoteFile.State.FETCHED
        client = finance(world)
        url = f"/admin/audit/remotefile/{file.pk}/"
        assert "waits for its layout" in page_of(client, f"{url}change/")
        page = page_of(client, f"{url}layout/")
        assert "1.234,56" in page and "Betrag" in page
        wrong = client.post(f"{url}confirm/", {"name": chosen(page)}, follow=True)
        assert "Nothing was kept" in wrong.content.decode()
        names = chosen(
            page,
            Supplier="vendor_id",
            Beleg="invoice_number",
            Datum="invoice_date",
            Konto="gl_account",
            Betrag="line_amount",
        )
        done = client.post(f"{url}confirm/", {"name": names}, follow=True)
        assert "read so from now on" in done.content.decode()
        world.work()
        assert world.bills() == {("V-1", "INV-1"): Decimal("1234.56"), ("V-2", "OB-7"): Decimal("30.00")}
        assert not Problem.objects.filter(closed_at=None).exists()
        assert TrailEntry.objects.filter(what="layout.confirmed", actor="fiona").count() == 1


def test_a_file_whose_confirmed_column_is_gone_is_rejected_and_a_new_column_is_only_told() -> None:
    used = ("vendor_id", "invoice_number", "invoice_date", "gl_account", "line_amount")
    headers = ("Vendor ID", "Number", "Date", "Account", "Amount")
    layout: Json = {"kind": "invoice", "columns": [list(pair) for pair in zip(headers, used, strict=True)]}

    def known(workspace: Json) -> None:
        confirmed_only(workspace)
        workspace["connections"][0]["settings"]["confirmed_layouts"] = [layout]

    with file_story(furnish=vendors, change=known) as world:
        world.drop("gone.csv", "Vendor ID,Number,Date,Amount\nV-1,INV-1,2026-06-01,10.00\n")
        world.drop("new.csv", "Vendor ID,Number,Date,Account,Amount,Colour\nV-1,INV-2,2026-06-01,60100,20.00,red\n")
        world.look()
        assert world.bills() == {("V-1", "INV-2"): Decimal("20.00")}
        assert world.delivery("gone.csv").reading.code.startswith("missing_required_column")
        assert "new_column" in world.delivery("new.csv").reading.told
        assert world.outbox.names("error") and world.outbox.names("archive")


def page_of(client: Client, url: str) -> Any:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()
