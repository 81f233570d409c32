"""The fields that our client of Sage Intacct cannot do without are fields that other clients were seen to read: a name
that a company does not know fails the whole query. `data/intacct-fields-seen.json` holds the names by object.
"""

import json
from pathlib import Path

import pytest

from connectors.sage_intacct import choices, shelves
from connectors.sage_intacct.query import Query
from standins.sage_intacct.objects import OBJECTS

DATA = Path(__file__).parent / "data" / "intacct-fields-seen.json"
SEEN = {name: frozenset(fields.split()) for name, fields in json.loads(DATA.read_text()).items()}
# Documented, though nobody was seen to ask for it.
DOCUMENTED = {"GLBATCH": {"RECORDNO"}, "PODOCUMENTPARAMS": {"RECORDNO"}}
# Nobody's list of these objects is known: their names are the sheet's, or the client's own, until a company was asked.
UNSEEN = {"ARADJUSTMENT", "ARADVANCE", "ARTERM", "OTHERRECEIPTS", "EMPLOYEE", "WAREHOUSE", "APACCOUNTLABEL"}


def asked() -> list[tuple[str, Query]]:
    kept = [(name, shelf.query("RECORDNO", ["1"])) for name, shelf in shelves.SHELVES.items()]
    return [*kept, *((name, offer.query()) for name, offer in choices.OFFERS.items())]


@pytest.mark.parametrize(("name", "query"), asked(), ids=[name for name, _ in asked()])
def test_what_must_be_readable_was_read_by_others(name: str, query: Query) -> None:
    if query.object in UNSEEN:
        assert query.object not in SEEN
        return
    assert set(query.fields) - SEEN[query.object] - DOCUMENTED.get(query.object, set()) == set()


@pytest.mark.parametrize(("name", "query"), asked(), ids=[name for name, _ in asked()])
def test_the_stand_in_knows_all_that_is_asked_for(name: str, query: Query) -> None:
    fields = {*query.fields, *query.optional}
    assert {field for field in fields if "." not in field} - set(OBJECTS[query.object].fields) == set()
