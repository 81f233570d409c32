"""Every golden pair of every integration."""

import json

import pytest

from connectors import registry
from connectors.base import Document
from connectors.errors import ConnectorError
from tests.integrations import golden

PAIRS = [(key, case) for key in registry.INTEGRATIONS if (golden.GOLDEN / key).exists() for case in golden.cases(key)]


@pytest.mark.parametrize(("integration", "case"), PAIRS, ids=[f"{key}-{case}" for key, case in PAIRS])
def test_what_the_source_sent_becomes_what_must_be_posted(integration: str, case: str) -> None:
    result, desk = golden.made(integration, case)
    assert golden.shown(result, desk) == golden.read(integration, case, "document")


@pytest.mark.parametrize(("integration", "case"), PAIRS, ids=[f"{key}-{case}" for key, case in PAIRS])
def test_a_flow_asks_only_the_tables_it_declares(integration: str, case: str) -> None:
    _, desk = golden.made(integration, case)
    of = registry.integration(integration)
    flow = of.flow(golden.read(integration, case, "source")["flow"])
    assert set(desk.asked) <= set(flow.tables)
    assert set(flow.tables) <= {table.key for table in of.tables}


@pytest.mark.parametrize(("integration", "case"), PAIRS, ids=[f"{key}-{case}" for key, case in PAIRS])
def test_the_same_facts_make_the_same_document(integration: str, case: str) -> None:
    once, again = golden.made(integration, case)[0], golden.made(integration, case)[0]
    assert once == again or isinstance(once, ConnectorError)


@pytest.mark.parametrize(("integration", "case"), PAIRS, ids=[f"{key}-{case}" for key, case in PAIRS])
def test_every_document_says_where_its_day_and_its_lines_came_from(integration: str, case: str) -> None:
    result, desk = golden.made(integration, case)
    if isinstance(result, Document) and not result.master:
        assert "day" in desk.reasons
        assert json.dumps(desk.reasons)
