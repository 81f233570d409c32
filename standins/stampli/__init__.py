"""A local double of Stampli's end of the line: an SFTP server with folders that a page fills, and what goes wrong."""

import json
import threading
import traceback
from datetime import UTC, date, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

from standins.serve import Reply, Request, Server, as_page, go
from standins.stampli.control import PREFIX, Control
from standins.stampli.faults import Faults
from standins.stampli.knobs import Knobs
from standins.stampli.outbox import OUTBOUND, Outbox
from standins.stampli.pages import Pages
from standins.stampli.sftp import SftpServer, User, World
from standins.stampli.story import Story
from standins.stampli.writing import LAYOUTS, bills_file, payments_file

__all__ = ["DEMO_PASSWORD", "DEMO_USER", "OUTBOUND", "StampliServer", "User", "serve"]

DEMO_USER, DEMO_PASSWORD = "northwind", "sftp-demo"
COMPANY = "NW-4711"
WEEKS_AGO = 8


class StampliServer(Server):
    """The SFTP server, and beside it over HTTP: the control plane under /_control, a page for people elsewhere."""

    def __init__(self, port: int = 0, sftp_port: int = 0, folder: Path | None = None, seed: int = 1) -> None:
        self.folder, self.seed = folder, seed
        self.world = World(Outbox(folder / "files" if folder else None), Knobs(), Faults())
        self.world.users[DEMO_USER] = User(DEMO_USER, DEMO_PASSWORD)
        self.story = Story(seed)
        self.changing = threading.Lock()
        self._recall()
        self.sftp = SftpServer(self.world, sftp_port, folder / "host_key" if folder else None)
        self.control, self.pages = Control(self), Pages(self)
        super().__init__(self.route, port)

    # --- what the exporter does

    def export_week(self, layout: str = "plain") -> dict[str, Any]:
        """The next week of the story: a file of bills, and one of payments where there are any."""
        with self.changing:
            week = self.story.next_week()
            end = LAYOUTS[layout].extension
            stamp = f"{week.first:%Y%m%d}"
            names = [f"invoices_{stamp}.{end}"]
            self.world.outbox.drop(names[0], bills_file(week.bills, layout))
            if week.payments:
                names.append(f"payments_{stamp}.{end}")
                self.world.outbox.drop(names[1], payments_file(week.payments, layout))
            self._remember()
        return {"week": week.number, "files": names, "bills": len(week.bills), "payments": len(week.payments)}

    def address(self) -> dict[str, Any]:
        """What a connection to this needs."""
        port = self.sftp.port
        given = {"host": "127.0.0.1", "port": port, "username": DEMO_USER, "password": DEMO_PASSWORD}
        key = self.sftp.keys[0]
        pins = [{"type": key.get_name(), "key": key.get_base64()}]
        return {**given, "company_id": COMPANY, "outbound_folder": f"/{OUTBOUND}", "host_keys": pins}

    def reset(self) -> None:
        with self.changing:
            self.world.outbox.clear()
            self.world.faults.clear()
            self.world.asked.clear()
            self.world.tries.clear()
            self.world.knobs.turn(Knobs().as_dict())
            self.story = Story(self.seed, self.story.start)
            self._remember()

    def _state(self) -> Path | None:
        return self.folder / "story.json" if self.folder else None

    def _recall(self) -> None:
        """A story goes on where it was: it begins some weeks ago, so that its dates are of today."""
        state, today = self._state(), datetime.now(UTC).date()
        start = today - timedelta(days=today.weekday(), weeks=WEEKS_AGO)
        kept: dict[str, Any] = (
            json.loads(state.read_text()) if state and state.exists() else {"weeks": 0, "start": str(start)}
        )
        self.story = Story(self.seed, date.fromisoformat(kept["start"]))
        for _ in range(kept["weeks"]):
            self.story.next_week()

    def _remember(self) -> None:
        if state := self._state():
            state.write_text(json.dumps({"weeks": len(self.story.weeks), "start": str(self.story.start)}))

    # --- serving

    def route(self, request: Request) -> Reply:
        try:
            if request.path.startswith(PREFIX):
                return self.control(request)
            return self.pages(request) if request.path != "/favicon.ico" else go("/")
        except Exception:  # noqa: BLE001 - a fault of the stand-in's own must be seen as such
            return as_page(f"<h1>The stand-in broke</h1><pre>{escape(traceback.format_exc())}</pre>", 500)

    def start(self) -> "StampliServer":
        super().start()
        self.sftp.start()
        return self

    def stop(self) -> None:
        self.sftp.stop()
        super().stop()
        self.world.outbox.close()


def serve(port: int = 0, sftp_port: int = 0, *, folder: Path | None = None, seed: int = 1) -> StampliServer:
    """Starts both. `folder` keeps files, story and host key over restarts; without it they are in a temporary one."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    return StampliServer(port, sftp_port, folder, seed).start()
