"""The XML gateway: one address, in the order of checks of sheet section 11.

parse - schema - sender - sign-in - (company's slots) - functions in order, each with its control id. Faults come
before or after, as the script says.
"""

import gzip
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from lxml import etree

from standins.serve import Reply, Request

from . import answers, reading, schema, writing
from .answers import Result, Said, Signed
from .bodies import text
from .books import COMPANIES, SENDERS, UNIQUE, USERS, WORLD, Books, Company
from .faults import Rule, Taken
from .objects import OBJECTS
from .refusal import Error, Refusal
from .store import Row

PATH = "/ia/xml/xmlgw.phtml"
Node = etree._Element
READS = frozenset(
    "query readByQuery readMore read readByName lookup inspect getAPISession getFinancialSetup getDimensions".split()
)
_BAD_SIGN_IN = Error("XL03000006", "Sign-in information is incorrect")


@dataclass(frozen=True)
class Function:
    controlid: str
    name: str
    object: str
    node: Node

    @cached_property  # many rules look at one function
    def raw(self) -> bytes:
        return bytes(etree.tostring(self.node, encoding="utf-8", with_tail=False))


@dataclass(frozen=True)
class Envelope:
    said: Said
    password: str
    authentication: Node
    functions: list[Function]
    transaction: bool
    policy: str
    host: str
    path: str

    @property
    def unique(self) -> bool:
        return self.said.uniqueid != "false"

    @property
    def writes(self) -> bool:
        return any(function.name not in READS for function in self.functions)


class Stop(Exception):
    """An answer given before any function ran."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.reply = Reply(status, body, {"Content-Type": answers.CONTENT_TYPE})


class Died(Exception):
    """The script broke the process off in the middle of a request."""


class Gateway:
    def __init__(self, books: Books) -> None:
        self.books = books
        self.slots = Slots(books)

    def __call__(self, request: Request) -> Reply:
        if request.path not in (PATH, self.books.knobs.endpoint_path):
            return Reply(404, b"not found", {"Content-Type": "text/plain"})
        if request.method != "POST":
            return Reply(405, b"POST only", {"Content-Type": "text/plain", "Allow": "POST"})
        started = time.monotonic()
        log: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "functions": []}
        self.books.requests.append(log)
        self.books.count("requests")
        try:
            reply = self._answer(request, log)
        except Exception:  # noqa: BLE001  (a fault of the double itself must be seen, not look like a broken line)
            log["bug"] = traceback.format_exc()
            reply = Reply(500, log["bug"].encode(), {"Content-Type": "text/plain; charset=utf-8"})
        log |= {"http": reply.status, "ms": round((time.monotonic() - started) * 1000, 1), "end": reply.end}
        if self.books.knobs.gzip and reply.end == "whole" and "gzip" in request.headers.get("accept-encoding", ""):
            return replace(
                reply, body=gzip.compress(reply.body, 1), headers={**reply.headers, "Content-Encoding": "gzip"}
            )
        return reply

    def _answer(self, request: Request, log: dict[str, Any]) -> Reply:
        try:
            envelope = parse(self.books, request)
        except Stop as stop:
            log["refused"] = "envelope"
            return stop.reply
        log |= {"controlid": envelope.said.controlid, "transaction": envelope.transaction}
        log["functions"] = [{"name": f.name, "object": f.object, "controlid": f.controlid} for f in envelope.functions]
        taken = self.books.faults.take(envelope.functions, writes=envelope.writes)
        end = taken.end()
        if taken.rules:
            log["faults"] = [rule.fault for rule in taken.rules]
        if end and (reply := self._instead(envelope, taken, end, log)):
            return reply
        try:
            reply = self._run(envelope, taken, log)
        except Died:
            return Reply(end="reset")
        return spoiled(reply, end) if end else reply

    def _instead(self, envelope: Envelope, taken: Taken, end: Rule, log: dict[str, Any]) -> Reply | None:
        """Ends that come in place of the work, or let it happen later."""
        match end.fault:
            case "before":
                return Reply(end="reset")
            case "throttle":
                return throttled(end)
            case "poison":
                error = Error(
                    "XL03000003", "XML Parse schema error: Fatal Error 9: PCDATA invalid Char value 7. Line: 1"
                )
                return Stop(answers.control_failure(envelope.said, error)).reply
            case "http":
                return front(end)
            case "late":
                timer = threading.Timer(end.seconds, self._later, (envelope, taken, log))
                timer.daemon = True
                timer.start()
                return page(504, "Gateway time-out")
        return None

    def _later(self, envelope: Envelope, taken: Taken, log: dict[str, Any]) -> None:
        try:
            self._run(envelope, taken, log)
        except Died:
            pass

    def _run(self, envelope: Envelope, taken: Taken, log: dict[str, Any]) -> Reply:
        try:
            check_sender(self.books, envelope)
            self._expire_before(envelope, taken)
            company, signed = sign_in(self.books, envelope)
            with self.slots.one(company.id):
                time.sleep(self.books.knobs.latency)
                results = Functions(self.books, envelope, company, taken).run()
        except Stop as stop:
            log["refused"] = "before execution"
            return stop.reply
        for shown, result in zip(log["functions"], results, strict=False):
            shown |= {"status": result.status, "errors": [f"{e.number} {e.text}" for e in result.errors]}
        return Reply(200, answers.answered(envelope.said, signed, results), {"Content-Type": answers.CONTENT_TYPE})

    def _expire_before(self, envelope: Envelope, taken: Taken) -> None:
        for rule in taken.rules:
            if rule.fault == "expire_session" and (rule.with_.get("at") == "request" or not rule.names_function()):
                self.books.expire(text(envelope.authentication, "sessionid") or None)


def parse(books: Books, request: Request) -> Envelope:
    """The request, or `Stop` with a control failure."""
    knobs = books.knobs
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, huge_tree=True
    )
    try:
        root = etree.fromstring(request.body, parser)
        document: Any = root.getroottree().docinfo  # the stubs do not know its doctype
        if document.doctype:
            raise schema.Invalid("A document type declaration is not allowed.", 1, 502)
        said = _said(root, support_ids=knobs.support_ids)
        if knobs.schema == "strict" or root.find("control/controlid") is None:
            schema.check(root)
    except etree.XMLSyntaxError as error:
        line, at = error.position or (1, 1)
        message = str(error.msg).split(", line ")[0]
        code = int(getattr(error, "code", 0) or 0)  # of libxml2; the stubs do not know it
        raise _unreadable(Said(support_ids=knobs.support_ids), code, message, line, at) from None
    except schema.Invalid as error:
        echo = _said(root, support_ids=knobs.support_ids)
        raise _unreadable(echo, error.code, error.message, error.line, 0) from None
    functions = [_function(node) for node in root.iterfind("operation/content/function")]
    authentication = root.find("operation/authentication")
    assert authentication is not None
    operation = root.find("operation")
    transaction = operation is not None and operation.get("transaction") == "true"
    control = root.find("control")
    password, policy = text(control, "password"), text(control, "policyid")
    return Envelope(said, password, authentication, functions, transaction, policy, request.host, request.path)


def _function(node: Node) -> Function:
    call = next(child for child in node if isinstance(child.tag, str))
    name = str(call.tag)
    subject = ""
    if name in ("create", "update"):
        subject = next((str(child.tag).upper() for child in call if isinstance(child.tag, str)), "")
    elif call.find("object") is not None:
        subject = text(call, "object")
    return Function(node.get("controlid") or "", name, subject, call)


def _said(root: Node, *, support_ids: bool) -> Said:
    control = root.find("control")
    return Said(
        text(control, "senderid"),
        text(control, "controlid"),
        text(control, "uniqueid") or "true",
        text(control, "dtdversion"),
        text(control, "includewhitespace") != "false",
        text(control, "showadditionalerrorinfo") == "true",
        support_ids,
    )


def _unreadable(said: Said, code: int, message: str, line: int, column: int) -> Stop:
    place = f"Line: {line}, column: {column}." if column else f"Line: {line}."
    error = Error("XL03000003", f"XML Parse schema error: Fatal Error {code}: {message}. {place}")
    return Stop(answers.control_failure(said, error))


def check_sender(books: Books, envelope: Envelope) -> None:
    said = envelope.said
    sender = books.store.get(WORLD, SENDERS, said.senderid)
    if sender is None or sender["PASSWORD"] != envelope.password:
        error = Error("XL03000006", "Incorrect Intacct XML Partner ID or password.")
        raise Stop(answers.control_failure(said, error))
    if envelope.policy:
        error = Error("XL03000006", f"{envelope.policy} is not a valid transport policy.")
        raise Stop(answers.control_failure(said, error))


def sign_in(books: Books, envelope: Envelope) -> tuple[Company, Signed]:
    login = envelope.authentication.find("login")
    if login is not None:
        return _by_login(books, envelope, login)
    return _by_session(books, envelope, text(envelope.authentication, "sessionid"))


def _by_login(books: Books, envelope: Envelope, login: Node) -> tuple[Company, Signed]:
    company_id, user_id, entity = text(login, "companyid"), text(login, "userid"), text(login, "locationid")
    failed = Signed("failure", user_id, company_id)
    setup = books.store.get(WORLD, COMPANIES, company_id)
    if setup and setup["EXPIRED"]:
        error = Error("PL04000055", "This company is a demo company and has expired.")
        raise Stop(answers.control_failure(Said(support_ids=False), error))
    user = books.store.get(company_id, USERS, user_id) if setup else None
    known = bool(user and user["PASSWORD"] == text(login, "password"))
    if setup and known and entity:
        known = Company(books, company_id).master("LOCATIONENTITY", "LOCATIONID", entity) is not None
    if not setup or not user or not known:
        raise Stop(answers.refused_sign_in(replace(envelope.said, support_ids=False), failed, _BAD_SIGN_IN))
    _check_authorised(envelope, setup, failed)
    return _signed(books, company_id, user_id, entity, books.now())


def _by_session(books: Books, envelope: Envelope, session: str) -> tuple[Company, Signed]:
    row = books.session(session)
    if row is None or row["ENDPOINT"] != _endpoint(books, envelope):
        error = Error("XL03000006", f"Invalid session {session[:4]}....")
        said = replace(envelope.said, support_ids=False)
        raise Stop(answers.refused_sign_in(said, Signed("failure"), error))
    setup = books.store.get(WORLD, COMPANIES, row["COMPANY"])
    assert setup is not None
    _check_authorised(envelope, setup, Signed("failure", row["USER"], row["COMPANY"]))
    return _signed(books, row["COMPANY"], row["USER"], row["ENTITY"], books.now())


def _check_authorised(envelope: Envelope, setup: Row, failed: Signed) -> None:
    sender = envelope.said.senderid
    if sender in setup["SENDERS"]:
        return
    error = Error(
        "XL03000006",
        f"The sender ID {sender} is not authorized to make Web Services requests to company ID {setup['COMPANYID']}.",
        "Contact the company administrator to grant Web Services authorization to this sender ID.",
        "Invalid Web Services Authorization",
    )
    raise Stop(answers.refused_sign_in(replace(envelope.said, support_ids=False), failed, error))


def _signed(books: Books, company: str, user: str, entity: str, now: float) -> tuple[Company, Signed]:
    row = books.store.get(company, USERS, user) or {"DENIED": []}
    since, until = (_iso(at) for at in (now, now + books.knobs.session_seconds))
    return Company(books, company, entity, tuple(row["DENIED"])), Signed("success", user, company, entity, since, until)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def _endpoint(books: Books, envelope: Envelope) -> str:
    """Where the call came in; a session lives at one address only."""
    if books.knobs.endpoint:
        return books.knobs.endpoint
    return f"http://{envelope.host}{envelope.path}"


def issued_endpoint(books: Books, envelope: Envelope) -> str:
    return books.knobs.endpoint or f"http://{envelope.host}{books.knobs.endpoint_path}"


class Functions:
    """The functions of one request, in order."""

    def __init__(self, books: Books, envelope: Envelope, company: Company, taken: Taken) -> None:
        self.books, self.envelope, self.company, self.taken = books, envelope, company, taken
        self.session_gone = False
        self.acted: set[int] = set()

    def run(self) -> list[Result]:
        if not self.envelope.transaction:
            return [self._one(function) for function in self.envelope.functions]
        results: list[Result] = []
        try:
            with self.books.unit():
                for function in self.envelope.functions:
                    results.append(self._one(function))
                    if results[-1].status != "success":
                        raise _RolledBack
        except _RolledBack:
            return self._rolled_back(results)
        return results

    def _rolled_back(self, results: list[Result]) -> list[Result]:
        gone = [Result(r.function, r.controlid, "aborted", errors=[answers.ROLLED_BACK]) for r in results[:-1]]
        failed = replace(results[-1], errors=[*results[-1].errors, answers.ROLLED_BACK])
        after: list[Result] = []
        if self.books.knobs.after_failure == "aborted":
            left = self.envelope.functions[len(results) :]
            after = [Result(f.name, f.controlid, "aborted", errors=[answers.ROLLED_BACK]) for f in left]
        return [*gone, failed, *after]

    def _one(self, function: Function) -> Result:
        time.sleep(self.books.knobs.function_latency)
        result = Result(function.name, function.controlid)
        if scripted := self._scripted(function, result):
            return scripted
        with self.books.unit():
            if self._seen(function):
                return self._replayed(function, result)
            try:
                with self.books.store.unit():
                    self._carry_out(function, result)
            except Refusal as refusal:
                result.status, result.errors = "failure", refusal.errors
                result.data = answers.created([]) if function.name in ("create", "update") else ""
            if result.status == "success":
                self._remember(function)
        if any(rule.fault == "stop_here" and rule.with_.get("after") for rule in self.taken.on(function)):
            raise Died
        return result

    def _scripted(self, function: Function, result: Result) -> Result | None:
        for rule in self.taken.on(function):
            if id(rule) in self.acted:
                continue
            self.acted.add(id(rule))
            match rule.fault:
                case "stop_here" if not rule.with_.get("after"):
                    raise Died
                case "slow":
                    time.sleep(rule.seconds)
                case "close_period":
                    close_period(self.company, rule.with_)
                case "inactive":
                    make_inactive(self.company, rule.with_)
                case "expire_session" if rule.with_.get("at") != "request" and rule.names_function():
                    self.books.expire(text(self.envelope.authentication, "sessionid") or None)
                    self.session_gone = True
                case "abort_function":
                    return replace(result, status="aborted", errors=[answers.ROLLED_BACK])
                case "fail_function":
                    error = Error(rule.with_.get("errorno", "DL02000001"), rule.with_.get("text", _TEMPORARY))
                    return replace(result, status="failure", errors=[error])
        if self.session_gone:
            return replace(result, status="failure", errors=[Error("XL03000006", "Invalid session.")])
        return None

    # the table of completed control ids

    def _key(self, function: Function) -> str:
        return f"{self.envelope.said.senderid}|{function.controlid}"

    def _seen(self, function: Function) -> bool:
        knobs = self.books.knobs
        if not self.envelope.unique or knobs.uniqueid == "off":
            return False
        row = self.company.get(UNIQUE, self._key(function))
        kept = knobs.uniqueid_retention
        return row is not None and (kept is None or row["AT"] + kept > self.books.now())

    def _remember(self, function: Function) -> None:
        if self.envelope.unique:
            self.company.put(UNIQUE, self._key(function), {"AT": self.books.now()})

    def _replayed(self, function: Function, result: Result) -> Result:
        said = f"Function controlid {function.controlid} was already executed"
        error = Error("SBX-UNIQUEID-REPLAY", f"{said} (stand-in text; the real number and text are not public).")
        if self.books.knobs.uniqueid == "refuse_bl01001973":
            error = Error("BL01001973", f"{said}.")
        return replace(result, status="failure", errors=[error])

    # the work

    def _carry_out(self, function: Function, result: Result) -> None:
        name, node = function.name, function.node
        if name in ("create", "update"):
            self._objects(writing.create if name == "create" else writing.update, node, result)
        elif name == "delete":
            for key in reading.check_keys(text(node, "keys")):
                writing.delete(self.company, text(node, "object").upper(), key)
        elif name in writing.LEGACY:
            result.key = writing.legacy(self.company, name, node)
        elif name == "getAPISession":
            result.data = self._session(node)
        elif name in READ:
            result.data = READ[name](self.company, node)
        else:
            raise Refusal("BL01001973", f"This stand-in does not carry out {name} yet.")

    def _objects(self, carry_out: Callable[[Company, Node], writing.Made], node: Node, result: Result) -> None:
        """Each object commits by itself; one bad one makes the function a failure and leaves the others."""
        made: list[tuple[str, dict[str, Any]]] = []
        for child in node:
            if not isinstance(child.tag, str):
                continue
            try:
                one = carry_out(self.company, child)
                made.append((one.object.lower(), _created(self.company, one)))
            except Refusal as refusal:
                result.status = "failure"
                result.errors += refusal.errors
        result.data = answers.created(made)

    def _session(self, node: Node) -> str:
        location = node.find("locationid")
        entity = self.company.entity if location is None else (location.text or "").strip()
        if entity and not self.company.master("LOCATIONENTITY", "LOCATIONID", entity):
            raise Refusal("Get API Session Failed", f"The entity {entity} is not valid.")
        endpoint = issued_endpoint(self.books, self.envelope)
        user = text(self.envelope.authentication, "login/userid")
        if not user:
            row = self.books.session(text(self.envelope.authentication, "sessionid"))
            user = row["USER"] if row else ""
        session = self.books.log_in(self.company.id, user, entity, endpoint)
        parts = [answers.element("sessionid", session), answers.element("endpoint", endpoint)]
        return f"<data><api>{''.join(parts)}{answers.element('locationid', entity)}</api></data>"


class _RolledBack(Exception):
    pass


_TEMPORARY = "There was an error processing the request."


def _created(company: Company, one: writing.Made) -> dict[str, Any]:
    fields: dict[str, Any] = {"RECORDNO": one.row["RECORDNO"]}
    named = OBJECTS[one.object].id
    if named != "RECORDNO":
        fields[named] = one.row[named]
    if one.object == "APBILL":
        fields["RECORD_URL"] = reading.record_url(company, one.object, one.row)
    return fields


READ: dict[str, Callable[[Company, Node], str]] = {
    "query": lambda company, node: answers.found(reading.query(company, node)),
    "readByQuery": lambda company, node: answers.found(reading.read_by_query(company, node)),
    "readMore": lambda company, node: answers.found(reading.read_more(company, node)),
    "read": lambda company, node: answers.found(reading.read(company, node, by_name=False)),
    "readByName": lambda company, node: answers.found(reading.read(company, node, by_name=True)),
    "lookup": lambda company, node: f"<data>{reading.lookup(company, node)}</data>",
    "inspect": lambda company, node: f"<data>{reading.inspect(company, node)}</data>",
    "getFinancialSetup": lambda company, node: f"<data>{reading.financial_setup(company)}</data>",
    "getDimensions": lambda company, node: reading.dimensions(company),
}


class Slots:
    """Requests in flight per company, against the cap."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.in_flight: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self._free = threading.Condition()

    @contextmanager
    def one(self, company: str) -> Any:
        self._enter(company)
        try:
            yield
        finally:
            with self._free:
                self.in_flight[company] -= 1
                self._free.notify_all()

    def _enter(self, company: str) -> None:
        knobs = self.books.knobs
        with self._free:
            if knobs.over_concurrency == "queue":
                self._free.wait_for(lambda: self.in_flight.get(company, 0) < knobs.concurrency)
            over = self.in_flight.get(company, 0) >= knobs.concurrency
            if over:
                self.books.count("over_concurrency")
            if over and knobs.over_concurrency == "429":
                raise Stop(answers.gateway_failure("GW-0010", "Too Many Requests"), 429)
            self.in_flight[company] = self.in_flight.get(company, 0) + 1
            self.most[company] = max(self.most.get(company, 0), self.in_flight[company])


def close_period(company: Company, what: dict[str, Any]) -> None:
    """{"module": "AR", "through": "2026-03-31", "entity": ""}; a lock of the same module and entity is replaced."""
    lock = {"module": what["module"], "entity": what.get("entity", ""), "through": what["through"]}
    others = [
        c for c in company.setup["CLOSED"] if (c["module"], c.get("entity", "")) != (lock["module"], lock["entity"])
    ]
    company.configure(CLOSED=[*others, lock])


def make_inactive(company: Company, what: dict[str, Any]) -> None:
    """{"object": "CUSTOMER", "id": "C-1", "field": "STATUS", "value": "inactive"}"""
    obj = OBJECTS[what["object"]]
    with company.books.unit():
        row = company.master(obj.name, obj.id, what["id"])
        if row is None:
            raise ValueError(f"no {obj.name} {what['id']}")
        company.change(obj.name, row, **{what.get("field", "STATUS"): what.get("value", "inactive")})


def spoiled(reply: Reply, end: Rule) -> Reply:
    """What is done to an answer after the work."""
    match end.fault:
        case "commit_then_reset":
            return Reply(end="reset")
        case "silent":
            return Reply(end="silent", seconds=end.seconds)
        case "commit_then_500":
            return page(500, "Internal server error")
        case "html_200":
            return page(200, "Scheduled maintenance")
        case "half":
            return replace(reply, end="half")
        case "drip":
            return replace(reply, end="drip", seconds=end.seconds)
        case "bom":
            return replace(reply, body=b"\xef\xbb\xbf" + reply.body)
        case "blank_lines":
            return replace(reply, body=b"\n\n  \n" + reply.body + b"\n\n")
        case "two_roots":
            return replace(
                reply, body=reply.body + b"\n<response><control><status>failure</status></control></response>"
            )
    return reply


def throttled(rule: Rule) -> Reply:
    headers = {"Content-Type": answers.CONTENT_TYPE}
    if "retry_after" in rule.with_:
        headers["Retry-After"] = str(rule.with_["retry_after"])
    return Reply(429, answers.gateway_failure("GW-0010", "Too Many Requests"), headers)


def front(rule: Rule) -> Reply:
    """Refused by the front, nothing executed: {"status", "errorno", "text"}, a page with {"html": true}."""
    status, words = rule.with_.get("status", 503), rule.with_.get("text", "Service unavailable")
    if rule.with_.get("html"):
        return page(status, words)
    body = answers.gateway_failure(rule.with_.get("errorno", "GW-0011"), words)
    return Reply(status, body, {"Content-Type": answers.CONTENT_TYPE})


def page(status: int, words: str) -> Reply:
    html = f"<!DOCTYPE html><html><head><title>{status}: {words}</title></head>"
    html += f'<body><div id="cf-error-details"><h1>{words}</h1></div></body></html>'
    return Reply(status, html.encode(), {"Content-Type": "text/html; charset=UTF-8"})
