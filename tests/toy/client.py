"""The toy's two systems as the engine sees any: a source that reads a file, and books that speak JSON over HTTP."""

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

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
    Fact,
    Found,
    Hint,
    Identity,
    Json,
    Look,
    Page,
    Response,
    Sighting,
    Survey,
    ask,
    secret,
)
from connectors.errors import ConnectorError, Denied, Malformed, Refused, SessionLost, Throttled, Unavailable
from tests.toy import harm
from tests.toy.documents import Entry, Party

PAGE = 500
SURVEYED = 4


# --- the source -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FileCredentials:
    folder: str = ask("Folder")


class FileSource:
    """Facts from `facts.json` in a folder, in the order of the file."""

    def __init__(self, access: Access) -> None:
        self.folder = Path(access.credentials.folder)

    def account(self) -> Account:
        return Account(self.folder.name)

    def examine(self) -> Iterator[Check]:
        yield Check("reach", "folder", "The folder is there", "ok" if self.folder.is_dir() else "failed")

    def choices(self, table: str) -> Iterator[Choice]:
        yield from ()

    def facts(self, hint: Hint) -> Sequence[Fact] | None:
        return None

    def poll(self, feed: str, cursor: str, now: datetime) -> Page:
        start = int(cursor or 0)
        rows = self._rows()
        facts = [
            Fact(row["stream"], row["key"], datetime.fromisoformat(row["at"]), row.get("digest", ""))
            for row in rows[start : start + PAGE]
        ]
        end = start + len(facts)
        return Page(facts, str(end), more=end < len(rows))

    def survey(self, streams: Collection[str], since: datetime, until: datetime, cursor: str) -> Survey:
        """In small pages, so that a window has many."""
        rows, begin = [row for row in self._rows() if row["stream"] in streams], int(cursor or 0)
        seen = [
            Sighting(
                Fact(row["stream"], row["key"], datetime.fromisoformat(row["at"])),
                Decimal(row["content"]["amount"]) if "amount" in row["content"] else None,
                "USD",
            )
            for row in rows[begin : begin + SURVEYED]
        ]
        end = begin + SURVEYED
        return Survey(seen, str(end), more=end < len(rows))

    def load(self, stream: str, key: str) -> Json:
        """The latest content. A fact marked `slow` is loaded when the test says so."""
        row = [row for row in self._rows() if (row["stream"], row["key"]) == (stream, key)][-1]
        if row.get("slow"):
            (self.folder / f"loading.{key}").touch()
            while not (self.folder / f"go.{key}").exists():
                time.sleep(0.01)
        content: Json = row["content"]
        return content

    def _rows(self) -> list[Json]:
        rows: list[Json] = json.loads((self.folder / "facts.json").read_text())
        return rows


# --- the books --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BooksCredentials:
    url: str = ask("URL")
    password: str = secret("Password")


class Books:
    def __init__(self, access: Access) -> None:
        self.access = access
        self.url = access.credentials.url
        self.read_seconds = float(access.settings["read_seconds"])
        self.write_seconds = float(access.settings["write_seconds"])

    def account(self) -> Account:
        return Account(self._ask("account", {})["name"], facts={"base_currency": "USD"})

    def examine(self) -> Iterator[Check]:
        self._ask("account", {})
        yield Check("sign-in", "session", "Signs in", "ok")

    def choices(self, table: str) -> Iterator[Choice]:
        for value in self._ask("choices", {"table": table})["values"]:
            yield Choice(value, value)

    def look(self, documents: Sequence[Document]) -> Sequence[Look]:
        kind, numbers = documents[0].kind, [document.identity().key for document in documents]
        found = self._ask("find", {"kind": kind, "numbers": numbers})["found"]
        return [Look(tuple(_found(row) for row in found.get(number, ()))) for number in numbers]

    def render(self, document: Document, look: Look, before: Document | None) -> Call:
        return Call(document.control, document.kind, _rendered(document, look))

    def send(self, calls: Sequence[Call], announce: Announce) -> Mapping[str, Answer]:
        said = [json.loads(call.body) for call in calls]
        token = self._token()
        response = harm.around(
            [row["number"] for row in said],
            announce,
            lambda announced: self._post("create", {"documents": said}, token, announced),
        )
        answers = self._read(response)["answers"]
        return {control: _answer(row) for control, row in answers.items()}

    def finish(self, document: Document, id: str) -> Done:
        row = self._ask("release", {"id": id, "number": document.identity().key})
        if "error" in row:
            raise _error(row)
        return Done(row["id"], row["number"], row["state"])

    def read(self, kind: str, ids: Sequence[str], session: str = "") -> Sequence[Found | None]:
        rows = self._ask("read", {"kind": kind, "ids": list(ids)})["rows"]
        return [row and _found(row) for row in rows]

    def _ask(self, what: str, value: Json) -> Any:
        """A read, or a release, which is safe to repeat: with a lapsed session it signs in and asks once more."""
        try:
            return self._read(self._post(what, value, self._token()))
        except SessionLost:
            return self._read(self._post(what, value, self._token()))

    def _token(self) -> str:
        known = self.access.sessions.load("main")
        if known is None:
            password = {"password": self.access.credentials.password}
            known = self._read(self._post("sign_in", password, ""))
            self.access.sessions.save("main", known)
        return str(known["token"])

    def _post(self, what: str, value: Json, token: str, announce: Announce | None = None) -> Response:
        return self.access.wire.request(
            "POST",
            f"{self.url}/books/{what}",
            headers={"Content-Type": "application/json", "X-Session": token or "none"},
            content=json.dumps(value).encode(),
            seconds=self.read_seconds if announce is None else self.write_seconds,
            announce=announce,
        )

    def _read(self, response: Response) -> Any:
        if response.status == 401:
            self.access.sessions.drop("main")
        _check_status(response)
        try:
            return json.loads(response.body)
        except ValueError:
            raise Malformed("", "The answer is not JSON.") from None


def _check_status(response: Response) -> None:
    if response.status == 401:
        raise SessionLost("The books have forgotten the session.")
    if response.status == 403:
        raise Denied("The books refuse the password.", cure="Enter the password again.")
    if response.status == 422:
        raise Refused("The whole request was refused.", code="request.refused")
    if response.status == 429:
        raise Throttled("The books ask for a pause.", after=float(response.headers.get("retry-after", 0)) or None)
    if response.status != 200:
        raise Unavailable(f"The books answered {response.status}.", sent=True)


def _rendered(document: Document, look: Look) -> bytes:
    assert isinstance(document, Entry | Party)
    row: dict[str, Any] = {"control": document.control, "kind": document.kind, "number": document.number}
    if isinstance(document, Party):
        row |= {"party": document.name, "update": [hit.id for hit in look.hits][:1]}
    else:
        row |= {
            "party": document.party,
            "account": document.account,
            "currency": document.currency,
            "amount": str(document.amount),
            "day": document.day.isoformat(),
        }
    return json.dumps(row, sort_keys=True).encode()


def _found(row: Json) -> Found:
    day = date.fromisoformat(row["day"]) if row["day"] else None
    amount = Decimal(row["amount"] or 0)
    identity = Identity(row["kind"], row["number"], row["party"], row["currency"], amount, day)
    return Found(row["id"], identity, row["number"], row["state"])


def _answer(row: Json) -> Answer:
    return _error(row) if "error" in row else Done(row["id"], row["number"], row["state"])


def _error(row: Json) -> ConnectorError:
    code, said = row["error"], row.get("said", "")
    if code in ("duplicate", "control.used"):
        return Refused(said, cause="duplicate", code=f"duplicate.{code}")
    if code == "period":
        return Refused(said, cause="period", code="period.closed")
    if code == "data":
        return Refused(said, cause="data", code="data.refused")
    return ConnectorError(said, code=f"unknown.{code}")
