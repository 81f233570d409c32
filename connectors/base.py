"""The contract between the engine and the systems.

A system is a folder beside this file. It says here what it is (`System`), what it can tell as a source (`Source`) and
what it can hold as a target (`Target`). An integration says which flows run between two systems (`Integration`,
`Flow`). The engine knows nothing else about any of them; they know nothing of the engine, the database or Django.

Money is `Decimal` in the unit of its currency, or `int` in minor units where the source speaks so; never a float.
Instants are aware datetimes; a `date` is a day of accounting and is never shifted again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import MISSING, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol

from connectors.errors import ConnectorError, Refused

Json = dict[str, Any]


# --- what a person is asked -------------------------------------------------------------------------------------------


def ask(label: str, *, help: str = "", default: Any = MISSING, choices: Sequence[tuple[str, str]] = ()) -> Any:
    """A field of credentials or options that may be shown again."""
    return field(default=default, metadata={"label": label, "help": help, "secret": False, "choices": tuple(choices)})


def secret(label: str, *, help: str = "", default: Any = MISSING, lines: bool = False, where: str = "") -> Any:
    """A field that is sealed at rest, masked in traces and never shown again. `lines`: it has several. `where`: the
    page of the outside system on which a person finds it."""
    metadata = {"label": label, "help": help, "secret": True, "choices": (), "lines": lines, "where": where}
    return field(default=default, repr=False, metadata=metadata)


# --- the wire ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """When an announced send may start and when we end it. Seconds on `CLOCK_BOOTTIME`."""

    send_by: float
    close_by: float


Announce = Callable[[], Window]
"""Called once by the wire when the connection is up and no byte was sent. What it raises means: nothing was sent."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Wire(Protocol):
    """One HTTP request at a time, ended at its deadline, in one of the slots of the company.

    Reads: `announce` is None, `seconds` is the total deadline. Writes: `announce` is called once TCP and TLS are up;
    its window bounds the rest; the connection is fresh and is never used again. Never re-sends nor follows a redirect.
    Raises `Unavailable`; with `sent=False` only where no byte of the request can have reached the system. An answer
    with any status is returned, not raised. Raises `Malformed` with code `answer.too_large` above `limit` bytes
    (a write has then been sent: its outcome is unclear).
    """

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes = b"",
        seconds: float = 25.0,
        announce: Announce | None = None,
        limit: int = 20_000_000,
    ) -> Response: ...


class Gate(Protocol):
    """Hands out the slots of a company. The host's rows; a plain semaphore in tests of a system alone."""

    def slot(self, seconds: float) -> AbstractContextManager[None]:
        """Holds a slot for at most `seconds`. Raises `Unavailable(sent=False)` when none came free in time."""
        ...


class SessionStore(Protocol):
    """A sign-in kept sealed between processes. Keys tell sessions of one connection apart (an entity, say)."""

    def load(self, key: str) -> Json | None: ...
    def save(self, key: str, value: Json) -> None: ...
    def drop(self, key: str) -> None: ...


@dataclass(frozen=True)
class Access:
    """All that a client gets from its host."""

    credentials: Any
    wire: Wire
    sessions: SessionStore
    settings: Mapping[str, Any]
    """What was found out about this account, or set by a person: base currency, field lengths, knobs."""
    gate: Gate | None = None
    """The slots of the company, for a wire of the system's own."""
    reachable: frozenset[str] = frozenset()
    """`host:port` pairs that the guard of addresses lets through although they are private."""
    kept: Any = None
    """What files told (`connectors.files.Kept`), for systems whose facts arrive as files."""


@dataclass(frozen=True)
class Limits:
    """The numbers of a system that the engine's rules work with. Seconds, unless named otherwise."""

    in_flight: int = 1
    batch_start: int = 1
    batch_max: int = 1
    write_deadline: float = 60.0
    read_deadline: float = 25.0
    processing: float = 60.0
    """How long the system may go on working after the connection has died."""
    margin: float = 60.0
    pause_start: float = 5.0
    """First pause after a throttling that named none; doubled, with jitter."""
    calls_per_hour: int = 0
    """How many requests an account may make in an hour; 0: the system declares no such limit. The same for the next."""
    calls_per_day: int = 0


# --- a source ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """One thing that happened at the source. `key` is always the same for it.

    `digest` is a hash of what matters of its content; a change of it makes a new version of a master, and nothing else.
    """

    stream: str
    key: str
    happened_at: datetime
    digest: str = ""


@dataclass(frozen=True)
class Hint:
    """What a verified delivery is about. Never booked: the object is read again."""

    event_id: str
    type: str
    object_id: str
    created: datetime
    extra: Mapping[str, str] = field(default_factory=dict)


class Untrusted(ConnectorError):
    """A delivery that is not genuine, or not for this connection. `code` tells why: signature, age, mode, account…"""

    code = "untrusted"


@dataclass(frozen=True)
class Hook:
    """How deliveries of a system are told genuine: over the raw bytes, with every active secret.

    `verify(body, headers, secrets, account, now)`; header names in lower case, `now` in Unix seconds. Raises
    `Untrusted` (kept apart) or `Malformed` (kept apart); both are answered with a 4xx. Pure: no network.
    """

    verify: Callable[[bytes, Mapping[str, str], Sequence[str], "Account | None", float], Hint]
    events: tuple[str, ...] = ()
    """What its endpoint must send."""
    endpoints: bool = False
    """Its client is an `Endpoints`: the endpoint can be set up from here."""


@dataclass(frozen=True)
class Endpoint:
    """Where a system sends its deliveries to."""

    id: str
    wrong: tuple[str, ...] = ()
    """What it lacks, in words; empty: it is as it must be."""
    ours: bool = False
    """We made it."""
    secret: str = field(default="", repr=False)
    """Told once, by making it."""


@dataclass(frozen=True)
class Page:
    """One durable step of a feed. The cursor is opaque to the host and stored together with the facts."""

    facts: Sequence[Fact]
    cursor: str
    more: bool


class Source(Protocol):
    def facts(self, hint: Hint) -> Sequence[Fact] | None:
        """Reads again what the hint is about. None: no flow reads such events. Empty: nothing has happened yet."""
        ...

    def poll(self, feed: str, cursor: str, now: datetime) -> Page:
        """The next page of a feed. An empty cursor starts at the beginning; `now` bounds the window."""
        ...

    def load(self, stream: str, key: str) -> Json:
        """All that translating this fact needs, all pages, as JSON. Raises NotYet while the source is not ready."""
        ...


@dataclass(frozen=True)
class Sighting:
    """A fact, and the money that it is about as far as a list of the source tells it. It is never booked."""

    fact: Fact
    amount: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True)
class Survey:
    """One durable step through a window of time; its cursor is opaque to the host."""

    seen: Sequence[Sighting]
    cursor: str
    more: bool


class Surveys(Source, Protocol):
    """A source that can be asked what happened in a window of time, however long ago (`System.surveyed`)."""

    def survey(self, streams: Collection[str], since: datetime, until: datetime, cursor: str) -> Survey:
        """The next page of the facts of these streams from `since` to before `until`; an empty cursor begins. Each
        comes once in all pages, what a later one needs before it. Others may be among them: the host leaves them out.
        """
        ...


# --- a target ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Identity:
    """What must be equal before something found at the target is taken for ours."""

    kind: str
    key: str
    party: str
    currency: str
    amount: Decimal
    day: date | None


@dataclass(frozen=True)
class Ref:
    """Another document at the target, named as the target can look it up. Resolved by the target lane at the look."""

    kind: str
    key: str
    party: str = ""


@dataclass(frozen=True)
class Found:
    """A document as the target holds it now."""

    id: str
    identity: Identity
    number: str = ""
    state: str = "posted"
    """The target's own word, in ours: posted, draft, submitted, approved, declined, reversed, balanced…"""
    due: Decimal | None = None
    url: str = ""
    raw: Mapping[str, str] = field(default_factory=dict)
    base: Decimal | None = None
    """Its amount in the base currency of its books, where the target reckons one."""
    base_lines: tuple[Decimal, ...] = ()
    """The same by line, in the order of the lines; only of a document in another currency, and only when read back."""

    @property
    def gone(self) -> bool:
        return self.state in ("reversed", "voided", "deleted")


@dataclass(frozen=True)
class Entry:
    """One side of a document in the books: a debit above zero, a credit below."""

    account: str
    """Empty: the target itself knows which account, `memo` says which kind."""
    amount: Decimal
    memo: str = ""
    line: int | None = None
    """The place of the document's line that it is of; the first is 0."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a target can hold. Subclasses are frozen, kw_only, of plain values, tuples and other frozen dataclasses."""

    kind: ClassVar[str]
    master: ClassVar[bool] = False
    """A master has versions: it is created once and then updated."""
    unique: ClassVar[bool] = True
    """The target itself refuses a second document with the same identity key."""
    modules: ClassVar[tuple[str, ...]] = ()
    """The subledgers that must be open for it: AR, AP, GL, cash."""
    undoes: ClassVar[str] = ""
    """The kind of the document that this one takes back; both have the same identity key."""

    control: str
    """Our key for this document, always the same for it; the target's idempotency key where it has one."""

    def identity(self) -> Identity:
        raise NotImplementedError

    def accounting_date(self) -> date | None:
        """The day on which it counts; the one that the target shows, unless the target shows none."""
        return self.identity().day

    def same(self, found: Found) -> bool:
        """Whether what stands there is this document, to the cent. A kind that says more than its identity compares
        more."""
        return found.identity == self.identity()

    def agrees(self, found: Found) -> bool:
        """The same when it is read back later, when others may have done what they may with it."""
        return self.same(found)

    def written(self, found: Found, before: "Document | None") -> bool:
        """Of a master: whether what stands there has all that this changes of what we last wrote (`before`)."""
        return False

    @property
    def linked(self) -> bool:
        """A person said which document of the target it is: it is taken over as it stands there, and never created."""
        return False

    @property
    def standing(self) -> bool:
        """The source says that the target made it itself: it is taken over as it stands there, and never created."""
        return False

    def refs(self) -> tuple[Ref, ...]:
        return ()

    def entities(self) -> tuple[str, ...]:
        """The entities of the target that it touches; empty where there is only one."""
        return ()

    def entries(self) -> tuple[Entry, ...]:
        """What it does to the books, for a person to read; nothing is sent of it. Empty: it moves no account, or which
        ones is known by the target only."""
        return ()

    @property
    def session(self) -> str:
        """Which session of the target must carry it (an entity, say). Documents of one batch share it."""
        return ""


@dataclass(frozen=True)
class Look:
    """What one look at the target showed for one document."""

    hits: tuple[Found, ...]
    refs: Mapping[Ref, Found | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One document, rendered: the bytes that are frozen, announced, sent, and sent again if need be."""

    control: str
    kind: str
    body: bytes
    session: str = ""


@dataclass(frozen=True)
class Done:
    """The target says that it holds the document. A state other than posted: `finish` goes on, or it waits."""

    id: str
    number: str = ""
    state: str = "posted"
    url: str = ""
    reference: str = ""
    """The target's own word for this request (a request id), for its support."""


Answer = Done | ConnectorError
"""Of one call. A call without an answer has an unclear outcome."""


class Target(Protocol):
    def look(self, documents: Sequence[Document]) -> Sequence[Look]:
        """Finds documents of one kind and session by their natural keys and resolves what they refer to; in as few
        requests as the system allows. Absence here is only what this look showed; the engine decides what to believe.
        """
        ...

    def render(self, document: Document, look: Look, before: Document | None) -> Call:
        """The frozen call. `before` is what we last wrote of a master: only what changed is sent. Pure.

        Raises `Refused` or `NotYet` where what the document refers to is missing or does not suffice.
        """
        ...

    def send(self, calls: Sequence[Call], announce: Announce) -> Mapping[str, Answer]:
        """One request with all calls, once. Returns the answer of each call by its control; a missing one is unclear.

        Raises `Unavailable` (`sent` says what is known of the whole), `Throttled`, `SessionLost`, `Denied`;
        `Refused` when the whole request was refused before anything ran; `Malformed` for an unreadable answer
        (unclear).
        """
        ...

    def finish(self, document: Document, id: str) -> Done:
        """Changes of state addressed by the posting's id (release, finalize). Safe to call twice."""
        ...

    def read(self, kind: str, ids: Sequence[str], session: str = "") -> Sequence[Found | None]:
        """What the target holds under these ids now, in their order."""
        ...


# --- a system ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """Whom the credentials lead to. `id` keys facts and documents for ever; `facts` is what flows may ask of it."""

    id: str
    label: str = ""
    mode: Literal["live", "test"] = "live"
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """Something that the target offers to a mapping: an account, a department, a customer."""

    value: str
    label: str
    active: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


Layer = Literal["reach", "sign-in", "rights", "settings", "data"]


@dataclass(frozen=True)
class Check:
    """One line of an examination. `outcome` not_checkable: it could only be known by writing."""

    layer: Layer
    key: str
    label: str
    outcome: Literal["ok", "failed", "warning", "not_checkable"]
    said: str = ""
    cure: str = ""
    confirm: str = ""
    """Of a failed check: what a person may compare and confirm by a second act, the host key that a server showed."""
    settles: Mapping[str, Any] = field(default_factory=dict)
    """What is then kept in the settings of the connection, where its client finds it."""
    until: date | None = None
    """The last day on which what was checked is good: of a credential that expires."""


class Client(Protocol):
    """What every system has. It is also a Source, a Target or both."""

    def account(self) -> Account: ...
    def examine(self) -> Iterator[Check]:
        """The ping: from the outer layer inwards, each check as it is done; stops where the next would be pointless."""
        ...

    def choices(self, table: str) -> Iterator[Choice]: ...


class Endpoints(Client, Protocol):
    """One whose system can be told where to send. What changes something is sent once, as `Target.send` does."""

    def endpoints(self, url: str) -> Sequence[Endpoint]:
        """Those that lead to this hook. Raises `Refused` where the system could never send to such an address."""
        ...

    def make_endpoint(self, url: str, announce: Announce) -> Endpoint: ...
    def mend_endpoint(self, id: str, url: str, announce: Announce) -> None:
        """Lets it send all events to this address, and enables it."""
        ...

    def drop_endpoint(self, id: str, announce: Announce) -> None: ...


@dataclass(frozen=True)
class Finding:
    """What a probe found out about an account, and the settings that its client goes by from now on."""

    check: Check
    settings: Mapping[str, Any] = field(default_factory=dict)


class Probes(Client, Protocol):
    """One of a system about which not everything is published: what differs between companies is asked of each."""

    def probe(self) -> Iterator[Finding]:
        """Reads only."""
        ...

    def probe_by_writing(self, given: Mapping[str, str]) -> Iterator[Finding]:
        """Makes test documents, takes them back as far as the system lets it, and names what is left. Sandboxes only.
        `given`: values of this company that the documents need."""
        ...


@dataclass(frozen=True)
class System:
    key: str
    label: str
    credentials: type
    connect: Callable[[Access], Any]
    limits: Limits = Limits()
    kinds: Mapping[str, type[Document]] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    feeds: Mapping[str, float] = field(default_factory=dict)
    """What can be polled, with the usual interval in seconds."""
    surveyed: tuple[str, ...] = ()
    """The streams that a window of time can be asked for: its client is a `Surveys`."""
    hook: Hook | None = None
    settings: Mapping[str, type] = field(default_factory=dict)
    """What a person may set for a connection: groups by their titles, each declared as credentials are. Its client
    finds the values in `Access.settings`."""


# --- an integration ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Skip:
    """A fact that posts nothing, and why. The record ends SKIPPED."""

    why: str
    code: str = ""


@dataclass(frozen=True)
class Mapped:
    """The answer of a mapping: the value, what else the row says, and the row and version that said it."""

    value: str
    facts: Mapping[str, str] = field(default_factory=dict)
    row: str = ""


@dataclass(frozen=True)
class Posted:
    """An earlier posting of ours: what was sent, and the target's id for it."""

    document: Any
    id: str
    number: str = ""
    base_lines: tuple[Decimal, ...] | None = None
    """What its lines came to in the base currency of the books, by the target's own rate. None: not read back yet;
    empty: it is in the base currency, or the target did not tell."""
    adopted: bool = False
    """We did not make it: money is applied to it, and nothing else is done with it."""


class Desk(Protocol):
    """What a translate function may ask. It remembers what it was asked; that is the trace of the document."""

    @property
    def control(self) -> str:
        """The control of the document that is being made."""
        ...

    @property
    def target(self) -> Account: ...

    def map(self, table: str, *values: str, on: date, at: str = "") -> Mapped:
        """The row in force on that day for the first of `values` that has one. Raises Unmapped. `at` names the field of
        the document that the answer goes into."""
        ...

    def maybe(self, table: str, *values: str, on: date, at: str = "") -> Mapped | None: ...

    def choice(self, table: str, value: str) -> Choice | None:
        """What the target said about this value when its choices were last read; None if it does not offer it."""
        ...

    def offered(self, table: str, text: str) -> Sequence[Choice]:
        """All that the target offers whose value, or else whose name, reads as this text (`connectors.names.fold`)."""
        ...

    def posted(self, flow: str, key: str) -> Posted:
        """The posting of another fact of this link. Raises NotYet."""
        ...

    def known(self, flow: str, key: str) -> bool:
        """Whether the source told of this fact at all, posted or not."""
        ...

    def nothing(self, flow: str, key: str) -> bool:
        """Whether another fact of this link was looked at and posts nothing: its record is SKIPPED."""
        ...

    def option(self, name: str) -> Any: ...

    def day(self, instant: datetime, entity: str = "") -> date:
        """The calendar day of the instant in the accounting time zone."""
        ...

    def claim(self, row: str, part: Literal["gross", "fee", "id", "ref"], otherwise: Refused | None = None) -> None:
        """Books this part of a balance row for this document, or a name that one document alone may bear; it can be
        claimed once per target. `otherwise`: what is said where another document has it."""
        ...

    def because(self, at: str, why: str) -> None:
        """Says where the value of a field of the document came from, where no mapping said it."""
        ...


@dataclass(frozen=True)
class Table:
    """A mapping table of an integration: what finance decides."""

    key: str
    label: str
    help: str = ""
    choices: str = ""
    """The target's choices that its values are picked from; empty: free text."""
    required: bool = False
    facts: tuple[str, ...] = ()
    """Names of further values of a row, dimensions for instance."""


@dataclass(frozen=True)
class Flow:
    key: str
    label: str
    stream: str
    kind: str
    translate: Callable[[Json, Desk], Document | Skip]
    events: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    approval: str = ""
    """The code under which each document of this flow waits for a person who approves it; empty: none is needed."""


@dataclass(frozen=True)
class Integration:
    key: str
    label: str
    source: str
    target: str
    flows: tuple[Flow, ...]
    tables: tuple[Table, ...]
    options: type

    def flow(self, key: str) -> Flow:
        return next(f for f in self.flows if f.key == key)
