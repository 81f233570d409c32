"""The demo as a stranger sees it: one command, a real browser, a payment and a refund that arrive in the books."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.demo import DEMO_PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
FLAGS += ["--disable-quic", "--disable-component-update"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.processes,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[dict[str, str]]:
    """`up --demo` in a directory of its own; the addresses that it prints."""
    kept = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= {"ML_DEVELOPMENT": "1", "ML_NO_DOTENV": "1", "ML_VAR_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "up.log"
    with log.open("w") as out:
        command = [sys.executable, "manage.py", "up", "--demo", "--port", "0"]
        process = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield _addresses(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _addresses(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    end = time.monotonic() + 120
    while "Ctrl-C stops it" not in log.read_text():
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.2)
    return dict(re.findall(r"(The portal|Stripe|Sage Intacct) +(http://\S+/)", log.read_text()))


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
    page.goto(portal + "admin/")
    page.fill("input[name=username]", "support")
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.click("button[type=submit]")
    _until(page, portal + "admin/audit/record/?q=re_", "60.00")
    page.locator("#result_list tbody a").first.click()
    page.wait_for_load_state()
    body = page.inner_text("body")
    assert "record.posted" in body and "40100" in body, body
