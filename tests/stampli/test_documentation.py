"""The page that customers read says what the code does."""

import re

from connectors.stampli.files.codes import CODES
from tests.stampli.documented import PAGE, written
from tests.stampli.samples import HERE


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    page = PAGE.read_text()
    assert page == written(page), "write them anew: python -m tests.stampli.documented"


def test_every_code_that_is_used_is_explained_and_every_explained_code_is_used() -> None:
    sources = (HERE.parent.parent.parent / "connectors" / "stampli" / "files").glob("*.py")
    used = set()
    for path in sources:
        if path.name != "codes.py":
            used.update(re.findall(r"[\"']([a-z_]+)(?=[:\"'])", path.read_text()))
    assert {code for code in CODES if code not in used} == set()
    assert all(one.cure for one in CODES.values() if one.level in ("file", "row", "document"))
