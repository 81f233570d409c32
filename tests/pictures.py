"""`./dev pictures`: the pictures of the documentation, taken of the seeded demo, so that they never age."""

import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from portal.demo import DEMO_PASSWORD
from tests.demo import CHROMIUM, FLAGS, running

HERE = Path(__file__).resolve().parent.parent / "docs" / "images"
ADMIN = "admin/"


def first(page: Any, list_url: str, pattern: str) -> str:
    """The address of the first row of a list whose address fits."""
    page.goto(list_url)
    found = [
        url
        for url in page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        if re.search(pattern, url)
    ]
    assert found, f"{list_url} shows no {pattern}"
    return str(found[0])


Where = Callable[[Any, str], str]
PICTURES: dict[str, Where] = {
    "front": lambda page, base: base + ADMIN,
    "record": lambda page, base: first(
        page, f"{base}{ADMIN}audit/record/?flow=stripe_intacct.invoice", r"record/\d+/change"
    ),
    "file": lambda page, base: first(page, f"{base}{ADMIN}audit/remotefile/?q=payments", r"remotefile/\d+/change"),
    "layout": lambda page, base: first(
        page, f"{base}{ADMIN}audit/remotefile/?q=invoices", r"remotefile/\d+/change"
    ).replace("/change/", "/layout/"),
    "connection": lambda page, base: first(page, f"{base}{ADMIN}portal/connection/?q=Sage", r"connection/\d+/change"),
    "setup": lambda page, base: first(page, f"{base}{ADMIN}portal/link/", r"link/\d+/change").replace(
        "/change/", "/set-up/"
    ),
}


def main() -> None:
    if not CHROMIUM:
        sys.exit("There is no Chromium on this machine. On Debian and Ubuntu: apt-get install chromium")
    wanted = sys.argv[1:] or list(PICTURES)
    with tempfile.TemporaryDirectory(prefix="ml-pictures-") as folder, running(Path(folder)) as addresses:
        _take(addresses["The portal"], wanted)


def _take(base: str, wanted: list[str]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto(f"{base}{ADMIN}login/")
        page.fill("input[name=username]", "owner")
        page.fill("input[name=password]", DEMO_PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_load_state("networkidle")
        _until_quiet(page, base)
        for name in wanted:
            address = PICTURES[name](page, base)
            page.goto(address)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(700)  # plots are drawn slowly on purpose
            page.screenshot(path=HERE / f"{name}.png")
            print(f"{name}.png", flush=True)
        browser.close()


def _until_quiet(page: Any, base: str) -> None:
    """Until the files of the demo lie in the archive: then everything has been posted that will be."""
    end = time.monotonic() + 180
    while time.monotonic() < end:
        page.goto(f"{base}{ADMIN}audit/remotefile/")
        if page.inner_text("body").lower().count("put away") >= 3:
            return
        time.sleep(2)
    sys.exit("The demo's files were not taken in within three minutes.")


if __name__ == "__main__":
    main()
