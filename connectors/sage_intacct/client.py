"""The wire to Sage Intacct: signs in, sends each request once, reads what came back.

A write is never repeated here. What cannot be told from an answer is said to be unclear, never guessed.
"""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import unescape

from connectors.base import (
    Access,
    Account,
    Announce,
    Answer,
    Call,
    Check,
    Choice,
    Document,
    Done,
    Finding,
    Found,
    Identity,
    Look,
    Ref,
    Response,
)
from connectors.errors import ConnectorError, Denied, Malformed, Refused, SessionLost, Unavailable
from connectors.sage_intacct import answers, choices, find, ping, probing, proofs, said, sessions, shelves, writing
from connectors.sage_intacct.answers import Result, Row
from connectors.sage_intacct.documents import AnyDocument, Fit, PurchaseOrder, VendorCredit
from connectors.sage_intacct.documents.payable import PROOF, RAISES
from connectors.sage_intacct.documents.purchase import POSTING
from connectors.sage_intacct.limits import LIMITS
from connectors.sage_intacct.markup import Login, Node, Sender, envelope, function
from connectors.sage_intacct.query import Query
from connectors.sage_intacct.sessions import Session
from connectors.sage_intacct.shelves import REVERSED, SHELVES

HEADERS: Final = {"content-type": "application/xml", "accept": "application/xml, text/xml"}
MOST_FUNCTIONS: Final = 50
"""Queries in one request; Sage names no limit and advises against many."""


class Intacct:
    """A client of one company. Target and examination; its state is the sessions and what fields the company lacks."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.credentials = access.credentials
        self._wire = access.wire
        self._missing: dict[str, frozenset[str]] = {}
        self._names = shelves.names(access.settings)
        self.needs = frozenset(access.settings.get("kinds") or ())
        self._silent: set[str] = set()
        self._credit_lowers: bool | None = access.settings.get("credit_lowers")

    # --- what every system has

    def account(self) -> Account:
        return ping.account(self)

    def examine(self) -> Iterator[Check]:
        return ping.examine(self)

    def choices(self, table: str) -> Iterator[Choice]:
        return choices.offered(self, table)

    def probe(self) -> Iterator[Finding]:
        return probing.probe(self, self._detailed())

    def probe_by_writing(self, given: Mapping[str, str]) -> Iterator[Finding]:
        return writing.probe(self, given)

    def _detailed(self) -> "Intacct":
        """The same, asking for more about each error."""
        return Intacct(replace(self._access, settings={**self._access.settings, "additional_error_info": True}))

    # --- target

    def look(self, documents: Sequence[Document]) -> Sequence[Look]:
        if not documents:
            return []
        entity = documents[0].session
        looks = find.look(documents, lambda queries: self.rows(queries, entity), multi=self._multi)
        if documents[0].kind == PurchaseOrder.kind:
            return self._first_order(documents, looks)
        return self._first_credit(looks) if documents[0].kind == VendorCredit.kind else looks

    def read(self, kind: str, ids: Sequence[str], session: str = "") -> Sequence[Found | None]:
        if not ids:
            return []
        found = find.read(kind, ids, lambda queries: self.rows(queries, session), multi=self._multi)
        raises = kind == VendorCredit.kind and any(found) and self.credit_lowers() is False
        return [one and replace(one, raw={**one.raw, RAISES: "true"}) for one in found] if raises else found

    def render(self, document: AnyDocument, look: Look, before: Document | None) -> Call:
        fit = Fit(self._access.settings.get("field_lengths") or {})
        body = function(document.control, document.node(look, before, fit))
        return Call(document.control, document.kind, body, document.session)

    def send(self, calls: Sequence[Call], announce: Announce) -> Mapping[str, Answer]:
        """All calls in one request; each commits alone. Raises as `Target.send` says."""
        entity = calls[0].session
        session = self._session(entity)
        response = self._post(session.endpoint, session.id, [c.body for c in calls], unique=True, announce=announce)
        try:
            answer = self._read(response, session=True)
        except SessionLost:
            sessions.drop(self._access.sessions, self._entity(entity), session)
            raise
        self._extend(entity, session, answer, response)
        return _answered(calls, answer)

    def finish(self, document: Document, id: str) -> Done:
        """Nothing is left to do here; says the state in which the document stands."""
        (there,) = self.read(document.kind, [id], document.session)
        if there is None:
            return Done(id)
        return Done(id, there.number, there.state, there.url)

    # --- what only the ledger tells of payables

    def credit_lowers(self) -> bool | None:
        """Whether credits lower what is owed; None: not told yet. Once proved, it is not asked again."""
        if self._credit_lowers is None:
            self._credit_lowers = proofs.credit_lowers(self.call, self.rows)
        return self._credit_lowers

    def order_postings(self, order: Found) -> list[str]:
        """What a purchase order posted, against what was said of its definition."""
        return proofs.order_postings(order, self.rows)

    def _first_credit(self, looks: Sequence[Look]) -> Sequence[Look]:
        """Until the ledger has proved that credits lower what is owed, one goes at a time."""
        proved = self.credit_lowers()
        return looks if proved else _one_at_a_time(looks, PROOF, "raises" if proved is False else "first")

    def _first_order(self, documents: Sequence[Document], looks: Sequence[Look]) -> Sequence[Look]:
        """Until an order of a definition was seen to post nothing, one of it goes at a time."""
        told = [document.identity().party for document in documents]
        for definition in set(told) - self._silent:
            posts = proofs.definition_posts(definition, self.call, self.rows)
            if posts is False:
                self._silent.add(definition)
                continue
            mine = [place for place, one in enumerate(told) if one == definition]
            marked = _one_at_a_time([looks[place] for place in mine], POSTING, "posts" if posts else "first")
            looks = [marked[mine.index(n)] if n in mine else look for n, look in enumerate(looks)]
        return looks

    # --- reading

    def rows(self, queries: Sequence[Query], entity: str = "") -> list[list[Row]]:
        """All rows of each query, all pages; the queries go together in one request per round."""
        rows: list[list[Row]] = [[] for _ in queries]
        queries = [query.called(self._names.get(query.object, {})) for query in queries]
        pending = [(place, part) for place, query in enumerate(queries) for part in query.chunks() if not _empty(query)]
        while pending:
            now, pending = pending[:MOST_FUNCTIONS], pending[MOST_FUNCTIONS:]
            for (place, query), page in zip(now, self._pages([query for _, query in now], entity), strict=True):
                rows[place] += page.rows
                if following := query.following(page):
                    pending.append((place, following))
        return [self._ours(query, found) for query, found in zip(queries, rows, strict=True)]

    def _ours(self, query: Query, rows: list[Row]) -> list[Row]:
        theirs = {own: name for name, own in self._names.get(query.object, {}).items()}
        return [{theirs.get(name, name): text for name, text in row.items()} for row in rows] if theirs else rows

    def call(self, nodes: Sequence[Node], entity: str = "") -> list[Result]:
        """Reading functions, the result of each, failed or not. Signs in anew once if the session has lapsed."""
        try:
            return self._call(nodes, entity)
        except SessionLost:
            return self._call(nodes, entity)

    def _pages(self, queries: Sequence[Query], entity: str) -> list[Result]:
        results = self._ask(queries, entity)
        lacking = [q for q, result in zip(queries, results, strict=True) if self._learn(q, result)]
        if lacking:
            results = self._ask(queries, entity)
        for result in results:
            if result.status != "success":
                raise said.of_read(result.errors)
        return results

    def _ask(self, queries: Sequence[Query], entity: str) -> list[Result]:
        return self.call([query.node(self._missing.get(query.object, frozenset())) for query in queries], entity)

    def _learn(self, query: Query, result: Result) -> bool:
        """Whether the query failed for optional fields that the company lacks; they are left out from now on."""
        if not said.about_fields(result.errors):
            return False
        known, optional = self._missing.get(query.object, frozenset()), frozenset(query.optional)
        lacking = said.names_in(result.errors) & optional or optional
        self._missing[query.object] = known | lacking
        return bool(lacking - known)

    def _call(self, nodes: Sequence[Node], entity: str) -> list[Result]:
        session = self._session(entity)
        names = [f"r{number}" for number in range(1, len(nodes) + 1)]
        bodies = [function(name, node) for name, node in zip(names, nodes, strict=True)]
        response = self._post(session.endpoint, session.id, bodies, unique=False)
        try:
            answer = self._read(response, session=True)
        except SessionLost:
            sessions.drop(self._access.sessions, self._entity(entity), session)
            raise
        self._extend(entity, session, answer, response)
        results = answer.by_control()
        if set(results) != set(names):
            raise Malformed("result", "not every function has an answer")
        return [results[name] for name in names]

    # --- signing in

    def sign_in(self, entity: str = "") -> tuple[Session, answers.Answer, Response]:
        """A new session for the entity, from the gateway. https://developer.intacct.com/web-services/sessions/"""
        mine = self.credentials
        login = Login(mine.user_id, mine.company_id, mine.user_password, self._entity(entity))
        body = function("session", ("getAPISession", ""))
        response = self._post(mine.endpoint, login, [body], unique=False)
        answer = self._read(response, session=False)
        result = answer.by_control().get("session")
        if result is None:
            raise Malformed("getAPISession", "has no answer")
        if result.status != "success":
            raise Denied(said.sentence(result.errors), code="session.refused", cure="Send the texts to support.")
        session = sessions.opened(answer, result, response, mine.endpoint, self._owner)
        sessions.save(self._access.sessions, self._entity(entity), session)
        return session, answer, response

    def _session(self, entity: str) -> Session:
        kept = sessions.load(self._access.sessions, self._entity(entity), self._owner)
        return kept or self.sign_in(entity)[0]

    def _extend(self, entity: str, session: Session, answer: answers.Answer, response: Response) -> None:
        later = sessions.extended(session, answer, response)
        if abs(later.until - session.until) > 60:
            sessions.save(self._access.sessions, self._entity(entity), later)

    def _entity(self, entity: str) -> str:
        """The entity of a session; a connection may stand in one as a whole."""
        return entity or str(self.credentials.entity_id)

    # --- the request

    def _post(
        self, url: str, by: Login | str, functions: Sequence[bytes], *, unique: bool, announce: Announce | None = None
    ) -> Response:
        body = envelope(
            Sender(self.credentials.sender_id, self.credentials.sender_password),
            by,
            functions,
            # only tells requests apart; what keeps a function from running twice is its own control id
            control=uuid.uuid4().hex,
            unique=unique,
            detailed=bool(self._access.settings.get("additional_error_info")),
        )
        # of a write this is the most it may take; what was announced ends it
        name, usual = ("write_seconds", LIMITS.write_deadline) if announce else ("read_seconds", LIMITS.read_deadline)
        seconds = float(self._access.settings.get(name, usual))
        return self._wire.request(
            "POST", url, headers=HEADERS, content=body, seconds=seconds, announce=announce, limit=answers.LIMIT
        )

    def _read(self, response: Response, *, session: bool) -> answers.Answer:
        """The answer, if the functions were run; else raises what stood before them."""
        try:
            answer = answers.read(response.body)
        except (Unavailable, Malformed):
            error = said.of_status(response.status, response.headers)
            if error:
                raise error from None
            raise
        above = said.of_answer(answer, response.status, response.headers, session=session)
        if above:
            raise above
        if not 200 <= response.status < 300:
            raise said.of_status(response.status, response.headers) or Malformed("status", str(response.status))
        return answer

    @property
    def _owner(self) -> str:
        mine = self.credentials
        return f"{mine.company_id}|{mine.user_id}|{mine.sender_id}|{mine.endpoint}"

    @property
    def _multi(self) -> bool | None:
        known: Any = self._access.settings.get("multi_currency")
        return None if known is None else bool(known)


def _empty(query: Query) -> bool:
    """A query for no value at all would ask for every row."""
    return bool(query.field) and not query.values


# --- what became of the calls -----------------------------------------------------------------------------------------


def _answered(calls: Sequence[Call], answer: answers.Answer) -> dict[str, Answer]:
    """By control id, never by position. Whatever is not exactly told is left out: its outcome is unclear."""
    results = answer.by_control()
    found = {call.control: _of(call, results[call.control]) for call in calls if call.control in results}
    return {control: outcome for control, outcome in found.items() if outcome is not None}


_ASKED: Final = re.compile(rb'<function [^>]*><(\w+)(?: key="([^"]+)")?>(?:<appaymentkeys><appaymentkey>(\d+)<)?')


def _of(call: Call, result: Result) -> Done | ConnectorError | None:
    if result.status == "success":
        row = result.rows[0] if result.rows else {}
        record = _reversed(call, result.key or row.get("RECORDNO", ""))
        return Done(record, url=row.get("RECORD_URL", "")) if record else None
    if result.status in ("failure", "aborted"):
        error = said.of_write(result.errors)
        return said.of_kind(call.kind, error) if isinstance(error, Refused) else error
    return None


def _one_at_a_time(looks: Sequence[Look], ref: Ref, state: str) -> list[Look]:
    """The first that is not there yet may go (`first`), or none may (any other state)."""
    first = next((place for place, look in enumerate(looks) if not look.hits), -1)
    states = [state if state != "first" or place == first else "not proved" for place in range(len(looks))]
    return [look_with(ref, look, one) for look, one in zip(looks, states, strict=True)]


def look_with(ref: Ref, look: Look, state: str) -> Look:
    """The look, with one thing more that it showed."""
    shown = Found("", Identity(ref.kind, ref.key, "", "", Decimal(0), None), state=state)
    return Look(look.hits, {**look.refs, ref: shown})


def _reversed(call: Call, made: str) -> str:
    """The id of what was reversed, with its object; of a credit that stands for a reversal: the credit's."""
    undoing = REVERSED.get(call.kind)
    if undoing is None:
        return made
    asked = _ASKED.match(call.body)
    if asked and asked.group(1).decode() == undoing.function:
        return f"{SHELVES[undoing.of].object}/{unescape((asked.group(2) or asked.group(3)).decode())}"
    return f"{SHELVES[undoing.credit].object}/{made}"
