"""What can be said against a file, a row or a document: one table, from which messages and the documentation are made.

A code is stable. What follows a colon names the column or the record: `missing_value:vendor`, `repeated_header:4`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from connectors.files import Fault, FileRejected

Level = Literal["file", "row", "document", "note", "warning"]


@dataclass(frozen=True)
class Code:
    level: Level
    what: str
    cure: str = ""


CODES: Final[dict[str, Code]] = {
    # --- the file: nothing of it is carried
    "not_text": Code(
        "file",
        "The file is no text: a workbook, an archive, a PDF, or encrypted.",
        "Export it as CSV or XML; renaming a workbook does not make it one.",
    ),
    "undecodable": Code(
        "file",
        "The characters of the file are of no encoding that we know.",
        "Export it as UTF-8, or name its encoding in the settings of reading.",
    ),
    "no_header": Code(
        "file",
        "None of the first 20 records names columns that we know.",
        "Export it with its header, or confirm on this file which column is which.",
    ),
    "missing_required_column": Code(
        "file",
        "A column that every such file needs is not there, or a column of the confirmed layout is gone.",
        "Add the column to the export, or confirm on this file which column it is.",
    ),
    "duplicate_column": Code(
        "file",
        "Two columns mean the same.",
        "Take one of them out of the export, or confirm on this file which of them counts.",
    ),
    "dialect_ambiguous": Code(
        "file",
        "The header can be read with two different delimiters.",
        "Confirm on this file which delimiter is right, or export it with one header.",
    ),
    "broken_quoting": Code(
        "file",
        "A quotation mark is opened and not closed, or text follows a closing one; rows after it cannot be trusted.",
        "Export the file again with quotation marks inside of cells doubled.",
    ),
    "cell_too_long": Code(
        "file",
        "A cell is longer than the limit.",
        "Look for a quotation mark that is not closed; a longer limit can be set if such cells are meant.",
    ),
    "second_header_differs": Code(
        "file",
        "A second header inside of the file names its columns in another way than the first.",
        "Export the two parts as two files.",
    ),
    "amount_style_mixed": Code(
        "file",
        "Some amounts are written with a decimal point and some with a decimal comma.",
        "Export all amounts in one style.",
    ),
    "date_style_mixed": Code(
        "file",
        "Some dates have the day first and some the month.",
        "Export all dates in one style; YYYY-MM-DD is never misunderstood.",
    ),
    "control_total_mismatch": Code(
        "file",
        "The total at the end of the file is not the sum of its rows: rows are missing, or there are too many.",
        "Export the file again whole.",
    ),
    "control_count_mismatch": Code(
        "file",
        "The number of records that the file states is not the number it has.",
        "Export the file again whole.",
    ),
    "ragged_row_unattributable": Code(
        "file",
        "A row has not as many cells as the header, and nothing shows which document it belongs to.",
        "Correct the row, or export the total of each document: it proves the others complete.",
    ),
    "xml_dtd_forbidden": Code("file", "The XML has a DOCTYPE.", "Export it without a DOCTYPE."),
    "xml_not_well_formed": Code(
        "file", "The XML is broken, or ends before its end.", "Export the file again; it may have been cut on its way."
    ),
    "too_many_rows": Code("file", "The file has more rows than the limit.", "Divide the export, or raise the limit."),
    # --- the row: its document is not carried
    "ragged_short": Code(
        "row", "The row has fewer cells than the header.", "Correct the row; a line break may have cut it."
    ),
    "ragged_long": Code(
        "row", "The row has more cells than the header.", "Correct the row; a delimiter inside of a cell needs quotes."
    ),
    "control_char": Code("row", "A cell has a control character.", "Take the character out of the text in Stampli."),
    "missing_value": Code("row", "A cell that must be filled is empty.", "Fill it in Stampli and export again."),
    "amount_invalid": Code("row", "This is no amount.", "Correct the amount."),
    "amount_scientific": Code(
        "row",
        "A spreadsheet has written this amount with an exponent; digits were lost.",
        "Export the file again and do not save it with a spreadsheet.",
    ),
    "amount_ambiguous": Code(
        "row",
        "Nothing in the file shows whether this is thousands or decimals.",
        "Set which sign divides decimals in the files of this connection.",
    ),
    "amount_precision": Code(
        "row", "The amount has more decimals than its currency.", "Correct the amount; it is never rounded here."
    ),
    "currency_conflict": Code("row", "The amount names another currency than its row.", "Correct one of them."),
    "currency_unknown": Code("row", "This is no currency of ISO 4217.", "Use its code of three letters."),
    "date_invalid": Code("row", "This is no date that can be read without guessing.", "Write it as YYYY-MM-DD."),
    "date_out_of_range": Code(
        "row", "The date is before 2000 or more than 400 days ahead.", "Correct the date in Stampli."
    ),
    "record_type_unknown": Code(
        "row",
        "This kind of record is neither known as a bill nor as a credit.",
        "Add the word to the bills or to the credits in the settings of reading.",
    ),
    "invoice_has_rejected_row": Code(
        "row",
        "Another row of the same document was rejected, and a document is carried whole or not at all.",
        "Correct the other row.",
    ),
    # --- the document: it alone is not carried
    "header_conflict": Code(
        "document", "Rows of one document do not agree on what must be equal.", "Correct it in Stampli; see the names."
    ),
    "total_mismatch": Code(
        "document",
        "The rows do not come to the total of the document.",
        "Correct it in Stampli, or export all of its lines.",
    ),
    "line_number_conflict": Code(
        "document", "Two different lines have one line number.", "Correct the line numbers in Stampli."
    ),
    "line_number_repeated": Code(
        "document",
        "A line is there twice under one line number, and the total counts it twice.",
        "Correct the line numbers, or the total.",
    ),
    "credit_signs_mixed": Code(
        "document",
        "The credit has lines of both signs, and no total that shows how they are meant.",
        "Export the total of each document.",
    ),
    "zero_total": Code("document", "The document comes to zero.", "Nothing needs to be carried; say so if it must."),
    "negative_payment": Code("document", "A payment has a negative amount.", "Void the payment in Stampli instead."),
    # --- what became of a row by itself
    "duplicate_row": Code("note", "The row repeats another of the same document and was counted once."),
    "skipped_status": Code("note", "Documents of this status are not carried."),
    # --- what a person should know, and nothing more
    "encoding_guessed": Code("warning", "The encoding is not certain; letters with accents may be wrong."),
    "repeated_header": Code("warning", "The header stands a second time inside of the file; it was passed over."),
    "new_column": Code("warning", "A column is new since the layout was confirmed; it is not used."),
    "column_gone": Code("warning", "A column that is not used is gone since the layout was confirmed."),
    "date_order_assumed": Code(
        "warning", "No date shows whether day or month comes first; they were read as the settings say."
    ),
    "control_ignored": Code("warning", "The total or count at the end of the file does not fit, and was let pass."),
    "rows_without_document": Code(
        "warning",
        "Rows name no vendor or no number, and no total proves that other documents are whole without them.",
    ),
    "document_without_lines": Code("warning", "An element of the XML is a document without lines; it was passed over."),
    "identical_rows_kept": Code(
        "warning", "Identical lines without line numbers and without a total were kept as they are."
    ),
    "header_differs": Code("warning", "Rows of the document differ in texts; the first is used."),
}


def base(code: str) -> str:
    return code.partition(":")[0]


def rejected(code: str, said: str = "", *, column: str = "", value: str = "") -> FileRejected:
    known = CODES[base(code)]
    return FileRejected(
        " ".join(filter(None, [known.what, said])), code=code, field=column, value=value[:255], cure=known.cure
    )


def fault(code: str, said: str = "", *, column: str = "", value: str = "") -> Fault:
    return Fault(code, " ".join(filter(None, [CODES[base(code)].what, said])), column, value[:255])


@dataclass(frozen=True)
class Note:
    """A warning about a file or a document."""

    code: str
    said: str


def note(code: str, said: str = "") -> Note:
    return Note(code, " ".join(filter(None, [CODES[base(code)].what, said])))
