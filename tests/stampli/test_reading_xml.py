"""XML: the same documents as from delimited files, from elements and attributes in any reasonable shape."""

import io
from pathlib import Path

import pytest

from connectors.base import Json
from connectors.files import FileRejected
from tests.stampli.samples import Read, read
from tests.stampli.writing import of, totals

LINE = "<Line><GLAccount>6000</GLAccount><LineAmount>10.00</LineAmount></Line>"
HEAD = "<VendorId>V-1</VendorId><InvoiceNumber>A-1</InvoiceNumber><InvoiceDate>2026-06-01</InvoiceDate>"


def xml(text: str, encoding: str = "utf-8") -> Read:
    return read(io.BytesIO(text.encode(encoding)))


def code(text: str | bytes) -> str:
    with pytest.raises(FileRejected) as caught:
        read(io.BytesIO(text.encode() if isinstance(text, str) else text))
    return caught.value.code


def invoice(lines: str = LINE, head: str = HEAD, tail: str = "") -> str:
    return f"<Invoice>{head}<Lines>{lines}</Lines>{tail}</Invoice>"


def bare(result: Read) -> list[Json]:
    return [{**one, "rows": [], "lines": [{**line, "rows": []} for line in one["lines"]]} for one in result.payloads]


PLAIN = of("Vendor ID,Invoice Number,Invoice Date,GL Account,Line Amount", "V-1,A-1,2026-06-01,6000,10.00")


@pytest.mark.parametrize(
    "text",
    [
        f"<Invoices>{invoice()}</Invoices>",
        invoice(),
        f"<a><b><c>{invoice()}</c></b></a>",
        f'<Invoices xmlns="urn:x" xmlns:y="urn:y" y:count="1">{invoice()}</Invoices>',
        f'<i:Invoices xmlns:i="urn:x">{invoice().replace("<", "<i:").replace("<i:/", "</i:")}</i:Invoices>',
        (
            "<x><Invoice VendorId='V-1' InvoiceNumber='A-1' InvoiceDate='2026-06-01'>"
            "<Line GLAccount='6000' LineAmount='10.00'/></Invoice></x>"
        ),
        (
            "<x><Invoice InvoiceNumber='A-1'><Line GL='6000' Amount='10.00'/><VendorId> V-1\n</VendorId>"
            "<InvoiceDate>\n2026-06-01</InvoiceDate></Invoice></x>"
        ),
        f"<x><Row>{HEAD}<GLAccount>6000</GLAccount><Amount>10.00</Amount></Row></x>",
        f"\n <?xml version='1.0'?><!-- a --><?pi x?>\n<Invoices>{invoice()}</Invoices><!-- b -->",
        f"<x>{invoice(lines=LINE.replace('6000', '<![CDATA[6000]]>').replace('10.00', '&#49;0.00'))}</x>",
        f"<x VendorId='V-1'>{invoice(head=HEAD.partition('</VendorId>')[2])}</x>",
        f"<x>{invoice(head=HEAD.partition('</VendorId>')[2])}<VendorId>V-1</VendorId></x>",
        f"<x date='2026-01-01' total='77'>{invoice()}</x>",
    ],
)
def test_every_shape_says_the_same(text: str) -> None:
    assert bare(xml(text)) == bare(PLAIN)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_used(encoding: str) -> None:
    declared = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encoding, encoding)
    text = f"<?xml version='1.0' encoding='{declared}'?><x>{invoice(LINE.replace('6000', 'Señal'))}</x>"
    data = (b"\xff\xfe" if encoding == "utf-16-le" else b"") + text.encode(encoding)
    result = read(io.BytesIO(data))
    assert result.payloads[0]["lines"][0]["gl_account"] == "Señal"
    assert result.survey.notes == ()


def test_amounts_and_memos_above_a_line_are_of_the_document() -> None:
    line = "<Line><GLAccount>6000</GLAccount><Amount>4.00</Amount><Memo>pens</Memo></Line>"
    made = xml(f"<x>{invoice(line * 2, HEAD + '<Amount>8.00</Amount><Memo>office</Memo>')}</x>").payloads[0]
    assert (made["total"], made["total_from"], made["description"]) == ("8.00", "file", "office")
    assert [line["description"] for line in made["lines"]] == ["pens", "pens"]


def test_what_a_line_says_itself_is_stronger_than_what_is_around_it() -> None:
    line = LINE.replace("<GLAccount>", "<Department>200</Department><GLAccount>")
    made = xml(f"<x>{invoice(LINE + line, HEAD + '<Department>100</Department>')}</x>").payloads[0]
    assert [one["dimensions"]["department"] for one in made["lines"]] == ["100", "200"]


def test_dimensions_may_stand_in_an_element_of_the_line() -> None:
    line = LINE.replace("</Line>", "<Coding><Location>US</Location><Amount>7</Amount></Coding></Line>")
    result = xml(f"<x>{invoice(line)}</x>")
    assert result.payloads[0]["lines"][0]["dimensions"] == {"location": "US"}
    assert result.rows[0].body["extra"] == {"Coding.Amount": "7"}


def test_fields_that_follow_after_the_lines_count() -> None:
    made = xml(f"<x>{invoice(tail='<Currency>EUR</Currency><InvoiceTotal>10.00</InvoiceTotal>')}</x>").payloads[0]
    assert (made["currency"], made["total_from"]) == ("EUR", "file")
    row = f"<Row>{HEAD}<GLAccount>6000</GLAccount><LineAmount>10.00</LineAmount></Row>"
    late = xml(f"<x><Batch>{row}<Currency>EUR</Currency></Batch><Batch>{row.replace('A-1', 'A-2')}</Batch></x>")
    assert [one["currency"] for one in late.payloads] == ["EUR", "USD"]


def test_a_line_that_lacks_its_account_is_a_row_with_a_fault() -> None:
    broken = "<Line><LineAmount>4.00</LineAmount></Line>"
    for lines in (LINE + broken, broken + LINE):
        result = xml(f"<x>{invoice(lines)}</x>")
        assert result.payloads == []
        assert sorted(result.codes.values()) == [["invoice_has_rejected_row"], ["missing_value:gl_account"]]


def test_a_document_without_lines_is_told_of() -> None:
    result = xml(f"<x>{invoice()}{invoice(lines='', head=HEAD.replace('A-1', 'A-2'))}</x>")
    assert [one.code for one in result.survey.notes] == ["document_without_lines"]


def test_rows_are_counted_by_line_and_know_the_line_of_the_file() -> None:
    result = xml(f"<x>\n{invoice(LINE)}\n\n{invoice(f'{LINE}{chr(10)}{LINE}', HEAD.replace('A-1', 'A-2'))}</x>")
    assert [(row.number, row.body["line"]) for row in result.rows] == [(1, 2), (2, 4), (3, 5)]


def test_payments_are_payments() -> None:
    text = (
        "<Payments><Payment><PaymentId>P-1</PaymentId><PaymentDate>2026-06-01</PaymentDate><Vendor>V-1</Vendor>"
        "<Amount>30</Amount><Bill><InvoiceNumber>A</InvoiceNumber><Amount>10</Amount></Bill>"
        "<Bill><InvoiceNumber>B</InvoiceNumber><Amount>20</Amount></Bill></Payment></Payments>"
    )
    made = xml(text).payloads[0]
    assert (made["class"], made["total"], made["total_from"]) == ("payment", "30.00", "file")
    assert [line["invoice_number"] for line in made["lines"]] == ["A", "B"]


@pytest.mark.parametrize(
    ("count", "right"), [("1", True), ("2", False), ("0", False), ("x", False), ("", False), ("01", True)]
)
def test_the_count_of_the_root_is_the_number_of_documents(count: str, right: bool) -> None:
    text = f"<x count='{count}'>{invoice(LINE * 2)}</x>"
    if right:
        assert totals(xml(text)) == ["20.00"]
    else:
        assert code(text) == "control_count_mismatch"


@pytest.mark.parametrize(
    "text",
    [
        f"<!DOCTYPE x><x>{invoice()}</x>",
        f"<?xml version='1.0'?><!-- {'x' * 9000} --><!DOCTYPE x SYSTEM 'http://127.0.0.1/x.dtd'><x>{invoice()}</x>",
        "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]><x>&b;</x>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]><x/>",
        "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><x>&f;</x>",
    ],
)
def test_every_doctype_is_refused(text: str) -> None:
    assert code(text) == "xml_dtd_forbidden"
    assert code(text.encode("utf-16")) == "xml_dtd_forbidden"


@pytest.mark.parametrize(
    "text",
    [
        f"<x>{invoice()}",
        f"<x>{invoice()}</y>",
        f"<x>{invoice()}</x><x/>",
        f"<x>{invoice()}&who;</x>",
        f"<x>{invoice()}\x01</x>",
        f"<?xml version='1.0' encoding='no-such'?><x>{invoice()}</x>",
        f"<x>{'<d>' * 200}{'</d>' * 200}{invoice()}</x>",
        "<",
    ],
)
def test_what_is_not_well_formed_is_refused(text: str) -> None:
    assert code(text) == "xml_not_well_formed"


def test_a_file_cut_anywhere_is_refused() -> None:
    whole = f"<x>{invoice()}</x>".encode()
    for at in range(1, len(whole)):
        assert code(whole[:at]) == "xml_not_well_formed"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"<x>{invoice(head=HEAD.partition('</VendorId>')[2])}</x>", "missing_required_column:vendor"),
        ("<x><Invoice><InvoiceNumber>1</InvoiceNumber></Invoice></x>", "missing_required_column:"),
        ("<x><y><z>1</z></y></x>", "no_header"),
        (f"<x>{invoice(head=HEAD + '<BillNo>A-1</BillNo>')}</x>", "duplicate_column:invoice_number"),
        (f"<x>{invoice(LINE.replace('</Line>', '<GL>1</GL></Line>'))}</x>", "duplicate_column:gl_account"),
        (f"<x>{invoice(LINE.replace('</Line>', f'{LINE}</Line>'))}</x>", "xml_not_well_formed"),
    ],
)
def test_what_cannot_be_understood_says_why(text: str, wanted: str) -> None:
    assert code(text).startswith(wanted)


@pytest.mark.parametrize("text", ["<Invoices/>", "<Invoices></Invoices>", "<Invoices>\n</Invoices>", "<x count='0'/>"])
def test_a_file_without_documents_is_no_error(text: str) -> None:
    assert xml(text).survey.rows == 0


def test_an_empty_file_that_states_a_count_has_lost_its_documents() -> None:
    assert code("<Invoices count='3'/>") == "control_count_mismatch"


def test_a_text_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.xml"
    path.write_bytes(f"<x>{invoice()}<Note>".encode() + b"x" * (5 << 20))
    with path.open("rb") as stream, pytest.raises(FileRejected) as caught:
        read(stream)
    assert caught.value.code == "cell_too_long"
