"""The look of the back office: one frame, one style sheet, and the few pieces that every page is made of."""

import datetime
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from standins.stripe.money import shown

STYLE = (Path(__file__).parent / "data" / "style.css").read_text()

_NAV = (
    ("/", "Overview"),
    ("/invoices", "Invoices"),
    ("/customers", "Customers"),
    ("/payments", "Payments"),
    ("/balance", "Balance"),
    ("/events", "Events"),
    ("/webhooks", "Webhooks"),
)

_TONES = {
    "paid": "good",
    "succeeded": "good",
    "available": "good",
    "done": "good",
    "enabled": "good",
    "issued": "good",
    "open": "warn",
    "pending": "warn",
    "in_transit": "warn",
    "processing": "warn",
    "held": "warn",
    "failed": "bad",
    "uncollectible": "bad",
    "dropped": "bad",
    "lost": "bad",
    "needs_response": "bad",
}


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def text(value: Any) -> str:
    return value if isinstance(value, Html) else escape("" if value is None else str(value))


def frame(
    shop: str, title: str, body: str, here: str = "", *, office: bool = True, note: str = "", bad: str = ""
) -> str:
    """`here` is the page's place in the navigation, which the customers of the shop (not `office`) do not see."""
    links = (f'<a href="{u}"{" aria-current=page" if u == here else ""}>{w}</a>' for u, w in _NAV)
    brand = f'<a class=brand href="{"/" if office else ""}"><i></i>{escape(shop)}</a>'
    notes = "".join(f'<p class="note {k}" role=status>{escape(t)}</p>' for k, t in (("good", note), ("bad", bad)) if t)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)} · {escape(shop)}</title><style>{STYLE}</style>"
        f"<header class=top><div class=bar>{brand}<nav>{''.join(links) if office else ''}</nav></div></header>"
        f"<main>{notes}{body}</main></html>"
    )


def head(title: str, lead: Any = "", actions: str = "") -> str:
    words = f"<div><h1>{text(title)}</h1><p class='lead close'>{text(lead)}</p></div>"
    return f"<div class=head>{words}{_acts(actions)}</div>"


def _acts(actions: str) -> str:
    return f"<div class=acts>{actions}</div>" if actions else ""


def card(title: str, body: str) -> str:
    return f"<section class=card>{f'<h2>{escape(title)}</h2>' if title else ''}{body}</section>"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "Nothing yet.") -> str:
    """A column whose name begins with # holds numbers."""
    body = "".join("<tr>" + "".join(_cell(c, v) for c, v in zip(columns, row, strict=True)) + "</tr>" for row in rows)
    if not body:
        return f"<p class=empty>{escape(empty)}</p>"
    names = "".join(f"<th{' class=n' if c.startswith('#') else ''}>{escape(c.lstrip('#'))}</th>" for c in columns)
    return f"<div class=scroll><table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(column: str, value: Any) -> str:
    return f"<td{' class=n' if column.startswith('#') else ''}>{text(value)}</td>"


def sums(rows: Iterable[tuple[str, str]]) -> str:
    """Label and amount; the last is the total."""
    pairs = list(rows)
    body = "".join(
        f"<tr{' class=total' if i == len(pairs) - 1 else ''}><td>{escape(a)}</td><td class=n>{escape(b)}</td></tr>"
        for i, (a, b) in enumerate(pairs)
    )
    return f"<table class=sum>{body}</table>"


def tile(label: str, value: str, href: str = "") -> str:
    inside = f"<div class=tile>{escape(label)}<b>{escape(value)}</b></div>"
    return f'<a class=card href="{href}">{inside}</a>' if href else f"<div class=card>{inside}</div>"


def tag(state: str | None) -> Html:
    word = (state or "–").replace("_", " ")
    return Html(f'<span class="tag {_TONES.get(state or "", "")}">{escape(word)}</span>')


def link(href: str, words: Any) -> Html:
    return Html(f'<a href="{escape(href)}">{text(words)}</a>')


def button(words: str, action: str, main: bool = False, **fields: Any) -> Html:
    hidden = "".join(f'<input type=hidden name="{k}" value="{escape(str(v))}">' for k, v in fields.items())
    kind = " class=main" if main else ""
    return Html(f'<form method=post action="{escape(action)}">{hidden}<button{kind}>{escape(words)}</button></form>')


def money(amount: int | None, currency: str) -> str:
    return "–" if amount is None else shown(amount, currency)


def when(seconds: int | None) -> Html:
    if not seconds:
        return Html("–")
    at = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return Html(f'<span class=nw title="{at:%Y-%m-%d %H:%M:%S} UTC">{at.day} {at:%b %Y, %H:%M}</span>')


def small(value: Any) -> Html:
    return Html(f"<span class=s>{text(value)}</span>")


def over(value: Any, below: Any) -> Html:
    return Html(f"{text(value)}<br>{small(below)}")


def code(value: Any) -> Html:
    return Html(f"<code>{text(value)}</code>")


def field(label: str, name: str, value: Any = "", **more: Any) -> str:
    attributes = "".join(f' {k}="{escape(str(v))}"' for k, v in more.items())
    return f'<label>{escape(label)}<input name="{name}" value="{escape(str(value))}"{attributes}></label>'


def choice(label: str, name: str, options: Iterable[tuple[str, str]], chosen: str = "") -> str:
    inside = "".join(
        f'<option value="{escape(v)}"{" selected" if v == chosen else ""}>{escape(w)}</option>' for v, w in options
    )
    return f'<label>{escape(label)}<select name="{name}">{inside}</select></label>'
