"""Sage Intacct's words → our error, and what the person does about it.

The tables come first: numbers where they are exact, words where numbers are not (`XL03000006` means six things,
`BL01001973` everything). An error that no table knows keeps a class of its own with all that was said.
https://developer.intacct.com/web-services/error-handling/
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from connectors.errors import Cause, ConnectorError, Denied, Malformed, Refused, SessionLost, Throttled, Unavailable
from connectors.sage_intacct.answers import Answer, Said


@dataclass(frozen=True)
class Meaning:
    """What a refusal of one function means."""

    cause: Cause
    code: str
    cure: str


DUPLICATE: Final = Meaning(
    "duplicate", "duplicate.foreign", "Open the document with this number in Sage Intacct and say whether it is ours."
)
RIGHTS: Final = Meaning(
    "settings",
    "rights.missing",
    "In Sage Intacct give the API user the permission named here (Company > Users or Roles), then examine the"
    " connection; it goes on by itself.",
)
PERIOD: Final = Meaning(
    "period", "period.closed", "Reopen the period (or subledger) in Sage Intacct; the record then goes on by itself."
)
DIMENSION: Final = Meaning(
    "settings", "dimension.required", "Map the dimension that the account requires, or lift the requirement there."
)
PARTY: Final = Meaning(
    "settings", "party.blocked", "Activate the customer or vendor, or lift its hold, in Sage Intacct; it then goes on."
)
OVER_DUE: Final = Meaning(
    "decision",
    "amount.over_due",
    "Something else was applied to the invoice first: look at it in Sage Intacct and decide how this money is applied.",
)
UNKNOWN_VALUE: Final = Meaning(
    "settings", "value.invalid", "Correct the mapping of the value named here, or create the value in Sage Intacct."
)
NOT_BALANCED: Final = Meaning(
    "data", "source.inconsistent", "Debits and credits do not agree for Sage Intacct; send the texts to support."
)

NUMBERS: Final[Mapping[str, Meaning]] = {
    "BL34000061": DUPLICATE,
    "PL05000104": DUPLICATE,
    "BL03002185": DUPLICATE,
    "BL03002073": Meaning(
        "data", "negative.refused", "This company refuses negative lines here: post a separate credit by hand."
    ),
    "DL03000005": Meaning(
        "settings", "reference.gone", "The document that this one refers to was replaced or deleted: look at it there."
    ),
    "PL01000127": Meaning(
        "settings", "number.missing", "Give the transaction type a numbering scheme in Sage Intacct."
    ),
    "BL03002129": Meaning(
        "decision", "document.state", "The document is in a state that forbids this: look at it in Sage Intacct."
    ),
}

WORDS: Final[tuple[tuple[str, Meaning], ...]] = (
    (r"do(es)? not have permission|permission denied|not have (sufficient )?(rights|privileges)", RIGHTS),
    (r"date must be on or after|period\b.*\bclosed|closed\b.*\bperiod|books\b.*\bclosed|closed books", PERIOD),
    (r"date in an open period", PERIOD),
    (r"(sub-?ledger|accounts (receivable|payable)|cash management|general ledger)\b.*\bclosed", PERIOD),
    (r"exceeds (the )?total (amount )?due", OVER_DUE),
    (r"missing the .* dimension|(location|department) id is required|use of empty \w+ is invalid", DIMENSION),
    (
        r"smart rule",
        Meaning("settings", "smart_rule", "A rule of the company refused it: see its text, then change it."),
    ),
    (
        r"non-editable in transaction definition",
        Meaning("settings", "definition.locked", "Make the field editable in the transaction definition."),
    ),
    (
        r"enable foreign-currency transactions",
        Meaning("settings", "currency.not_enabled", "Enable the currency in Sage Intacct, or correct the mapping."),
    ),
    (
        r"associated (to|with) the bank account",
        Meaning("settings", "account.bank_linked", "Map an account that does not belong to a bank account."),
    ),
    (
        r"disallow(s|ed)? direct posting|direct posting",
        Meaning("settings", "account.control", "Map an account or journal that may be posted to directly."),
    ),
    (r"(customer|vendor)\b.*\b(inactive|on hold)|(inactive|on hold)\b.*\b(customer|vendor)", PARTY),
    (r"do not (pay|cut check)|not to be paid", PARTY),
    (r"\bbill\b.*\bon hold", Meaning("settings", "bill.on_hold", "Take the bill off hold in Sage Intacct.")),
    (r"\binactive\b", Meaning("settings", "value.inactive", "Activate the value there, or map another one.")),
    (
        r"control ?id\b.*\balready|already (been )?(executed|processed|run)|resubmi",
        Meaning("duplicate", "duplicate.control", "It was sent before: look for the document in Sage Intacct."),
    ),
    (r"already exists|another record with the value|duplicate", DUPLICATE),
    (r"(do|does) not balance|out of balance|debits? .*(must )?equals? .*credits?", NOT_BALANCED),
    (
        r"too long|(exceeds|longer than) .*(length|characters)",
        Meaning("data", "text.too_long", "Shorten the text at the source."),
    ),
    (
        r"exceeds the credit available|credit .* is not available",
        Meaning("decision", "credit.missing", "Look at the credit in Sage Intacct and decide what it is applied to."),
    ),
    (
        r"no exchange rate",
        Meaning("settings", "currency.no_rate", "Enter the exchange rate of that day in Sage Intacct."),
    ),
    (
        r"cannot update non-?existing|could not find",
        Meaning("settings", "reference.gone", "It was deleted or renamed in Sage Intacct: look at it there."),
    ),
    (
        r"required field .* is missing|is required",
        Meaning("data", "field.required", "Complete the field named here at the source, or in the mapping."),
    ),
    (r"must be specified", DIMENSION),
    (r"invalid (customer|vendor|project|item|class|location|department|account|term)", UNKNOWN_VALUE),
    (r"is not (a )?valid|enter a valid|select a valid|does ?n[o']t exist", UNKNOWN_VALUE),
)

# They say only that something else went wrong, in the same function or in another one.
_ROLLED_BACK: Final = "XL03000009"
_ECHO: Final = re.compile(r"could not (create|update|set|delete) .*record\s*[.!]?", re.IGNORECASE)
# Alone, it was seen to be a passing trouble of theirs, and the document may be there.
_DOCUMENT: Final = re.compile(r"could not create document record", re.IGNORECASE)

_RATE: Final = re.compile(r"rate limit|too many requests", re.IGNORECASE)
_LATER: Final = re.compile(r"temporarily (off-?line|unavailable)|please try again later", re.IGNORECASE)
_LATER_NUMBERS: Final = frozenset(("DL02000001",))
_SENDER: Final = re.compile(r"web services authori[sz]ation|not authori[sz]ed to make web services", re.IGNORECASE)
_FIELDS: Final = re.compile(r"fields cannot be queried|invalid fields list", re.IGNORECASE)


def sentence(errors: Sequence[Said]) -> str:
    return " | ".join(error.sentence() for error in errors) or "no reason was given"


# --- one function -----------------------------------------------------------------------------------------------------


def of_write(errors: Sequence[Said]) -> ConnectorError | None:
    """Of a function that failed. None: it may have been carried out all the same; nobody but a look can tell."""
    causes = _causes(errors)
    if _is(causes, _RATE):
        return Throttled(sentence(errors))
    if any(error.number in _LATER_NUMBERS for error in causes) or _is(causes, _LATER):
        return None
    if not causes:
        rolled_back = any(error.number == _ROLLED_BACK for error in errors)
        if any(_DOCUMENT.search(error.text) for error in errors) or not (rolled_back or errors):
            return None
        if rolled_back:
            return Unavailable(sentence(errors), sent=False, code="batch.rolled_back")
    return _refused(causes or errors, errors)


REVERSALS: Final[Mapping[str, tuple[str, str]]] = {
    # kind: code, cure
    "invoice_reversal": (
        "reversal.refused",
        (
            "Allow the reversal of unpaid invoices in the set-up of Accounts Receivable in Sage Intacct, or set the"
            " option `Voided invoices` of the link to a credit memo; it then goes on by itself."
        ),
    ),
    "bill_reversal": (
        "reversal.refused",
        (
            "Allow the reversal of unpaid bills in the set-up of Accounts Payable in Sage Intacct, or take the bill"
            " back there by a vendor credit; it then goes on by itself."
        ),
    ),
    "bill_payment_void": (
        "void.refused",
        (
            "Void the payment in Sage Intacct by hand (Accounts Payable > Payments), on the day on which it was voided;"
            " the void is then found there."
        ),
    ),
}


def of_kind(kind: str, error: Refused) -> Refused:
    """What a refusal means for a document of this kind, where that is more than its words."""
    if kind == "bill_payment" and error.code == OVER_DUE.code:
        error.code, error.field = "over_payment", "paid"
        error.cure = "Something else was paid or credited first: look at the bill and decide what this payment pays."
    return _of_reversal(kind, error)


def _of_reversal(kind: str, error: Refused) -> Refused:
    """A reversal that the company does not allow: a setting there, or the option here, lets it go on. What was in the
    way of this one alone, a payment just made, is seen by the next look."""
    if kind in REVERSALS and error.cause in ("data", "decision"):
        error.cause = "settings"
        error.code, error.cure = REVERSALS[kind]
    return error


def of_read(errors: Sequence[Said]) -> Unavailable | Denied:
    """Of a query that failed. Never a refusal of a document: a failed look says nothing about what is looked for."""
    if _is(errors, _RATE):
        return Throttled(sentence(errors))
    if any(error.number in _LATER_NUMBERS for error in errors) or _is(errors, _LATER):
        return Unavailable(sentence(errors), sent=False, code="intacct.later")
    if about_fields(errors):
        return Denied(sentence(errors), code="intacct.fields", cure="Send the texts to support.")
    if _refused(errors, errors).code == RIGHTS.code:
        return Denied(sentence(errors), code=RIGHTS.code, cure=RIGHTS.cure)
    return Unavailable(sentence(errors), sent=False, code="intacct.read", cure="Send the texts to support.")


def about_fields(errors: Sequence[Said]) -> bool:
    """Whether a query failed for its fields: "The following fields cannot be queried: [ARINVOICE: [F1, F2] ]"."""
    return _is(errors, _FIELDS) or any(error.number == "XL03000010" for error in errors)


def names_in(errors: Sequence[Said]) -> frozenset[str]:
    return frozenset(name for error in errors for name in re.findall(r"[A-Z][A-Z0-9_.]+", error.text))


def _causes(errors: Sequence[Said]) -> list[Said]:
    """The errors that say why; first the cause, echoes left out."""
    return [
        e for e in errors if e.number != _ROLLED_BACK and not (e.number == "BL01001973" and _ECHO.fullmatch(e.text))
    ]


def _is(errors: Sequence[Said], words: re.Pattern[str]) -> bool:
    return any(words.search(part) for error in errors for part in (error.title, error.text, error.correction))


def _refused(causes: Sequence[Said], errors: Sequence[Said]) -> Refused:
    first = causes[0] if causes else Said("", "")
    meanings = (*map(_meaning, causes), *map(_hint, causes))
    meaning = next(filter(None, meanings), None)
    if meaning is None:
        cure = "Nobody has met this answer yet: read its texts, correct the data or the set-up, then replay."
        return Refused(sentence(errors), code="intacct.unknown", value=first.id or first.number, cure=cure)
    return Refused(sentence(errors), cause=meaning.cause, code=meaning.code, value=first.number, cure=meaning.cure)


def _meaning(error: Said) -> Meaning | None:
    by_number, by_words = NUMBERS.get(error.number), _in_words(f"{error.title} {error.text}")
    # of a document in a state that forbids it, the words say more
    return (by_words or by_number) if error.number == "BL03002129" else (by_number or by_words)


def _hint(error: Said) -> Meaning | None:
    """What the advice given with an error says of it: only where nothing else does."""
    return _in_words(error.correction)


def _in_words(words: str) -> Meaning | None:
    return next((meaning for pattern, meaning in WORDS if re.search(pattern, words, re.IGNORECASE)), None)


# --- the whole request ------------------------------------------------------------------------------------------------


def of_answer(answer: Answer, status: int, headers: Mapping[str, str], *, session: bool) -> ConnectorError | None:
    """What went wrong above the functions; None when they were run. Control and authentication come before them, so
    nothing ran, except where the front end itself timed out. `session`: the request was signed in by a session."""
    if answer.control == "failure" or answer.control_errors:
        return _of_control(answer.control_errors, status, headers, session=session)
    if answer.authentication == "failure":
        return _of_authentication(answer.operation_errors, headers, session=session)
    if answer.operation_errors and not answer.results:
        found = of_write(answer.operation_errors)
        return found or Unavailable(sentence(answer.operation_errors), sent=True, code="intacct.later")
    if answer.control != "success" or answer.authentication != "success":
        return Malformed("answer", "says neither success nor failure")
    return None


def _of_control(errors: Sequence[Said], status: int, headers: Mapping[str, str], *, session: bool) -> ConnectorError:
    numbers = {error.number for error in errors}
    said = sentence(errors)
    if status == 429 or "GW-0010" in numbers or _is(errors, _RATE):
        return Throttled(said, after=retry_after(headers))
    if numbers & {"XMLGW_JPP0002", "UJPP0002"} or status == 401:
        # the newer front end says so for a session too; signing in anew tells which it is
        return SessionLost(said) if session else _credentials(said)
    if "PL04000055" in numbers:
        return Denied(said, code="company.expired", cure="Ask Sage to extend the company, or connect another one.")
    if "XL03000006" in numbers:
        return _of_sender(errors, said)
    if "XL03000003" in numbers:
        return Refused(said, code="intacct.schema", cure="This is our mistake: send the texts to support.")
    if any(number.startswith("GW-") for number in numbers) and status >= 500:
        return Unavailable(said, sent=status == 504, code="intacct.gateway")
    if _is(errors, _LATER) or numbers & _LATER_NUMBERS:
        return Unavailable(said, sent=False, code="intacct.later")
    return Refused(said, code="intacct.request", value=min(numbers, default=""), cure="Send the texts to support.")


def _of_sender(errors: Sequence[Said], said: str) -> Denied:
    if any("transport policy" in error.text for error in errors):
        return Denied(said, code="policy.invalid", cure="Send the texts to support.")
    cure = "Correct the sender ID and its password; both are case-sensitive and come from Sage, not from the company."
    return Denied(said, code="sender.wrong", cure=cure)


def _of_authentication(errors: Sequence[Said], headers: Mapping[str, str], *, session: bool) -> ConnectorError:
    said = sentence(errors)
    if _is(errors, _RATE):
        return Throttled(said, after=retry_after(headers))
    if _is(errors, _LATER) or any(error.number in _LATER_NUMBERS for error in errors):
        return Unavailable(said, sent=False, code="intacct.later")
    if _is(errors, _SENDER):
        cure = (
            "An administrator of the company adds the sender ID under Company > Setup > Company > Security >"
            " Web Services authorizations."
        )
        return Denied(said, code="sender.not_authorised", cure=cure)
    return SessionLost(said) if session else _credentials(said)


def _credentials(said: str) -> Denied:
    cure = (
        "Check company ID, user ID, user password and entity ID: Sage Intacct does not tell which of them is wrong."
        " The user must be active and of type web services (no two-step sign-in)."
    )
    return Denied(said, code="credentials.wrong", cure=cure)


# --- outside of the XML -----------------------------------------------------------------------------------------------


def of_status(status: int, headers: Mapping[str, str]) -> ConnectorError | None:
    """What an HTTP status says when no XML came with it. None: the status says nothing."""
    if status == 429:
        return Throttled("HTTP 429: too many requests.", after=retry_after(headers))
    if status == 498:
        return SessionLost("HTTP 498: the session has lapsed.")
    if status in (401, 403, 404, 405):
        cure = "Check the endpoint of the connection, and that no proxy stands between."
        return Denied(f"HTTP {status} without an answer of Sage Intacct.", code="endpoint.refused", cure=cure)
    if status != 200:
        # 500: broken off in the middle; 524: the edge gave up while the company's server still works
        return Unavailable(f"HTTP {status} without an answer of Sage Intacct.", sent=True, code=f"http.{status}")
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; the header gives seconds or a date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
