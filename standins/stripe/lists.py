"""Lists: newest first, by page, with the filters of each kind; and expansion of ids into objects."""

from collections.abc import Callable, Sequence
from typing import Any

from standins.stripe.core import Core, Json
from standins.stripe.errors import ApiError, missing
from standins.stripe.versions import family_of, present

Filter = Callable[[Core, Json, Any], bool]


def same(field: str) -> Filter:
    return lambda shop, obj, value: obj.get(field) == value


def within(field: str) -> Filter:
    """One second, or a range of seconds."""

    def check(shop: Core, obj: Json, value: Any) -> bool:
        at = obj.get(field)
        if at is None:
            return False
        if isinstance(value, int):
            return bool(at == value)
        tests = {"gt": at > value.get("gt", at - 1), "gte": at >= value.get("gte", at)}
        tests |= {"lt": at < value.get("lt", at + 1), "lte": at <= value.get("lte", at)}
        return all(tests.values())

    return check


def page(shop: Core, objects: Sequence[Json], params: Json, url: str, filters: dict[str, Filter]) -> Json:
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise ApiError(
            "This value must be between 1 and 100 (inclusive).", code="parameter_invalid_integer", param="limit"
        )
    chosen = [o for o in objects if all(f(shop, o, params[n]) for n, f in filters.items() if n in params)]
    before = params.get("ending_before")
    if before:
        end = _place(chosen, objects, before, "ending_before")
        start = max(0, end - limit)
        return {"object": "list", "data": chosen[start:end], "has_more": start > 0, "url": url}
    start = _place(chosen, objects, params["starting_after"], "starting_after") + 1 if "starting_after" in params else 0
    data = chosen[start : start + limit]
    return {"object": "list", "data": data, "has_more": start + len(data) < len(chosen), "url": url}


def _place(chosen: Sequence[Json], objects: Sequence[Json], id: str, param: str) -> int:
    for place, obj in enumerate(chosen):
        if obj["id"] == id:
            return place
    error = missing("object", id)
    error.param = param
    raise error


def _list_of(shop: Core, ids: Sequence[str], kind: str, version: str, url: str) -> Json:
    data = [present(shop, shop.get(kind, i), version) for i in ids[:10]]
    return {"object": "list", "data": data, "has_more": len(ids) > 10, "url": url}


def _payments(shop: Core, obj: Json, version: str) -> Json:
    ids = shop.secret(obj["id"]).get("payments", [])
    return _list_of(shop, ids, "invoice_payment", version, f"/v1/invoice_payments?invoice={obj['id']}")


def _refunds(shop: Core, obj: Json, version: str) -> Json:
    ids = list(reversed(shop.secret(obj["id"]).get("refunds", [])))
    return _list_of(shop, ids, "refund", version, f"/v1/charges/{obj['id']}/refunds")


def _nothing(shop: Core, obj: Json, version: str) -> Json:
    return {"object": "list", "data": [], "has_more": False, "url": f"/v1/customers/{obj['id']}"}


_ONLY_EXPANDED: dict[tuple[str, str], Callable[[Core, Json, str], Json]] = {
    ("invoice", "payments"): _payments,
    ("charge", "refunds"): _refunds,
    ("customer", "tax_ids"): _nothing,
    ("customer", "sources"): _nothing,
    ("customer", "subscriptions"): _nothing,
}


def expand(shop: Core, obj: Any, path: str, version: str) -> None:
    """Changes `obj`, which must be a copy."""
    steps = path.split(".")
    if len(steps) > 4:
        raise ApiError(
            f"You cannot expand more than 4 levels of a property ({path}).", code="property_expansion_max_depth"
        )
    _expand(shop, obj, steps, path, version)


def _expand(shop: Core, obj: Any, steps: list[str], path: str, version: str) -> None:
    if isinstance(obj, list):
        for one in obj:
            _expand(shop, one, steps, path, version)
        return
    if not isinstance(obj, dict):
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    name, rest = steps[0], steps[1:]
    made = _ONLY_EXPANDED.get((obj.get("object", ""), name))
    if made and not (name == "payments" and family_of(version) == "acacia"):
        obj[name] = made(shop, obj, version)
    elif name not in obj:
        if obj.get("deleted") or obj.get("object") in (None, "list"):
            return  # optional parts of nested maps, such as payment.charge
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    obj[name] = _opened(shop, obj[name], path, version)
    if rest and obj[name] is not None:
        _expand(shop, obj[name], rest, path, version)


def _opened(shop: Core, value: Any, path: str, version: str) -> Any:
    if isinstance(value, list):
        return [_opened(shop, v, path, version) for v in value]
    if not isinstance(value, str):
        return value
    kind = shop.kind_of.get(value)
    if kind is None:
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    return present(shop, shop.get(kind, value), version)
