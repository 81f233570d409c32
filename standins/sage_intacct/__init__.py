"""A local double of the Sage Intacct XML gateway: keeps real books, can be made to fail, shows what it holds.

books, server = serve()          # a free port, in memory, company ACME-DEMO
python -m standins.sage_intacct --port 8101 --file books.sqlite3
"""

from pathlib import Path
from typing import Any

from standins.serve import App, Reply, Request, Server, as_page

from .books import Books, Company
from .control import PREFIX, Control
from .gateway import Gateway
from .page import Page
from .seed import add_entity, seed_demo

__all__ = ["Books", "Company", "Server", "add_entity", "app", "seed_demo", "serve"]


def app(books: Books) -> App:
    gateway = Gateway(books)
    control = Control(books, gateway.slots)
    page = Page(books)

    def answer(request: Request) -> Reply:
        if request.path.startswith(PREFIX):
            return control(request)
        if request.method in ("GET", "HEAD") and not request.path.endswith(".phtml"):
            return as_page(*page(request))
        return gateway(request)

    return answer


def serve(port: int = 0, file: str | Path | None = None, *, seed: bool = True, **knobs: Any) -> tuple[Books, Server]:
    """The stand-in, started; with `file` its books outlive the process."""
    books = Books(file, **knobs)
    if seed:
        seed_demo(books)
    return books, Server(app(books), port).start()
