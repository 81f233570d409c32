"""Parties of the source that may stand in the books already: the same name or e-mail address. Suggested for a person to
look at, never linked by resemblance; what is sure comes as a row or a sheet."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from audit.models import Record, State
from connectors import registry
from mappings.models import Choice, Mapping
from portal.models import Link

TABLE = "customer"
MOST_READ, MOST_SHOWN = 2000, 50
NOT_SENT = (State.DUE, State.READY, State.WAITING)


@dataclass(frozen=True)
class Alike:
    link: str
    source: str
    name: str
    target: str
    label: str
    why: str
    url: str


def of(records: QuerySet[Record], links: Iterable[Link]) -> list[Alike]:
    """For records that the caller may see. Three queries, however many there are."""
    tied = {link.pk: link for link in links if _maps_parties(link)}
    rows = records.filter(link__in=list(tied), kind=TABLE, state__in=NOT_SENT, posting=None).exclude(document=None)
    found = list(rows.order_by("-pk").only("link_id", "key", "document")[:MOST_READ])
    mapped = Mapping.objects.filter(link__in=list(tied), table=TABLE, retired=False).values_list("link_id", "source")
    known = set(mapped) if found else set()
    offered = _by_mark([link.target_id for link in tied.values()]) if found else {}
    made = [one for row in found if (row.link_id, row.key) not in known for one in _of(row, tied[row.link_id], offered)]
    return made[:MOST_SHOWN]


def _maps_parties(link: Link) -> bool:
    integration = registry.INTEGRATIONS.get(link.integration)
    return any(one.key == TABLE and one.choices for one in integration.tables) if integration else False


def _by_mark(connections: list[int]) -> dict[tuple[int, str, str], list[Choice]]:
    marked: defaultdict[tuple[int, str, str], list[Choice]] = defaultdict(list)
    for choice in Choice.objects.filter(connection__in=connections, table=TABLE, active=True):
        for why, mark in _marks(choice.facts.get("name"), choice.facts.get("email")):
            marked[choice.connection_id, why, mark].append(choice)
    return marked


def _marks(name: object, email: object) -> list[tuple[str, str]]:
    plain = "".join(letter for letter in str(name or "").casefold() if letter.isalnum())
    marks = [("name", plain), ("e-mail address", str(email or "").strip().casefold())]
    return [(why, mark) for why, mark in marks if mark]


def _of(record: Record, link: Link, offered: dict[tuple[int, str, str], list[Choice]]) -> list[Alike]:
    party = json.loads(bytes(record.document or b"{}"))
    reasons: dict[Choice, list[str]] = {}
    for why, mark in _marks(party.get("name"), party.get("email")):
        for choice in offered.get((link.target_id, why, mark), ()):
            reasons.setdefault(choice, []).append(why)
    return [
        Alike(
            link.name,
            record.key,
            str(party.get("name") or ""),
            choice.value,
            choice.label,
            " and ".join(whys),
            _url(link, record.key, choice.value),
        )
        for choice, whys in reasons.items()
    ]


def _url(link: Link, source: str, target: str) -> str:
    query = urlencode({"link": link.pk, "table": TABLE, "value": source, "target": target})
    return reverse("admin:mappings_mapping_add") + f"?{query}"
