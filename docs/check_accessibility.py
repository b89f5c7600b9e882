"""Check the main pages of the built site with axe, in Chromium, on a screen and on a phone.

python docs/check_accessibility.py docs/_build/html
"""

import functools
import os
import shutil
import sys
import threading
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

from playwright.sync_api import Page, sync_playwright

AXE = Path(__file__).parent / "try" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "index",
    "install",
    "getting_started",
    "domains/ecg",
    "guide/no_training",
    "auto_examples/index",
    "api",
    "benchmarks",
    "try",
)
WIDTHS = (1280, 390)
GRAVE = ("serious", "critical")


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:
        """Copy a file, unless the browser has left the page."""
        with suppress(ConnectionError):
            super().copyfile(source, outputfile)


def faults(page: Page, address: str) -> list[str]:
    """Return a line for each serious fault of a page, or screen that it is too wide for."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"wider than {width} pixels")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for fault in page.evaluate("axe.run()")["violations"]:
            if fault["impact"] in GRAVE:
                found.append(f"{fault['id']}: {fault['nodes'][0]['html'][:160]}")
    return sorted(set(found))


def main(site: str) -> None:
    """Print the faults of all pages, and fail if there are any."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Accessibility is not checked, as Chromium is missing: apt-get install chromium")
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    n_faults = 0
    with sync_playwright() as playwright:
        options = {"args": ["--no-sandbox"]} if os.geteuid() == 0 else {}
        browser = playwright.chromium.launch(executable_path=chromium, **options)
        page = browser.new_page()
        page.set_default_timeout(120_000)
        for name in PAGES:
            for fault in faults(page, f"http://127.0.0.1:{server.server_port}/{name}.html"):
                print(f"{name}.html: {fault}")
                n_faults += 1
        browser.close()
    server.shutdown()
    if n_faults:
        sys.exit(f"{n_faults} faults of accessibility")


if __name__ == "__main__":
    main(sys.argv[1])
