"""The page for people: what lies in the folders, and buttons that export, make trouble and turn knobs."""

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from standins.serve import Reply, Request, as_page, go
from standins.stampli.awkward import ACTS
from standins.stampli.writing import LAYOUTS
from standins.stripe.html import STYLE, button, card, choice, code, head, link, small, table, when

if TYPE_CHECKING:
    from standins.stampli import StampliServer

SWITCHES = {
    "read_only": "Nothing may be changed",
    "outbound_writable": "Files may be taken out of the outbound folder",
    "archive_writable": "Files may be put into archive and error",
}
FOLDERS = {"": "Outbound", "archive": "Archive", "error": "Error"}


class Pages:
    def __init__(self, server: "StampliServer") -> None:
        self.server = server

    def __call__(self, request: Request) -> Reply:
        if request.method == "POST":
            return self._act(request.path, dict(request.form()))
        if request.path == "/":
            return as_page(self._page("Stampli's outbox", self._home(), request.query))
        if request.path == "/file":
            return self._file(request.query)
        return as_page(self._page("Not found", head("Not found"), {}), 404)

    # --- shown

    def _page(self, title: str, body: str, query: "dict[str, str] | object") -> str:
        given = query if isinstance(query, dict) else {}
        notes = "".join(
            f'<p class="note {kind}" role=status>{escape(given[name])}</p>'
            for name, kind in (("done", "good"), ("trouble", "bad"))
            if given.get(name)
        )
        return (
            "<!doctype html><html lang=en><meta charset=utf-8>"
            "<meta name=viewport content='width=device-width,initial-scale=1'>"
            f"<title>{escape(title)}</title><style>{STYLE}</style>"
            '<header class=top><div class=bar><a class=brand href="/"><i></i>Stampli stand-in</a></div></header>'
            f"<main>{notes}{body}</main></html>"
        )

    def _home(self) -> str:
        at = self.server.address()
        lead = f"SFTP at {at['host']}:{at['port']}, user {at['username']}, folder {at['outbound_folder']}"
        pick = choice("Layout", "layout", [(name, one.label) for name, one in LAYOUTS.items()])
        week = f"<form method=post action=/week>{pick}<button class=main>Export the next week</button></form>"
        told = f"<p class=s>{len(self.server.story.weeks)} weeks were exported so far.</p>"
        acts = "".join(button(label, "/awkward", what=what) for what, (label, _) in ACTS.items())
        parts = [head("Stampli's outbox", lead), card("Exports", week + told)]
        parts += [self._folder(folder, label) for folder, label in FOLDERS.items()]
        parts += [card("Files that make trouble", f"<div class=acts>{acts}</div>"), self._switches(), self._sign_ins()]
        return "".join(parts)

    def _folder(self, folder: str, label: str) -> str:
        if folder and not (self.server.world.outbox.out / folder).is_dir():
            return card(
                label, f"<p class=empty>The folder is gone. {button('Make it again', '/folder', name=folder)}</p>"
            )
        rows = [row for row in self.server.world.outbox.listed(folder) if row["kind"] != "folder" or "." in row["name"]]
        shown = [(self._named(folder, row), row["kind"], f"{row['size']:,}", when(row["mtime"])) for row in rows[:200]]
        more = f"<p class=s>and {len(rows) - 200} more</p>" if len(rows) > 200 else ""
        lose = button(f"Lose the {folder} folder", "/folder", name=folder, lose="yes") if folder else ""
        return card(label, table(("Name", "Kind", "#Bytes", "Written"), shown, "Nothing lies here.") + more + lose)

    def _named(self, folder: str, row: dict[str, Any]) -> object:
        path = "/".join(filter(None, (folder, row["name"])))
        return (
            link(f"/file?path={quote(path)}", row["name"])
            if row["kind"] == "file" and "\\" not in path
            else row["name"]
        )

    def _switches(self) -> str:
        knobs = self.server.world.knobs.as_dict()
        rows = [
            (label, "yes" if knobs[name] else "no", button("Turn", "/knob", name=name))
            for name, label in SWITCHES.items()
        ]
        key = self.server.sftp.keys[0]
        shown = f"<p>Host key: {code(f'{key.get_name()} {key.fingerprint}')}</p>"
        renew = button("Give the server a new host key", "/host-key")
        return card("The server", table(("", "", ""), rows) + shown + renew)

    def _sign_ins(self) -> str:
        rows = [
            (one["user"], one["by"], "yes" if one["well"] else "no") for one in reversed(self.server.world.tries[-8:])
        ]
        return card("Who signed in", table(("User", "By", "Let in"), rows, "Nobody has tried yet."))

    def _file(self, query: object) -> Reply:
        path = str(query.get("path", "")) if isinstance(query, dict) else ""
        real = (self.server.world.outbox.out / path).resolve()
        if not real.is_relative_to(self.server.world.outbox.out.resolve()) or not real.is_file():
            return as_page(self._page("Not found", head("Not found"), {}), 404)
        text = real.read_bytes()[:100_000].decode("utf-8", "replace")
        body = head(path) + f"<p>{link('/', 'Back')}</p><div class=scroll><pre>{escape(text)}</pre></div>"
        return as_page(self._page(path, body + str(small(f"{real.stat().st_size:,} bytes")), {}))

    # --- done

    def _act(self, path: str, form: dict[str, str]) -> Reply:
        server = self.server
        if path == "/week":
            made = server.export_week(form.get("layout", "plain"))
            return _done(f"{made['bills']} bills and {made['payments']} payments: {', '.join(made['files'])}")
        if path == "/awkward" and form.get("what") in ACTS:
            label, act = ACTS[form["what"]]
            act(server.world.outbox)
            return _done(label)
        if path == "/knob" and form.get("name") in SWITCHES:
            name = form["name"]
            server.world.knobs.turn({name: not server.world.knobs.as_dict()[name]})
            return _done(SWITCHES[name])
        if path == "/folder" and form.get("name") in ("archive", "error"):
            change = server.world.outbox.lose_folder if form.get("lose") else server.world.outbox.make_folder
            change(form["name"])
            return _done("Done")
        if path == "/host-key":
            server.sftp.renew_host_key()
            return _done("The server has a new host key")
        return go(f"/?trouble={quote('There is no such action.')}")


def _done(words: str) -> Reply:
    return go(f"/?done={quote(words)}")
