"""The examination, from the outer layer inwards."""

from connectors.base import Check
from connectors.stripe.client import API_VERSION
from tests.stripe.bench import Bench


def found(bench: Bench, key: str = "sk_test_shop", account: str = "") -> dict[str, Check]:
    return {check.key: check for check in bench.source(key, account).examine()}


def test_a_good_key_passes_and_a_missing_endpoint_is_a_warning(bench: Bench) -> None:
    checks = found(bench)
    assert checks["webhook"].outcome == "warning"
    assert {check.outcome for key, check in checks.items() if key != "webhook"} == {"ok"}
    assert not any("sk_test" in check.said + check.cure for check in checks.values())


def test_an_endpoint_that_leaves_events_out_is_named_with_them(bench: Bench) -> None:
    made = bench.shop.create_endpoint("http://127.0.0.1:1/", ["customer.created", "invoice.finalized"])
    check = found(bench)[f"webhook {made['id']}"]
    assert check.outcome == "warning"
    assert "refund.created" in check.said


def test_an_endpoint_with_all_events_passes_and_its_version_is_told_beside_ours(bench: Bench) -> None:
    old = bench.shop.create_endpoint("http://127.0.0.1:1/", api_version="2025-02-24.acacia")
    ours = bench.shop.create_endpoint("http://127.0.0.1:1/", api_version=API_VERSION)
    checks = found(bench)
    assert checks[f"webhook {old['id']}"].outcome == checks[f"webhook {ours['id']}"].outcome == "ok"
    assert "2025-02-24.acacia" in checks[f"webhook {old['id']}"].said
    assert API_VERSION in checks[f"webhook {old['id']}"].said
    assert "which is ours" in checks[f"webhook {ours['id']}"].said


def test_an_endpoint_that_is_disabled_is_named(bench: Bench) -> None:
    made = bench.shop.create_endpoint("http://127.0.0.1:1/")
    bench.shop.get("webhook_endpoint", made["id"])["status"] = "disabled"
    check = found(bench)[f"webhook {made['id']}"]
    assert check.outcome == "warning"
    assert "disabled" in check.said


def test_endpoints_that_lead_elsewhere_are_no_concern_and_one_with_an_earlier_address_is(bench: Bench) -> None:
    hook = "https://portal.example.com/hooks/ours/"
    bench.shop.create_endpoint("https://shop.example.com/hooks/theirs/", ["customer.created"])
    checks = {check.key: check for check in bench.source(hook_url=hook).examine()}
    assert "None leads here" in checks["webhook"].said
    moved = bench.shop.create_endpoint("https://tunnel.example.com/hooks/ours/")
    checks = {check.key: check for check in bench.source(hook_url=hook).examine()}
    assert "webhook" not in checks
    assert "it leads to https://tunnel" in checks[f"webhook {moved['id']}"].said.lower()


def test_each_missing_right_is_named_and_the_rest_is_still_examined(bench: Bench) -> None:
    bench.server.api.keys.add("rk_test_few", ["rak_customer_read", "rak_event_read"])
    checks = found(bench, "rk_test_few", "acct_1")
    assert checks["customers"].outcome == checks["events"].outcome == "ok"
    assert checks["balance transactions"].outcome == "failed"
    assert "rak_balance_transaction_source_read" in checks["balance transactions"].cure
    assert checks["webhook"].outcome == "not_checkable"


def test_a_revoked_key_ends_the_examination_at_the_sign_in(bench: Bench) -> None:
    bench.server.api.keys.revoke("sk_test_shop")
    checks = found(bench)
    assert list(checks) == ["reach", "key"]
    assert checks["key"].outcome == "failed"


def test_an_unreachable_stripe_ends_it_at_once(bench: Bench) -> None:
    bench.server.api.faults.add("reset_before", times=-1)
    checks = found(bench)
    assert list(checks) == ["reach"]
    assert checks["reach"].outcome == "failed"


def test_a_clock_that_is_wrong_is_found(bench: Bench) -> None:
    assert found(bench)["clock"].outcome == "ok"
