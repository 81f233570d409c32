"""The few elements of which the page is made. Text is escaped here and nowhere else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path

STYLE = (Path(__file__).parent / "data" / "style.css").read_text()
# the page renews itself while a demonstration runs; a page that is being read or selected from stays as it is
LIVE = """
setInterval(async () => {
  if (document.hidden || String(getSelection())) return;
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const [now, then] = [document.querySelector("main"), page.querySelector("main")];
  if (then && now.innerHTML !== then.innerHTML) now.innerHTML = then.innerHTML;
}, 3000);
"""
TONES = {
    "Paid": "good", "Posted": "good", "Complete": "good", "active": "good", "success": "good", "Applied": "good",
    "Partially Paid": "wait", "Submitted": "wait", "Draft": "wait", "Selected": "wait", "on hold": "wait",
    "Reversed": "plain", "inactive": "plain", "aborted": "bad", "failure": "bad", "Pending": "plain",
    "Voided": "plain", "Closed": "plain", "not to be paid": "wait",
}  # fmt: skip


@dataclass(frozen=True)
class Raw:
    """HTML that is ready."""

    html: str


Cell = Raw | str | int | Decimal | date | None


def link(href: str, text: object) -> Raw:
    return Raw(f'<a href="{escape(href)}">{escape(str(text))}</a>')


def chip(word: str, shown: str = "") -> Raw:
    return Raw(f'<span class="chip {TONES.get(word, "plain")}">{escape(shown or word)}</span>')


def money(amount: Decimal, currency: str = "") -> Raw:
    text = f"{amount:,.2f}".replace("-", "\u2212")
    shown = f"{text}&nbsp;{escape(currency)}" if currency else text
    return Raw(f'<span class="zero">{shown}</span>' if not amount else shown)


def with_note(cell: Cell, note: str) -> Raw:
    return Raw(f"{inline(cell)}<small>{escape(note)}</small>" if note else inline(cell))


def joined(cells: Iterable[Raw]) -> Raw:
    return Raw("<br>".join(cell.html for cell in cells))


def inline(cell: Cell) -> str:
    if isinstance(cell, Raw):
        return cell.html
    if cell is None:
        return ""
    if isinstance(cell, date):
        return f"{cell.day} {cell:%b %Y}"
    return escape(str(cell))


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], empty: str, *, total: Sequence[Cell] = ()) -> str:
    """A head such as "Amount|num" carries the class of its column."""
    if not rows:
        return f'<div class="scroll"><div class="empty">{escape(empty)}</div></div>'
    names = [(name, kind) for name, _, kind in (head.partition("|") for head in heads)]
    top = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in names)
    body = "".join(_row(names, row) for row in rows)
    last = _row(names, total, "total") if total else ""
    return f'<div class="scroll"><table><tr>{top}</tr>{body}{last}</table></div>'


def _row(names: Sequence[tuple[str, str]], row: Sequence[Cell], kind: str = "") -> str:
    """The heading stands in each cell too: a phone shows a row as a card."""
    pairs = zip(names, map(inline, row), strict=True)
    cells = "".join(f'<td class="{k}" data-head="{escape(name)}">{shown}</td>' for (name, k), shown in pairs)
    return f'<tr class="{kind}">{cells}</tr>'


def card(label: str, value: Cell, href: str = "") -> str:
    body = f"<b>{inline(value)}</b><span>{escape(label)}</span>"
    return f'<a class="card" href="{escape(href)}">{body}</a>' if href else f'<div class="card">{body}</div>'


def section(title: str, body: str, note: str = "") -> str:
    small = f"<small>{escape(note)}</small>" if note else ""
    return f"<h2>{escape(title)} {small}</h2>{body}"


def facts(pairs: Sequence[tuple[str, Cell]]) -> str:
    shown = "".join(
        f"<dt>{escape(name)}</dt><dd>{inline(value)}</dd>" for name, value in pairs if value not in ("", None)
    )
    return f"<dl>{shown}</dl>"


def document(title: str, under: Cell, links: Sequence[tuple[str, str, bool]], main: str) -> str:
    marks = "".join(
        f'<a href="{escape(href)}"{" aria-current=page" if here else ""}>{escape(name)}</a>'
        for name, href, here in links
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Sage Intacct stand-in</title><style>{STYLE}</style></head><body>"
        f'<header><div><h1>{escape(title)}</h1><p class="soft">{inline(under)}</p><nav>{marks}</nav></div></header>'
        f"<main>{main}</main><footer>A stand-in for Sage Intacct on this machine. Nothing here is real money. "
        '<a href="/_control/books">The books as JSON</a></footer>'
        f"<script>{LIVE}</script></body></html>"
    )
