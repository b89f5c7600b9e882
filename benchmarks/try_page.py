"""The page try.html in headless Chromium: what it loads, how fast it is, what memory it takes.

    python benchmarks/try_page.py

It is built, served from this machine, and given random walks with noise. Chromium and npm must be
installed. Times are those from the choice of a file, or of a strength, to its plot; memory is what
the renderer's process has for itself at most, and before it is given the file.
"""

import functools
import gzip
import importlib.util
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
from common import machine
from playwright.sync_api import Page, sync_playwright

BUILD = Path(__file__).resolve().parents[1] / "docs" / "try" / "build.py"
MEGABYTE = 1e6
N_ROUNDS = 5
# From a choice to what is shown, in milliseconds.
CHOOSE = """async text => {
  const chosen = new DataTransfer();
  chosen.items.add(new File([text], "walk.csv"));
  const input = document.getElementById("file");
  input.files = chosen.files;
  delete document.getElementById("results").dataset.strength;
  const start = performance.now();
  input.dispatchEvent(new Event("change"));
  return await SHOWN(start, "1");
}"""
SLIDE = """async steps => {
  const slider = document.getElementById("strength");
  slider.value = steps;
  const start = performance.now();
  slider.dispatchEvent(new Event("input"));
  return await SHOWN(start, document.getElementById("strength-value").value);
}"""
SHOWN = """((start, strength) => new Promise(resolve => {
  const look = () => document.getElementById("results").dataset.strength === strength
    ? requestAnimationFrame(() => resolve(performance.now() - start)) : setTimeout(look, 1);
  look();
}))"""


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder, whose address is given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def build(site: Path) -> None:
    """Build the page."""
    spec = importlib.util.spec_from_file_location("build", BUILD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build(site)


def walk(n_samples: int) -> str:
    """Return a random walk with noise as text."""
    rng = np.random.default_rng(0)
    samples = 0.1 * np.cumsum(rng.normal(size=n_samples)) + rng.normal(size=n_samples)
    return "\n".join(f"{sample:.6g}" for sample in samples)


def own_memory(browser: int) -> float:
    """Return what the largest renderer of a browser has for itself, in MB."""
    sizes = [0.0]
    for process in psutil.Process(browser).children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline():
                sizes.append(process.memory_full_info().uss / MEGABYTE)
        except psutil.NoSuchProcess:
            continue
    return max(sizes)


@contextmanager
def peak(browser: int) -> Iterator[list[float]]:
    """Watch the memory of a renderer; the list holds what it had at first, and at most."""
    sizes, done = [own_memory(browser)] * 2, threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            sizes[1] = max(sizes[1], own_memory(browser))

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield sizes
    done.set()
    watcher.join()


def first_load(page: Page, address: str, site: Path) -> None:
    """Print what the page loads up to its first result, compressed and not."""
    paths: set[str] = set()
    page.on("request", lambda request: paths.add(urlsplit(request.url).path))
    start = time.perf_counter()
    page.goto(f"{address}/try.html")
    page.click("[data-example='ecg.csv']")
    page.wait_for_selector("#results[data-strength='1']")
    seconds = time.perf_counter() - start
    contents = [(site / path[1:]).read_bytes() for path in paths if (site / path[1:]).is_file()]
    whole, packed = (sum(map(len, x)) / MEGABYTE for x in (contents, map(gzip.compress, contents)))
    print(f"| {len(contents)} files up to the first result (MB) | {whole:.1f} |")
    print(f"| the same, compressed by gzip (MB) | {packed:.2f} |")
    print(f"| from nothing to the first result (s) | {seconds:.2f} |")


def measure(page: Page, address: str, site: Path, browser: int) -> None:
    """Print the table."""
    choose, slide = CHOOSE.replace("SHOWN", SHOWN), SLIDE.replace("SHOWN", SHOWN)
    first_load(page, address, site)
    for n_samples in (10_000, 100_000):
        text = walk(n_samples)
        best = min(page.evaluate(choose, text) for _ in range(N_ROUNDS)) / 1000
        print(f"| {n_samples:,} samples, file to plot (s) | {best:.2f} |")
        if n_samples == 10_000:
            times = [page.evaluate(slide, str(steps)) for steps in (-2, 2, -4, 4, -6)]
            print(f"| another strength, 10,000 samples (ms) | {min(times):.0f} |")
    with peak(browser) as sizes:
        seconds = page.evaluate(choose, walk(1_000_000)) / 1000
    print(f"| 1,000,000 samples, file to plot (s) | {seconds:.1f} |")
    print(f"| memory before and at most (MB) | {sizes[0]:.0f}, {sizes[1]:.0f} |")


def main() -> None:
    """Build the page, and measure it."""
    print(f"Measured on {machine()}.\n")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Path(folder)
        build(site)
        options = {"args": ["--no-sandbox"]} if os.geteuid() == 0 else {}
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), **options)
        print(f"| Chromium {browser.version} | measured |\n|---|---|")
        with served(site) as address:
            measure(browser.new_page(), address, site, os.getpid())
        browser.close()


if __name__ == "__main__":
    main()
