"""An owner's day, as a stranger has it: from signing up to the first payment in the books, in a real browser, with a
wrong credential, a wrong secret, and a corrected one of each on the way."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
FLAGS += ["--disable-quic", "--disable-component-update"]
PASSWORD = "a long day for one"
FAST = {
    "POLL": "3600",
    "RETRY_START": "0.5",
    "RETRY_MOST": "2",
    "TICK": "1",
    "SWEEP": "2",
    "HOOK": "0",
    "CONDITION": "2",
}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.processes,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]


@dataclass
class Street:
    """The portal and both stand-ins, each a process."""

    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    portal: str = ""
    stripe: str = ""
    intacct: str = ""

    def start(self, name: str, command: list[str], ready: str) -> str:
        """Runs it until the end of the test; returns what it said when it was ready."""
        log = self.folder / f"{name}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, *command], env=self.env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.running.append(process)
        end = time.monotonic() + 120
        while ready not in log.read_text():
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        return log.read_text()

    def stop(self) -> None:
        for process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(30)

    def letter(self) -> str:
        """The address in the last letter that was sent."""
        end = time.monotonic() + 20
        while True:
            letters = sorted((self.folder / "mail").glob("*"), key=lambda one: one.stat().st_mtime)
            found = re.findall(r"http://\S+", letters[-1].read_text()) if letters else []
            if found:
                return str(found[-1])
            assert time.monotonic() < end, "no letter came"
            time.sleep(0.2)

    def control(self, what: str, body: dict[str, Any] | None = None) -> Any:
        """What only the stand-in of Stripe itself can do."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.stripe}/_control/{what}", data)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    made = Street(tmp_path)
    stripe, intacct, portal = _free(), _free(), _free()
    kept = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    made.env = {name: os.environ[name] for name in kept if name in os.environ}
    made.env |= {"ML_DEVELOPMENT": "1", "ML_NO_DOTENV": "1", "ML_VAR_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    made.env |= {f"ML_{name}_SECONDS": value for name, value in FAST.items()}
    made.env |= {"ML_REACHABLE": f"127.0.0.1:{stripe},127.0.0.1:{intacct}"}
    made.stripe, made.intacct = f"http://127.0.0.1:{stripe}", f"http://127.0.0.1:{intacct}"
    made.portal = f"http://127.0.0.1:{portal}"
    made.env |= {"PUBLIC_URL": made.portal, "ML_SIGN_UP": "1"}
    try:
        made.start("stripe", ["-m", "standins.stripe", "--port", str(stripe)], "stand-in")
        made.start("intacct", ["-m", "standins.sage_intacct", "--port", str(intacct)], "stand-in")
        made.start("up", ["manage.py", "up", "--port", str(portal)], "Ctrl-C stops it")
        yield made
    finally:
        made.stop()


@dataclass
class Owner:
    """What a person does and reads."""

    page: Any
    street: Street

    def body(self) -> str:
        return " ".join(str(self.page.inner_text("body")).replace("\N{NO-BREAK SPACE}", " ").split())

    def reads(self, *words: str, seconds: float = 30, again: bool = False) -> str:
        """Waits until the page says all of it; `again`: by loading it anew."""
        end = time.monotonic() + seconds
        while missing := [one for one in words if one not in self.body()]:
            assert time.monotonic() < end, f"{missing} did not appear on {self.page.url}:\n{self.body()}"
            time.sleep(0.3)
            if again:
                self.page.reload()
        return self.body()

    def press(self, words: str, inside: str = "main, body") -> None:
        where = self.page.locator(inside).last if inside == "main, body" else self.page.locator(inside)
        where.get_by_role("button", name=words, exact=True).or_(
            where.get_by_role("link", name=words, exact=True)
        ).first.click()
        self.page.wait_for_load_state()

    def fill(self, label: str, value: str, inside: str = "body") -> None:
        self.page.locator(inside).get_by_label(label).first.fill(value)

    def open(self, words: str, inside: str = "body") -> None:
        self.page.locator(inside).locator("summary", has_text=words).first.click()

    def look(self, name: str) -> None:
        """Pictures for whoever wants to see the day; PICTURES names their folder."""
        folder = os.environ.get("PICTURES")
        if not folder:
            return
        for width in (1280, 390):
            self.page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                self.page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", scheme == "dark")
                self.page.wait_for_timeout(150)
                self.page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.evaluate("document.documentElement.classList.remove('dark')")


@pytest.fixture
def owner(street: Street) -> Iterator[Owner]:
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(20_000)
        _watch(page, street.portal, wrong)
        yield Owner(page, street)
        browser.close()
    assert wrong == []


def _watch(page: Any, portal: str, wrong: list[str]) -> None:
    """Whatever a page of the portal complains of, and whatever it asks of others."""

    def said(one: Any) -> None:
        if one.type in ("error", "warning") and page.url.startswith(portal):
            wrong.append(one.text)

    def asked(one: Any) -> None:
        if page.url.startswith(portal) and not one.url.startswith((portal, "data:", "http://127.0.0.1:")):
            wrong.append(f"asked outside: {one.url}")

    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", said)
    page.on("request", asked)


def test_an_owners_day_from_nothing_to_the_first_payment_in_the_books(street: Street, owner: Owner) -> None:
    invoice = _an_invoice_of_today(street)
    _signs_up(owner)
    _connects(owner)
    _links(owner)
    _sets_up_the_webhook(owner)
    _fills_the_tables(owner)
    _looks_at_the_preview(owner, invoice)
    _a_secret_goes_wrong_and_is_corrected(owner, invoice)
    _goes_live(owner)
    owner.page.goto(f"{street.intacct}/ACME-DEMO/documents")
    owner.reads(invoice["number"], "Paid", seconds=60, again=True)


def _an_invoice_of_today(street: Street) -> dict[str, Any]:
    street.control("clock", {"stop": time.time() - 600})
    made: str = _shop(street, "create_customer", name="Harbor Books", email="ap@harbor.example")["id"]
    lines = [{"description": "Pro plan", "amount": 18500}]
    invoice: dict[str, Any] = _shop(street, "create_invoice", made, lines, finalize=True)
    street.control("clock", {"real": True})
    return invoice


def _shop(street: Street, do: str, *args: Any, **more: Any) -> Any:
    return street.control("call", {"do": do, "args": args, "with": more})


def _signs_up(owner: Owner) -> None:
    owner.page.goto(f"{owner.street.portal}/sign-up/")
    owner.fill("Your e-mail address", "olive@northwind.example")
    owner.fill("Name of the workspace", "Northwind")
    owner.page.locator("select[name=time_zone]").select_option("America/New_York")
    owner.press("Send me the link")
    owner.page.goto(owner.street.letter())
    owner.fill("Your name", "Olive")
    owner.fill("Password", PASSWORD)
    owner.fill("The password again", PASSWORD)
    owner.press("Open it")
    owner.reads("Nothing is connected yet")
    owner.look("01-front")


def _connects(owner: Owner) -> None:
    owner.press("Set up")
    owner.reads("What shall travel?")
    owner.look("02-choose")
    owner.page.locator(".ml-item", has_text="Stripe → Sage Intacct").get_by_role(
        "link", name="Set up", exact=True
    ).click()
    owner.reads("What is left", "Connect Stripe", "Connect Sage Intacct")
    owner.look("03-guide")
    owner.press("Connect Stripe", "#source")
    owner.fill("Secret or restricted key", "sk_test_nobody", "#source")
    owner.fill("API address", owner.street.stripe, "#source")
    owner.press("Save and ping", "#source")
    owner.reads("Stripe does not accept the key", "What to do:")
    owner.look("04-wrong-key")
    owner.fill("Secret or restricted key", "sk_test_shop", "#source")
    owner.press("Save and ping", "#source")
    owner.reads("acct_1ShopOnTheCorner (test)")
    owner.press("Connect Sage Intacct", "#target")
    right = {
        "Sender ID": "ml_sender",
        "Sender password": "sender-demo",
        "Company ID": "ACME-DEMO",
        "Web Services user ID": "ml_connector",
        "Web Services user password": "wrong",
        "Endpoint": f"{owner.street.intacct}/ia/xml/xmlgw.phtml",
    }
    for label, value in right.items():
        owner.fill(label, value, "#target")
    owner.press("Save and ping", "#target")
    owner.reads("does not tell which")
    owner.fill("Web Services user password", "user-demo", "#target")
    owner.press("Save and ping", "#target")
    owner.reads("ACME-DEMO (test)", "say from when")
    owner.look("05-connected")


def _links(owner: Owner) -> None:
    owner.fill("Start", time.strftime("%Y-%m-%dT00:00", time.gmtime(time.time() - 5 * 86_400)), "#link")
    owner.press("Link the two", "#link")
    owner.reads("all flows off", "0 of 2 needed")


def _sets_up_the_webhook(owner: Owner) -> None:
    owner.page.locator("#webhook").get_by_label("Change account").check()
    owner.press("Set up the webhook", "#webhook")
    owner.reads("Made: we_", "one is set")
    owner.look("06-linked")


def _fills_the_tables(owner: Owner) -> None:
    for table, source, target, facts in (
        ("Revenue accounts", "*", "40100", {"Location": "US-100"}),
        ("Clearing accounts", "USD", "STRIPE-USD", {"GL account": "10210"}),
    ):
        owner.page.locator("#tables .ml-item", has_text=table).get_by_role("link", name="Add a row").click()
        owner.fill("When the source says", source)
        owner.page.locator("input[name=target]").fill(target)
        for label, value in facts.items():
            owner.fill(label, value)
        owner.press("Save")
        _back_to_set_up(owner)
    owner.reads("2 of 2 needed")


def _back_to_set_up(owner: Owner) -> None:
    owner.page.goto(f"{owner.street.portal}/admin/portal/link/1/set-up/")


def _looks_at_the_preview(owner: Owner, invoice: dict[str, Any]) -> None:
    owner.press("Preview all flows that are off", "#preview")
    owner.reads("are in preview")
    owner.press("Look at the documents", "#preview")
    owner.reads(invoice["number"], "Accounts receivable", "Debit", "Credit", "185.00 USD", again=True, seconds=60)
    owner.open("Where each value came from", f"article:has-text('{invoice['number']}')")
    owner.reads("Revenue accounts: ")
    owner.look("07-preview")
    owner.page.goto(f"{owner.street.intacct}/ACME-DEMO/documents")
    assert invoice["number"] not in owner.body()


def _a_secret_goes_wrong_and_is_corrected(owner: Owner, invoice: dict[str, Any]) -> None:
    """Somebody rolls the secret at Stripe and tells nobody; then mistypes it here."""
    (endpoint,) = owner.street.control("state")["webhook_endpoint"].values()
    secret = _shop(owner.street, "roll_secret", endpoint["id"], keep_old=False)
    _shop(owner.street, "pay", invoice["id"])
    _back_to_set_up(owner)
    owner.reads("Last refused", "signature", again=True)
    _enters_the_secret(owner, "whsec_mistyped")
    owner.look("08-refused")
    _verifies_again(owner)
    owner.reads("It is still refused")
    _back_to_set_up(owner)
    _enters_the_secret(owner, secret)
    while _verifies_again(owner):
        owner.reads("It is genuine; it was taken in.")
    owner.page.goto(f"{owner.street.portal}/admin/portal/link/1/preview/?flow=stripe_intacct.payment")
    owner.reads("Payment", "STRIPE-USD", "185.00 USD", again=True)


def _enters_the_secret(owner: Owner, secret: str) -> None:
    owner.open("Change the signing secret", "#webhook")
    owner.fill("Signing secret", secret, "#webhook")
    owner.press("Save the secret", "#webhook")
    owner.reads("Saved. Refused deliveries can be verified again now.")


def _verifies_again(owner: Owner) -> bool:
    """The last one that was refused; False: there is none."""
    _back_to_set_up(owner)
    refused = owner.page.locator("#webhook dt:has-text('Last refused') + dd a").first
    if not refused.count():
        return False
    refused.click()
    owner.press("Verify again")
    return True


def _goes_live(owner: Owner) -> None:
    _back_to_set_up(owner)
    owner.press("Go live …", "#live")
    owner.reads("What it will do", "will be sent to")
    owner.look("09-live")
    owner.page.get_by_label("Send to the books").check()
    owner.press("Go live")
    owner.reads("flows are live")
    owner.look("10-done")
