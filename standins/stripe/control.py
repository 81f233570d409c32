"""The control plane for tests in other processes: `/_control/…`, JSON in and out."""

import inspect
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from standins.serve import Reply, Request, as_json
from standins.stripe.api import Api
from standins.stripe.demo import seed_demo
from standins.stripe.errors import ApiError
from standins.stripe.shop import Shop

# What `/_control/call` may do. Their arguments are those of the methods.
CALLS = (
    "create_customer update_customer delete_customer credit_customer create_product create_tax_rate create_coupon"
    " create_invoice add_line remove_line create_item update_invoice delete_draft finalize void mark_uncollectible"
    " create_intent confirm sell capture expire finish_debit release_balance_rows pay pay_several pay_out_of_band"
    " attach report_payment fail_late refund finish_refund credit_note"
    " void_credit_note dispute close_dispute stripe_fee"
    " adjustment payout manual_payout complete_payout pay_payout fail_payout"
    " cancel_payout balance create_endpoint roll_secret"
    " drop_old_secret resend send_now"
).split()


class Control:
    def __init__(self, shop: Shop, api: Api) -> None:
        self.shop, self.api = shop, api
        self.doors: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "state"): lambda _: shop.dump(),
            ("GET", "calls"): lambda _: {n: str(inspect.signature(getattr(shop, n))) for n in CALLS},
            ("POST", "call"): self._call,
            ("POST", "calls"): lambda steps: [self._call(s) for s in steps],
            ("GET", "clock"): self._time,
            ("POST", "clock"): self._clock,
            ("GET", "knobs"): lambda _: shop.knobs.as_dict(),
            ("POST", "knobs"): self._turn,
            ("GET", "faults"): lambda _: api.faults.as_list(),
            ("POST", "faults"): self._fault,
            ("DELETE", "faults"): lambda _: api.faults.clear(),
            ("GET", "requests"): lambda _: api.asked,
            ("DELETE", "requests"): lambda _: api.asked.clear(),
            ("GET", "keys"): lambda _: {k: asdict(v) for k, v in api.keys.known.items()},
            ("POST", "keys"): self._key,
            ("POST", "endpoints"): lambda p: shop.create_endpoint(p.pop("url"), p.pop("events", None), **p),
            ("GET", "deliveries"): lambda _: shop.deliveries(),
            ("GET", "signed"): self._signed,
            ("POST", "send"): lambda p: shop.send_now(p["delivery"]),
            ("POST", "seed"): lambda _: seed_demo(shop),
            ("POST", "reset"): self._reset,
        }

    def __call__(self, request: Request) -> Reply:
        name = request.path.removeprefix("/_control/").strip("/")
        door = self.doors.get((request.method, name))
        if door is None:
            return as_json({"error": f"no such door; there are {sorted({n for _, n in self.doors})}"}, 404)
        try:
            answer = door(request.json() if request.method == "POST" else dict(request.query))
        except ApiError as error:
            return as_json(error.body(), error.status)
        except (KeyError, TypeError, ValueError, StopIteration) as error:
            return as_json({"error": f"{type(error).__name__}: {error}"}, 400)
        return as_json({"ok": True} if answer is None else answer)

    def _call(self, step: dict[str, Any]) -> Any:
        if step["do"] not in CALLS:
            raise ValueError(f"no call named {step['do']}")
        return getattr(self.shop, step["do"])(*step.get("args", []), **step.get("with", {}))

    def _turn(self, changes: dict[str, Any]) -> dict[str, Any]:
        self.shop.turn(**changes)
        return self.shop.knobs.as_dict()

    def _time(self, _: Any = None) -> dict[str, Any]:
        return {"now": self.shop.clock.exact(), "stopped": self.shop.clock.stopped_at is not None}

    def _clock(self, moves: dict[str, Any]) -> dict[str, Any]:
        clock = self.shop.clock
        with self.shop.lock:
            if "stop" in moves:
                clock.stop(None if moves["stop"] is True else moves["stop"])
            if "advance" in moves:
                clock.advance(moves["advance"])
            if moves.get("run"):
                clock.run()
            if moves.get("real"):
                clock.real()
            self.shop.tick()
            self.shop.ripen()
        return self._time()

    def _fault(self, spec: Any) -> Any:
        for one in spec if isinstance(spec, list) else [spec]:
            self.api.faults.add(**one)
        return self.api.faults.as_list()

    def _key(self, spec: dict[str, Any]) -> None:
        if spec.get("revoke"):
            self.api.keys.revoke(spec["key"])
        else:
            self.api.keys.add(spec["key"], spec.get("permissions"))

    def _signed(self, query: dict[str, str]) -> dict[str, Any]:
        url, body, headers = self.shop.signed(query["delivery"])
        return {"url": url, "body": body.decode(), "headers": headers}

    def _reset(self, _: Any) -> None:
        self.shop.reset()
        self.api.faults.clear()
        self.api.asked.clear()
        self.api.once.entries.clear()
