"""Stampli's files, from bytes to documents. Pure: a seekable stream goes in; memory stays flat.

`survey` decides what holds for a whole file, `rows` reads every row with its faults, `assembled` makes one document of
the rows of one group; `FileReader` is all three with the rules of a connection. `detect` shows a person how a file is
understood. `Offered` finds vendors and accounts among those of the books; `differences` tells two payloads apart.
"""

from connectors.stampli.files.detect import Column, Detected, confirmed, detect
from connectors.stampli.files.differences import differences
from connectors.stampli.files.documents import assembled
from connectors.stampli.files.layout import Layout, layout_of
from connectors.stampli.files.matching import Match, Offered, match_choice, match_vendor
from connectors.stampli.files.reader import FileReader
from connectors.stampli.files.rows import rows
from connectors.stampli.files.rules import Rules, rules_of
from connectors.stampli.files.survey import Survey, survey

__all__ = [
    "Column",
    "Detected",
    "FileReader",
    "Layout",
    "Match",
    "Offered",
    "Rules",
    "Survey",
    "assembled",
    "confirmed",
    "detect",
    "differences",
    "layout_of",
    "match_choice",
    "match_vendor",
    "rows",
    "rules_of",
    "survey",
]
