from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit import trail
from connectors.base import Finding
from connectors.errors import ConnectorError
from portal.engine import access, clock
from portal.management.choosing import named
from portal.models import Connection

ACTOR = "probe command"


class Command(BaseCommand):
    help = (
        "Asks an outside system what differs between companies and is not published, and keeps it in the settings of"
        " the connection. Reads only, unless --write is given. Exit code 1 when something failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connection", help="its name")
        parser.add_argument("--workspace", help="by name; needed where two have a connection of this name")
        parser.add_argument("--write", action="store_true", help="make test documents too, in a sandbox company")
        parser.add_argument("--confirm", metavar="COMPANY", help="the company's id, instead of typing it when asked")
        parser.add_argument("--account", default="", help="for --write: the account of the line of a test invoice")
        parser.add_argument("--location", default="", help="for --write: the location of that line")

        parser.add_argument("--expense", default="", help="for --write: the account of the line of a test bill")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = self._connection(options["connection"], options["workspace"])
        client = access.examiner(connection)
        if not hasattr(client, "probe"):
            raise CommandError(f"There is nothing to probe at {access.system(connection).label}.")
        if options["write"]:
            self._confirm(connection, options["confirm"])
        failed = self._run(connection, client.probe())
        if options["write"] and not failed:
            given = {name: options[name] for name in ("account", "location", "expense")}
            if connection.facts.get("multi_currency"):
                given["currency"] = connection.facts.get("base_currency", "")
            failed += self._run(connection, client.probe_by_writing(given))
        if failed:
            raise CommandError("Not everything is as it must be; mend what is said above and probe again.")

    def _connection(self, name: str, workspace: str | None) -> Connection:
        rows = Connection.objects.filter(name=name).select_related("workspace")
        if workspace:
            rows = rows.filter(workspace=named(workspace))
        if not rows:
            known = ", ".join(Connection.objects.order_by("name").values_list("name", flat=True).distinct())
            raise CommandError(f"There is no connection {name}; there are {known or 'none'}.")
        if len(rows) > 1:
            names = ", ".join(f"{row.workspace.name} (#{row.workspace_id})" for row in rows)
            raise CommandError(f"Several workspaces have a connection {name}: add --workspace with one of {names}.")
        if not rows[0].account:
            raise CommandError(f"{name} was never examined: press Ping first, so that it is known whom it leads to.")
        return rows[0]

    def _confirm(self, connection: Connection, given: str | None) -> None:
        if connection.mode != "test":
            raise CommandError(
                f"{connection.account} does not look like a sandbox company (its id ends in -sandbox or the like)."
                " Test documents are made in sandboxes only."
            )
        typed = given if given is not None else input(f"Test documents will be made in {connection.account}. Its id: ")
        if typed.strip() != connection.account:
            raise CommandError(f"That is not {connection.account}. Nothing was done.")

    def _run(self, connection: Connection, findings: Iterator[Finding]) -> int:
        """Tells each finding and keeps its settings at once. Returns how many failed."""
        failed = 0
        try:
            for finding in findings:
                self._tell(connection, finding)
                failed += finding.check.outcome == "failed"
                if finding.settings:
                    _keep(connection, finding)
        except ConnectorError as error:
            raise CommandError(f"{error.said} {error.cure}".strip()) from None
        return failed

    def _tell(self, connection: Connection, finding: Finding) -> None:
        check = finding.check
        self.stdout.write(f"{check.outcome:14} {check.label}{': ' * bool(check.said)}{check.said}")
        if check.cure:
            self.stdout.write(f"{'':14} {check.cure}")
        for name, value in finding.settings.items():
            if connection.settings.get(name) != value:
                self.stdout.write(f"{'':14} settings: {name} = {value}")


def _keep(connection: Connection, finding: Finding) -> None:
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if all(row.settings.get(name) == value for name, value in finding.settings.items()):
            return
        row.settings = {**row.settings, **finding.settings}
        row.save(update_fields=["settings"])
        said = f"{row}: {finding.check.label}: {finding.check.said}"
        data = dict(finding.settings)
        trail.write(
            [trail.entry(row.workspace_id, "connection.probed", at=clock.now(), said=said, actor=ACTOR, data=data)]
        )
    connection.settings = row.settings
