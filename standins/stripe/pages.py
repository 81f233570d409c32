"""Placeholder until the pages are written."""

from standins.serve import Reply, Request, as_page
from standins.stripe.shop import Shop


class Pages:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def __call__(self, request: Request) -> Reply:
        return as_page("<h1>Shop</h1>")
