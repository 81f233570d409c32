"""The API door: who asks, for what, in which version, under which key; then the shop; then the answer."""

import json
import threading
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from standins.serve import Reply, Request
from standins.stripe.core import Json
from standins.stripe.errors import ApiError
from standins.stripe.faults import Fault, Faults, proxy_page, refusal, spoiled
from standins.stripe.form import checked, parse
from standins.stripe.keys import Keys
from standins.stripe.lists import expand
from standins.stripe.once import Once
from standins.stripe.routes import ROUTES, Route
from standins.stripe.shop import Shop
from standins.stripe.versions import present


class Api:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.keys = Keys()
        self.faults = Faults()
        self.once = Once()
        self.asked: list[Json] = []  # every request, for tests that count or look at what was sent
        self.guard = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        pairs = _pairs(request)
        with self.guard:
            fault = self.faults.next(request.method, request.path, urlencode(pairs, safe="[]:@/"))
            request_id = "req_" + self.shop.ids.text(14)
            self.asked.append(_note(request, pairs, request_id, fault))
        try:
            reply = self._faulty(request, pairs, request_id, fault)
        except ApiError as error:
            reply = _json(error.body(), error.status)
        return _with_headers(reply, request, request_id, self.shop, fault)

    def _faulty(self, request: Request, pairs: list[tuple[str, str]], request_id: str, fault: Fault | None) -> Reply:
        if fault is None:
            return self._answer(request, pairs, request_id, None)
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        if fault.kind == "reset_before":
            return Reply(end="reset")
        if fault.kind == "html":
            return proxy_page(fault.status or 502)
        if error := refusal(fault):
            raise error
        if fault.kind == "commit_late":
            threading.Thread(target=self._later, args=(request, pairs, request_id, fault), daemon=True).start()
            return proxy_page(fault.status or 504)
        return spoiled(self._answer(request, pairs, request_id, fault), fault)

    def _later(self, request: Request, pairs: list[tuple[str, str]], request_id: str, fault: Fault) -> None:
        try:
            self._answer(request, pairs, request_id, fault)
        except ApiError:
            pass  # nobody is there to hear it

    def _answer(self, request: Request, pairs: list[tuple[str, str]], request_id: str, fault: Fault | None) -> Reply:
        text, key = self.keys.of(request.headers, self.shop.knobs.bearer)
        route, ids = _route(request)
        params = checked(parse(pairs), route.schema)
        self.keys.allow(key, request.method, request.path)
        if account := request.headers.get("stripe-account"):
            _same_account(account, self.shop)
        if ("_live_" in text) != self.shop.knobs.livemode:
            return _other_mode(route, ids, request.path, "live" if "_live_" in text else "test")
        once = request.headers.get("idempotency-key") if request.method == "POST" else None
        if not once:
            return self._run(request, route, ids, params, request_id, fault)
        return self._run_once(once, request, pairs, lambda: self._run(request, route, ids, params, request_id, fault))

    def _run_once(self, key: str, request: Request, pairs: list[tuple[str, str]], run: Any) -> Reply:
        with self.guard:
            stored = self.once.begin(key, f"{request.path}?{urlencode(sorted(pairs))}", self.shop.clock.exact())
        if stored is not None:
            return Reply(stored.status, stored.body, {**stored.headers, "Idempotent-Replayed": "true"})
        try:
            reply: Reply = run()
        except ApiError as error:
            reply = _json(error.body(), error.status)
        except BaseException:
            self.once.forget(key)
            raise
        if reply.status == 409:
            self.once.forget(key)
        else:
            self.once.store(key, reply)
        return reply

    def _run(
        self, request: Request, route: Route, ids: list[str], params: Json, request_id: str, fault: Fault | None
    ) -> Reply:
        broken = ApiError("An unknown error occurred.", (fault.status if fault else 0) or 500, type="api_error")
        if fault and fault.kind == "error_before":
            raise broken
        if fault and fault.kind == "commit_late":
            time.sleep(fault.seconds)  # its idempotency key is taken already, as in life
        shop, version = self.shop, request.headers.get("stripe-version") or self.shop.knobs.api_version
        paths = params.pop("expand", [])
        with shop.lock:
            shop.request = {"id": request_id, "idempotency_key": request.headers.get("idempotency-key")}
            try:
                with shop.inside():
                    shop.ripen()
                    found = route.handler(shop, params, ids)
                body = _rendered(shop, found, paths, version)
            finally:
                shop.request = None
        if fault and fault.kind == "error_after":
            raise broken
        return _json(body)


def _pairs(request: Request) -> list[tuple[str, str]]:
    text = request.raw_query if request.method in ("GET", "DELETE") and not request.body else request.body.decode()
    return parse_qsl(text, keep_blank_values=True)


def _note(request: Request, pairs: list[tuple[str, str]], request_id: str, fault: Fault | None) -> Json:
    shown = ("stripe-version", "idempotency-key", "stripe-account", "user-agent")
    headers = {k: request.headers[k] for k in shown if k in request.headers}
    scheme = request.headers.get("authorization", "").partition(" ")[0]
    about = {"id": request_id, "method": request.method, "path": request.path, "params": pairs, "headers": headers}
    return {**about, "scheme": scheme, "fault": fault.kind if fault else None}


def _route(request: Request) -> tuple[Route, list[str]]:
    for route in ROUTES:
        ids = route.match(request.method, request.path)
        if ids is not None:
            return route, ids
    raise ApiError(f"Unrecognized request URL ({request.method}: {request.path}).", 404)


def _same_account(account: str, shop: Shop) -> None:
    if account != shop.knobs.account:
        message = f"The provided key does not have access to account '{account}' (or that account does not exist)."
        raise ApiError(message, 403, code="account_invalid")


def _other_mode(route: Route, ids: list[str], path: str, mode: str) -> Reply:
    """Objects of one mode are invisible to the other."""
    if route.method == "GET" and not ids and path not in ("/v1/balance", "/v1/account"):
        return _json({"object": "list", "data": [], "has_more": False, "url": path})
    other = "test" if mode == "live" else "live"
    what = path.split("/")[2].rstrip("s")
    named = f"No such {what}: '{ids[0]}'; a" if ids else "A"
    message = f"{named} similar object exists in {other} mode, but a {mode} mode key was used to make this request."
    raise ApiError(message, 404, code="resource_missing", param="id")


def _rendered(shop: Shop, found: Json, paths: list[str], version: str) -> Json:
    if found.get("object") == "list":
        body = {**found, "data": [_shape(shop, o, version) for o in found["data"]]}
    else:
        body = _shape(shop, found, version)
    for path in sorted(paths):
        expand(shop, body, path, version)
    return body


def _shape(shop: Shop, obj: Json, version: str) -> Json:
    return obj if obj["object"] == "event" else present(shop, obj, version)


def _json(body: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body, indent=2).encode(), {"Content-Type": "application/json"})


def _with_headers(reply: Reply, request: Request, request_id: str, shop: Shop, fault: Fault | None) -> Reply:
    headers = dict(reply.headers)
    if "text/html" in headers.get("Content-Type", ""):
        return reply
    if fault and fault.kind == "rate_limit":
        headers["Stripe-Rate-Limited-Reason"] = fault.reason
    if not (fault and fault.kind == "lock_timeout"):
        headers["Request-Id"] = request_id
    headers["Stripe-Version"] = request.headers.get("stripe-version") or shop.knobs.api_version
    if key := request.headers.get("idempotency-key"):
        headers["Idempotency-Key"] = key
    return Reply(reply.status, reply.body, headers, reply.end, reply.seconds)
