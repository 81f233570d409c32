import datetime

from .wire import Wire, customer, equal, invoice, query, tag


def values(wire: Wire, call: str, field: str) -> list[str]:
    answer = wire.call(call)
    assert answer.status_of_first == "success", answer.error
    return [node.text or "" for node in answer.xml.iterfind(f".//data/*/{field}")]


def op(name: str, field: str, *operands: str) -> str:
    return f"<{name}>{tag('field', field)}{''.join(tag('value', v) for v in operands)}</{name}>"


def some(wire: Wire) -> None:
    for key, name in (("C-1", "Alpha"), ("C-2", "Beta"), ("C-3", "alpha two")):
        wire.call(customer(key, name))
    for number, party in (("A-1", "C-1"), ("A-2", "C-2"), ("B-1", "C-1")):
        assert wire.call(invoice(number, party=party)).status_of_first == "success"


def test_every_operator(wire: Wire) -> None:
    some(wire)
    for filter_, expected in (
        (op("equalto", "NAME", "Alpha"), ["C-1"]),
        (op("notequalto", "NAME", "Alpha"), ["C-2", "C-3"]),
        (op("like", "NAME", "%a"), ["C-1", "C-2"]),
        (op("notlike", "NAME", "%a"), ["C-3"]),
        (op("in", "CUSTOMERID", "C-1", "C-3"), ["C-1", "C-3"]),
        (op("notin", "CUSTOMERID", "C-1", "C-3"), ["C-2"]),
        (op("between", "CUSTOMERID", "C-2", "C-3"), ["C-2", "C-3"]),
        (op("greaterthan", "CUSTOMERID", "C-2"), ["C-3"]),
        (op("lessthanorequalto", "CUSTOMERID", "C-2"), ["C-1", "C-2"]),
        ("<isnull><field>TERMNAME</field></isnull>", ["C-1", "C-2", "C-3"]),
        ("<isnotnull><field>TERMNAME</field></isnotnull>", []),
        (op("equalto", "DISPLAYCONTACT.PRINTAS", "Beta"), ["C-2"]),
        (f"<or>{op('equalto', 'NAME', 'Beta')}{op('like', 'NAME', 'alpha%')}</or>", ["C-2", "C-3"]),
        (f"<and>{op('equalto', 'STATUS', 'active')}{op('in', 'NAME', 'Beta', 'x')}</and>", ["C-2"]),
    ):
        assert values(wire, query("CUSTOMER", "CUSTOMERID", filter_), "CUSTOMERID") == expected, filter_
    fold = "<options><caseinsensitive>true</caseinsensitive></options>"
    assert len(values(wire, query("CUSTOMER", "CUSTOMERID", op("like", "NAME", "ALPHA%"), fold), "CUSTOMERID")) == 2


def test_money_and_days_compare_as_such(wire: Wire) -> None:
    some(wire)
    assert len(values(wire, query("ARINVOICE", "RECORDNO", op("equalto", "TOTALDUE", "100")), "RECORDNO")) == 3
    assert len(values(wire, query("ARINVOICE", "RECORDNO", op("equalto", "TOTALDUE", "100.000")), "RECORDNO")) == 3
    assert not values(wire, query("ARINVOICE", "RECORDNO", op("greaterthan", "WHENCREATED", "01/15/2026")), "RECORDNO")
    assert len(values(wire, query("ARINVOICE", "RECORDNO", op("in", "WHENCREATED", "01/15/2026")), "RECORDNO")) == 3


def test_pages_by_offset_and_by_more(wire: Wire) -> None:
    some(wire)
    answer = wire.call(query("ARINVOICE", "RECORDID", more="<pagesize>2</pagesize><offset>2</offset>"))
    data = answer.xml.find(".//data")
    assert dict(data.attrib) == {
        "listtype": "ARINVOICE", "totalcount": "3", "offset": "2", "count": "1", "numremaining": "0"
    }  # fmt: skip
    first = wire.call(
        "<readByQuery><object>ARINVOICE</object><query></query><fields>RECORDID</fields><pagesize>2</pagesize></readByQuery>"
    )
    result = first.xml.find(".//data").get("resultId")
    assert [n.tag for n in first.xml.find(".//data")] == ["arinvoice", "arinvoice"]
    rest = wire.call(f"<readMore>{tag('resultId', result)}</readMore>")
    assert (rest.xml.find(".//data").get("numremaining"), rest.text(".//RECORDID")) == ("0", "B-1")


def test_read_by_query_compares_codes(wire: Wire) -> None:
    some(wire)

    def read(text: str) -> list[str]:
        return values(wire, f"<readByQuery><object>ARINVOICE</object>{tag('query', text)}</readByQuery>", "RECORDID")

    assert read("STATE = 'A' and RECORDID like 'A%'") == ["A-1", "A-2"]
    assert read("STATE = 'Posted'") == []
    assert read("(CUSTOMERID = 'C-2' or RECORDID in ('B-1', 'x')) and TOTALDUE >= 100") == ["A-2", "B-1"]
    assert read("WHENPAID IS NULL AND RECORDID not like 'A%'") == ["B-1"]


def test_unknown_fields_and_objects(wire: Wire) -> None:
    answer = wire.call(query("ARINVOICE", "RECORDNO INVOICENO DATEDUE"))
    assert "cannot be queried: [ARINVOICE: [DATEDUE,INVOICENO] ]" in answer.error
    assert answer.text(".//errorno") == "XL03000006"
    assert "Object definition NONSENSE not found" in wire.call(query("NONSENSE", "RECORDNO")).error
    bad = "<readByQuery><object>ARINVOICE</object><query></query><fields>NOSUCH</fields></readByQuery>"
    assert wire.call(bad).error.startswith("Query Failed Invalid fields list NOSUCH")


def test_read_brings_the_lines_and_leaves_out_what_is_not_there(wire: Wire) -> None:
    some(wire)
    key = values(wire, query("ARINVOICE", "RECORDNO"), "RECORDNO")[0]
    answer = wire.call(f"<read><object>ARINVOICE</object><keys>{key},999999</keys><fields>*</fields></read>")
    assert answer.xml.find(".//data").get("count") == "1"
    assert answer.text(".//ARINVOICEITEMS/ARINVOICEITEM/AMOUNT") == "100"
    many = ",".join(str(n) for n in range(101))
    assert "At most 100 keys" in wire.call(f"<read><object>ARINVOICE</object><keys>{many}</keys></read>").error
    named = "<readByName><object>CUSTOMER</object><keys>C-2</keys><fields>NAME</fields></readByName>"
    assert values(wire, named, "NAME") == ["Beta"]


def test_lookup_and_inspect_tell_the_fields(wire: Wire) -> None:
    assert "ML_SOURCE_KEY" in [n.text for n in wire.call("<lookup><object>GLBATCH</object></lookup>").xml.iter("ID")]
    answer = wire.call('<inspect detail="1"><object>CUSTOMER</object></inspect>')
    lengths = {f.findtext("Name"): f.findtext("maxLength") for f in answer.xml.iter("Field")}
    assert (lengths["CUSTOMERID"], lengths["NAME"]) == ("20", "100")
    assert wire.call("<inspect><object>*</object></inspect>").xml.find(".//type") is not None
    assert wire.call("<getFinancialSetup/>").text(".//baseCurrency") == "USD"


def test_fresh_rows_stay_unseen_for_a_while_but_cannot_be_made_twice(wire: Wire) -> None:
    wire.books.knobs.visible_after = 5
    wire.call(customer())
    assert values(wire, query("CUSTOMER", "CUSTOMERID", equal("CUSTOMERID", "C-1")), "CUSTOMERID") == []
    assert wire.call(customer()).error.startswith("BL34000061")
    start = wire.books.now()
    wire.books.now = lambda: start + 6
    assert values(wire, query("CUSTOMER", "CUSTOMERID", equal("CUSTOMERID", "C-1")), "CUSTOMERID") == ["C-1"]


def test_the_time_of_change_may_lie_in_another_zone(wire: Wire) -> None:
    wire.books.knobs.modified_offset_hours = -7
    wire.call(customer())
    row = wire.call(query("CUSTOMER", "AUWHENCREATED WHENMODIFIED"))
    created, modified = (
        datetime.datetime.strptime(row.text(f".//CUSTOMER/{name}"), "%m/%d/%Y %H:%M:%S")  # noqa: DTZ007
        for name in ("AUWHENCREATED", "WHENMODIFIED")
    )
    assert created - modified == datetime.timedelta(hours=7)


def test_sums_and_counts(wire: Wire) -> None:
    some(wire)
    select = "<field>CUSTOMERID</field><sum>TOTALDUE</sum><count>RECORDNO</count>"
    call = f"<query><object>ARINVOICE</object><select>{select}</select></query>"
    assert values(wire, call, "SUM.TOTALDUE") == ["200", "100"]
    assert values(wire, call, "COUNT.RECORDNO") == ["2", "1"]
