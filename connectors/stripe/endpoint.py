"""The webhook endpoint: which one leads to us, what it lacks, and how it is made. https://docs.stripe.com/webhooks"""

import ipaddress
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from connectors.addresses import is_public
from connectors.base import Announce, Endpoint, Json
from connectors.errors import Denied, Malformed, Refused
from connectors.stripe.client import API_VERSION, Client
from connectors.stripe.reading import READERS

MARK = "ml_connector"
"""The key in its metadata by which we know an endpoint that we made; the value is the path of its hook."""
RIGHT = "rak_webhook_write"
NOT_PUBLIC = ("localhost", ".localhost", ".local", ".internal", ".lan", ".test")


def endpoints(client: Client, url: str) -> list[Endpoint]:
    return [_endpoint(row, url) for row in leading_to(client.webhook_endpoints(), url)]


def leading_to(rows: list[Json], url: str) -> list[Json]:
    """By the path, which is of this hook alone: the portal may have had another address when it was made."""
    return [row for row in rows if urlsplit(row["url"]).path == urlsplit(url).path]


def _endpoint(row: Json, url: str) -> Endpoint:
    mark = (row.get("metadata") or {}).get(MARK)
    return Endpoint(row["id"], tuple(wrong_with(row, url)), mark == urlsplit(url).path)


def wrong_with(row: Json, url: str = "") -> Iterator[str]:
    """What of an endpoint is not as it must be. Its version may be any: events are hints, objects are read in ours."""
    if row["status"] != "enabled":
        yield "it is disabled in Stripe, so nothing is sent"
    if url and row["url"] != url:
        yield f"it leads to {row['url']}, and this portal is at {url}"
    lacking = set() if "*" in row["enabled_events"] else set(READERS) - set(row["enabled_events"])
    if lacking:
        yield f"it does not send {', '.join(sorted(lacking))}"


def reachable(url: str, api_base: str) -> None:
    """Stripe itself sends to public https addresses only; a stand-in sends wherever it is told. Raises Refused."""
    if not (urlsplit(api_base).hostname or "").endswith(".stripe.com"):
        return
    parts = urlsplit(url)
    if parts.scheme != "https" or not _public(parts.hostname or ""):
        raise Refused(
            f"Stripe sends to public https addresses only, and this portal's is {url}.",
            cause="settings",
            code="hook.address",
            value=url,
            cure="Set PUBLIC_URL to the https address under which the internet reaches this portal, or to that of a"
            " tunnel to it. Until then polling finds what changed.",
        )


def _public(host: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return "." in host and not host.endswith(NOT_PUBLIC)


def make(client: Client, url: str, announce: Announce) -> Endpoint:
    params = {
        "url": url,
        "enabled_events": sorted(READERS),
        "api_version": API_VERSION,
        "description": "ml-connector",
        "metadata": {MARK: urlsplit(url).path},
    }
    made = _permitted(lambda: client.make_webhook_endpoint(params, announce))
    if not made.get("secret"):
        raise Malformed("secret", "is missing in Stripe's answer")
    return Endpoint(made["id"], ours=True, secret=made["secret"])


def mend(client: Client, id: str, url: str, announce: Announce) -> None:
    """Events that others asked it to send stay."""
    sent: list[str] = next((row["enabled_events"] for row in client.webhook_endpoints() if row["id"] == id), [])
    events = ["*"] if "*" in sent else sorted({*sent, *READERS})
    params = {"url": url, "enabled_events": events, "disabled": False}
    _permitted(lambda: client.change_webhook_endpoint(id, params, announce))


def drop(client: Client, id: str, announce: Announce) -> None:
    _permitted(lambda: client.delete_webhook_endpoint(id, announce))


def _permitted(write: Callable[[], Json]) -> Json:
    try:
        return write()
    except Denied as error:
        if error.code == "denied.right":
            error.value = error.value or RIGHT
            error.cure = (
                f"Give the restricted key {error.value} in Stripe (Webhook Endpoints: Write) and try again, or make the"
                " endpoint in Stripe by hand and enter its signing secret here."
            )
        raise
