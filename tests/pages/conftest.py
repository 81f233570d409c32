"""Two workspaces: one with people in every role, links and records; and another one that nobody there may learn of."""

from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import Delivery, Problem, Record
from mappings.models import Mapping, Period
from portal.models import Connection, Link, Workspace
from tests.pages import factories

ROLES = ("owner", "finance", "support", "auditor")
SECRET_NAME = "Zanzibar"
"""In every name and key of the other workspace, and nowhere else."""


@dataclass
class House:
    workspace: Workspace
    link: Link
    source: Connection
    target: Connection
    mapping: Mapping
    period: Period
    delivery: Delivery
    problem: Problem
    """One that no record waits for."""
    records: dict[str, Record]
    people: dict[str, User] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        return signed_in(self.people[name])


def signed_in(user: User) -> Client:
    client = Client(enforce_csrf_checks=False)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def furnish(name: str) -> House:
    """A workspace with everything in it; `name` stands in all that could be read."""
    workspace = factories.WorkspaceFactory.create(name=name)
    source = factories.ConnectionFactory.create(workspace=workspace, name=f"Stripe {name}", account=f"acct_{name}")
    target = factories.IntacctFactory.create(workspace=workspace, name=f"Intacct {name}", account=f"CO_{name}")
    source.set_credentials({"secret_key": f"sk_test_{name}", "account_id": ""})
    source.set_hook_secrets([f"whsec_{name}"])
    source.save()
    link = factories.LinkFactory.create(workspace=workspace, name=f"Link {name}", source=source, target=target)
    for place, flow in enumerate(("customer", "invoice", "payment", "refund")):
        factories.FlowFactory.create(link=link, flow=flow, place=place)
    factories.invitation(workspace, f"guest@{name.lower()}.example")
    factories.remote_file(source, name=f"{name}.csv", said=f"seen for {name}")
    factories.choices(target, "gl_account", {"40100": f"Revenue {name}", "40200": "Setup", "22010": "Tax"})
    factories.examination(target, passed=False)
    records = factories.in_every_state(link)
    records["extra"] = factories.unmapped(link, f"prod_{name}", key=f"in_{name}", number=f"N-{name}")
    return House(
        workspace,
        link,
        source,
        target,
        factories.mapping(link, source=f"prod_of_{name}", facts={"department": name}),
        factories.period(target, entity=name),
        factories.delivery(source, "refused", why=f"refused for {name}"),
        factories.ProblemFactory.create(
            link=link, code="double", value=f"double of {name}", said=f"{name} stands twice."
        ),
        records,
    )


@pytest.fixture
def house(db: None) -> House:
    made = furnish("Acme")
    for role in ROLES:
        user = factories.UserFactory.create(username=role)
        factories.MembershipFactory.create(workspace=made.workspace, user=user, role=role)
        made.people[role] = user
    made.people["operator"] = factories.UserFactory.create(username="operator", is_superuser=True)
    made.people["stranger"] = factories.UserFactory.create(username="stranger")
    return made


@pytest.fixture
def other(db: None, house: House) -> House:
    made = furnish(SECRET_NAME)
    user = factories.UserFactory.create(username=f"owner of {SECRET_NAME}")
    factories.MembershipFactory.create(workspace=made.workspace, user=user, role="owner")
    made.people["owner"] = user
    return made
