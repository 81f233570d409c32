"""The books for people: one calm page."""

from standins.serve import Request

from .books import Books


class Page:
    def __init__(self, books: Books) -> None:
        self.books = books

    def __call__(self, request: Request) -> tuple[str, int]:
        return "<!DOCTYPE html><title>Sage Intacct stand-in</title><p>See /_control/books", 200
