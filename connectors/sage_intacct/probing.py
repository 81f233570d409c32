"""What is not published, or differs between companies, asked of a company by reading alone.

`lookup` tells the fields of an object, `inspect` their lengths. https://developer.intacct.com/api/platform-services/
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from connectors.base import Check, Finding, Layer, Response
from connectors.errors import ConnectorError
from connectors.sage_intacct import said
from connectors.sage_intacct.answers import Answer, Result, Row
from connectors.sage_intacct.documents import LENGTHS
from connectors.sage_intacct.markup import Node
from connectors.sage_intacct.ping import JOURNALS, PAYABLE, PURCHASING, RECEIVABLE
from connectors.sage_intacct.query import Query
from connectors.sage_intacct.sessions import Session
from connectors.sage_intacct.shelves import OTHER_RECEIPT_KEY, SHELVES

REFERENCES: Final = ("DOCNUMBER", "REFID", "REFERENCENO", "REFERENCE", "RECORDID")
"""Fields that may hold the reference of another receipt, the likeliest first."""
ELSEWHERE: Final[Mapping[str, tuple[str, ...]]] = {"OTHERRECEIPTS.PAYEE": ("PAYER",)}
"""What we send under one name and the object may show under another."""
REVERSAL: Final = (
    "Look under Accounts Receivable > Setup > Configure Accounts Receivable; or probe a sandbox with --write, which"
    " reverses an invoice."
)


Outcome = Literal["ok", "failed", "warning", "not_checkable"]


class Client(Protocol):
    needs: frozenset[str]

    def sign_in(self, entity: str = "") -> tuple[Session, Answer, Response]: ...
    def call(self, nodes: Sequence[Node], entity: str = "") -> list[Result]: ...
    def rows(self, queries: Sequence[Query], entity: str = "") -> list[list[Row]]: ...


def probe(client: Client, detailed: Client) -> Iterator[Finding]:
    """Each finding as it is made. Raises what the sign-in raises; what fails later is said in its place.

    `detailed`: the same client, asking for more about each error.
    """
    _, answer, _ = client.sign_in()
    yield _session(answer)
    yield _setup(client)
    objects = _objects(client.needs)
    described = _described(client, objects)
    for name, kinds in objects.items():
        yield _object(name, kinds, described[name], required=bool(client.needs))
    if "OTHERRECEIPTS" in described:
        yield _other_receipt(client, described["OTHERRECEIPTS"])
    yield _lengths(client)
    yield _error_info(detailed)
    yield found(
        "settings", "reversal", "Reversal of unpaid invoices", "not_checkable", "No function tells it.", REVERSAL
    )


# --- the company ------------------------------------------------------------------------------------------------------


def _session(answer: Answer) -> Finding:
    if not answer.since or not answer.until:
        return found("sign-in", "session", "How long a session lasts", "not_checkable", "The answer does not tell.")
    minutes = (answer.until - answer.since).total_seconds() / 60
    return found("sign-in", "session", "How long a session lasts", "ok", f"{minutes:.0f} minutes")


def _setup(client: Client) -> Finding:
    """The names of its elements are not published: all that came are shown."""
    (result,) = client.call([("getFinancialSetup", "")])
    label = "The financial set-up"
    if result.status != "success":
        return found("settings", "setup", label, "failed", said.sentence(result.errors), "Give the user this right.")
    told = {name: text for row in (result.values, *result.rows) for name, text in row.items()}
    known = {name.rsplit(".", 1)[-1].replace("_", "") for name in told}
    shown = ", ".join(f"{name} {text}" for name, text in told.items() if text)
    lacking = sorted({"BASECURRENCY", "MULTICURRENCY"} - known)
    if lacking:
        cure = f"Set {' and '.join(lacking)} in the settings of the connection by hand, and tell support these names."
        return found("settings", "setup", label, "warning", shown or "nothing", cure)
    return found("settings", "setup", label, "ok", shown)


# --- objects and their fields -----------------------------------------------------------------------------------------


def _objects(needs: frozenset[str]) -> dict[str, list[str]]:
    """Object → kinds that are looked for in it; only of those that links post or refer to, once there are links."""
    found: dict[str, list[str]] = {}
    for kind, shelf in SHELVES.items():
        if not needs or kind in _looked_for(needs):
            found.setdefault(shelf.object, []).append(kind)
    return found


def _looked_for(needs: frozenset[str]) -> frozenset[str]:
    """Kinds go together: a flow may post another one than it names, and refers to others."""
    families = (RECEIVABLE, PAYABLE, PURCHASING | {"vendor"}, JOURNALS)
    return frozenset().union(*(family for family in families if needs & family))


def _described(client: Client, names: Mapping[str, Sequence[str]]) -> dict[str, Result]:
    return dict(zip(names, client.call([("lookup", [("object", name)]) for name in names]), strict=True))


def _object(name: str, kinds: list[str], result: Result, *, required: bool) -> Finding:
    label = f"Fields of {name}"
    fields = _names(result)
    if not fields:
        cure = "Give the user the right to this object, or switch off the flows that post it."
        bad: Outcome = "failed" if required and result.status == "failure" else "warning"
        said_ = said.sentence(result.errors) if result.status != "success" else "The company names none."
        return found("data", name, label, bad, said_, cure)
    needed = {n for kind in kinds for n in (SHELVES[kind].key, SHELVES[kind].party, SHELVES[kind].day) if n}
    needed |= {n for kind in kinds for n in SHELVES[kind].fields}
    wished = {n for kind in kinds for n in SHELVES[kind].optional if "." not in n}  # the others are of another object
    lacking = sorted(needed - fields - (set(REFERENCES) if name == "OTHERRECEIPTS" else set()))
    if lacking:
        cure = "Keep its flows in preview: documents of this kind would not be found again. Send this to support."
        return found("data", name, label, "failed", f"It lacks {', '.join(lacking)}.", cure)
    without = sorted(wished - fields)
    return found("data", name, label, "ok", f"{len(fields)}; without {', '.join(without)}" if without else "all")


def _names(result: Result) -> frozenset[str]:
    return frozenset(row.get("ID") or row.get("NAME", "") for row in result.rows) - {""}


def _other_receipt(client: Client, result: Result) -> Finding:
    """Which field shows the reference that we send. Of several, the first that rows of this company have filled."""
    label = "Where another receipt shows its reference"
    candidates = [name for name in REFERENCES if name in _names(result)]
    if not candidates:
        cure = "Look up the name of the field, and set other_receipt_key in the settings of the connection."
        return found("data", OTHER_RECEIPT_KEY, label, "failed", "None of the known names is there.", cure)
    filled = [name for name in candidates if _filled(client, name)]
    chosen = (filled or candidates)[0]
    sure = bool(filled) or len(candidates) == 1
    doubt = "" if sure else f"; no receipt is there yet to show that it is not {' or '.join(candidates[1:])}"
    return found("data", OTHER_RECEIPT_KEY, label, "ok", chosen + doubt, settings={OTHER_RECEIPT_KEY: chosen})


def _filled(client: Client, name: str) -> bool:
    (result,) = client.call([Query("OTHERRECEIPTS", ("RECORDNO", name), page=100).node()])
    return any(row.get(name) for row in result.rows)


def _lengths(client: Client) -> Finding:
    """What fits into the fields whose length is checked before sending."""
    names = list(dict.fromkeys(at.partition(".")[0] for at in LENGTHS))
    results = client.call([("inspect", [("@detail", "1"), ("object", name)]) for name in names])
    told = {name: _longest(result) for name, result in zip(names, results, strict=True)}
    lengths = {at: length for at in LENGTHS if (length := _length(told, at))}
    missing = sorted(set(LENGTHS) - set(lengths))
    said_ = f"{len(lengths)} of {len(LENGTHS)} are told"
    if missing:
        said_ += f"; not {', '.join(missing)}"
    outcome: Outcome = "ok" if lengths else "not_checkable"
    return found("data", "field_lengths", "Lengths of fields", outcome, said_, settings={"field_lengths": lengths})


def _longest(result: Result) -> dict[str, int]:
    pairs = [(row.get("NAME") or row.get("ID", ""), row.get("MAXLENGTH", "")) for row in result.rows]
    return {name: int(text) for name, text in pairs if text.isdigit() and int(text) > 0}


def _length(told: Mapping[str, Mapping[str, int]], at: str) -> int:
    """Fields of an address may stand below the field that holds it."""
    name, _, field = at.partition(".")
    wanted = (field, *ELSEWHERE.get(at, ()))
    fits = [length for own, length in told[name].items() if own.rpartition(".")[2] in wanted]
    return min(fits, default=0)


# --- errors -----------------------------------------------------------------------------------------------------------


def _error_info(detailed: Client) -> Finding:
    """A query that must fail: with `showadditionalerrorinfo`, errors have more exact names."""
    label, key = "More exact names of errors", "additional_error_info"
    try:
        (result,) = detailed.call([Query("CUSTOMER", ("RECORDNO", "NO_SUCH_FIELD"), page=1).node()])
    except ConnectorError as error:
        return found("settings", key, label, "warning", error.said, settings={key: False})
    named = next((error.id for error in result.errors if error.id), "")
    said_ = f"it names them, {named} for instance" if named else "it does not name them"
    return found("settings", key, label, "ok", said_, settings={key: bool(named)})


def found(
    layer: Layer,
    key: str,
    label: str,
    outcome: Outcome,
    said: str = "",
    cure: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Finding:
    return Finding(Check(layer, key, label, outcome, said, cure), settings or {})


def moment(text: str) -> datetime | None:
    """mm/dd/yyyy hh:mm:ss, as audit times are written; without a zone."""
    try:
        return datetime.strptime(text, "%m/%d/%Y %H:%M:%S")  # noqa: DTZ007 - its zone is what is asked
    except ValueError:
        return None
