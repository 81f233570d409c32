"""The demo as a stranger sees it: one command, a real browser, a payment and a refund that arrive in the books."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.demo import DEMO_PASSWORD
from tests.demo import CHROMIUM, FLAGS, running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.processes,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[dict[str, str]]:
    """`up --demo` in a directory of its own; the addresses that it prints."""
    with running(tmp_path) as addresses:
        yield addresses


def _until(page: Any, url: str, words: str) -> None:
    end = time.monotonic() + 60
    page.goto(url)
    while words not in page.inner_text("body").replace("\N{NO-BREAK SPACE}", " "):
        assert time.monotonic() < end, f"{words} did not appear on {url}:\n{page.inner_text('body')}"
        time.sleep(0.5)
        page.goto(url)


def test_a_customer_pays_and_is_partly_refunded_and_the_books_show_it(demo: dict[str, str]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        _until(page, demo["Sage Intacct"], "F2A1-0001")
        _pay(page, demo["Stripe"], "F2A1-0001")
        _until(page, demo["Sage Intacct"] + "ACME-DEMO/documents", "Paid\t297.67 USD")
        _refund(page, demo["Stripe"], "60.00")
        _until(page, demo["Sage Intacct"] + "ACME-DEMO/journals", "Stripe refund")
        _read_and_replay(page, demo["The portal"])
        assert wrong == []
        browser.close()


def _pay(page: Any, shop: str, invoice: str) -> None:
    page.goto(shop)
    page.click(f"text={invoice}")
    page.click("text=Payment page")
    page.click("button:has-text('Pay')")
    page.wait_for_load_state()


def _refund(page: Any, shop: str, amount: str) -> None:
    page.goto(shop + "payments")
    page.locator("input[name=amount]").first.fill(amount)
    page.locator("button:has-text('Refund')").first.click()
    page.wait_for_load_state()


def _read_and_replay(page: Any, portal: str) -> None:
    _sign_in(page, portal, "support", DEMO_PASSWORD)
    _until(page, portal + "admin/audit/record/?q=re_", "60.00")
    page.locator("#result_list tbody a").first.click()
    page.wait_for_load_state()
    body = page.inner_text("body")
    assert "record.posted" in body and "40100" in body, body


def test_a_stranger_signs_up_by_the_letter_and_is_in_with_a_second_factor(demo: dict[str, str], tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    portal = demo["The portal"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 390, "height": 844}, timezone_id="Europe/Vienna")
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        _sign_up(page, portal, tmp_path / "mail")
        for path in ("", "admin/", "account/", "admin/portal/workspace/", "admin/password_change/"):
            page.goto(portal + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        _second_factor(page, portal)
        page.goto(portal + "admin/")
        page.evaluate("document.querySelector('#logout-form').submit()")
        page.wait_for_url(portal)
        _sign_in(page, portal, "stranger@example.com", "a long pass phrase")
        assert "/account/code/" in page.url
        assert wrong == []
        browser.close()


def _sign_up(page: Any, portal: str, letters: Path) -> None:
    page.goto(portal)
    page.click("text=Open a workspace")
    own = "document.querySelector('select[name=time_zone]')?.value == 'Europe/Vienna'"
    page.wait_for_function(own)  # it is shown, and can be changed
    page.fill("input[name=email]", "stranger@example.com")
    page.fill("input[name=workspace]", "Strange Goods")
    page.click("text=Send me the link")
    page.wait_for_url("**/sign-up/sent/")
    link = re.search(r"http://\S+/sign-up/\S+", "".join(one.read_text() for one in letters.iterdir()))
    assert link
    page.goto(link[0])
    page.fill("input[name=name]", "Stella Stranger")
    page.fill("input[name=password]", "a long pass phrase")
    page.fill("input[name=again]", "a long pass phrase")
    page.click("text=Open it")
    page.wait_for_url("**/admin/")
    assert "Strange Goods is open" in page.inner_text("body")


def _second_factor(page: Any, portal: str) -> None:
    from base64 import b32decode

    from django_otp.oath import totp

    page.goto(portal + "account/second-factor/")
    page.fill("input[name=password]", "a long pass phrase")
    page.click("text=Begin")
    page.click("text=It cannot be scanned")
    key = page.inner_text(".ml-fold .ml-code").replace(" ", "")
    page.fill("input[name=code]", f"{totp(b32decode(key)):06d}")
    page.click("text=Confirm")
    page.wait_for_selector(".ml-codes")
    assert page.locator(".ml-codes li").count() == 10


def _sign_in(page: Any, portal: str, name: str, password: str) -> None:
    page.goto(portal + "admin/login/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("#login-form button[type=submit]")
    page.wait_for_load_state()
