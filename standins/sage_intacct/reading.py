"""The functions that read: query, readByQuery with readMore, read, readByName, lookup, inspect (sheet 6)."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from secrets import token_hex
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from . import ledger, sqlish, subledger
from .bodies import flag, text
from .books import Company
from .objects import OBJECTS, Field, Obj
from .refusal import Refusal, format_wrong, invalid
from .store import INDEXED, Row
from .values import Operand, written

Node = etree._Element
Test = Callable[[Row], bool]
PAGE, MOST, KEYS = 100, 2000, 100


@dataclass(frozen=True)
class Found:
    """What a read answers: rows of name and text, and the attributes of `data`."""

    tag: str
    rows: Sequence[Sequence[tuple[str, str]]]
    attributes: dict[str, str]
    nested: Sequence[tuple[str, str, Sequence[Sequence[tuple[str, str]]]]] = ()
    as_json: bool = False


def object_of(name: str) -> Obj:
    obj = OBJECTS.get(name.upper())
    if obj is None:
        raise invalid(f"Object definition {name} not found")
    return obj


# what a row shows


def column(company: Company, obj: Obj, path: str) -> Callable[[Row], Any] | None:
    """A reader of one field, with relations by dot; None where the object has no such field."""
    own = (
        {f"REQUIRE{ledger.own_name(name)}" for name in ledger.own_dimensions(company)} if obj.id == "ACCOUNTNO" else ()
    )
    if path in obj.fields or path in company.setup["CUSTOM"].get(obj.name, ()) or path in own:
        if path in ("UPDATES_GL", "POSTTOGL") and company.knobs.definition_posting == "hidden":
            return None
        if path == "TOTALDUE" and obj.id in ("CUSTOMERID", "VENDORID"):
            return lambda row: _open_of(company, obj, row)
        if path == "RECORD_URL":
            return lambda row: record_url(company, obj.name, row)
        return lambda row: row.get(path)
    head, _, rest = path.partition(".")
    if head not in obj.relations or not rest:
        return None
    name, pointer = obj.relations[head]
    other = OBJECTS[name]
    inner = column(company, other, rest)
    if inner is None:
        return None
    known = inner

    def through(row: Row) -> Any:
        found = company.master(name, other.id, row.get(pointer) or row.get("DISPLAYCONTACTKEY") or "")
        return known(found) if found else None

    return through


def record_url(company: Company, name: str, row: Row) -> str:
    return f"https://stand-in.invalid/ia/acct/ur.phtml?.r={company.id}-{name}-{row['RECORDNO']}"


def _open_of(company: Company, obj: Obj, row: Row) -> Decimal:
    return subledger.owed(company, obj.name, row[obj.id])


def visible(company: Company, name: str, rows: Iterable[Row], *, private: bool) -> list[Row]:
    """Rows of this level that are old enough to be seen, by RECORDNO."""
    latest = company.books.now() - company.knobs.visible_after
    kept = [
        row
        for row in rows
        if row.get("_AT", 0) <= latest
        and (private or not row.get("MEGAENTITYID") or row["MEGAENTITYID"] == company.entity)
    ]
    return sorted(kept, key=lambda row: int(row["RECORDNO"]))


# query


def query(company: Company, node: Node) -> Found:
    obj = object_of(text(node, "object"))
    company.must_be_allowed("READ_BY_QUERY", obj.name)
    columns = _columns(company, obj, node)
    filter_ = next(iter(node.findall("filter/*")), None)
    fold = flag(node, "options/caseinsensitive", "false")
    test = _test(company, obj, filter_, fold=fold) if filter_ is not None else None
    private = flag(node, "options/showprivate", "false")
    rows = visible(company, obj.name, _candidates(company, obj, filter_, fold), private=private)
    rows = [row for row in rows if test is None or test(row)]
    rows = _ordered(company, obj, node, rows)
    shown = _aggregated(node, columns, rows) if _has_aggregate(node) else [_shown(columns, row) for row in rows]
    size, offset = int(text(node, "pagesize") or PAGE), int(text(node, "offset") or 0)
    page = shown[offset : offset + size]
    rest = max(0, len(shown) - offset - len(page))
    counts = {"totalcount": len(shown), "offset": offset, "count": len(page), "numremaining": rest}
    attributes = {"listtype": obj.name, **{name: str(value) for name, value in counts.items()}}
    return Found(obj.name, page, attributes, as_json=text(node, "options/returnformat") == "json")


def _columns(company: Company, obj: Obj, node: Node) -> list[tuple[str, Callable[[Row], Any]]]:
    wanted = [(str(part.tag), (part.text or "").strip()) for part in node.iterfind("select/*")]
    if not wanted:
        raise invalid("The select of a query must name at least one field.")
    asked = {name for _, name in wanted} | {(f.text or "").strip() for f in node.iter("field")}
    readers = {name: column(company, obj, name) for name in asked}
    if unknown := sorted(name for name, reader in readers.items() if reader is None):
        raise Refusal("XL03000006", f"The following fields cannot be queried: [{obj.name}: [{','.join(unknown)}] ]")
    return [
        (name if kind == "field" else f"{kind.upper()}.{name}", reader)
        for kind, name in wanted
        if (reader := readers[name]) is not None
    ]


def _shown(columns: Sequence[tuple[str, Callable[[Row], Any]]], row: Row) -> list[tuple[str, str]]:
    return [(name, written(read(row))) for name, read in columns]


def _candidates(company: Company, obj: Obj, filter_: Node | None, fold: bool) -> Iterable[Row]:
    """All rows, or those of an index where the filter pins an indexed field."""
    table = company.rows(obj.name)
    if filter_ is None or fold:
        return table.values()
    for node in [filter_, *filter_] if filter_.tag == "and" else [filter_]:
        if node.tag not in ("equalto", "in") or text(node, "field") not in INDEXED - {"MEGAENTITYID"}:
            continue
        name = text(node, "field")
        numeric = obj.fields[name].type == "INTEGER" if name in obj.fields else False
        values = {(value.text or "").strip() for value in node.iterfind("value")}
        keys = {int(v) if numeric and v.isdigit() else v for v in values}
        return [row for value in keys for row in company.find(obj.name, name, value)]
    return table.values()


def _test(company: Company, obj: Obj, node: Node, *, fold: bool) -> Test:
    if node.tag in ("and", "or"):
        tests = [_test(company, obj, child, fold=fold) for child in node if isinstance(child.tag, str)]
        if node.tag == "and":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)
    reader = column(company, obj, text(node, "field"))
    assert reader is not None, "unknown fields have been refused"
    values = [(value.text or "").strip() for value in node.iterfind("value")]
    return compare(str(node.tag), reader, values, fold=fold)


def compare(operator: str, read: Callable[[Row], Any], values: Sequence[str], *, fold: bool = False) -> Test:
    operands = [Operand(value, fold=fold) for value in values]
    if operator in ("isnull", "isnotnull"):
        return lambda row: (read(row) in (None, "")) == (operator == "isnull")
    if operator in ("like", "notlike"):
        pattern = re.compile(
            re.escape(values[0]).replace("%", ".*"), re.DOTALL | (re.IGNORECASE if fold else re.NOFLAG)
        )
        return lambda row: (
            read(row) not in (None, "") and bool(pattern.fullmatch(written(read(row)))) == (operator == "like")
        )
    if operator in ("in", "notin"):
        return _among(read, operands, wanted=operator == "in")
    if operator == "between":
        low, high = operands
        return lambda row: _holds(read(row), low, (0, 1)) and _holds(read(row), high, (0, -1))
    wanted = {
        "equalto": (0,), "notequalto": (-1, 1), "lessthan": (-1,), "lessthanorequalto": (-1, 0), "greaterthan": (1,),
        "greaterthanorequalto": (0, 1),
    }[operator]  # fmt: skip
    return lambda row: _holds(read(row), operands[0], wanted)


def _among(read: Callable[[Row], Any], operands: Sequence[Operand], *, wanted: bool) -> Test:
    texts = {operand.text for operand in operands}

    def test(row: Row) -> bool:
        value = read(row)
        if value is None or value == "":
            return False
        # the text decides at once in nearly all cases; 1 against 1.00 needs the comparison
        hit = written(value) in texts or any(operand.compare(value) == 0 for operand in operands if operand.number)
        return hit == wanted

    return test


def _holds(value: Any, operand: Operand, wanted: tuple[int, ...]) -> bool:
    return value is not None and value != "" and operand.compare(value) in wanted


def _ordered(company: Company, obj: Obj, node: Node, rows: list[Row]) -> list[Row]:
    for order in reversed(node.findall("orderby/order")):
        reader = column(company, obj, text(order, "field"))
        assert reader is not None, "unknown fields have been refused"
        read = reader
        rows = sorted(rows, key=lambda row: _sortable(read(row)), reverse=order.find("descending") is not None)
    return rows


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, "") if value is None else (1, value)


def _has_aggregate(node: Node) -> bool:
    return any(part.tag != "field" for part in node.iterfind("select/*"))


def _aggregated(
    node: Node, columns: Sequence[tuple[str, Callable[[Row], Any]]], rows: Sequence[Row]
) -> list[list[tuple[str, str]]]:
    kinds = [str(part.tag) for part in node.iterfind("select/*")]
    groups: dict[tuple[str, ...], list[Row]] = {}
    plain = [read for kind, (_, read) in zip(kinds, columns, strict=True) if kind == "field"]
    for row in rows:
        groups.setdefault(tuple(written(read(row)) for read in plain), []).append(row)
    return [
        [(name, written(_aggregate(kind, read, group))) for kind, (name, read) in zip(kinds, columns, strict=True)]
        for group in groups.values()
    ]


def _aggregate(kind: str, read: Callable[[Row], Any], rows: Sequence[Row]) -> Any:
    values = [value for row in rows if (value := read(row)) not in (None, "")]
    match kind:
        case "field":
            return read(rows[0])
        case "count":
            return len(values)
        case "sum":
            return sum(values, Decimal(0))
        case "avg":
            return (Decimal(sum(values, Decimal(0))) / len(values)).quantize(Decimal("0.01")) if values else None
    return (min if kind == "min" else max)(values, default=None)


# read, readByName


def read(company: Company, node: Node, *, by_name: bool) -> Found:
    spoken = text(node, "object")
    obj = object_of(spoken)
    company.must_be_allowed("READ", obj.name)
    keys = [part.strip() for part in text(node, "keys").split(",") if part.strip()]
    if len(keys) > KEYS:
        raise invalid(f"At most {KEYS} keys may be read at once.")
    rows = [row for key in keys for row in _by_key(company, obj, key, by_name=by_name)]
    rows = [row for row in rows if row in visible(company, obj.name, rows, private=True)]
    columns = _listed(company, obj, text(node, "fields") or "*")
    shown = [_shown(columns, row) for row in rows]
    owned = _owned(company, obj, rows) if text(node, "fields") in ("", "*") else []
    tag = spoken if spoken == spoken.lower() else obj.name
    return Found(tag, shown, {"listtype": spoken, "count": str(len(shown))}, owned)


def _by_key(company: Company, obj: Obj, key: str, *, by_name: bool) -> list[Row]:
    if not by_name:
        row = company.get(obj.name, int(key)) if key.isdigit() else None
        return [row] if row else []
    if obj.id != "RECORDNO":
        row = company.master(obj.name, obj.id, key)
        return [row] if row else []
    return company.find(obj.name, "DOCID" if obj.name == "PODOCUMENT" else "RECORDID", key)


def _listed(company: Company, obj: Obj, fields: str) -> list[tuple[str, Callable[[Row], Any]]]:
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if names == ["*"]:
        names = [*obj.fields, *company.setup["CUSTOM"].get(obj.name, ())]
        if "DISPLAYCONTACT" in obj.relations:
            names += [f"DISPLAYCONTACT.{name}" for name in OBJECTS["CONTACT"].fields]
    readers = [(name, column(company, obj, name)) for name in names]
    if unknown := [name for name, reader in readers if reader is None]:
        raise Refusal("Query Failed", f"Invalid fields list {','.join(unknown)}")
    return [(name, reader) for name, reader in readers if reader is not None]


OWNED = {
    "ARINVOICE": ("ARINVOICEITEMS", "ARINVOICEITEM", "RECORDKEY"),
    "ARADJUSTMENT": ("ARADJUSTMENTITEMS", "ARADJUSTMENTITEM", "RECORDKEY"),
    "APBILL": ("APBILLITEMS", "APBILLITEM", "RECORDKEY"),
    "APADJUSTMENT": ("APADJUSTMENTITEMS", "APADJUSTMENTITEM", "RECORDKEY"),
    "GLBATCH": ("ENTRIES", "GLENTRY", "BATCHNO"),
    "ARPYMT": ("ARPYMTDETAILS", "ARPYMTDETAIL", "PAYMENTKEY"),
    "APPYMT": ("APPYMTDETAILS", "APPYMTDETAIL", "PAYMENTKEY"),
    "OTHERRECEIPTS": ("OTHERRECEIPTSENTRIES", "OTHERRECEIPTSENTRY", "RECORDKEY"),
}


def _owned(company: Company, obj: Obj, rows: Sequence[Row]) -> list[tuple[str, str, list[list[tuple[str, str]]]]]:
    if obj.name not in OWNED:
        return []
    collection, item, link = OWNED[obj.name]
    columns = _listed(company, OBJECTS[item], "*")
    return [
        (collection, item, [_shown(columns, line) for line in company.find(item, link, row["RECORDNO"])])
        for row in rows
    ]


# readByQuery, readMore


def read_by_query(company: Company, node: Node) -> Found:
    if (own := text(node, "object").upper()) in ledger.own_dimensions(company):
        return _own_values(company, own)
    obj = object_of(text(node, "object"))
    company.must_be_allowed("READ_BY_QUERY", obj.name)
    columns = _listed(company, obj, text(node, "fields") or "*")
    test = sqlish.parse(text(node, "query"), lambda name: _coded(company, obj, name))
    rows = [r for r in visible(company, obj.name, company.rows(obj.name).values(), private=True) if test(r)]
    size = int(text(node, "pagesize") or PAGE)
    if not 1 <= size <= 1000:
        raise invalid("The page size must be between 1 and 1000.")
    result = token_hex(16) if rows else ""
    shown = [_shown(columns, row) for row in rows]
    if rows:
        kept = {"OBJECT": obj.name, "ROWS": json.dumps(shown), "NEXT": size, "SIZE": size}
        company.put("_RESULT", result, kept)
    return _page(obj.name, shown, 0, size, result)


def _own_values(company: Company, name: str) -> Found:
    """Values of a dimension of the company's own: a platform object, whose fields are in lower case."""
    values = ledger.own_dimensions(company)[name]["values"]
    return _page(name, [[("id", key), ("name", value)] for key, value in values.items()], 0, 1000, "")


def read_more(company: Company, node: Node) -> Found:
    result = text(node, "resultId")
    kept = company.get("_RESULT", result)
    if kept is None:
        raise Refusal("readMore Failed", f"The result set {result} does not exist or has expired.")
    start, size = kept["NEXT"], kept["SIZE"]
    company.put("_RESULT", result, {**kept, "NEXT": start + size})
    return _page(kept["OBJECT"], json.loads(kept["ROWS"]), start, size, result)


def _page(name: str, shown: Sequence[Sequence[tuple[str, str]]], start: int, size: int, result: str) -> Found:
    page = shown[start : start + size]
    rest = max(0, len(shown) - start - len(page))
    counts = {"count": str(len(page)), "totalcount": str(len(shown)), "numremaining": str(rest), "resultId": result}
    return Found(name.lower(), page, {"listtype": name.lower(), **counts})


def _coded(company: Company, obj: Obj, name: str) -> Callable[[Row], Any]:
    """readByQuery compares what is stored, not the label that is shown (sheet 5.14)."""
    reader = column(company, obj, name.upper())
    if reader is None:
        raise Refusal("Query Failed", f"Invalid fields list {name}")
    if name.upper() == "STATE" and "RAWSTATE" in obj.fields:
        return lambda row: row.get("RAWSTATE")
    if name.upper() == "STATUS":
        return lambda row: "T" if row.get("STATUS") == "active" else "F"
    return reader


# lookup, inspect


def lookup(company: Company, node: Node) -> str:
    obj = object_of(text(node, "object"))
    fields = [_field_xml(field) for field in [*obj.fields.values(), *custom_of(company, obj)]]
    relations = [
        f"<Relationship><OBJECTPATH>{path}</OBJECTPATH><OBJECTNAME>{name}</OBJECTNAME><LABEL>{path}</LABEL>"
        f"<RELATIONSHIPTYPE>MANY2ONE</RELATIONSHIPTYPE><RELATEDBY>{by}</RELATEDBY></Relationship>"
        for path, (name, by) in obj.relations.items()
    ]
    return (
        f'<Type Name="{obj.name}" DocumentType=""><Fields>{"".join(fields)}</Fields>'
        f"<Relationships>{''.join(relations)}</Relationships></Type>"
    )


def custom_of(company: Company, obj: Obj) -> list[Field]:
    return [Field(name) for name in company.setup["CUSTOM"].get(obj.name, ())]


def _field_xml(field: Field) -> str:
    custom = "." not in field.name and field.name.startswith(("ML_", "STRIPE_"))
    return (
        f"<Field><ID>{field.name}</ID><LABEL>{field.name}</LABEL><DESCRIPTION></DESCRIPTION>"
        f"<REQUIRED>false</REQUIRED><READONLY>{written(field.readonly)}</READONLY>"
        f"<DATATYPE>{field.type}</DATATYPE><ISCUSTOM>{written(custom)}</ISCUSTOM></Field>"
    )


def inspect(company: Company, node: Node) -> str:
    name = text(node, "object") or text(node, "name")
    if name == "*":
        return "".join(f'<type typename="{obj.name}">{obj.label or obj.name}</type>' for obj in OBJECTS.values())
    obj = object_of(name)
    detail = node.get("detail") == "1"
    fields = [
        _inspected(field) if detail else f"<Field>{field.name}</Field>"
        for field in [*obj.fields.values(), *custom_of(company, obj)]
    ]
    return f'<Type Name="{obj.name}"><Fields>{"".join(fields)}</Fields></Type>'


def _inspected(field: Field) -> str:
    length = field.length or (0 if field.type != "TEXT" else 255)
    return (
        f"<Field><Name>{field.name}</Name><DisplayLabel>{field.name}</DisplayLabel>"
        f"<externalDataName>{field.type.lower()}</externalDataName><dataType>{field.type.lower()}</dataType>"
        f"<isRequired>false</isRequired><isReadOnly>{written(field.readonly)}</isReadOnly>"
        f"<maxLength>{length}</maxLength></Field>"
    )


def financial_setup(company: Company) -> str:
    """Names of the answer's elements are inferred; the page gives the values in words only (sheet 5.14)."""
    setup = company.setup
    values = {
        "baseCurrency": company.currency,
        "multiCurrency": written(bool(setup["MULTICURRENCY"])),
        "multiEntity": written(company.multi_entity),
        "firstFiscalMonth": "1",
        "companyName": setup["NAME"],
    }
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())


def dimensions(company: Company) -> str:
    """The names of the elements are those of a client's test; how they are nested is inferred."""
    kept = {name: (name, word, False) for name, word, _ in ledger.DIMENSIONS.values()}
    kept |= {name: (name, one["label"], True) for name, one in ledger.own_dimensions(company).items()}
    rows = "".join(
        f"<dimension><objectName>{name}</objectName><objectLabel>{escape(word)}</objectLabel>"
        f"<termLabel>{escape(word)}</termLabel><userDefinedDimension>{written(own)}</userDefinedDimension>"
        "<enabledInGL>true</enabledInGL></dimension>"
        for name, word, own in kept.values()
    )
    return f'<data listtype="dimensions" count="{len(kept)}">{rows}</data>'


def check_keys(text_: str) -> list[int]:
    keys = [part.strip() for part in text_.split(",") if part.strip()]
    if not keys or not all(part.isdigit() for part in keys):
        raise format_wrong(f"'{text_}' holds no valid record numbers.")
    return [int(part) for part in keys]
