"""One Stripe account as the host sees it: who it is, whether it works, what happened, and all about one fact."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from connectors.base import Access, Account, Announce, Check, Choice, Endpoint, Fact, Hint, Json, Page, Survey
from connectors.errors import Denied, Refused
from connectors.stripe import endpoint, loading, ping, polling, reading, window
from connectors.stripe.client import Client


class Stripe:
    def __init__(self, access: Access) -> None:
        self._credentials = access.credentials
        self._settings = access.settings
        self._client = Client(access)

    def account(self) -> Account:
        """A restricted key may not be allowed to tell its account; then what the person entered is taken."""
        asked = self._credentials.account_id
        try:
            found = self._client.account()
        except (Denied, Refused) as error:
            if not asked or (isinstance(error, Denied) and error.code == "denied.key"):
                raise
            found = {"id": asked}
        if asked and found["id"] != asked:
            raise Denied(
                f"The key belongs to {found['id']}, not to {asked}.",
                code="denied.account",
                field="account_id",
                value=asked,
                cure="Enter a key of that account, or correct the account id.",
            )
        return Account(found["id"], _label(found), self._credentials.mode, _facts(found))

    def examine(self) -> Iterator[Check]:
        hook = str(self._settings.get("hook_url", ""))
        return ping.examine(self._client, self._credentials.secret_key, self.account, hook)

    def choices(self, table: str) -> Iterator[Choice]:
        return iter(())

    def facts(self, hint: Hint) -> Sequence[Fact] | None:
        return reading.facts(self._client, hint)

    def poll(self, feed: str, cursor: str, now: datetime) -> Page:
        return polling.poll(self._client, self._settings, feed, cursor, now)

    def survey(self, streams: Collection[str], since: datetime, until: datetime, cursor: str) -> Survey:
        return window.survey(self._client, self._settings, streams, since, until, cursor)

    def load(self, stream: str, key: str) -> Json:
        return loading.load(self._client, stream, key)

    # --- the webhook endpoint

    def endpoints(self, url: str) -> Sequence[Endpoint]:
        endpoint.reachable(url, self._credentials.api_base)
        return endpoint.endpoints(self._client, url)

    def make_endpoint(self, url: str, announce: Announce) -> Endpoint:
        return endpoint.make(self._client, url, announce)

    def mend_endpoint(self, id: str, url: str, announce: Announce) -> None:
        endpoint.mend(self._client, id, url, announce)

    def drop_endpoint(self, id: str, announce: Announce) -> None:
        endpoint.drop(self._client, id, announce)


def _label(found: Json) -> str:
    profile = found.get("business_profile") or {}
    dashboard = (found.get("settings") or {}).get("dashboard") or {}
    return str(dashboard.get("display_name") or profile.get("name") or "")


def _facts(found: Json) -> Json:
    return {"country": found.get("country"), "currency": found.get("default_currency")}
